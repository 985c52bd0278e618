//! The page of `loadspan serve`, in a real Chromium: Debian's, headless, driven by Playwright. The checks are scripts in `ui/`, one file
//! for each topic; what they look at is made by `ui/fixtures/` through the server's own interfaces, and by real runs of `loadspan profile`.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, ensure};
use serde::Deserialize;
use serde_json::json;

use super::check::Checks;
use super::daemon::{Daemon, free_ports};
use super::loadspan::{clean_command, without_settings};
use super::{Workplace, http, install};
use crate::cargo;

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/interop/ui/main.mjs");
/// Where the crates are: what the page says of `loadspan-sdk` is built from it.
const WORKSPACE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
/// The page's own files: some checks read them, or use their functions.
const SOURCE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../crates/loadspan-server/ui");

/// # Errors
///
/// Something cannot be installed or started. What is wrong with the page is a failed check instead.
pub(super) fn run(place: &Workplace, checks: &mut Checks) -> anyhow::Result<()> {
    let chromium = install::chromium()?;
    let modules = install::node_modules(&place.tools)?;
    let pythons = json!({
        "otlp": install::python_with_otlp(&place.tools)?,
        "mlflow": install::mlflow(&place.tools)?.join("python"),
    });
    let pictures = place.tools.join("ui/screenshots");
    let _ = fs::remove_dir_all(&pictures);
    fs::create_dir_all(&pictures).with_context(|| format!("cannot make {}", pictures.display()))?;
    let served = Served::start(place)?;
    let [healthy, failing] = [
        Mock::start(place, "healthy", &["--server-kind", "vllm"])?,
        Mock::start(place, "failing", &FAILING)?,
    ];
    let config = json!({
        "page": served.url(),
        "origins": [served.url()],
        "ports": { "main": served.main, "grpc": served.grpc, "http": served.http },
        "mock": healthy.url(),
        "failing": failing.url(),
        "loadspan": place.loadspan,
        "scratch": place.scratch,
        "pictures": pictures,
        "modules": modules,
        "chromium": chromium,
        "source": SOURCE,
        "pythons": pythons,
        "workspace": WORKSPACE,
        "target": cargo::target_dir()?,
        "tools": place.tools.join("ui"),
    });
    let file = place.scratch.join("config.json");
    fs::write(&file, config.to_string()).with_context(|| format!("cannot write {}", file.display()))?;
    let made = drive(&file, checks)?;
    ensure!(made > 0, "the scripts made no check");
    println!("  pictures of the page are in {}", pictures.display());
    Ok(())
}

/// A third of the requests fails. The first one is answered, or there would be no run.
const FAILING: [&str; 2] = ["--fault", "503@every-3"];

/// A line of the scripts.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Line {
    Made(Made),
    Note { note: String },
}

/// What came of a check.
#[derive(Debug, Deserialize)]
struct Made {
    check: String,
    ok: bool,
    /// What was measured.
    #[serde(default)]
    figure: String,
    /// What is wrong.
    #[serde(default)]
    seen: String,
    /// Of the page as it was then.
    #[serde(default)]
    pictures: Vec<PathBuf>,
}

/// Runs the scripts; how many checks they made.
fn drive(config: &Path, checks: &mut Checks) -> anyhow::Result<usize> {
    let mut command = without_settings(Command::new("node"));
    let mut node = command
        .arg(SCRIPT)
        .arg(config)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .context("cannot start node: apt-get install nodejs")?;
    let output = node.stdout.take().context("node has no output")?;
    let made = listen(BufReader::new(output), checks);
    if made.is_err() {
        let _ = node.kill();
    }
    let status = node.wait()?;
    let made = made?;
    ensure!(status.success(), "the scripts ended with {status}");
    Ok(made)
}

fn listen(output: impl BufRead, checks: &mut Checks) -> anyhow::Result<usize> {
    let mut made = 0;
    for line in output.lines() {
        let line = line?;
        match serde_json::from_str(&line).with_context(|| format!("the scripts say {line:?}"))? {
            Line::Note { note } => println!("  --    {note}"),
            Line::Made(check) => {
                made += 1;
                check.note(checks);
            }
        }
    }
    Ok(made)
}

impl Made {
    fn note(&self, checks: &mut Checks) {
        let Self {
            check, figure, seen, ..
        } = self;
        let label = if figure.is_empty() {
            check.clone()
        } else {
            format!("{check}: {figure}")
        };
        let pictures: String = self
            .pictures
            .iter()
            .map(|file| format!("\n        {}", file.display()))
            .collect();
        let seen = seen.replace('\n', "\n        ");
        checks.that(label, self.ok, format_args!("{seen}{pictures}"));
    }
}

/// A `loadspan serve` with a new database. Ends when it is dropped.
struct Served {
    main: u16,
    grpc: u16,
    http: u16,
    _daemon: Daemon,
}

impl Served {
    fn start(place: &Workplace) -> anyhow::Result<Self> {
        let home = place.scratch.join("server");
        fs::create_dir_all(&home)?;
        let [main, grpc, http] = free_ports()?;
        let mut command = clean_command(place);
        command.current_dir(&home).args(["serve", "--port", &main.to_string()]);
        command.args(["--otlp-grpc-port", &grpc.to_string()]);
        command.args(["--otlp-http-port", &http.to_string()]);
        let daemon = Daemon::start(&mut command, &home.join("log"), &[main, grpc, http]).context("loadspan serve")?;
        http::get(main, "/health").context("loadspan serve")?;
        Ok(Self {
            main,
            grpc,
            http,
            _daemon: daemon,
        })
    }

    fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.main)
    }
}

/// A `loadspan mock`. Ends when it is dropped.
struct Mock {
    port: u16,
    _daemon: Daemon,
}

impl Mock {
    fn start(place: &Workplace, name: &str, flags: &[&str]) -> anyhow::Result<Self> {
        let [port] = free_ports()?;
        let mut command = clean_command(place);
        command.args(["mock", "--port", &port.to_string()]);
        command.args(["--ttft", "40ms", "--itl", "5ms", "--jitter", "0.3", "--seed", "1"]);
        command.args(flags);
        let log = place.scratch.join(format!("mock-{name}.log"));
        let daemon = Daemon::start(&mut command, &log, &[port]).context("loadspan mock")?;
        Ok(Self { port, _daemon: daemon })
    }

    fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }
}
