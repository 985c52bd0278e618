//! Runs the binary and looks at what it printed and wrote.

use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use loadspan_testkit::RunningServer;
use rustix::fs::{Mode, OFlags};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use serde_json::Value;
use tempfile::TempDir;

/// A command line and the folder that its results go to.
pub(crate) struct Loadspan {
    command: Command,
    folder: TempDir,
}

/// What a finished process leaves behind.
pub(crate) struct Finished {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    folder: TempDir,
}

impl Loadspan {
    /// Any command.
    pub(crate) fn new(args: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_loadspan"));
        // Whatever the developer has set must not reach the tests.
        for name in [
            "OPENAI_API_KEY",
            "HTTP_PROXY",
            "HTTPS_PROXY",
            "ALL_PROXY",
            "http_proxy",
            "https_proxy",
            "all_proxy",
        ] {
            command.env_remove(name);
        }
        let exports = |name: &str| name.starts_with("OTEL_") || name.starts_with("MLFLOW_");
        for (name, _) in std::env::vars_os().filter(|(name, _)| exports(&name.to_string_lossy())) {
            command.env_remove(name);
        }
        command
            .args(args)
            .current_dir(&folder)
            .env("NO_COLOR", "1")
            .env("COLUMNS", "100")
            .stdin(Stdio::null());
        Self { command, folder }
    }

    /// A benchmark of `server`, with results in a known folder.
    pub(crate) fn profile(server: &RunningServer, flags: &str) -> Self {
        let url = server.url();
        Self::new(&[
            "profile",
            "--url",
            &url,
            "--artifact-dir",
            "run",
            "--model",
            "mock-model",
        ])
        .args(flags)
    }

    /// More flags, separated by blanks.
    pub(crate) fn args(mut self, flags: &str) -> Self {
        self.command.args(flags.split_whitespace());
        self
    }

    pub(crate) fn arg(mut self, word: impl AsRef<std::ffi::OsStr>) -> Self {
        self.command.arg(word);
        self
    }

    pub(crate) fn env(mut self, name: &str, value: &str) -> Self {
        self.command.env(name, value);
        self
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Works in another folder.
    pub(crate) fn in_folder(mut self, folder: &Path) -> Self {
        self.command.current_dir(folder);
        self
    }

    /// Sits at a terminal, as far as it can tell from stdin. The answer is the other end, which has to live as long.
    pub(crate) fn at_terminal(mut self) -> (Self, OwnedFd) {
        let terminal = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&terminal).unwrap();
        unlockpt(&terminal).unwrap();
        let name = ptsname(&terminal, Vec::new()).unwrap();
        let stdin = rustix::fs::open(name, OFlags::RDWR | OFlags::NOCTTY, Mode::empty()).unwrap();
        self.command.stdin(stdin);
        (self, terminal)
    }

    pub(crate) fn run(mut self) -> Finished {
        let output = self.command.output().unwrap();
        Finished {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
            folder: self.folder,
        }
    }

    /// Starts it, to be killed or interrupted.
    pub(crate) fn start(mut self) -> Started {
        let child = self
            .command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        Started {
            child,
            folder: self.folder,
        }
    }
}

/// A process in progress.
pub(crate) struct Started {
    pub(crate) child: Child,
    folder: TempDir,
}

impl Started {
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn signal(&self, signal: rustix::process::Signal) {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, signal).unwrap();
    }

    pub(crate) fn wait(self) -> Finished {
        let output = self.child.wait_with_output().unwrap();
        Finished {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
            folder: self.folder,
        }
    }
}

impl Finished {
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap_or_else(|error| panic!("{name}: {error}\n{}", self.stderr))
    }

    pub(crate) fn json(&self, name: &str) -> Value {
        serde_json::from_str(&self.read(name)).unwrap()
    }

    pub(crate) fn summary(&self) -> Value {
        self.json("run/summary.json")
    }

    pub(crate) fn records(&self) -> Vec<Value> {
        self.read("run/records.jsonl")
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }

    /// `loadspan report` on the results.
    pub(crate) fn report(&self, flags: &str) -> Finished {
        let report = Loadspan::new(&["report"]).arg(self.path("run")).args(flags);
        report.run()
    }

    #[track_caller]
    pub(crate) fn expect_code(self, code: i32) -> Self {
        assert_eq!(
            self.code,
            Some(code),
            "stdout:\n{}\nstderr:\n{}",
            self.stdout,
            self.stderr
        );
        self
    }
}

/// Waits until `condition` holds, for ten seconds at most.
#[track_caller]
pub(crate) fn wait_until(what: &str, mut condition: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(10);
    while !condition() {
        assert!(Instant::now() < deadline, "waited in vain until {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Every file below a folder.
pub(crate) fn files_below(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let below = |path: PathBuf| if path.is_dir() { files_below(&path) } else { vec![path] };
    entries.flat_map(below).collect()
}
