//! A deterministic OpenAI-compatible server with scripted timing, scripted shapes and scripted faults, which knows what it did and
//! when: the yardstick for the load generator.
//!
//! ```
//! use loadspan_testkit::{DurationExt, FakeServer, Fault, Script, When, every};
//!
//! let server = FakeServer::new()
//!     .ttft(40.ms())
//!     .tokens(8, every(10.ms()))
//!     .on(When::EveryNth(10), Script::new().fault(Fault::too_many_requests(1.secs())))
//!     .start()?;
//! assert!(server.url().starts_with("http://127.0.0.1:"));
//! assert_eq!(server.stats().requests_total, 0);
//! # Ok::<(), loadspan_testkit::StartError>(())
//! ```
//!
//! It is no model and no validator: it answers every well-formed request, and what it says means nothing.
//!
//! [`OtlpSink`] and [`MlflowSink`] are its counterparts for telemetry: an OTLP server and an MLflow server that are scripted in the
//! same way.
#![deny(missing_docs)]

mod capture;
mod clock;
mod duration;
mod encode;
mod label;
mod meters;
mod mlflow_sink;
mod otlp_sink;
mod pace;
mod plan;
mod reply;
mod request;
mod respond;
mod route;
mod script;
mod server;
mod service_thread;
mod slots;
mod state;
mod text_endpoint;
mod transport;
mod truth;

pub use capture::CapturedRequest;
pub use duration::{DurationExt, Every, every};
pub use label::Label;
pub use mlflow_sink::{MlflowAnswer, MlflowSink, RunningMlflowSink, SinkPoint, SinkRun};
pub use otlp_sink::{Accepted, ClientCertificate, OtlpSink, RunningOtlpSink, SinkAnswer, SinkCounts, SinkSignal};
pub use plan::When;
pub use route::Endpoint;
pub use script::{
    Answer, DataSpace, Ending, Fault, Filler, LineEnding, Opening, ReasoningField, RoleChunk, Script, TokenText, Usage,
    Writes,
};
pub use server::{FakeServer, RunningServer, ServerKind, StartError};
pub use service_thread::SinkError;
pub use text_endpoint::{TextEndpoint, TextReply};
pub use truth::{Stats, Truth, TruthOutcome};
