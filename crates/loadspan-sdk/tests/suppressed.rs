//! An unfiltered layer for `tracing` does not trace the exports, which go through clients that have spans of `tracing` themselves.
//! The subscriber is that of the whole process, so that it sees the thread of the exports: a binary of its own.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use loadspan_sdk::{Builder, FlushOutcome};
use loadspan_testkit::{OtlpSink, RunningOtlpSink};
use tracing::Metadata;
use tracing_subscriber::filter::dynamic_filter_fn;
use tracing_subscriber::layer::{Layer, SubscriberExt};

const PATIENCE: Duration = Duration::from_secs(20);
const EXPORTS: &str = "loadspan-sdk-export";
static SEEN: AtomicUsize = AtomicUsize::new(0);

/// Everything that the exports do. What the sink does is in this process only because this is a test.
fn is_of_exports(metadata: &Metadata<'_>) -> bool {
    let is_export = std::thread::current().name() == Some(EXPORTS);
    SEEN.fetch_add(usize::from(is_export && metadata.is_span()), Ordering::Relaxed);
    is_export
}

#[test]
fn exports_are_not_traced() {
    let layer = loadspan_sdk::tracing_layer().with_filter(dynamic_filter_fn(|metadata, _| is_of_exports(metadata)));
    tracing::subscriber::set_global_default(tracing_subscriber::registry().with(layer)).unwrap();

    for protocol in ["grpc", "http/protobuf"] {
        let sink = OtlpSink::new().start().unwrap();
        let mlflow = builder(&sink, protocol).init().unwrap();
        // The second time, spans of the first export would come along.
        for count in 1..=2 {
            drop(loadspan_sdk::start_span("work"));
            assert_eq!(mlflow.flush(PATIENCE), FlushOutcome::Complete);
            assert_eq!(mlflow.counts()[0].produced, count, "{protocol}");
        }
        drop(mlflow);
        assert_eq!(sink.counts().spans, 2, "{protocol}");
    }
    assert!(
        SEEN.load(Ordering::Relaxed) > 0,
        "the clients have no spans: nothing is tested"
    );
}

fn builder(sink: &RunningOtlpSink, protocol: &str) -> Builder {
    const NOTHING: [(&str, &str); 0] = [];
    // By name, so that it has to be looked up.
    let url = format!("http://localhost:{}/v1/traces", sink.address().port());
    loadspan_sdk::builder()
        .environment(NOTHING)
        .otlp_endpoint(&url)
        .otlp_protocol(protocol)
}
