//! What goes over the wire to a telemetry backend: the types of OTLP and of MLflow's tracking API, their encodings, and the names of
//! the semantic conventions.
//!
//! No SDK, no client, no server: bytes and values only.

pub mod mlflow;
pub mod otlp;
pub mod semconv;
