//! Traces for the trace store of MLflow.

use loadspan_record::{Sink, TelemetrySignal};
use loadspan_testkit::{MlflowAnswer, MlflowSink, RunningMlflowSink};

use super::super::harness::{config as otlp_config, fates};
use super::bench::{self, Bench, config};
use super::only;
use crate::config::{TelemetryConfig, TraceStore};
use crate::export::RecordsOnDisk;

#[test]
fn traces_go_to_the_trace_store_without_those_of_stage_and_run() {
    let sink = MlflowSink::new().start().unwrap();
    let mut bench = Bench::start(&with_traces(&sink), RecordsOnDisk::Written);
    bench.record(0..600);
    let flushed = bench.finish_flushed();
    let [_, traces] = &flushed.telemetry.signals[..] else {
        panic!("{flushed:?}")
    };
    assert_eq!((traces.sink, traces.signal), (Sink::Mlflow, TelemetrySignal::Traces));
    assert_eq!(fates(traces), [600, 0, 0, 0]);
    assert_eq!(only(&sink).traces, 600);
    assert_eq!(sink.requests_to("v1/traces"), 8, "75 at a time");
}

#[test]
fn a_span_that_the_trace_store_does_not_like_costs_no_other() {
    let sink = MlflowSink::new().start().unwrap();
    let mut bench = Bench::start(&with_traces(&sink), RecordsOnDisk::Written);
    bench.wait_for_run();
    // 64 of them, then half of these and so on, down to the one span.
    for _ in 0..7 {
        sink.answer_once_with("v1/traces", MlflowAnswer::Status(422, r#"{"detail":"bad"}"#.to_owned()));
    }
    bench.record(0..128);
    let flushed = bench.finish_flushed();
    assert_eq!(fates(&flushed.telemetry.signals[1]), [127, 1, 0, 0]);
}

#[test]
fn traces_that_are_left_are_pushed_to_their_run_and_to_nobody_else() {
    let mut sink = MlflowSink::new().start().unwrap();
    sink.stop();
    let mut bench = Bench::start(&with_traces(&sink), RecordsOnDisk::Written);
    bench.record(0..600);
    let (folder, flushed) = bench.finish_in_folder();
    assert_eq!(fates(&flushed.telemetry.signals[1]), [0, 0, 600, 0]);
    sink.restart().unwrap();
    let id = sink.add_run("loadspan", "later");
    assert_eq!(
        bench::push(&folder, None),
        [(Sink::Mlflow, [0, 0, 600])],
        "nobody says where they go"
    );
    let run = bench::trace_store(&sink, &id);
    assert_eq!(bench::push(&folder, Some(run.clone())), [(Sink::Mlflow, [600, 0, 0])]);
    assert_eq!(bench::push(&folder, Some(run)), []);
    assert_eq!(sink.runs().iter().find(|run| run.id == id).unwrap().traces, 600);
}

fn with_traces(sink: &RunningMlflowSink) -> TelemetryConfig {
    let mut config = config(sink);
    config.mlflow.as_mut().unwrap().traces = TraceStore::On;
    let mut traces = otlp_config("http://127.0.0.1:1").traces;
    traces.as_mut().unwrap().exporter = None;
    TelemetryConfig { traces, ..config }
}
