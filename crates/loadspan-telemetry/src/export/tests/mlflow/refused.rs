//! What a server refuses: the run, live metrics, or a point.

use super::*;

#[test]
fn wrong_credentials_cost_one_warning_and_no_time() {
    let sink = MlflowSink::new()
        .require_authorization("Bearer secret")
        .start()
        .unwrap();
    let mut bench = Bench::to(&sink);
    bench.record(0..100);
    bench.wait_for_notices(1);
    let ended = bench.finish();
    assert_eq!(fates(&ended.points), [0, 0, 500, 0]);
    assert!(ended.took < Duration::from_secs(2), "{:?}", ended.took);
    assert!(
        ended.notices[0].message.contains(" refuses the run: HTTP 401"),
        "{:?}",
        ended.notices
    );
    assert_eq!(ended.notices.len(), 1);
}

#[test]
fn a_server_that_refuses_the_run_is_asked_once_however_long_the_load_takes() {
    let no_mlflow = MlflowAnswer::Status(404, "nothing here".to_owned());
    let forbidden = MlflowAnswer::Status(403, String::new());
    for answer in [no_mlflow, forbidden] {
        let sink = MlflowSink::new().start().unwrap();
        sink.answer_with(answer);
        let mut bench = Bench::to(&sink);
        bench.wait_for_notices(1);
        // More than there is room for.
        bench.record(0..30_000);
        bench.wait_for_points(|points| points.spooled > 140_000);
        let asked = sink.requests_to("experiments/get-by-name");
        let ended = bench.finish();
        assert_eq!(fates(&ended.points), [0, 0, 150_000, 0]);
        assert_eq!((asked, sink.requests_to("experiments/get-by-name")), (1, 1));
        let [notice] = &ended.notices[..] else {
            panic!("{:?}", ended.notices)
        };
        let advice = notice.advice.as_deref().unwrap();
        assert!(
            advice.starts_with("when it is put right, `loadspan push") && advice.ends_with("` makes the run"),
            "{advice}"
        );
        assert_eq!(ended.reach, MlflowReach::Silent);
    }
}

#[test]
fn a_deleted_run_turns_live_metrics_off() {
    let sink = MlflowSink::new().start().unwrap();
    let mut bench = Bench::to(&sink);
    bench.record(0..200);
    bench.export_aged();
    bench.wait_for_points(|points| points.delivered == 1_000);
    sink.delete_run(&only(&sink).id);
    bench.record(200..400);
    bench.export_aged();
    bench.wait_for_points(|points| points.turned_off.is_some());
    bench.record(400..500);
    let ended = bench.finish();
    assert_eq!(
        fates(&ended.points),
        [1_000, 1_000, 0, 0],
        "no more are made from there on"
    );
    let [notice] = &ended.notices[..] else {
        panic!("{:?}", ended.notices)
    };
    assert!(
        notice.message.contains("any more, so live metrics are off: "),
        "{notice:?}"
    );
}

#[test]
fn what_the_server_rejects_is_not_sent_again() {
    let sink = MlflowSink::new().start().unwrap();
    let mut bench = Bench::to(&sink);
    bench.wait_for_run();
    let error = r#"{"error_code":"INVALID_PARAMETER_VALUE","message":"no"}"#;
    sink.answer_path_with("runs/log-batch", MlflowAnswer::Status(400, error.to_owned()));
    let before = sink.requests_to("runs/log-batch");
    bench.record(0..300);
    let ended = bench.finish();
    assert_eq!(
        fates(&ended.points),
        [0, 10, 1_490, 0],
        "so many are tried one by one, and the records have the others"
    );
    assert!(sink.requests_to("runs/log-batch") - before < 50);
    assert_eq!(missing_points(&ended), Some(1_500));
}

#[test]
fn a_point_that_the_server_rejects_costs_no_other() {
    let sink = MlflowSink::new().start().unwrap();
    let mut bench = Bench::to(&sink);
    bench.wait_for_run();
    let error = r#"{"error_code":"INVALID_PARAMETER_VALUE","message":"no"}"#;
    // A thousand of them, then half of these and so on, down to the one point.
    for _ in 0..10 {
        sink.answer_once_with("runs/log-batch", MlflowAnswer::Status(400, error.to_owned()));
    }
    bench.record(0..300);
    let ended = bench.finish();
    assert_eq!(fates(&ended.points), [1_499, 1, 0, 0]);
    assert_eq!(missing_points(&ended), Some(1));
}

#[test]
fn what_is_too_large_goes_in_parts() {
    let sink = MlflowSink::new().start().unwrap();
    let mut bench = Bench::to(&sink);
    bench.wait_for_run();
    sink.answer_once_with("runs/log-batch", MlflowAnswer::Status(413, String::new()));
    bench.record(0..200);
    let ended = bench.finish();
    assert_eq!(fates(&ended.points), [1_000, 0, 0, 0]);
    assert_eq!(only(&sink).points_received, 1_000);
}
