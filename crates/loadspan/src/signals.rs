//! Ctrl-C and SIGTERM: the first ends a run in good order, the second at once.

use std::sync::Mutex;

use loadspan_loadgen::Stopper;
use tokio::signal::unix::{SignalKind, signal};

use crate::exit::Exit;

/// The run that a signal stops. `None` before the load: then there is nothing to be saved.
static RUN: Mutex<Option<Stopper>> = Mutex::new(None);

/// From now on, signals stop `stopper`'s run; without one they end the program.
pub(crate) fn stop_on_signal(stopper: Option<Stopper>) {
    *RUN.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = stopper;
}

/// Starts to listen for signals, on a thread of its own.
///
/// # Errors
///
/// The thread or its event loop cannot be started.
pub(crate) fn listen() -> std::io::Result<()> {
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
    Ok(())
}

async fn react(mut interrupt: tokio::signal::unix::Signal, mut terminate: tokio::signal::unix::Signal) {
    for received in 1.. {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
        let run = RUN.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clone();
        match (run, received) {
            (Some(stopper), 1) => {
                crate::terminal::print_warning(
                    "interrupted: waiting for requests in flight; press Ctrl-C again to stop now",
                );
                stopper.stop();
            }
            (Some(stopper), 2) => stopper.stop_at_once(),
            // Nothing runs yet, or nothing helps: what is on disk stays there.
            _ => std::process::exit(Exit::Interrupted as i32),
        }
    }
}
