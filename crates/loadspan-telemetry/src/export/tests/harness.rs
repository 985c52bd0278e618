//! Exports as a run has them, with payloads that a server can decode.

use std::io::Write;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use bytes::Bytes;
use loadspan_record::{LiveNotice, Notice, Propagation, SampleRatio, SignalLedger};
use loadspan_testkit::{OtlpSink, RunningOtlpSink};
use loadspan_wire::otlp::metrics::{Gauge, Metric, NumberDataPoint, ResourceMetrics, ScopeMetrics, metric};
use loadspan_wire::otlp::trace::{ResourceSpans, ScopeSpans, Span};
use loadspan_wire::otlp::{ExportMetricsServiceRequest, ExportTraceServiceRequest, Message};
use tempfile::TempDir;
use url::Url;

use crate::config::{
    AttributeStyle, BatchConfig, Compression, ContentCapture, ExemplarFilter, ExporterConfig, HistogramShape,
    KeepPolicy, MetricGroups, MetricsConfig, Naming, OtlpConfig, Protocol, Requirement, ResourceConfig, SemconvChoice,
    SpanLimits, TelemetryConfig, Temporality, TlsFiles, TraceScope, TracesConfig,
};
use crate::export::{Contents, Deadlines, Exporters, Outlets, Payload, PushConfig, PushError, PushSummary, push};

/// Longer than anything here takes.
pub(super) const PATIENCE: Duration = Duration::from_secs(20);

/// The exports of a run, and the folder of the run.
pub(super) struct Run {
    pub(super) exporters: Exporters,
    pub(super) folder: Folder,
    notices: Arc<Mutex<Vec<Notice>>>,
}

/// What a run leaves behind.
pub(super) struct Folder(TempDir);

/// A run that is over.
pub(super) struct Finished {
    pub(super) traces: SignalLedger,
    pub(super) metrics: SignalLedger,
    pub(super) notices: Vec<Notice>,
    pub(super) folder: Folder,
    pub(super) took: Duration,
}

impl Run {
    pub(super) fn to(sink: &RunningOtlpSink) -> Self {
        Self::start(&config(&sink.url()))
    }

    pub(super) fn start(config: &TelemetryConfig) -> Self {
        Self::with_console(config, Box::new(std::io::sink()))
    }

    pub(super) fn with_console(config: &TelemetryConfig, console: Box<dyn Write + Send>) -> Self {
        let folder = Folder(tempfile::tempdir().unwrap());
        let notices = Arc::new(Mutex::new(Vec::new()));
        let heard = Arc::clone(&notices);
        let hear = Arc::new(move |told: LiveNotice| heard.lock().unwrap().push(told.notice));
        let outlets = Outlets {
            spool_dir: folder.spool_dir(),
            notices: hear,
            console,
            mlflow: None,
        };
        let exporters = Exporters::start(config, outlets).unwrap();
        Self {
            exporters,
            folder,
            notices,
        }
    }

    pub(super) fn submit_spans(&self, items: u64) {
        self.exporters.traces().unwrap().submit(spans(items));
    }

    pub(super) fn submit_points(&self, items: u64) {
        self.exporters.metrics().unwrap().submit(points(items));
    }

    pub(super) fn traces(&self) -> SignalLedger {
        self.exporters.traces().unwrap().ledger()
    }

    pub(super) fn notices(&self) -> Vec<Notice> {
        self.notices.lock().unwrap().clone()
    }

