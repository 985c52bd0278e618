//! A server that runs beside a check and is stopped by its own process id.

use std::fs::File;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};

/// Longest wait for a server to listen: one that is written in Python takes half a minute on a busy machine.
const START_TIMEOUT: Duration = Duration::from_secs(120);
/// Longest wait for a server to end.
const END_TIMEOUT: Duration = Duration::from_secs(30);

/// A running server. Killed when it is dropped, and so are the processes of the group that it leads, if it leads one.
#[derive(Debug)]
pub(crate) struct Daemon {
    process: Child,
    log: PathBuf,
}

impl Daemon {
    /// Starts a server and waits until it listens on every one of `ports`.
    ///
    /// # Errors
    ///
    /// It cannot be started, or it ends or stays silent; the error has the end of its log.
    pub(crate) fn start(command: &mut Command, log: &Path, ports: &[u16]) -> anyhow::Result<Self> {
        let output = File::create(log).with_context(|| format!("cannot write {}", log.display()))?;
        let process = command
            .stdin(Stdio::null())
            .stdout(output.try_clone()?)
            .stderr(output)
            .spawn()
            .with_context(|| format!("cannot start {:?}", command.get_program()))?;
        let mut daemon = Self {
            process,
            log: log.to_path_buf(),
        };
        for port in ports {
            daemon.await_port(*port)?;
        }
        Ok(daemon)
    }

    fn await_port(&mut self, port: u16) -> anyhow::Result<()> {
        let address = SocketAddr::from(([127, 0, 0, 1], port));
        let until = Instant::now() + START_TIMEOUT;
        while Instant::now() < until {
            if TcpStream::connect_timeout(&address, Duration::from_millis(200)).is_ok() {
                return Ok(());
            }
            if let Some(status) = self.process.try_wait()? {
                bail!("it ended with {status}:\n{}", self.log_text());
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        bail!("it does not listen on port {port}:\n{}", self.log_text())
    }

    fn log_text(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// Its process id, and that of the group that it leads, if it leads one.
    pub(crate) fn id(&self) -> u32 {
        self.process.id()
    }

    /// Kills it, as a crash would.
    pub(crate) fn kill(mut self) {
        self.end();
    }

    /// Asks it to end, so that it writes what it holds, and waits for that.
    pub(crate) fn terminate(mut self) -> anyhow::Result<()> {
        let pid = self.process.id().to_string();
        Command::new("kill").arg(&pid).status().context("cannot run kill")?;
        let until = Instant::now() + END_TIMEOUT;
        while self.process.try_wait()?.is_none() {
            if Instant::now() > until {
                bail!("it does not end:\n{}", self.log_text());
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(())
    }

    /// Halts the group that it leads: it accepts connections and answers nothing, until [`Daemon::go_on`].
    pub(crate) fn halt(&self) {
        self.signal_group("-STOP");
    }

    pub(crate) fn go_on(&self) {
        self.signal_group("-CONT");
    }

    fn end(&mut self) {
        // What has ended already, and a group that there is not, need nothing.
        self.signal_group("-KILL");
        let _ = self.process.kill();
        let _ = self.process.wait();
    }

    fn signal_group(&self, signal: &str) {
        let group = format!("-{}", self.process.id());
        let _ = Command::new("kill")
            .args([signal, "--", &group])
            .stderr(Stdio::null())
            .status();
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        self.end();
    }
}

/// Ports that nothing listened on a moment ago.
pub(crate) fn free_ports<const N: usize>() -> anyhow::Result<[u16; N]> {
    let mut listeners = Vec::with_capacity(N);
    for _ in 0..N {
        listeners.push(TcpListener::bind("127.0.0.1:0").context("no port is free")?);
    }
    let mut ports = [0; N];
    for (port, listener) in ports.iter_mut().zip(&listeners) {
        *port = listener.local_addr()?.port();
    }
    Ok(ports)
}
