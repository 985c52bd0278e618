//! Automatic tracing: a layer for `tracing-subscriber`, a middleware for `reqwest`, a layer for `tower`.
//!
//! The two for HTTP watch the same thing, a call of a model, and share all that is known about it: `exchange`.

#[cfg(any(feature = "reqwest", feature = "tower"))]
mod body;
#[cfg(any(feature = "reqwest", feature = "tower"))]
mod exchange;
#[cfg(feature = "reqwest")]
mod middleware;
#[cfg(feature = "tower")]
mod service;
#[cfg(any(feature = "reqwest", feature = "tower"))]
mod settings;
#[cfg(feature = "tracing")]
mod subscriber;
#[cfg(test)]
#[cfg(all(feature = "reqwest", feature = "tower"))]
mod tests;

#[cfg(any(feature = "reqwest", feature = "tower"))]
pub use self::body::{RequestBody, ResponseBody};
#[cfg(feature = "reqwest")]
pub use self::middleware::ReqwestTracing;
#[cfg(feature = "tower")]
pub use self::service::{HttpTracing, HttpTracingFuture, HttpTracingLayer};
#[cfg(feature = "tracing")]
pub use self::subscriber::{TracingLayer, tracing_layer};
