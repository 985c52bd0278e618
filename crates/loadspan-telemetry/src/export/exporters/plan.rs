//! What the configuration says about the export of one signal.

use std::time::Duration;

use loadspan_record::TelemetrySignal;

use crate::config::{ExporterConfig, MetricsConfig, RetryPolicy, TelemetryConfig, TracesConfig};
use crate::export::Contents;
use crate::export::pipeline::Pace;
use crate::export::queue::QueueLimits;
use crate::export::retry::Waits;
use crate::export::spool::SpoolRecord;

/// The most of traces that waits in memory.
const TRACES_BYTES: usize = 64 * 1024 * 1024;
/// The same of metrics, of which there is a payload every few seconds.
const METRICS_BYTES: usize = 16 * 1024 * 1024;
/// Payloads of traces under way. Their order means nothing.
const TRACES_IN_FLIGHT: usize = 4;

/// How long the end of a run waits for an MLflow that gives no answer.
pub(super) const SILENCE: Duration = Duration::from_secs(5);
/// The same for its trace store, which looks for the prices of models on the Internet before it takes the first span: where there is
/// none, that costs it seven seconds.
const TRACE_STORE_SILENCE: Duration = Duration::from_secs(10);
/// Whatever the backoff factor, a server that fails is left alone for a moment, and not for longer than all others.
const SHORTEST_FIRST_WAIT: Duration = Duration::from_millis(20);
const LONGEST_FIRST_WAIT: Duration = Duration::from_secs(5);

/// How a signal is exported.
pub(super) struct SignalPlan<'a> {
    pub(super) contents: Contents,
    pub(super) exporter: &'a ExporterConfig,
    pub(super) limits: QueueLimits,
    pub(super) pace: Pace,
}

impl<'a> SignalPlan<'a> {
    /// `None`: traces go to MLflow alone.
    pub(super) fn of_traces(config: &'a TracesConfig) -> Option<Self> {
        let exporter = config.exporter.as_ref()?;
        Some(Self {
            contents: Contents::Traces,
            exporter,
            limits: QueueLimits {
                items: config.batch.queue as u64,
                bytes: TRACES_BYTES,
            },
            pace: pace(exporter, TRACES_IN_FLIGHT, config.batch.export_timeout),
        })
    }

    /// Cumulative points must not overtake each other: one payload after the other.
    pub(super) fn of_metrics(config: &'a MetricsConfig) -> Self {
        Self {
            contents: Contents::Metrics,
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
            max_attempts: None,
            silence: None,
            waits: Waits::default(),
        },
        ExporterConfig::Console => Pace {
            in_flight: 1,
            export_timeout: None,
            max_attempts: None,
            silence: None,
            waits: Waits::default(),
        },
    }
}

/// To MLflow one payload goes after the other: it writes them one after the other, too. How often a payload is tried is the user's
/// policy. The first wait is a tenth of its backoff factor, in seconds, so that MLflow's default of 2 is the pace towards an OTLP
/// endpoint: the waits of MLflow's own clients, 4 s, 8 s, 16 s and so on, are too long for a run that is watched.
pub(super) fn mlflow_pace(contents: Contents, retries: &RetryPolicy) -> Pace {
    let first = Duration::try_from_secs_f64(retries.backoff_factor / 10.0).unwrap_or(LONGEST_FIRST_WAIT);
    Pace {
        in_flight: 1,
        export_timeout: None,
        max_attempts: Some(retries.max_retries.saturating_add(1)),
        silence: Some(match contents {
            Contents::MlflowTraces => TRACE_STORE_SILENCE,
            _ => SILENCE,
        }),
        waits: Waits {
            first: first.clamp(SHORTEST_FIRST_WAIT, LONGEST_FIRST_WAIT),
        },
    }
}

/// Points that wait in memory for MLflow. There is no more than one for each figure of a request.
pub(super) const POINTS_LIMITS: QueueLimits = QueueLimits {
    items: 100_000,
    bytes: 32 * 1024 * 1024,
};

/// What waits in memory for the trace store of MLflow.
pub(super) fn trace_store_limits(config: &TracesConfig) -> QueueLimits {
    QueueLimits {
        items: config.batch.queue as u64,
        bytes: TRACES_BYTES,
    }
}

/// Where spooled payloads of a run are meant to go.
pub(super) fn spool_record(config: &TelemetryConfig) -> SpoolRecord {
    let mut record = SpoolRecord::default();
    let traces = config.traces.as_ref().and_then(|traces| traces.exporter.as_ref());
    let metrics = config.metrics.as_ref().map(|metrics| &metrics.exporter);
    for (signal, exporter) in [(TelemetrySignal::Traces, traces), (TelemetrySignal::Metrics, metrics)] {
        if let Some(ExporterConfig::Otlp(otlp)) = exporter {
            record.insert(signal, otlp);
        }
    }
    record
}
