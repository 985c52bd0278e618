//! The way of payloads to a backend: a queue, a client, retries, a spool. Payloads are bytes here; what they mean is known elsewhere.

pub(crate) mod client;
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

pub use self::client::ClientError;
pub use self::delivery::Payload;
pub(crate) use self::delivery::{Contents, Delivery};
pub(crate) use self::exporters::{Deadlines, Exporters};
pub use self::exporters::{FlushCutter, Flushed, MlflowOutlet, MlflowReach, Outlets, RecordsOnDisk, StartError};
pub use self::notice::Notices;
#[cfg(test)]
pub(crate) use self::notice::examples;
pub(crate) use self::pipeline::Pipeline;
pub use self::push::{PushConfig, PushError, PushSummary, PushedSignal, TraceStoreRun, push};
pub(crate) use self::retry::{random, wait_after};
pub use self::spool::SpoolRecord;
pub(crate) use self::transport::Transport;
