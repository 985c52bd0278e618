//! The one place where this crate says something: on standard error, once for each kind of trouble.

use std::sync::atomic::{AtomicU32, Ordering};

/// Kinds of trouble.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
pub(crate) enum Kind {
    /// Too many traces in progress.
    TraceForgotten,
    /// Tags or metadata after the end of the root.
    LateUpdate,
    /// A value that cannot be written as JSON.
    NotSerializable,
    /// Nothing says where spans should go.
    NothingSetUp,
    /// A queue is full.
    QueueFull,
    /// The OTLP endpoint fails.
    OtlpFailed,
    /// The MLflow server fails to take spans.
    MlflowFailed,
    /// The MLflow server fails to take what is known of a trace.
    TraceInfoFailed,
    /// The endpoint of the metrics fails.
    MetricsFailed,
    /// The metric has too many series.
    TooManySeries,
}

static SAID: AtomicU32 = AtomicU32::new(0);

/// Says it, if nothing of this kind was said before in this process.
pub(crate) fn warn(kind: Kind, message: &str) {
    let bit = 1 << kind as u32;
    if SAID.fetch_or(bit, Ordering::Relaxed) & bit == 0 {
        print(message);
    }
}

#[expect(
    clippy::print_stderr,
    reason = "a library without a logger of its own; once for each kind"
)]
fn print(message: &str) {
    eprintln!("loadspan_sdk: {message}");
}
