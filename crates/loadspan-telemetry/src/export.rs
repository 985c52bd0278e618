//! The way of payloads to a backend: a queue, a client, retries, a spool. Payloads are bytes here; what they mean is known elsewhere.

mod client;
mod console;
mod delivery;
mod exporters;
mod notice;
mod pipeline;
mod push;
mod queue;
mod retry;
mod runtime;
mod split;
mod spool;
mod transport;

#[cfg(test)]
mod tests;

pub(crate) use self::delivery::Delivery;
pub use self::delivery::Payload;
pub(crate) use self::exporters::Exporters;
pub use self::exporters::{FlushCutter, StartError};
pub use self::notice::Notices;
#[cfg(test)]
pub(crate) use self::notice::examples;
pub(crate) use self::pipeline::Pipeline;
pub use self::push::{PushConfig, PushError, PushSummary, PushedSignal, push};
pub use self::spool::SpoolRecord;
