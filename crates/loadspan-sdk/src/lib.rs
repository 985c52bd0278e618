//! MLflow tracing for Rust applications: spans with inputs and outputs, exported to an MLflow server, to any OTLP backend, or to both.
//!
//! ```no_run
//! use loadspan_sdk::SpanType;
//! use serde_json::json;
//!
//! fn main() -> Result<(), loadspan_sdk::InitError> {
//!     // Everything comes from the environment; `loadspan_sdk::builder()` says the same in code.
//!     let _mlflow = loadspan_sdk::init()?;
//!
//!     let span = loadspan_sdk::start_span("process_request").with_type(SpanType::Chain);
//!     span.set_inputs(json!({"query": "What is MLflow?"}));
//!     span.set_outputs(json!({"response": "MLflow is an open source platform"}));
//!     Ok(())
//! }
//! ```
//!
//! [The guide](https://github.com/loadspan/loadspan/blob/main/docs/sdk.md) has every variable, attribute and limit.
#![deny(missing_docs)]

mod builder;
mod config;
mod context;
mod diagnostics;
mod error;
mod export;
mod guard;
mod layer;
#[cfg(feature = "macros")]
mod macros;
mod metrics;
#[cfg(test)]
mod page;
mod part;
mod processor;
mod sampling;
mod scalar;
mod span;
mod span_type;
mod state;
#[cfg(test)]
mod testing;
mod trace;

/// What the code that `#[trace]` writes calls. No part of the interface: it changes without notice.
#[cfg(feature = "macros")]
#[doc(hidden)]
pub mod __private {
    pub use crate::macros::*;
}

// The attribute calls this crate by its name, also in its own tests.
#[cfg(all(test, feature = "macros"))]
extern crate self as loadspan_sdk;

/// What the pages show compiles.
#[cfg(all(doctest, feature = "macros", feature = "tracing", feature = "reqwest"))]
#[doc = include_str!("../README.md")]
#[doc = include_str!("../sdk.md")]
pub struct Pages;

/// An example, and what is refused:
///
/// ```
/// use loadspan_sdk::{SpanType, trace};
///
/// #[trace(name = "answer", span_type = SpanType::Agent, skip(key))]
/// async fn ask(question: &str, key: &str) -> Result<String, std::io::Error> {
///     Ok(search(question, 3).join(" "))
/// }
///
/// #[trace(span_type = "RETRIEVER")]
/// fn search(question: &str, count: usize) -> Vec<String> {
///     vec![question.to_owned(); count]
/// }
/// ```
///
/// An argument that is not there cannot be skipped:
///
/// ```compile_fail
/// #[loadspan_sdk::trace(skip(password))]
/// fn log_in(user: &str) {}
/// ```
///
/// Options have their names:
///
/// ```compile_fail
/// #[loadspan_sdk::trace(nmae = "x")]
/// fn log_in(user: &str) {}
/// ```
///
/// Only functions have calls:
///
/// ```compile_fail
/// #[loadspan_sdk::trace]
/// struct User;
/// ```
///
/// What may run while the program is compiled cannot be traced:
///
/// ```compile_fail
/// #[loadspan_sdk::trace]
/// const fn two() -> u32 {
///     2
/// }
/// ```
#[cfg(feature = "macros")]
pub use loadspan_sdk_macros::trace;

pub use self::builder::{Attachment, Builder, MlflowProcessor, builder, init};
pub use self::context::{
    RemoteParent, current_span, current_trace_id, extract, extract_from, inject, inject_into, last_active_trace_id,
};
pub use self::error::InitError;
pub use self::guard::{DestinationCounts, FlushOutcome, Guard, counts, flush};
#[cfg(feature = "reqwest")]
pub use self::layer::ReqwestTracing;
#[cfg(feature = "tower")]
pub use self::layer::{HttpTracing, HttpTracingFuture, HttpTracingLayer};
#[cfg(any(feature = "reqwest", feature = "tower"))]
pub use self::layer::{RequestBody, ResponseBody};
#[cfg(feature = "tracing")]
pub use self::layer::{TracingLayer, tracing_layer};
pub use self::span::{
    InContext, InSpan, Parent, Span, SpanBuilder, SpanGuard, SpanScope, SpanStatus, TokenUsage, TracedFuture, span,
    start_span,
};
pub use self::span_type::SpanType;
pub use self::trace::{TraceUpdate, update_current_trace};
/// The version of OpenTelemetry whose types appear in this crate. Another one of it is another major version of this crate.
pub use opentelemetry;
/// The version of OpenTelemetry's SDK whose types appear in [`Builder::init_with_provider`].
pub use opentelemetry_sdk;
