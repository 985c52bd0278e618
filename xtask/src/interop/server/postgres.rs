//! A PostgreSQL of our own, from Debian's packages, that runs as long as the suite does.

use std::fs;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, ensure};

use super::super::daemon::{Daemon, free_ports};

/// Where Debian has them, by version.
const PROGRAMS: &str = "/usr/lib/postgresql";
const USER: &str = "loadspan";
const PASSWORD: &str = "interop-password-of-no-worth";

/// A cluster. Ends when it is dropped.
#[derive(Debug)]
pub(in crate::interop) struct Postgres {
    programs: PathBuf,
    port: u16,
    _daemon: Daemon,
}

impl Postgres {
    /// Makes a cluster in `home`, and starts it. It sorts texts by language and not by bytes, as most do.
    ///
    /// # Errors
    ///
    /// PostgreSQL is not installed, or does not start.
    pub(in crate::interop) fn start(home: &Path) -> anyhow::Result<Self> {
        let programs = installed().context("PostgreSQL is missing: apt-get install postgresql")?;
        fs::create_dir_all(home).with_context(|| format!("cannot make {}", home.display()))?;
        fs::write(home.join("password"), PASSWORD)?;
        let user = Unprivileged::owning(home)?;
        let mut command = user.command(&programs.join("initdb"));
        command.args([
            "--username",
            USER,
            "--auth",
            "scram-sha-256",
            "--encoding",
            "UTF8",
            "--no-sync",
        ]);
        command.args([
            "--locale",
            "C.UTF-8",
            "--locale-provider",
            "icu",
            "--icu-locale",
            "en-US",
        ]);
        command
            .arg("--pwfile")
            .arg(home.join("password"))
            .arg("--pgdata")
            .arg(home.join("data"));
        let output = command.current_dir(home).output().context("cannot start initdb")?;
        ensure!(
            output.status.success(),
            "initdb, in {}: {}",
            home.display(),
            String::from_utf8_lossy(&output.stderr)
        );
        let [port] = free_ports()?;
        let mut command = user.command(&programs.join("postgres"));
        command.arg("-D").arg(home.join("data")).args(["-p", &port.to_string()]);
        // It is never lost power here, so that it need not wait for disks.
        command.args([
            "-c",
            "listen_addresses=127.0.0.1",
            "-c",
            "unix_socket_directories=",
            "-c",
            "fsync=off",
        ]);
        command.process_group(0).current_dir(home);
        let daemon = Daemon::start(&mut command, &home.join("log"), &[port]).context("PostgreSQL")?;
        Ok(Self {
            programs,
            port,
            _daemon: daemon,
        })
    }

    /// Makes a database, and gives its URL.
    pub(in crate::interop) fn make_database(&self, name: &str) -> anyhow::Result<String> {
        let statement = format!("CREATE DATABASE \"{name}\"");
        let output = Command::new(self.psql())
            .args([&self.url("postgres"), "-c", &statement])
            .output()
            .context("cannot start psql")?;
        let said = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "{statement}: {said}");
        Ok(self.url(name))
    }

    pub(super) fn psql(&self) -> PathBuf {
        self.programs.join("psql")
    }

    fn url(&self, database: &str) -> String {
        format!("postgresql://{USER}:{PASSWORD}@127.0.0.1:{}/{database}", self.port)
    }
}

/// The programs of the newest version that is installed.
fn installed() -> Option<PathBuf> {
    let versions = fs::read_dir(PROGRAMS).ok()?;
    let bins = versions.filter_map(|version| Some(version.ok()?.path().join("bin")));
    bins.filter(|bin| bin.join("initdb").exists()).max()
}

/// Who may run PostgreSQL: it refuses to be run by root.
enum Unprivileged {
    Myself,
    Nobody,
}

impl Unprivileged {
    /// Who then owns `home`.
    fn owning(home: &Path) -> anyhow::Result<Self> {
        let id = Command::new("id").arg("-u").output().context("cannot start id")?;
        if id.stdout.trim_ascii() != b"0" {
            return Ok(Self::Myself);
        }
        let changed = Command::new("chown").args(["-R", "nobody:nogroup"]).arg(home).status();
        ensure!(changed.context("cannot start chown")?.success(), "chown failed");
        Ok(Self::Nobody)
    }

    fn command(&self, program: &Path) -> Command {
        match self {
            Self::Myself => Command::new(program),
            Self::Nobody => {
                let mut command = Command::new("setpriv");
                command
                    .args(["--reuid=nobody", "--regid=nogroup", "--clear-groups"])
                    .arg(program);
                command
            }
        }
    }
}
