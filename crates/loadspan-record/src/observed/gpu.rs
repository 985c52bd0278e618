//! What GPUs were doing at one moment: a line of `gpu_metrics.jsonl`.

use serde::{Deserialize, Serialize};

use crate::RunOffset;

/// The GPUs that a source knows, at one moment.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct GpuSample {
    /// When it was read.
    #[serde(rename = "at_ns")]
    pub at: RunOffset,
    /// A URL without credentials, or `nvml`.
    pub source: String,
    /// The GPUs, in the order of their indexes.
    pub gpus: Vec<GpuReading>,
}

/// One GPU. What the source does not tell is `None`, never zero.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct GpuReading {
    /// Its number on its host.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub index: Option<u32>,
    /// Its id, which is the same whoever asks.
    pub uuid: String,
    /// Its host, as the source calls it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    /// Its model.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Share of time in which it was busy, from 0 to 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub utilization: Option<f64>,
    /// Memory in use.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory_used_bytes: Option<u64>,
    /// Memory that there is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory_total_bytes: Option<u64>,
    /// Power.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub power_watts: Option<f64>,
    /// Temperature of the die.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub temperature_celsius: Option<f64>,
    /// Energy since the driver was loaded: the device's own counter.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub energy_joules: Option<f64>,
    /// Clock of the streaming multiprocessors.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sm_clock_hertz: Option<u64>,
}
