//! Servers that go wrong, and completions that are cut short.

use std::sync::atomic::Ordering;
use std::time::Instant;

use loadspan_testkit::{DurationExt, MlflowAnswer};

use super::*;

#[test]
fn a_server_that_goes_in_the_middle_has_every_point_once_in_the_end() {
    let harness = Harness::new();
    let dying = heeded(3_000, |index| {
        if index == 1_500 {
            harness.sink.answer_with(MlflowAnswer::Status(503, String::new()));
        }
    });
    let first = harness.complete_all(&dying, &limit(ENOUGH));
    assert_eq!(what(&first), ["live points", "the status"]);
    assert!(first.points > 0 && first.points < 3_000 * POINTS, "{}", first.points);
    assert!(!first.missing.is_empty());
    assert_eq!(harness.export().exported_at_ns, None);
    assert_eq!(harness.run().status.as_deref(), Some("RUNNING"));

    harness.sink.restore();
    let second = harness.complete_all(&requests(3_000), &limit(ENOUGH));
    assert_eq!(second.missing, []);
    assert_eq!(first.points + second.points, 3_000 * POINTS);
    let run = harness.run();
    assert_eq!(harness.live_points(), 3_000 * POINTS);
    assert_eq!(run.points_received, run.points_stored(), "none came twice");
    assert_eq!(run.status.as_deref(), Some("FINISHED"));
}

#[test]
fn a_batch_whose_answer_is_lost_leaves_no_point_twice() {
    let harness = Harness::new();
    let records = heeded(1_000, |index| {
        if index == 300 {
            harness
                .sink
                .answer_once_with("runs/log-batch", MlflowAnswer::DropAfterHandling);
        }
    });
    let completion = harness.complete_all(&records, &limit(ENOUGH));
    assert_eq!(completion.missing, []);
    assert_eq!(harness.live_points(), 1_000 * POINTS);
}

#[test]
fn what_comes_to_nothing_is_in_the_answer_and_left_for_a_push() {
    let mut harness = Harness::new();
    let cases = [
        (Some(MlflowAnswer::Status(401, String::new())), "check the credentials"),
        (
            Some(MlflowAnswer::Status(500, "oh".to_owned())),
            "HTTP 500 Internal Server Error: oh",
        ),
        (None, "Connection refused"),
    ];
    for (answer, words) in cases {
        match answer {
            Some(answer) => harness.sink.answer_with(answer),
            None => harness.sink.stop(),
        }
        let completion = harness.complete_all(&requests(10), &limit(ENOUGH));
        assert_eq!((what(&completion), &completion.run_id), (vec!["the run"], &None));
        let reason = &completion.missing[0].reason;
        assert!(reason.contains(words), "{reason}");
    }
    harness.sink.restore();
    harness.sink.restart().unwrap();
    assert_eq!(harness.complete_all(&requests(10), &limit(ENOUGH)).missing, []);
}

#[test]
fn a_hanging_server_is_left_at_the_limit() {
    let harness = Harness::new();
    harness.sink.answer_with(MlflowAnswer::Hang);
    let started = Instant::now();
    let completion = harness.complete_all(&requests(10), &limit(600.ms()));
    assert_eq!(what(&completion), ["the run"]);
    assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
}

#[test]
fn the_status_is_set_though_artifacts_have_not_arrived() {
    let harness = Harness::new();
    harness
        .sink
        .answer_path_with("mlflow-artifacts/artifacts", MlflowAnswer::Hang);
    let completion = harness.complete(LivePoints::Leave, &limit(4.secs()));
    assert_eq!(what(&completion), ["artifacts"]);
    assert_eq!(harness.run().status.as_deref(), Some("FINISHED"));

    harness.sink.restore();
    let again = harness.complete(LivePoints::Leave, &limit(ENOUGH));
    assert_eq!(again.missing, []);
    assert_eq!((again.artifacts.arrived.len(), harness.run().updates), (2, 1));
    assert!(harness.export().exported_at_ns.is_some());
}

#[test]
fn an_interrupted_completion_leaves_everything_for_a_push() {
    let harness = Harness::new();
    let limit = limit(ENOUGH);
    let records = heeded(3_000, |index| {
        if index == 1_000 {
            limit.cut.store(true, Ordering::Relaxed);
        }
    });
    let completion = harness.complete_all(&records, &limit);
    assert_eq!(what(&completion), ["live points", "the status"]);
    assert_eq!(completion.missing[0].reason, "it was interrupted");
    assert_eq!(harness.run().status.as_deref(), Some("RUNNING"));
}
