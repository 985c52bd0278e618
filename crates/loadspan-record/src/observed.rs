//! What was seen of the server under test and its GPUs while the load ran: samples on the time axis of the run, and what they
//! come to over the measured time.
//!
//! Samples are what `server_metrics.jsonl` and `gpu_metrics.jsonl` hold, one line each. Nothing here knows Prometheus or NVML.

mod buckets;
mod gauges;
mod gpu;
mod gpu_summary;
mod server;
mod server_summary;
mod spread;
mod vocabulary;
mod window;

pub use buckets::{Bucket, HistogramFigures, HistogramInterval};
pub use gauges::{GPU_INSTRUMENTS, ObservedGauge};
pub use gpu::{GpuReading, GpuSample};
pub use gpu_summary::{EnergySource, GpuDeviceSummary, GpuSummary};
pub use server::ServerSample;
pub use server_summary::ServerSummary;
pub use spread::Spread;
pub use vocabulary::{ServerCounter, ServerGauge, ServerHistogram};

use crate::RunOffset;

/// One sample of either kind.
#[derive(Debug, Clone, PartialEq)]
pub enum ObservedSample {
    /// Of a server.
    Server(ServerSample),
    /// Of GPUs.
    Gpu(GpuSample),
}

impl ObservedSample {
    /// When it was taken.
    #[must_use]
    pub fn at(&self) -> RunOffset {
        match self {
            Self::Server(sample) => sample.at,
            Self::Gpu(sample) => sample.at,
        }
    }

    /// Who was asked: a URL without credentials, or `nvml`.
    #[must_use]
    pub fn source(&self) -> &str {
        match self {
            Self::Server(sample) => &sample.source,
            Self::Gpu(sample) => &sample.source,
        }
    }
}
