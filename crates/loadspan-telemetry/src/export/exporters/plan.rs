//! What the configuration says about the export of one signal.

use std::time::Duration;

use loadspan_record::TelemetrySignal;

use crate::config::{ExporterConfig, MetricsConfig, TelemetryConfig, TracesConfig};
use crate::export::pipeline::Pace;
use crate::export::queue::QueueLimits;
use crate::export::spool::SpoolRecord;

/// The most of traces that waits in memory.
const TRACES_BYTES: usize = 64 * 1024 * 1024;
/// The same of metrics, of which there is a payload every few seconds.
const METRICS_BYTES: usize = 16 * 1024 * 1024;
/// Payloads of traces under way. Their order means nothing.
const TRACES_IN_FLIGHT: usize = 4;

/// How a signal is exported.
pub(super) struct SignalPlan<'a> {
    pub(super) signal: TelemetrySignal,
    pub(super) exporter: &'a ExporterConfig,
    pub(super) limits: QueueLimits,
    pub(super) pace: Pace,
}

impl<'a> SignalPlan<'a> {
    pub(super) fn of_traces(config: &'a TracesConfig) -> Self {
        Self {
            signal: TelemetrySignal::Traces,
            exporter: &config.exporter,
            limits: QueueLimits {
                items: config.batch.queue as u64,
                bytes: TRACES_BYTES,
            },
            pace: pace(&config.exporter, TRACES_IN_FLIGHT, config.batch.export_timeout),
        }
    }

    /// Cumulative points must not overtake each other: one payload after the other.
    pub(super) fn of_metrics(config: &'a MetricsConfig) -> Self {
        Self {
            signal: TelemetrySignal::Metrics,
            exporter: &config.exporter,
            limits: QueueLimits {
                items: u64::MAX,
                bytes: METRICS_BYTES,
            },
            pace: pace(&config.exporter, 1, config.export_timeout),
        }
    }
}

/// What is written to a pipe is not given up because its reader takes a break: it would still come out later.
fn pace(exporter: &ExporterConfig, in_flight: usize, export_timeout: Duration) -> Pace {
    match exporter {
        ExporterConfig::Otlp(_) => Pace {
            in_flight,
            export_timeout: Some(export_timeout).filter(|timeout| !timeout.is_zero()),
        },
        ExporterConfig::Console => Pace {
            in_flight: 1,
            export_timeout: None,
        },
    }
}

/// Where spooled payloads of a run are meant to go.
pub(super) fn spool_record(config: &TelemetryConfig) -> SpoolRecord {
    let mut record = SpoolRecord::default();
    let traces = config.traces.as_ref().map(|traces| &traces.exporter);
    let metrics = config.metrics.as_ref().map(|metrics| &metrics.exporter);
    for (signal, exporter) in [(TelemetrySignal::Traces, traces), (TelemetrySignal::Metrics, metrics)] {
        if let Some(ExporterConfig::Otlp(otlp)) = exporter {
            record.insert(signal, otlp);
        }
    }
    record
}
