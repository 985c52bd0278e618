//! What the server says while it runs: warnings, and the access log. A thread of its own says it, so that nobody waits for whoever reads.

use std::io::{BufWriter, Write};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

/// Lines that may wait. Further ones are lost.
const WAITING: usize = 8192;
/// How long a line of the access log may wait for others to be written with it.
const TOGETHER: Duration = Duration::from_millis(200);

/// Where it is said.
pub struct Outlet {
    /// The access log, a JSON object on each line. `None`: there is none.
    pub access: Option<Box<dyn Write + Send>>,
    /// Takes warnings.
    pub warnings: Box<dyn Fn(&str) + Send>,
}

/// The way to it. Cloning it is cheap.
#[derive(Clone)]
pub(crate) struct Journal(Arc<Shared>);

struct Shared {
    lines: Mutex<Option<SyncSender<Line>>>,
    thread: Mutex<Option<JoinHandle<()>>>,
    has_access_log: bool,
}

/// Whether a line is going to be said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Said {
    Yes,
    /// So many wait that there is no room.
    Lost,
}

enum Line {
    Access(String),
    Warning(String),
}

impl Journal {
    pub(crate) fn start(outlet: Outlet) -> Self {
        let (lines, said) = sync_channel(WAITING);
        let has_access_log = outlet.access.is_some();
        let thread = std::thread::Builder::new().name("journal".to_owned());
        // Without a thread nothing is said, and the server serves.
        let thread = thread.spawn(move || say(outlet, &said)).ok();
        Self(Arc::new(Shared {
            lines: Mutex::new(Some(lines)),
            thread: Mutex::new(thread),
            has_access_log,
        }))
    }

    /// Whether lines of the access log are wanted.
    pub(crate) fn has_access_log(&self) -> bool {
        self.0.has_access_log
    }

    /// Says a line of the access log.
    pub(crate) fn access(&self, line: String) -> Said {
        self.send(Line::Access(line))
    }

    /// Says a warning.
    pub(crate) fn warn(&self, message: &str) {
        // One that finds no room comes after thousands of others.
        let _ = self.send(Line::Warning(message.to_owned()));
    }

    /// Waits until everything is said. Blocks no event loop.
    pub(crate) async fn close(&self) {
        drop(self.lines().take());
        let thread = self.0.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread {
            drop(tokio::task::spawn_blocking(move || drop(thread.join())).await);
        }
    }

    fn send(&self, line: Line) -> Said {
        let sent = self.lines().as_ref().map(|lines| lines.try_send(line).is_ok());
        if sent == Some(true) { Said::Yes } else { Said::Lost }
    }

    fn lines(&self) -> std::sync::MutexGuard<'_, Option<SyncSender<Line>>> {
        self.0.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn say(outlet: Outlet, lines: &Receiver<Line>) {
    let mut access = outlet.access.map(BufWriter::new);
    loop {
        match lines.recv_timeout(TOGETHER) {
            Ok(Line::Warning(message)) => (outlet.warnings)(&message),
            // Nobody reads it any more: there is nobody to be told.
            Ok(Line::Access(line)) => drop(access.as_mut().map(|access| writeln!(access, "{line}"))),
            Err(RecvTimeoutError::Timeout) => drop(access.as_mut().map(Write::flush)),
            Err(RecvTimeoutError::Disconnected) => break,
        }
    }
    drop(access.as_mut().map(Write::flush));
}

impl std::fmt::Debug for Outlet {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Outlet")
    }
}
