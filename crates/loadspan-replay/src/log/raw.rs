//! A line of a log, as it is written there.

use std::sync::Arc;
use std::time::Duration;

#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct RawCall {
    /// Nanoseconds, from whenever.
    pub(crate) time_ns: Option<i64>,
    pub(crate) delay: Option<Duration>,
    pub(crate) session: Option<Arc<str>>,
    pub(crate) model: Option<Arc<str>>,
    /// As the log counts them.
    pub(crate) input_tokens: u64,
    pub(crate) output_tokens: Option<u64>,
    pub(crate) hash_ids: Vec<u64>,
    pub(crate) failed: bool,
}
