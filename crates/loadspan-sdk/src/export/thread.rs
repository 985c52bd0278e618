//! The thread of the exports, with an event loop of its own: applications need none, and none of theirs is waited on.

use std::sync::mpsc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use opentelemetry::Context;
use tokio::runtime::{Builder, Handle};
use tokio::sync::oneshot;

use crate::error::InitError;

/// The thread. Dropping it ends everything on it.
#[derive(Debug)]
pub(crate) struct ExportThread {
    handle: Handle,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
    /// The process that it is in: one that was forked from it has a copy of this, and no thread.
    process: u32,
}

impl ExportThread {
    /// # Errors
    ///
    /// The system refuses a thread or an event loop.
    pub(crate) fn start() -> Result<Self, InitError> {
        let (stop, stopped) = oneshot::channel();
        let (ready, started) = mpsc::sync_channel(1);
        let thread = std::thread::Builder::new().name("loadspan-sdk-export".to_owned());
        let thread = thread
            .spawn(move || run(&ready, stopped))
            .map_err(|error| InitError::Start(error.to_string()))?;
        let handle = started.recv().map_err(|error| InitError::Start(error.to_string()))??;
        Ok(Self {
            handle,
            stop: Some(stop),
            thread: Some(thread),
            process: std::process::id(),
        })
    }

    /// Whether this process was forked after the start, so that the thread is in another one.
    pub(crate) fn is_elsewhere(&self) -> bool {
        self.process != std::process::id()
    }

    pub(crate) fn handle(&self) -> &Handle {
        &self.handle
    }

    /// Ends it. What ran on it is dropped when this returns.
    pub(crate) fn stop(&mut self) {
        let (stop, thread) = (self.stop.take(), self.thread.take());
        if self.is_elsewhere() {
            // Neither is ours: the one would wake the other process, the other cannot be waited for.
            std::mem::forget((stop, thread));
            return;
        }
        drop(stop);
        if let Some(thread) = thread {
            // A thread that panicked has said so already.
            let _ = thread.join();
        }
    }
}

impl Drop for ExportThread {
    fn drop(&mut self) {
        self.stop();
    }
}

/// The event loop is made and dropped here: it may not be dropped within another one, where the guard may be.
fn run(ready: &mpsc::SyncSender<Result<Handle, InitError>>, stopped: oneshot::Receiver<()>) {
    let runtime = match Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            // Whoever starts the thread waits for this.
            let _ = ready.send(Err(InitError::Start(error.to_string())));
            return;
        }
    };
    let _ = ready.send(Ok(runtime.handle().clone()));
    // Or exporting spans would make spans: HTTP clients have instrumentation, too.
    let _suppressed = Context::enter_telemetry_suppressed_scope();
    // An error is the other side being gone, which means the same.
    let _ = runtime.block_on(stopped);
    // Name look-ups may take long, and nobody needs them any more.
    runtime.shutdown_timeout(Duration::ZERO);
}

/// Waits until as many have reported as there are senders, without an event loop. `false`: time was up.
pub(crate) fn wait_for(done: &mpsc::Receiver<()>, timeout: Duration) -> bool {
    // `None`: so far away that no clock reaches it.
    let deadline = Instant::now().checked_add(timeout);
    loop {
        let left = deadline.map_or(Duration::MAX, |deadline| {
            deadline.saturating_duration_since(Instant::now())
        });
        match done.recv_timeout(left) {
            Ok(()) => {}
            Err(mpsc::RecvTimeoutError::Disconnected) => return true,
            Err(mpsc::RecvTimeoutError::Timeout) => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_in_a_forked_process_waits_for_no_thread() {
        let mut copy = ExportThread::start().unwrap();
        let (_stop, thread) = (copy.stop.take(), copy.thread.take());
        copy.process = 0;
        // A thread that never ends: so it looks from a process that does not have it.
        copy.thread = Some(std::thread::spawn(|| {
            loop {
                std::thread::park();
            }
        }));
        let (done, stopped) = mpsc::channel();
        std::thread::spawn(move || {
            copy.stop();
            done.send(())
        });

        assert!(stopped.recv_timeout(Duration::from_secs(20)).is_ok());
        drop(thread);
    }

    #[test]
    fn a_time_that_no_clock_reaches_is_no_limit() {
        let (done, all_done) = mpsc::channel();
        std::thread::spawn(move || done.send(()));

        assert!(wait_for(&all_done, Duration::MAX));
    }
}
