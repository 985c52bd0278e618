//! An example of the SDK, as a process.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};

use super::super::loadspan::without_settings;

/// Longest wait for an example to end: more than its own patience with a backend.
const END_TIMEOUT: Duration = Duration::from_secs(90);

/// An example that is about to be run.
#[derive(Debug)]
pub(super) struct Program(Command);

/// What came of it.
#[derive(Debug)]
pub(super) struct Ended {
    pub(super) code: Option<i32>,
    pub(super) stdout: String,
    pub(super) stderr: String,
    pub(super) wall: Duration,
}

impl Program {
    pub(super) fn new(path: &Path) -> Self {
        Self(without_settings(Command::new(path)))
    }

    pub(super) fn env(mut self, name: &str, value: &str) -> Self {
        self.0.env(name, value);
        self
    }

    pub(super) fn envs(mut self, variables: &[(&str, &str)]) -> Self {
        self.0.envs(variables.iter().copied());
        self
    }

    pub(super) fn arg(mut self, argument: &str) -> Self {
        self.0.arg(argument);
        self
    }

    /// # Errors
    ///
    /// It cannot be started, or does not end.
    pub(super) fn run(mut self) -> anyhow::Result<Ended> {
        let started = Instant::now();
        let command = self
            .0
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let name = format!("{:?}", command.get_program());
        let mut process = command.spawn().with_context(|| format!("cannot start {name}"))?;
        while process.try_wait()?.is_none() {
            if started.elapsed() > END_TIMEOUT {
                process.kill()?;
                process.wait()?;
                bail!("{name} does not end");
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        let wall = started.elapsed();
        let output = process.wait_with_output()?;
        Ok(Ended {
            code: output.status.code(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
            wall,
        })
    }
}

impl Ended {
    /// It ended well and said nothing on standard error.
    pub(super) fn is_quiet_success(&self) -> bool {
        self.code == Some(0) && self.stderr.is_empty()
    }
}