    /// Waits until the ledger of traces is as it should be.
    pub(super) fn wait_for_traces(&self, enough: impl Fn(&SignalLedger) -> bool) {
        let until = Instant::now() + PATIENCE;
        while !enough(&self.traces()) {
            assert!(Instant::now() < until, "{:?}", self.traces());
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    pub(super) fn finish(self) -> Finished {
        self.finish_within(PATIENCE)
    }

    pub(super) fn finish_within(self, timeout: Duration) -> Finished {
        let started = Instant::now();
        let deadline = started + timeout;
        let flushed = self.exporters.finish(Deadlines {
            otlp: deadline,
            mlflow: deadline,
        });
        let took = started.elapsed();
        let [traces, metrics]: [SignalLedger; 2] = flushed.telemetry.signals.try_into().unwrap();
        assert!(traces.adds_up() && metrics.adds_up(), "{traces:?} {metrics:?}");
        let notices = self.notices.lock().unwrap().clone();
        Finished {
            traces,
            metrics,
            notices,
            folder: self.folder,
            took,
        }
    }
}

impl Folder {
    pub(super) fn spool_dir(&self) -> PathBuf {
        self.0.path().join("telemetry.spool")
    }

    /// The payloads in the spool.
    pub(super) fn payloads(&self) -> Vec<String> {
        let Ok(files) = std::fs::read_dir(self.spool_dir()) else {
            return Vec::new();
        };
        let names = files.map(|file| file.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<_> = names.filter(|name| name.ends_with(".otlp")).collect();
        names.sort();
        names
    }

    pub(super) fn push_to(&self, sink: &RunningOtlpSink) -> PushSummary {
        self.try_push_to(sink, PATIENCE).unwrap()
    }

    pub(super) fn try_push_to(&self, sink: &RunningOtlpSink, patience: Duration) -> Result<PushSummary, PushError> {
        push(&self.spool_dir(), push_config(&sink.url(), patience))
    }
}

/// Both signals to a sink, over HTTP.
pub(super) fn push_config(url: &str, patience: Duration) -> PushConfig {
    PushConfig {
        traces: Some(otlp(url, "traces")),
        metrics: Some(otlp(url, "metrics")),
        mlflow_traces: None,
        patience,
    }
}

/// Delivered, rejected, spooled, dropped.
pub(super) fn fates(ledger: &SignalLedger) -> [u64; 4] {
    [ledger.delivered, ledger.rejected, ledger.spooled, ledger.dropped]
}

/// Delivered, rejected, left, of each signal.
pub(super) fn pushed(summary: &PushSummary) -> Vec<[u64; 3]> {
    let signals = summary.signals.iter();
    signals
        .map(|signal| [signal.delivered, signal.rejected, signal.left])
        .collect()
}

/// A sink that is not there, on a port that stays its own.
pub(super) fn dead_sink() -> RunningOtlpSink {
    let mut sink = OtlpSink::new().start().unwrap();
    sink.stop();
    sink
}

/// How many data points the accepted payloads have, in the order of their acceptance.
pub(super) fn accepted_sizes(sink: &RunningOtlpSink) -> Vec<usize> {
    let decode = |body: Bytes| ExportMetricsServiceRequest::decode(body).unwrap();
    let points = |request: ExportMetricsServiceRequest| {
        let metric = request.resource_metrics[0].scope_metrics[0].metrics[0].clone();
        match metric.data {
            Some(metric::Data::Gauge(gauge)) => gauge.data_points.len(),
            _ => 0,
        }
    };
    sink.accepted()
        .into_iter()
        .map(|accepted| points(decode(accepted.body)))
        .collect()
}

pub(super) fn spans(items: u64) -> Payload {
    let spans = (0..items).map(|number| Span {
        trace_id: vec![1; 16],
        span_id: (number + 1).to_be_bytes().to_vec(),
        name: "chat model".to_owned(),
        ..Span::default()
    });
    let scope = ScopeSpans {
        spans: spans.collect(),
        ..ScopeSpans::default()
    };
    let resource = ResourceSpans {
        scope_spans: vec![scope],
        ..ResourceSpans::default()
    };
    let request = ExportTraceServiceRequest {
        resource_spans: vec![resource],
    };
    payload(Contents::Traces, items, request.encode_to_vec())
}

pub(super) fn points(items: u64) -> Payload {
    let points = (0..items).map(|_| NumberDataPoint::default());
    let metric = Metric {
        name: "loadspan.requests.sent".to_owned(),
        data: Some(metric::Data::Gauge(Gauge {
            data_points: points.collect(),
        })),
        ..Metric::default()
    };
    let scope = ScopeMetrics {
        metrics: vec![metric],
        ..ScopeMetrics::default()
    };
    let resource = ResourceMetrics {
        scope_metrics: vec![scope],
        ..ResourceMetrics::default()
    };
    let request = ExportMetricsServiceRequest {
        resource_metrics: vec![resource],
    };
    payload(Contents::Metrics, items, request.encode_to_vec())
}

fn payload(contents: Contents, items: u64, body: Vec<u8>) -> Payload {
    Payload {
        contents,
        items,
        body: Bytes::from(body),
    }
}

/// Traces and metrics to a sink, over HTTP.
pub(super) fn config(url: &str) -> TelemetryConfig {
    let exporter = |signal| ExporterConfig::Otlp(otlp(url, signal));
    TelemetryConfig {
        resource: ResourceConfig {
            service_name: "loadspan".to_owned(),
            attributes: Vec::new(),
        },
        naming: Naming {
            semconv: SemconvChoice::V1_41,
            attributes: AttributeStyle::Semconv,
            provider: None,
        },
        traces: Some(traces(exporter("traces"))),
        metrics: Some(metrics(exporter("metrics"))),
        mlflow: None,
        flush_timeout: PATIENCE,
        spool_max_bytes: 64 * 1024 * 1024,
        requirement: Requirement::BestEffort,
    }
}

/// The same over gRPC.
pub(super) fn grpc_config(url: &str) -> TelemetryConfig {
    let mut config = config(url);
    let traces = config.traces.as_mut().and_then(|traces| traces.exporter.as_mut());
    let metrics = config.metrics.as_mut().map(|metrics| &mut metrics.exporter);
    for exporter in traces.into_iter().chain(metrics) {
        if let ExporterConfig::Otlp(otlp) = exporter {
            otlp.endpoint = Url::parse(url).unwrap();
            otlp.protocol = Protocol::Grpc;
        }
    }
    config
}

fn otlp(url: &str, signal: &str) -> OtlpConfig {
    OtlpConfig {
        endpoint: Url::parse(&format!("{url}/v1/{signal}")).unwrap(),
        had_credentials: false,
        protocol: Protocol::HttpProtobuf,
        headers: Vec::new(),
        timeout: Some(PATIENCE),
        compression: Compression::None,
        tls: TlsFiles::default(),
    }
}

fn traces(exporter: ExporterConfig) -> TracesConfig {
    TracesConfig {
        exporter: Some(exporter),
        scope: TraceScope::Session,
        sampling: SampleRatio::ALL,
        keep: KeepPolicy::default(),
        propagation: Propagation::Traceparent,
        content: ContentCapture::Off,
        limits: SpanLimits {
            attribute_value_length: None,
            attributes: 128,
            events: 128,
            links: 128,
            attributes_per_event: 128,
            attributes_per_link: 128,
        },
        batch: BatchConfig {
            delay: Duration::from_secs(1),
            spans: 2048,
            queue: 131_072,
            export_timeout: PATIENCE,
        },
    }
}

fn metrics(exporter: ExporterConfig) -> MetricsConfig {
    MetricsConfig {
        exporter,
        interval: Duration::from_secs(2),
        export_timeout: PATIENCE,
        groups: MetricGroups {
            requests: true,
            timing: true,
            scraped: false,
        },
        temporality: Temporality::Cumulative,
        histograms: HistogramShape::ExplicitBuckets,
        exemplars: ExemplarFilter::TraceBased,
    }
}
