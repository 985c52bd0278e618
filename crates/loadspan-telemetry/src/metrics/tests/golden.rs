//! A small run, point by point.

use loadspan_record::{FailureKind, Outcome, Phase, RequestRecord, SignalLedger, Sink, TelemetrySignal};

use super::{Case, Export, attributes};
use crate::identity::LoadState;
use crate::metrics::testing::{failed, millis, stream};
use loadspan_record::ObservedGauge;

fn load(at_ms: u64, sent: u64, in_flight: u64) -> LoadState {
    LoadState {
        stage: 0,
        sessions: None,
        at: millis(at_ms),
        in_flight,
        sent,
        phase: Phase::Measure,
    }
}

#[test]
fn before_anything_happened_counters_stand_at_zero() {
    let mut recorder = Case::new()
        .with(|case| case.run.slo = Some("ttft:60".parse().unwrap()))
        .recorder();
    assert_eq!(
        Export::of(&mut recorder, millis(0)).lines(),
        [
            "loadspan.requests.good{} 0..0 0",
            "loadspan.requests.sent{phase=measure} 0..0 0",
            "loadspan.requests.completed{phase=measure} 0..0 0",
            "loadspan.requests.failed{error.type=_OTHER,phase=measure} 0..0 0",
            "loadspan.requests.cancelled{phase=measure} 0..0 0",
            "loadspan.requests.in_flight{} 0..0 0",
        ]
    );
}

#[test]
fn a_small_run_is_exported_whole() {
    let mut recorder = Case::new()
        .with(|case| case.run.slo = Some("ttft:60".parse().unwrap()))
        .recorder();
    let warmup = RequestRecord {
        phase: Phase::Warmup,
        ..stream(1)
    };
    let cancelled = RequestRecord {
        outcome: Outcome::Cancelled,
        ..failed(700, FailureKind::Connect)
    };
    Export::of(&mut recorder, millis(0));
    recorder.record_load(LoadState {
        stage: 0,
        sessions: None,
        phase: Phase::Warmup,
        ..load(0, 0, 0)
    });
    recorder.record_load(LoadState {
        stage: 0,
        sessions: None,
        phase: Phase::Warmup,
        ..load(50, 1, 1)
    });
    for record in [
        warmup,
        stream(200),
        stream(500),
        failed(600, FailureKind::HttpStatus(503)),
        cancelled,
    ] {
        recorder.record(&record, None, false);
    }
    recorder.record_load(load(1_000, 5, 0));
    recorder.record_ledgers(&[SignalLedger {
        produced: 8,
        delivered: 6,
        ..SignalLedger::new(Sink::Otlp, TelemetrySignal::Metrics, "http://localhost:4318")
    }]);
    recorder.record_gauge(ObservedGauge {
        name: "loadspan.gpu.power",
        unit: "W",
        description: "Power.",
        attributes: vec![("gpu", "0".to_owned())],
        value: 312.5,
    });
    assert_eq!(
        Export::of(&mut recorder, millis(1_000)).lines(),
        [
            // Four measured requests, of which two completed. Each histogram begins with a point at zero.
            "gen_ai.client.operation.duration{response.model=llama-8b} 0..0 count=0 sum=0.000",
            "gen_ai.client.operation.duration{response.model=llama-8b} 0..1000 count=2 sum=0.200 <=0.16:2",
            "gen_ai.client.operation.duration{error.type=http_status_503} 0..0 count=0 sum=0.000",
            "gen_ai.client.operation.duration{error.type=http_status_503} 0..1000 count=1 sum=0.100 <=0.16:1",
            "gen_ai.client.operation.duration{error.type=cancelled} 0..0 count=0 sum=0.000",
            "gen_ai.client.operation.duration{error.type=cancelled} 0..1000 count=1 sum=0.100 <=0.16:1",
            "gen_ai.client.operation.time_to_first_chunk{response.model=llama-8b} 0..0 count=0 sum=0.000",
            "gen_ai.client.operation.time_to_first_chunk{response.model=llama-8b} 0..1000 count=2 sum=0.060 <=0.04:2",
            "gen_ai.client.operation.time_per_output_chunk{response.model=llama-8b} 0..0 count=0 sum=0.000",
            "gen_ai.client.operation.time_per_output_chunk{response.model=llama-8b} 0..1000 count=4 sum=0.080 <=0.02:2 <=0.04:2",
            "gen_ai.client.token.usage{response.model=llama-8b,token.type=input} 0..0 count=0 sum=0.000",
            "gen_ai.client.token.usage{response.model=llama-8b,token.type=input} 0..1000 count=2 sum=200.000 <=256:2",
            "gen_ai.client.token.usage{response.model=llama-8b,token.type=output} 0..0 count=0 sum=0.000",
            "gen_ai.client.token.usage{response.model=llama-8b,token.type=output} 0..1000 count=2 sum=6.000 <=4:2",
            "loadspan.time_to_first_token{response.model=llama-8b} 0..0 count=0 sum=0.000",
            "loadspan.time_to_first_token{response.model=llama-8b} 0..1000 count=2 sum=0.100 <=0.06:2",
            "loadspan.requests.good{} 0..1000 2",
            "loadspan.requests.sent{phase=measure} 0..1000 4",
            "loadspan.requests.sent{phase=warmup} 0..0 0",
            "loadspan.requests.sent{phase=warmup} 0..1000 1",
            "loadspan.requests.completed{phase=measure} 0..1000 2",
            "loadspan.requests.completed{phase=warmup} 0..0 0",
            "loadspan.requests.completed{phase=warmup} 0..1000 1",
            "loadspan.requests.failed{error.type=_OTHER,phase=measure} 0..1000 0",
            "loadspan.requests.failed{error.type=http_status_503,phase=measure} 0..0 0",
            "loadspan.requests.failed{error.type=http_status_503,phase=measure} 0..1000 1",
            "loadspan.requests.cancelled{phase=measure} 0..1000 1",
            "loadspan.requests.in_flight{} 0..1000 0",
            "loadspan.request.rate{} at 1000 5",
            "loadspan.run.phase{phase=warmup} at 1000 0",
            "loadspan.run.phase{phase=measure} at 1000 1",
            "loadspan.run.phase{phase=drain} at 1000 0",
            "loadspan.schedule.lag{} 0..0 count=0 sum=0.000",
            "loadspan.schedule.lag{} 0..1000 count=4 sum=0.004 <=0.001:4",
            "loadspan.telemetry.produced{signal=metrics,sink=otlp} 0..0 0",
            "loadspan.telemetry.produced{signal=metrics,sink=otlp} 0..1000 8",
            "loadspan.telemetry.items{signal=metrics,sink=otlp,fate=delivered} 0..0 0",
            "loadspan.telemetry.items{signal=metrics,sink=otlp,fate=delivered} 0..1000 6",
            "loadspan.telemetry.items{signal=metrics,sink=otlp,fate=rejected} 0..1000 0",
            "loadspan.telemetry.items{signal=metrics,sink=otlp,fate=spooled} 0..1000 0",
            "loadspan.telemetry.items{signal=metrics,sink=otlp,fate=dropped} 0..1000 0",
            "loadspan.gpu.power{gpu=0} at 1000 312.5",
        ]
    );
}

