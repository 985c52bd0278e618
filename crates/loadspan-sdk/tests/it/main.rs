//! Tracing as an application sets it up, from the builder to the socket.

mod arrival;
mod export;
mod lifecycle;

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use loadspan_sdk::Builder;
use loadspan_testkit::RunningOtlpSink;

const NOTHING: [(&str, &str); 0] = [];
const PATIENCE: Duration = Duration::from_secs(60);

/// There is one set-up in a process: tests take turns.
static TURN: Mutex<()> = Mutex::new(());

fn turn() -> MutexGuard<'static, ()> {
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A set-up of which nothing comes from the environment, and that exports what it is told to, or what fills a batch.
fn builder(sink: &RunningOtlpSink) -> Builder {
    loadspan_sdk::builder()
        .environment(NOTHING)
        .otlp_endpoint(&sink.url())
        .schedule_delay(Duration::from_secs(600))
}
