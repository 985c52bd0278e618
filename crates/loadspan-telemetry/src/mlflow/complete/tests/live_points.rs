//! Live points that are missing, that are not taken, or that are too many.

use loadspan_record::{Failure, FailureKind, ObservedSample, Outcome, RunOffset, ServerGauge, ServerSample};
use loadspan_testkit::MlflowAnswer;

use super::*;
use crate::config::LiveMetrics;
use crate::mlflow::live::testing::stream;

#[test]
fn points_that_the_live_half_misses_are_not_called_complete() {
    let harness = Harness::new();
    harness.complete(LivePoints::Leave, &limit(ENOUGH));
    let mut export = harness.export();
    assert!(export.exported_at_ns.is_some());
    // Whatever the file said before.
    export.live_points_missing = Some(7);
    export.save(harness.folder.path()).unwrap();
    let left = harness.complete(LivePoints::Leave, &limit(ENOUGH));
    assert_eq!(what(&left), ["live points"]);
    assert_eq!(
        left.missing[0].reason,
        "7 of them were not delivered while the run went on"
    );
    let export = harness.export();
    assert_eq!((export.exported_at_ns, export.live_points_missing), (None, Some(7)));

    let completion = harness.complete_all(&requests(10), &limit(ENOUGH));
    assert_eq!((completion.points, what(&completion)), (10 * POINTS, vec![]));
    let export = harness.export();
    assert!(export.exported_at_ns.is_some() && export.live_points_missing.is_none());
}

#[test]
fn a_point_that_the_server_does_not_take_costs_only_itself_and_is_missing() {
    let harness = Harness::new();
    let records = heeded(200, |index| {
        // A thousand points of all of them, then half of these and so on, down to the one point.
        if index == 0 {
            (0..10).for_each(|_| harness.sink.answer_once_with("runs/log-batch", rejection()));
        }
    });
    let first = harness.complete_all(&records, &limit(ENOUGH));
    assert_eq!((first.points, what(&first)), (999, vec!["live points"]));
    assert!(
        first.missing[0].reason.starts_with("it does not take `live.") && first.missing[0].reason.ends_with(": no"),
        "{:?}",
        first.missing
    );
    assert_eq!(harness.run().status.as_deref(), Some("FINISHED"));
    let second = harness.complete_all(&requests(200), &limit(ENOUGH));
    assert_eq!((second.points, what(&second)), (1, vec![]));
}

#[test]
fn a_server_that_takes_no_points_is_not_asked_for_each_of_them() {
    let harness = Harness::new();
    let records = heeded(2_000, |index| {
        if index == 0 {
            harness.sink.answer_path_with("runs/log-batch", rejection());
        }
    });
    let completion = harness.complete_all(&records, &limit(ENOUGH));
    assert_eq!((completion.points, what(&completion)), (0, vec!["live points"]));
    assert!(harness.sink.requests_to("runs/log-batch") < 60);
}

#[test]
fn a_long_run_that_mlflow_never_saw_has_windows() {
    let mut harness = Harness::new();
    harness.config.live = LiveMetrics::Auto;
    let completion = harness.complete_all(&requests(200_001), &limit(ENOUGH));
    assert_eq!(what(&completion), [""; 0]);
    let run = harness.run();
    assert!(!run.metrics.contains_key("live.gen_ai.client.operation.duration"));
    assert_eq!(run.metrics["live.window.requests.count"].len(), 801);
    assert_eq!(harness.export().live, LiveMode::Windows);
}

#[test]
fn only_what_the_server_lacks_of_the_points_is_logged() {
    let harness = Harness::new();
    assert_eq!(
        harness.complete_all(&EveryThird(900), &limit(ENOUGH)).points,
        300 * POINTS
    );
    // Now nothing says that it was complete.
    fs::remove_file(harness.folder.path().join("mlflow_export.json")).unwrap();
    assert_eq!(
        harness.complete_all(&requests(900), &limit(ENOUGH)).points,
        600 * POINTS
    );
    assert_eq!(harness.run().points_received, harness.run().points_stored());
}

/// Ten requests, of which the first failed, and a server that was scraped after the last one had ended.
struct Observed;