#[test]
fn requests_say_what_was_asked_of_whom() {
    let mut recorder = Case::new().recorder();
    recorder.record(&stream(1), None, false);
    recorder.record(&failed(1, FailureKind::TimeoutIdle), Some("another"), false);
    let export = Export::of(&mut recorder, millis(1_000));
    let of = |name| attributes(export.metric(name).unwrap());
    let base = [
        "gen_ai.operation.name=chat",
        "gen_ai.provider.name=vllm",
        "gen_ai.request.model=llama",
        "server.address=localhost",
        "server.port=8000",
    ];
    assert_eq!(
        of("gen_ai.client.operation.duration"),
        [&base[..], &["gen_ai.response.model=llama-8b"]].concat()
    );
    assert_eq!(
        of("loadspan.requests.completed"),
        [&base[..], &["loadspan.phase=measure"]].concat()
    );
    assert_eq!(
        of("loadspan.requests.sent"),
        [&base[..2], &["loadspan.phase=measure"]].concat()
    );
    assert_eq!(of("loadspan.schedule.lag"), base);
    let scope = &export.0.resource_metrics[0].scope_metrics[0];
    let named = scope.scope.as_ref().unwrap();
    assert_eq!((&*named.name, &*named.version), ("loadspan", "0.1.0"));
    assert_eq!(
        export.0.resource_metrics[0].resource.as_ref().unwrap().attributes[0].key,
        "service.name"
    );
}

#[test]
fn a_scraped_value_is_exported_once() {
    let mut recorder = Case::new().recorder();
    for value in [1.0, 2.0, f64::NAN] {
        recorder.record_gauge(ObservedGauge {
            name: "loadspan.server.queue",
            unit: "{request}",
            description: "Waiting.",
            attributes: Vec::new(),
            value,
        });
    }
    assert_eq!(
        Export::of(&mut recorder, millis(10)).points("loadspan.server.queue"),
        ["{} at 10 2"]
    );
    assert!(
        Export::of(&mut recorder, millis(20))
            .metric("loadspan.server.queue")
            .is_none()
    );
}

#[test]
fn nothing_to_export_is_no_export() {
    let mut recorder = Case::new().only_requests().recorder();
    recorder.record_load(load(5, 1, 1));
    assert_eq!(recorder.collect(millis(10)), None);
}
