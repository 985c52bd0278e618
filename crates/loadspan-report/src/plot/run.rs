//! The charts of one run.

mod cdf;
mod errors;
mod gaps;
mod lag;
mod scatter;
mod stretches;
mod system;
mod timeline;
mod tokens;
mod traffic;
mod ttft;

use loadspan_record::{GpuSample, Metric, ServerSample, Summary};

use super::chart::{Chart, Panel, Stacking};
use super::number::counted;
use super::requests::Requests;
use super::{NoData, axis::Axis, target_of};

/// Everything that was measured in a run.
#[derive(Debug, Clone, Copy)]
pub struct RunData<'a> {
    /// Its result.
    pub summary: &'a Summary,
    /// Its requests.
    pub requests: &'a Requests,
    /// What servers said of themselves, in the order of time.
    pub server: &'a [ServerSample],
    /// What GPUs did, in the order of time.
    pub gpus: &'a [GpuSample],
}

/// A chart of one run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RunChart {
    /// Time to first token of each request, when it was sent.
    TtftOverTime,
    /// The slowest requests, or all of a short run: waiting, until the first token, streaming.
    SlowestRequests,
    /// The first requests of a longer run in the same way.
    FirstRequests,
    /// Gaps between chunks, as percentile bands.
    InterChunkLatency,
    /// Distribution functions of latency and time to first token.
    LatencyCdf,
    /// Requests offered, sent and completed, tokens, and requests in flight.
    Throughput,
    /// How late requests were sent.
    ScheduleLag,
    /// What failed when, by class.
    Errors,
    /// Input and output lengths.
    TokenLengths,
    /// GPUs and server on one time axis.
    System,
}

impl RunChart {
    /// Every chart, in the order of reports.
    pub const ALL: [Self; 10] = [
        Self::TtftOverTime,
        Self::LatencyCdf,
        Self::Throughput,
        Self::InterChunkLatency,
        Self::SlowestRequests,
        Self::FirstRequests,
        Self::ScheduleLag,
        Self::Errors,
        Self::TokenLengths,
        Self::System,
    ];

    /// The name of its file without an ending, and in flags.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::TtftOverTime => "ttft_over_time",
            Self::SlowestRequests => "timeline_slowest",
            Self::FirstRequests => "timeline_first",
            Self::InterChunkLatency => "inter_chunk_latency_over_time",
            Self::LatencyCdf => "latency_cdf",
            Self::Throughput => "throughput_over_time",
            Self::ScheduleLag => "schedule_lag",
            Self::Errors => "errors_over_time",
            Self::TokenLengths => "token_lengths",
            Self::System => "gpu_and_server",
        }
    }

    /// Makes the chart.
    ///
    /// # Errors
    ///
    /// When nothing that it could show was measured.
    pub fn chart(self, run: &RunData<'_>) -> Result<Chart, NoData> {
        let mut drawing = match self {
            Self::TtftOverTime => ttft::draw(run),
            Self::SlowestRequests => timeline::draw_slowest(run),
            Self::FirstRequests => timeline::draw_first(run),
            Self::InterChunkLatency => gaps::draw(run),
            Self::LatencyCdf => cdf::draw(run),
            Self::Throughput => traffic::draw(run),
            Self::ScheduleLag => lag::draw(run),
            Self::Errors => errors::draw(run),
            Self::TokenLengths => tokens::draw(run),
            Self::System => system::draw(run),
        }?;
        if drawing.stacking == Stacking::SharedAxis {
            run.name_stages_once(&mut drawing.panels);
        }
        Ok(Chart {
            name: self.name(),
            title: drawing.title.to_owned(),
            subtitle: subtitle(run.summary),
            verdict: Some(run.summary.verdict.status),
            caption: drawing.caption,
            panels: drawing.panels,
            stacking: drawing.stacking,
        })
    }
}

/// Of fewer values the 99th percentile is one of the few highest, and says nothing.
const ENOUGH_FOR_P99: u64 = 100;

/// What is different from chart to chart.
struct Drawing {
    title: &'static str,
    caption: String,
    panels: Vec<Panel>,
    stacking: Stacking,
}

/// Model, load and size of a run on one line.
pub(super) fn subtitle(summary: &Summary) -> String {
    format!(
        "{}  ·  {}  ·  {}",
        summary.run.model,
        summary.load.asked.description,
        counted(summary.counts.requests, "measured request")
    )
}

impl RunData<'_> {
    /// The axis that all charts over time have.
    fn time_axis(&self) -> Option<Axis> {
        let (from, until) = self.requests.extent_s()?;
        // A run that was plotted without its first second begins where it begins; others begin at zero.
        let from = if from < (until - from) * 0.25 { 0.0 } else { from };
        Some(Axis::run_time(from, until))
    }

    /// What `--goodput` allows of a figure, in its unit.
    fn target(&self, metric: Metric) -> Option<f64> {
        target_of(self.summary, metric)
    }

    /// How many requests the load keeps or allows in flight.
    fn concurrency(&self) -> Option<u32> {
        self.summary.load.asked.model.max_concurrency()
    }
}
