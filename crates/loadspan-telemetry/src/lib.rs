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

pub use self::identity::{BodySource, BodyVariety, LoadState, Operation, RunConclusion, RunIdentity, ServerAddress};
