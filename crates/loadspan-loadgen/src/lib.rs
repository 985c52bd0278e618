//! Makes load for OpenAI-compatible servers and says what happened to each request.
//!
//! [`preflight`](preflight::run) learns what must be known before the load, [`start`] makes it. What happens leaves as a stream of
//! [`RunEvent`]s; this crate prints nothing, opens no result file and knows no exporter. A failed request is data: an `Err` means
//! that loadspan itself failed.

mod clock;
mod connection;
pub mod conversation;
mod deadline;
mod event;
mod http1;
mod http2;
mod link;
mod observer;
pub mod openai;
pub mod preflight;
pub mod recorded;
mod redaction;
mod response;
mod runner;
pub mod schedule;
pub mod sessions;
pub mod sse;
mod target;
pub mod workload;

pub use self::clock::{ClockAnchor, RunClock};
pub use self::connection::{TlsConfig, TlsError};
pub use self::deadline::Deadlines;
pub use self::event::{
    Listeners, Progress, RecordBatch, RunEnd, RunEvent, SessionCounts, SessionEnd, SessionFate, StageEnd, StopReason,
    Subscription,
};
pub use self::observer::TextCapture;
pub use self::runner::{
    FailureThreshold, Limits, LoadConfig, LoadModel, OnFailedTurn, Run, RunError, RunPlan, StagePlan, StageRole,
    Stopper, Traffic, Warmup, start,
};
pub use self::target::{BaseUrl, HttpPreference, PreparedTarget, TargetConfig, TargetError, UrlError};
