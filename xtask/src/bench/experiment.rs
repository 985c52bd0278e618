//! The experiments there are, and what they find.

use super::figure::{Bar, Comparison, Figure};
use super::page::Section;
use super::server::{Answers, EventWrites, Mode};
use super::setup::Setup;
use super::throughput::{Throughput, Yield};
use super::truth::{Streams, TruthRow};
use super::{backend, footprint, mlflow, open_loop, sdk, telemetry};

/// One thing that is measured.
#[derive(Debug)]
pub(crate) enum Experiment {
    Throughput(Throughput),
    Truth(Streams),
    OpenLoop,
    MetricsExported,
    SpansExported,
    MlflowLive,
    MlflowEnd,
    Footprint,
    TenMillion,
    SdkCost,
    SdkSteady,
    SdkPeer,
    Backend(Backend),
}

/// What is measured of `loadspan serve`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Backend {
    Start,
    Batches,
    Single,
    Metrics,
    Search,
    Reads,
    Large,
    Mlflow,
}

/// What experiments found.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    pub(crate) figures: Vec<Figure>,
    pub(crate) comparisons: Vec<Comparison>,
    pub(crate) truths: Vec<TruthRow>,
    /// What there is to say beside figures, in sentences.
    pub(crate) remarks: Vec<String>,
}

/// In the order of the page.
pub(crate) const EXPERIMENTS: [Experiment; 25] = [
    Experiment::Throughput(Throughput {
        name: "non-streaming",
        title: "Not streamed, 1 token",
        mode: Mode::Whole,
        answers: at_once(1, EventWrites::Together),
        bars: &[
            (Yield::Rate, Bar::AtLeast(80_000.0)),
            (Yield::CpuPerThousand, Bar::AtMost(0.0125)),
        ],
    }),
    Experiment::Throughput(Throughput {
        name: "streaming-1",
        title: "Streamed, 1 token",
        mode: Mode::Stream,
        answers: at_once(1, EventWrites::Together),
        bars: &[
            (Yield::Rate, Bar::AtLeast(60_000.0)),
            (Yield::CpuPerThousand, Bar::AtMost(0.0165)),
        ],
    }),
    Experiment::Throughput(Throughput {
        name: "streaming-256-together",
        title: "Streamed, 256 tokens, many events a read",
        mode: Mode::Stream,
        answers: at_once(256, EventWrites::Together),
        bars: &[(Yield::CpuPerEvent, Bar::AtMost(0.9))],
    }),
    Experiment::Throughput(Throughput {
        name: "streaming-256-single",
        title: "Streamed, 256 tokens, one event a write",
        mode: Mode::Stream,
        answers: at_once(256, EventWrites::OnePerEvent),
        bars: &[(Yield::CpuPerEvent, Bar::AtMost(1.4))],
    }),
    Experiment::Truth(Streams {
        name: "truth-100",
        streams: 100,
        p50_ms: Some(0.3),
        p99_ms: 1.0,
        memory_mb: None,
    }),
    Experiment::Truth(Streams {
        name: "truth-1000",
        streams: 1_000,
        p50_ms: None,
        p99_ms: 3.0,
        memory_mb: None,
    }),
    Experiment::Truth(Streams {
        name: "truth-4000",
        streams: 4_000,
        p50_ms: Some(1.0),
        p99_ms: 10.0,
        memory_mb: Some(200.0),
    }),
    Experiment::OpenLoop,
    Experiment::MetricsExported,
    Experiment::SpansExported,
    Experiment::Footprint,
    Experiment::TenMillion,
    Experiment::MlflowLive,
    Experiment::MlflowEnd,
    Experiment::SdkCost,
    Experiment::SdkSteady,
    Experiment::SdkPeer,
    Experiment::Backend(Backend::Start),
    Experiment::Backend(Backend::Batches),
    Experiment::Backend(Backend::Single),
    Experiment::Backend(Backend::Metrics),
    Experiment::Backend(Backend::Search),
    Experiment::Backend(Backend::Reads),
    Experiment::Backend(Backend::Large),
    Experiment::Backend(Backend::Mlflow),
];

