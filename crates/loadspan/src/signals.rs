//! Ctrl-C and SIGTERM: the first ends what is going on in good order, the second at once.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};

use loadspan_loadgen::Stopper;
use loadspan_telemetry::FlushCutter;
use tokio::signal::unix::{SignalKind, signal};

use crate::exit::Exit;
use crate::terminal;

/// What a signal ends.
#[derive(Debug, Clone)]
pub(crate) enum Interruptible {
    /// A load.
    Load(Stopper),
    /// A load whose requests in flight are waited for.
    Drain(Stopper),
    /// The delivery of what is left of the telemetry, and what comes after it.
    Flush(FlushCutter, Cut),
    /// Somebody who waits for nothing but a signal.
    Wait(SyncSender<()>),
}

/// Whether somebody does not want to wait any longer.
#[derive(Debug, Clone, Default)]
pub(crate) struct Cut(Arc<AtomicBool>);

impl Cut {
    /// Set when that is so.
    pub(crate) fn flag(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.0)
    }
}

/// What the next signal ends. `None`: the program, for there is nothing to be saved.
static NEXT: Mutex<Option<Interruptible>> = Mutex::new(None);
/// Whether there is a thread that listens.
static LISTENING: Mutex<bool> = Mutex::new(false);
/// Whether a signal has come.
static HEARD: AtomicBool = AtomicBool::new(false);

/// From now on, signals end this; without anything they end the program.
pub(crate) fn interrupt(next: Option<Interruptible>) {
    *NEXT.lock().unwrap_or_else(PoisonError::into_inner) = next;
}

/// Whether somebody wants it to end: a signal has come since the program listens.
pub(crate) fn heard() -> bool {
    HEARD.load(Ordering::Relaxed)
}

/// Waits for the next signal. The one after it ends the program at once.
pub(crate) fn wait() {
    let (sender, receiver): (_, Receiver<()>) = sync_channel(1);
    interrupt(Some(Interruptible::Wait(sender)));
    // The other end is held until it has sent something.
    let _ = receiver.recv();
}

/// Starts to listen for signals, on a thread of its own, unless that is done already.
///
/// # Errors
///
/// The thread or its event loop cannot be started.
pub(crate) fn listen() -> std::io::Result<()> {
    let mut listening = LISTENING.lock().unwrap_or_else(PoisonError::into_inner);
    if *listening {
        return Ok(());
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
    let (interrupt, terminate) = {
        let _entered = runtime.enter();
        (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?)
    };
    std::thread::Builder::new()
        .name("loadspan-signals".to_owned())
        .spawn(move || {
            runtime.block_on(react(interrupt, terminate));
        })?;
    *listening = true;
    Ok(())
}

async fn react(mut interrupted: tokio::signal::unix::Signal, mut terminated: tokio::signal::unix::Signal) {
    loop {
        tokio::select! {
            _ = interrupted.recv() => {}
            _ = terminated.recv() => {}
        }
        HEARD.store(true, Ordering::Relaxed);
        let mut next = NEXT.lock().unwrap_or_else(PoisonError::into_inner);
        *next = match next.take() {
            Some(interruptible) => interruptible.end(),
            // Nothing runs yet, or nothing helps: what is on disk stays there.
            None => std::process::exit(Exit::Interrupted as i32),
        };
    }
}

impl Interruptible {
    /// Ends it; what the signal after this one ends.
    fn end(self) -> Option<Self> {
        match self {
            Self::Load(stopper) => {
                terminal::print_warning("interrupted: waiting for requests in flight; press Ctrl-C again to stop now");
                stopper.stop();
                Some(Self::Drain(stopper))
            }
            Self::Drain(stopper) => {
                stopper.stop_at_once();
                None
            }
            Self::Flush(cutter, cut) => {
                terminal::print_warning("interrupted: what is left of the telemetry is left to `loadspan push`");
                cut.0.store(true, Ordering::Relaxed);
                cutter.cut();
                None
            }
            Self::Wait(sender) => {
                // One is enough: who waits has been told.
                let _ = sender.try_send(());
                None
            }
        }
    }
}
