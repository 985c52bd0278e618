//! What is sampled of server and GPUs while the requests are under way.

use loadspan_record::{GpuReading, GpuSample, ObservedSample, RunOffset, ServerGauge, ServerSample};

use super::*;

fn at(second: u64) -> RunOffset {
    RunOffset::from_duration(Duration::from_secs(second))
}

fn waiting(second: u64) -> ObservedSample {
    ObservedSample::Server(ServerSample {
        at: at(second),
        metrics: [(ServerGauge::RequestsWaiting, second as f64)].into(),
        ..ServerSample::default()
    })
}

fn values(run: &SinkRun, key: &str) -> Vec<(i64, f64)> {
    let points = run.metrics.get(key).into_iter().flatten();
    points.map(|point| (point.step, point.value)).collect()
}

#[test]
fn samples_go_with_the_points_of_requests() {
    let sink = MlflowSink::new().start().unwrap();
    let mut bench = Bench::to(&sink);
    bench.record(0..10);
    bench.telemetry.record_observed(&waiting(1));
    bench.telemetry.record_observed(&ObservedSample::Gpu(GpuSample {
        at: at(1),
        gpus: vec![GpuReading {
            utilization: Some(0.25),
            ..GpuReading::default()
        }],
        ..GpuSample::default()
    }));
    let ended = bench.finish();
    let run = only(&sink);
    assert_eq!(values(&run, "live.server.0.requests_waiting"), [(1, 1.0)]);
    assert_eq!(values(&run, "system/gpu_0_utilization_percentage"), [(1, 25.0)]);
    assert_eq!(fates(&ended.points), [52, 0, 0, 0]);
    assert_eq!(sink.requests_to("runs/log-batch"), 1 + details(&sink));
}

#[test]
fn samples_that_wait_when_points_are_withdrawn_are_logged_all_the_same() {
    let sink = MlflowSink::new().start().unwrap();
    let mut bench = Bench::to(&sink);
    bench.wait_for_run();
    bench.record(0..200);
    bench.export_aged();
    bench.wait_for_points(|points| points.delivered == 1_000);
    sink.answer_path_with("runs/log-batch", MlflowAnswer::RetryAfter(503, Duration::from_secs(1)));
    bench.telemetry.record_observed(&waiting(1));
    bench.export_aged();
    bench.record(200..6_200);
    bench.export_aged();
    bench.telemetry.record_observed(&waiting(2));
    sink.restore();
    let ended = bench.finish();
    assert_eq!(ended.points.sampled_out, 30_001, "with the sample, which waits again");
    assert_eq!(
        values(&only(&sink), "live.server.0.requests_waiting"),
        [(1, 1.0), (2, 2.0)]
    );
}