/// Answers without any wait.
const fn at_once(tokens: u32, writes: EventWrites) -> Answers {
    Answers {
        ttft_ms: 0,
        itl_ms: 0,
        tokens,
        jitter: 0.0,
        writes,
    }
}

impl Experiment {
    pub(crate) const fn name(&self) -> &'static str {
        match self {
            Self::Throughput(throughput) => throughput.name,
            Self::Truth(streams) => streams.name,
            Self::OpenLoop => "open-loop",
            Self::MetricsExported => "telemetry-metrics",
            Self::SpansExported => "telemetry-traces",
            Self::MlflowLive => "mlflow-live",
            Self::MlflowEnd => "mlflow-end",
            Self::Footprint => "footprint",
            Self::TenMillion => "ten-million",
            Self::SdkCost => "sdk-cost",
            Self::SdkSteady => "sdk-steady",
            Self::SdkPeer => "sdk-peer",
            Self::Backend(backend) => backend.name(),
        }
    }

    /// Where the page has it.
    pub(crate) const fn section(&self) -> Section {
        match self {
            Self::MlflowLive => Section::MlflowLive,
            Self::MlflowEnd => Section::MlflowEnd,
            Self::SdkCost | Self::SdkSteady | Self::SdkPeer => Section::Sdk,
            Self::Backend(_) => Section::Serve,
            _ => Section::Load,
        }
    }

    /// Whether it takes minutes.
    pub(crate) const fn is_long(&self) -> bool {
        matches!(self, Self::TenMillion | Self::Backend(Backend::Large))
    }

    pub(crate) fn measure(&self, setup: &Setup) -> anyhow::Result<Findings> {
        match self {
            Self::Throughput(throughput) => throughput.measure(setup),
            Self::Truth(streams) => streams.measure(setup),
            Self::OpenLoop => open_loop::measure(setup),
            Self::MetricsExported => telemetry::measure_metrics(setup),
            Self::SpansExported => telemetry::measure_traces(setup),
            Self::MlflowLive => mlflow::measure_live(setup),
            Self::MlflowEnd => mlflow::measure_end(setup),
            Self::Footprint => footprint::measure(setup),
            Self::TenMillion => footprint::measure_ten_million(setup),
            Self::SdkCost => sdk::measure_cost(),
            Self::SdkSteady => sdk::measure_steady(setup),
            Self::SdkPeer => sdk::measure_peer(setup),
            Self::Backend(backend) => backend.measure(setup),
        }
    }
}

impl Backend {
    const fn name(self) -> &'static str {
        match self {
            Self::Start => "server-start",
            Self::Batches => "server-batches",
            Self::Single => "server-single",
            Self::Metrics => "server-metrics",
            Self::Search => "server-search",
            Self::Reads => "server-reads",
            Self::Large => "server-large",
            Self::Mlflow => "server-mlflow",
        }
    }

    fn measure(self, setup: &Setup) -> anyhow::Result<Findings> {
        match self {
            Self::Start => backend::measure_start(setup),
            Self::Batches => backend::measure_batches(setup),
            Self::Single => backend::measure_single(setup),
            Self::Metrics => backend::measure_metrics(setup),
            Self::Search => backend::measure_search(setup),
            Self::Reads => backend::measure_reads(setup),
            Self::Large => backend::measure_large(setup),
            Self::Mlflow => backend::measure_mlflow(setup),
        }
    }
}

impl Section {
    pub(crate) fn experiments(self) -> impl Iterator<Item = &'static Experiment> {
        EXPERIMENTS
            .iter()
            .filter(move |experiment| experiment.section() == self)
    }
}

/// The names of all experiments.
pub(crate) fn names() -> String {
    EXPERIMENTS.iter().map(Experiment::name).collect::<Vec<_>>().join(", ")
}

impl Findings {
    pub(crate) fn of(figures: Vec<Figure>) -> Self {
        Self {
            figures,
            ..Self::default()
        }
    }

    pub(crate) fn remark(remark: String) -> Self {
        Self {
            remarks: vec![remark],
            ..Self::default()
        }
    }

    pub(crate) fn append(&mut self, mut other: Self) {
        self.figures.append(&mut other.figures);
        self.comparisons.append(&mut other.comparisons);
        self.truths.append(&mut other.truths);
        self.remarks.append(&mut other.remarks);
    }
}
