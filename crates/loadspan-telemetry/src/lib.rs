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
#[cfg(test)]
mod page;
mod resource;
mod telemetry;
mod traces;

pub use self::export::{
    FlushCutter, Notices, Payload, PushConfig, PushError, PushSummary, PushedSignal, SpoolRecord, StartError, push,
};
pub use self::identity::{BodySource, BodyVariety, LoadState, Operation, RunConclusion, RunIdentity, ServerAddress};
pub use self::metrics::MetricsRecorder;
pub use self::telemetry::{Outlets, Telemetry};
pub use self::traces::{InputContent, LengthSource, OutputType, RequestParameters, Sampled, TraceRecorder};