impl RecordSource for Observed {
    fn records(&self) -> Box<dyn Iterator<Item = RequestRecord> + '_> {
        Box::new((0..10).map(|index| {
            let mut record = stream(index, 1_000 + index * 4);
            if index == 0 {
                record.outcome = Outcome::Failed(Failure::new(FailureKind::HttpStatus(503)));
            }
            record
        }))
    }

    fn samples(&self) -> Vec<ObservedSample> {
        let sample = |at_ms| {
            ObservedSample::Server(ServerSample {
                at: RunOffset::from_duration(Duration::from_millis(at_ms)),
                metrics: [(ServerGauge::RequestsRunning, 3.0)].into(),
                ..ServerSample::default()
            })
        };
        vec![sample(0), sample(7_000)]
    }
}

#[test]
fn what_is_beside_the_requests_is_made_again_once() {
    let harness = Harness::new();
    let completion = harness.complete_all(&Observed, &limit(ENOUGH));
    assert_eq!((completion.points, what(&completion)), (9 * POINTS + 1 + 1 + 2, vec![]));
    let run = harness.run();
    let steps = |key: &str| run.metrics[key].iter().map(|point| point.step).collect::<Vec<_>>();
    assert_eq!(steps("live.requests.by_error.http_status_503"), [1]);
    assert_eq!(steps("live.server.0.requests_running"), [0, 7]);
    // Now nothing says that it was complete.
    fs::remove_file(harness.folder.path().join("mlflow_export.json")).unwrap();
    assert_eq!(harness.complete_all(&Observed, &limit(ENOUGH)).points, 0);
}

#[test]
fn a_run_that_was_complete_is_not_searched_for_missing_points() {
    let harness = Harness::new();
    harness.complete_all(&requests(10), &limit(ENOUGH));
    let asked = harness.sink.requests_to("metrics/get-history");
    harness.complete_all(&requests(10), &limit(ENOUGH));
    assert_eq!(harness.sink.requests_to("metrics/get-history"), asked);
}

#[test]
fn points_until_a_window_and_windows_from_there_on() {
    let harness = Harness::new();
    harness.begin(LiveMode::WindowsFrom { window: 3 });
    // They end from 1.000 s to 4.996 s: 500 of them before the third second.
    harness.complete_all(&requests(1_000), &limit(ENOUGH));
    let run = harness.run();
    assert_eq!(run.metrics["live.gen_ai.client.operation.duration"].len(), 500);
    let counts: Vec<_> = run.metrics["live.window.requests.count"]
        .iter()
        .map(|point| (point.step, point.value))
        .collect();
    assert_eq!(counts, [(3, 250.0), (4, 250.0)]);
    harness.begin(LiveMode::WindowsFrom { window: 3 });
    let again = harness.complete_all(&requests(1_000), &limit(ENOUGH));
    assert_eq!((again.points, what(&again)), (0, vec![]));
    assert_eq!(harness.export().live, LiveMode::WindowsFrom { window: 3 });
}

#[test]
fn windows_that_took_the_place_of_points_are_of_the_whole_run() {
    let harness = Harness::new();
    harness.complete_all(&EveryThird(300), &limit(ENOUGH));
    harness.begin(LiveMode::Windows);
    // They end from 1.000 s to 4.996 s.
    let completion = harness.complete_all(&requests(1_000), &limit(ENOUGH));
    assert_eq!((completion.points, what(&completion)), (4 * 14, vec![]));
    let run = harness.run();
    assert_eq!(run.metrics["live.gen_ai.client.operation.duration"].len(), 100);
    let counts = &run.metrics["live.window.requests.count"];
    let ends: Vec<_> = counts.iter().map(|point| point.timestamp - 1_700_000_000_000).collect();
    assert_eq!(ends, [2_000, 3_000, 4_000, 4_996]);
}

#[test]
fn where_live_metrics_are_off_none_are_made() {
    let harness = Harness::new();
    harness.begin(LiveMode::Off);
    let completion = harness.complete_all(&Unread, &limit(ENOUGH));
    assert_eq!((completion.points, what(&completion)), (0, vec![]));
}

fn rejection() -> MlflowAnswer {
    let error = r#"{"error_code":"INVALID_PARAMETER_VALUE","message":"no"}"#;
    MlflowAnswer::Status(400, error.to_owned())
}
