//! What a server said of itself at one moment: a line of `server_metrics.jsonl`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{HistogramInterval, ServerCounter, ServerGauge, ServerHistogram};
use crate::RunOffset;

/// What a server said of itself at one moment, and what it had done since the sample before.
///
/// What a server does not tell is not there; it is never zero instead.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct ServerSample {
    /// When the answer had arrived.
    #[serde(rename = "at_ns")]
    pub at: RunOffset,
    /// The URL, without credentials.
    pub source: String,
    /// Time since the sample before, in nanoseconds: what `rates` and `quantiles` are over. `None` for the first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interval_ns: Option<u64>,
    /// The present moment.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub metrics: BTreeMap<ServerGauge, f64>,
    /// Counts per second since the sample before.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub rates: BTreeMap<ServerCounter, f64>,
    /// What was observed since the sample before.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub quantiles: BTreeMap<ServerHistogram, HistogramInterval>,
    /// The server's own names and values, summed over labels. Only where nothing is known by a name of the vocabulary.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub raw: BTreeMap<String, f64>,
}

impl ServerSample {
    /// When the sample before was taken; this one's own time for the first.
    pub(super) fn interval_start(&self) -> RunOffset {
        let nanos = self.interval_ns.unwrap_or(0);
        RunOffset::from_nanos(self.at.as_nanos().saturating_sub(nanos))
    }

    /// Seconds since the sample before. Zero for the first.
    pub(super) fn interval_secs(&self) -> f64 {
        self.interval_ns.unwrap_or(0) as f64 / 1e9
    }
}
