//! Exports the telemetry of a benchmark while it runs: OpenTelemetry metrics and traces.
//!
//! ```text
//! records ─▶ MetricsRecorder ─┐ every interval        ┌─▶ pipeline (metrics) ─▶ OTLP endpoint
//! (listener's thread)         ├─ encoded payloads ────┤
//! records ─▶ TraceRecorder   ─┘ full or aged batches  └─▶ pipeline (traces)  ─▶ OTLP endpoint
//!                                                             └─▶ telemetry.spool/ ─▶ loadspan push
//! ```
//!
//! Everything is derived from finished records, off the load path. Nothing here can delay a request, change a figure or the exit
//! code; what cannot be delivered is spooled or counted, and the ledger adds up. This crate knows neither the load generator nor
//! the terminal.

pub mod config;
mod export;
mod identity;
mod metrics;
pub mod mlflow;
#[cfg(test)]
mod page;
mod resource;
mod telemetry;
#[cfg(test)]
mod testing;
mod traces;

pub use loadspan_wire::semconv::provider::provider_name;

pub use self::export::{
    ClientError, FlushCutter, Flushed, MlflowOutlet, MlflowReach, Notices, Outlets, Payload, PushConfig, PushError,
    PushSummary, PushedSignal, RecordsOnDisk, SpoolRecord, StartError, TraceStoreRun, push,
};
pub use self::identity::{
    BodySource, BodyVariety, LoadState, Operation, RunConclusion, RunIdentity, ServerAddress, SessionOutcome,
    StageConclusion, StageResult,
};
pub use self::metrics::MetricsRecorder;
pub use self::telemetry::Telemetry;
pub use self::traces::{InputContent, LastSpans, LengthSource, OutputType, RequestParameters, Sampled, TraceRecorder};
