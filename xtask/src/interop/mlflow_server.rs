//! A real MLflow tracking server: SQLite, one worker, artifacts in a folder of its own. Or another program in its place.

use std::fs;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context;

use super::daemon::{Daemon, free_ports};
use super::http;

/// What makes it a server that does what it is asked to, and nothing else: no jobs, nothing that leaves this machine.
const VARIABLES: [(&str, &str); 4] = [
    ("MLFLOW_SERVER_ENABLE_JOB_EXECUTION", "false"),
    ("MLFLOW_MODEL_CATALOG_URI", ""),
    ("MLFLOW_DISABLE_TELEMETRY", "true"),
    ("DO_NOT_TRACK", "true"),
];

/// A server that can be killed and started again.
#[derive(Debug)]
pub(crate) struct MlflowServer {
    command: Command,
    home: PathBuf,
    port: u16,
    starts: u32,
    daemon: Option<Daemon>,
}

impl MlflowServer {
    /// Starts one that keeps everything in `home`. `program` is MLflow's own, and how it is to be started.
    pub(crate) fn start(program: Command, home: &Path) -> anyhow::Result<Self> {
        fs::create_dir_all(home).with_context(|| format!("cannot make {}", home.display()))?;
        let [port] = free_ports()?;
        let mut command = program;
        // It starts the process that serves as a child, which is to end with it.
        command.process_group(0).current_dir(home).envs(VARIABLES);
        command.args(["server", "--workers", "1", "--host", "127.0.0.1"]);
        command.args(["--port", &port.to_string()]);
        command.arg("--backend-store-uri");
        command.arg(format!("sqlite:///{}", home.join("mlflow.db").display()));
        command.arg("--artifacts-destination").arg(home.join("artifacts"));
        let mut server = Self {
            command,
            home: home.to_path_buf(),
            port,
            starts: 0,
            daemon: None,
        };
        server.restart()?;
        Ok(server)
    }

    /// Starts another program that speaks its language. The command is complete; `port` is where it answers.
    pub(crate) fn start_instead(mut command: Command, (home, port): (&Path, u16)) -> anyhow::Result<Self> {
        command.process_group(0).current_dir(home);
        let mut server = Self {
            command,
            home: home.to_path_buf(),
            port,
            starts: 0,
            daemon: None,
        };
        server.restart()?;
        Ok(server)
    }

    /// Starts it again, on the same port and with what it had.
    pub(crate) fn restart(&mut self) -> anyhow::Result<()> {
        self.starts += 1;
        let log = self.log();
        let daemon = Daemon::start(&mut self.command, &log, &[self.port]).context("the MLflow server")?;
        self.daemon = Some(daemon);
        http::get(self.port, "/health").context("the MLflow server")?;
        Ok(())
    }

    /// Kills it.
    pub(crate) fn kill(&mut self) {
        if let Some(daemon) = self.daemon.take() {
            daemon.kill();
        }
    }

    /// Asks it to end, and waits for that.
    pub(crate) fn terminate(&mut self) -> anyhow::Result<()> {
        self.daemon.take().map_or(Ok(()), Daemon::terminate)
    }

    /// What it has said since it was started last.
    pub(crate) fn log(&self) -> PathBuf {
        self.home.join(format!("log-{}", self.starts))
    }

    /// Halts it: it accepts connections and answers nothing, until [`MlflowServer::go_on`].
    pub(crate) fn halt(&self) {
        self.daemon.iter().for_each(Daemon::halt);
    }

    pub(crate) fn go_on(&self) {
        self.daemon.iter().for_each(Daemon::go_on);
    }

    /// The group of its processes; `None` after it was killed.
    pub(crate) fn group(&self) -> Option<u32> {
        self.daemon.as_ref().map(Daemon::id)
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }
}
