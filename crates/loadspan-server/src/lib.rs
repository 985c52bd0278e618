//! An OTLP receiver and MLflow-compatible tracking server in one process: traces, metrics and logs come in over OTLP, runs over
//! MLflow's REST API, and both are asked for over that API.
//!
//! Requests are read by `http` and `grpc`, become jobs of `store`, and are answered when the job's transaction is committed. What
//! a job does is in `ingest`, `tracking` and `traces`; none of these knows HTTP.

mod answer;
mod app;
mod artifacts;
mod config;
mod curves;
mod database;
mod error;
mod gate;
mod grpc;
mod hex;
mod http;
mod ingest;
mod operation;
mod pattern;
#[doc(hidden)]
pub mod probe;
mod search;
mod server;
mod store;
#[cfg(test)]
mod testing;
mod traces;
mod tracking;
mod translate;
mod tree_room;

pub use config::{Backend, ConfigError, Durability, Forward, Limits, OtlpPort, Security, ServerConfig, TlsFiles};
pub use operation::{
    Collected, ExportConfig, ExportError, ExportFormat, Exported, GarbageConfig, Outlet, Shrink, backup,
    collect_garbage, export,
};
pub use server::{Addresses, Server, ServerError, Stopped, Stored};
