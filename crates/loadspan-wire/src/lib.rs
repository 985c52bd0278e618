//! What goes over the wire to a telemetry backend: the types of OTLP, their encodings, and the names of the semantic conventions.
//!
//! No SDK, no client, no server: bytes and values only.

pub mod otlp;
pub mod semconv;
