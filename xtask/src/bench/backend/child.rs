//! `loadspan serve` as a process, on a database in a folder of its own.

use std::fs::{self, File};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};

use super::connection::{Connection, Head};
use super::drive::Ports;
use super::usage::Usage;
use crate::bench::setup::{Core, Setup};
use crate::interop::free_ports;

/// A database of 10 GB may take its time, and then the figure says so.
const START_TIMEOUT: Duration = Duration::from_secs(60);
const END_TIMEOUT: Duration = Duration::from_secs(60);
/// How often a server that starts is asked.
const LOOK_INTERVAL: Duration = Duration::from_millis(1);
const STORED: &str = r#"loadspan_server_items_stored_total{signal="traces"} "#;

/// A server that is killed when it is dropped.
#[derive(Debug)]
pub(crate) struct Backend {
    process: Child,
    ports: Ports,
    /// From its start until `/health` answered.
    pub(crate) ready: Duration,
}

impl Backend {
    /// Starts a server on the database of a folder, which may not be there, and waits until it answers.
    ///
    /// # Errors
    ///
    /// It ends, or stays silent.
    pub(crate) fn start(setup: &Setup, folder: &Path) -> anyhow::Result<Self> {
        fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
        let [http, grpc] = free_ports()?;
        let log_file = folder.join("log");
        let log = File::create(&log_file).context("cannot write a log")?;
        let mut command = setup.command_on(Core::Both, &setup.binary("loadspan"));
        // What the server uses is told from what else runs by its group.
        command.process_group(0).current_dir(folder);
        command.args(["serve", "--otlp-http-port", "off"]);
        command.args(["--port", &http.to_string(), "--otlp-grpc-port", &grpc.to_string()]);
        // A database that is kept has traces that never end, and must stay as it is.
        command.args(["--trace-timeout", "90000h"]);
        let begun = Instant::now();
        let process = command
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()
            .context("cannot start loadspan serve")?;
        let mut backend = Self {
            process,
            ports: Ports { http, grpc },
            ready: Duration::ZERO,
        };
        let ready = backend.await_health(begun);
        backend.ready = ready.with_context(|| fs::read_to_string(log_file).unwrap_or_default())?;
        Ok(backend)
    }

    fn await_health(&mut self, begun: Instant) -> anyhow::Result<Duration> {
        let ask = Head::json(self.ports.http, "GET", "/health").with(&[]);
        while begun.elapsed() < START_TIMEOUT {
            let answer = Connection::open(self.ports.http).and_then(|mut connection| Ok(connection.send(&ask)?.status));
            if answer.is_ok_and(|status| status == 200) {
                return Ok(begun.elapsed());
            }
            if let Some(status) = self.process.try_wait()? {
                bail!("loadspan serve ended with {status}");
            }
            std::thread::sleep(LOOK_INTERVAL);
        }
        bail!("loadspan serve does not answer")
    }

    pub(crate) fn ports(&self) -> Ports {
        self.ports
    }

    /// The process group that it leads.
    pub(crate) fn group(&self) -> u32 {
        self.process.id()
    }

    pub(crate) fn usage(&self) -> anyhow::Result<Usage> {
        Usage::of_group(self.group())
    }

    pub(crate) fn connect(&self) -> anyhow::Result<Connection> {
        Connection::open(self.ports.http)
    }

    /// Spans that it says are durable, since its start.
    pub(crate) fn stored_spans(&self) -> anyhow::Result<u64> {
        let ask = Head::json(self.ports.http, "GET", "/metrics").with(&[]);
        let mut connection = self.connect()?;
        let text = String::from_utf8_lossy(connection.send(&ask)?.ok()?).into_owned();
        let stored = text.lines().find_map(|line| line.strip_prefix(STORED));
        stored
            .and_then(|stored| stored.parse().ok())
            .context("the server does not say what it has stored")
    }

    /// Asks it to end, and waits until it has.
    ///
    /// # Errors
    ///
    /// It does not end, or not well.
    pub(crate) fn stop(mut self) -> anyhow::Result<()> {
        let pid = self.process.id().to_string();
        Command::new("kill").arg(&pid).status().context("cannot run kill")?;
        let until = Instant::now() + END_TIMEOUT;
        while Instant::now() < until {
            if let Some(status) = self.process.try_wait()? {
                ensure!(status.success(), "loadspan serve ended with {status}");
                return Ok(());
            }
            std::thread::sleep(LOOK_INTERVAL);
        }
        bail!("loadspan serve does not end")
    }
}

impl Drop for Backend {
    fn drop(&mut self) {
        // It may have ended already; there is nothing to do about it then.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A folder that is removed with everything in it when it is dropped.
#[derive(Debug)]
pub(crate) struct Scratch(PathBuf);

impl Scratch {
    pub(crate) fn new(setup: &Setup) -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        Self(
            setup
                .databases()
                .join(format!("scratch-{}-{number}", std::process::id())),
        )
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // What is left lies among what is built.
        let _ = fs::remove_dir_all(&self.0);
    }
}
