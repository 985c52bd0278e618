//! The vocabulary and arithmetic of loadspan.
//!
//! [`RequestRecord`] is the atom: what was observed of one request. Every figure is a pure function of one record
//! ([`Metric::of`]) or of many ([`SummaryBuilder`]). This crate has no clock, no I/O and no runtime, so that a report can be
//! recomputed from the records on disk and every formula tested without waiting.
//!
//! The formulas are explained, with the names that other tools give them, in `docs/metrics.md`.
#![deny(missing_docs)]

mod content;
mod distribution;
mod facts;
mod hex;
mod id;
mod live;
mod metric;
mod observed;
mod outcome;
mod record;
mod secret;
mod slo;
mod summary;
mod telemetry;
#[cfg(test)]
mod testing;
mod time;
mod tokens;
mod trace_context;
mod verdict;
mod words;

pub use content::{AnsweredToolCall, OutputText};
pub use distribution::Distribution;
pub use facts::{
    ClientStats, Completeness, LiveNotice, LoadFacts, LoadModel, Notice, NoticeLevel, Preopened, PromptReuse, RunFacts,
    RunInfo, StageFacts, StageRole, WorkerStats,
};
pub use id::{IdError, RequestId, RunId};
pub use live::{LiveCounts, LiveStats, LiveView};
pub use metric::{Better, Metric, RunMetric, Unit};
pub use observed::{
    Bucket, EnergySource, GPU_INSTRUMENTS, GpuDeviceSummary, GpuReading, GpuSample, GpuSummary, HistogramFigures,
    HistogramInterval, ObservedGauge, ObservedSample, ServerCounter, ServerGauge, ServerHistogram, ServerSample,
    ServerSummary, Spread,
};
pub use outcome::{Failure, FailureKind, Outcome};
pub use record::{ChunkGaps, ConnectionUse, HttpExchange, HttpVersion, Phase, RequestRecord, Timings};
pub use secret::{Secret, redact_url};
pub use slo::{Slo, SloError, SloTarget};
pub use summary::{
    ConnectionSummary, Counts, Figure, Figures, GoodputSummary, InFlightSummary, LengthSummary, LoadSummary,
    PlannedReplay, ReplayAnswers, ReplayFacts, ReplayLeft, ReplayLengths, ReplaySummary, SUMMARY_SCHEMA_VERSION,
    SessionBucket, SessionSummary, StageSummary, SteadyState, Summary, SummaryBuilder, TargetSummary, Timeslice,
    TokenSummary, Window,
};
pub use telemetry::{SignalLedger, Sink, TelemetrySignal, TelemetrySummary};
pub use time::RunOffset;
pub use tokens::{TokenCounts, TokenSource};
pub use trace_context::{Propagation, SampleRatio, TraceIds, TracePlan, Traceparent, numbered_id};
pub use verdict::{Bounds, Finding, Reason, Severity, Thresholds, Verdict, VerdictStatus};
pub use words::counted;
