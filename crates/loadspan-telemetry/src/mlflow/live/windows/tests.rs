use loadspan_record::{Outcome, Phase};
use loadspan_wire::mlflow::runs::Metric;
use proptest::prelude::*;

use super::super::testing::{START_UNIX_NS, stream};
use super::*;

#[test]
fn a_window_says_how_many_how_fast_and_how_well() {
    let mut recorder = WindowRecorder::default();
    recorder.record(&stream(0, 2_300));
    recorder.record(&stream(1, 2_999));
    let mut cancelled = stream(2, 2_500);
    cancelled.outcome = Outcome::Cancelled;
    recorder.record(&cancelled);
    recorder.record(&stream(3, 3_500));
    let points = points_of(&recorder.take(at(3_500)));
    assert_eq!(
        values(&points),
        [
            ("live.window.requests.count", 3.0),
            ("live.window.requests.rate", 3.0),
            ("live.window.requests.error_rate", 1.0 / 3.0),
            ("live.window.gen_ai.client.operation.duration.p50", 0.25),
            ("live.window.gen_ai.client.operation.duration.p95", 0.25),
            ("live.window.gen_ai.client.operation.duration.p99", 0.25),
            ("live.window.gen_ai.client.operation.time_to_first_chunk.p50", 0.1),
            ("live.window.gen_ai.client.operation.time_to_first_chunk.p95", 0.1),
            ("live.window.gen_ai.client.operation.time_to_first_chunk.p99", 0.1),
            ("live.window.gen_ai.client.operation.time_per_output_chunk.p50", 0.05),
            ("live.window.gen_ai.client.operation.time_per_output_chunk.p95", 0.05),
            ("live.window.gen_ai.client.operation.time_per_output_chunk.p99", 0.05),
            ("live.window.gen_ai.client.token.usage.input.rate", 1_100.0),
            ("live.window.gen_ai.client.token.usage.output.rate", 8.0),
        ]
    );
    let place = |point: &Metric| (point.step, point.timestamp);
    assert!(points.iter().all(|point| place(point) == (2, 1_700_000_003_000)));
}

#[test]
fn the_last_window_ends_with_its_last_request() {
    let mut recorder = WindowRecorder::default();
    for ended_at_ms in [1_900, 2_250, 2_400, 2_300] {
        recorder.record(&stream(ended_at_ms, ended_at_ms));
    }
    let points = points_of(&recorder.take_rest());
    assert_eq!(steps(&points), [1, 2]);
    let last: Vec<_> = points.into_iter().filter(|point| point.step == 2).collect();
    assert!(last.iter().all(|point| point.timestamp == 1_700_000_002_400));
    let values = values(&last);
    assert_eq!(
        values[..2],
        [
            ("live.window.requests.count", 3.0),
            ("live.window.requests.rate", 3.0 / 0.4)
        ]
    );
    assert_eq!(
        values[values.len() - 1],
        ("live.window.gen_ai.client.token.usage.output.rate", 12.0 / 0.4)
    );
}

#[test]
fn a_last_window_of_a_moment_counts_as_a_tenth_of_a_second() {
    let mut recorder = WindowRecorder::default();
    recorder.record(&stream(0, 2_000));
    let points = points_of(&recorder.take_rest());
    assert_eq!((points[1].value.0, points[1].timestamp), (10.0, 1_700_000_002_000));
}

#[test]
fn a_window_is_taken_when_a_request_has_ended_half_a_second_after_it() {
    let mut recorder = WindowRecorder::default();
    recorder.record(&stream(0, 1_200));
    recorder.record(&stream(1, 2_499));
    assert!(recorder.take(at(2_600)).is_empty());
    recorder.record(&stream(2, 1_999));
    recorder.record(&stream(3, 2_500));
    let points = points_of(&recorder.take(at(2_600)));
    assert_eq!((steps(&points), points[0].value.0), (vec![1], 2.0));
    assert_eq!(recorder.take(at(2_700)), [], "it is taken once");
    recorder.record(&stream(4, 1_998));
    assert_eq!(
        steps(&points_of(&recorder.take_rest())),
        [2],
        "what comes too late opens no window again"
    );
}

#[test]
fn a_window_does_not_wait_for_ever_for_more_requests_that_end_after_it() {
    let mut recorder = WindowRecorder::default();
    recorder.record(&stream(0, 1_200));
    recorder.record(&stream(1, 2_100));
    assert_eq!(recorder.take(at(6_900)), []);
    assert_eq!(steps(&points_of(&recorder.take(at(7_000)))), [1]);
}

#[test]
fn the_newest_window_waits_for_the_end_of_the_run() {
    let mut recorder = WindowRecorder::default();
    recorder.record(&stream(0, 1_200));
    assert_eq!(recorder.take(at(60_000)), []);
    let points = points_of(&recorder.take_rest());
    assert_eq!((steps(&points), points[0].timestamp), (vec![1], 1_700_000_001_200));
}

#[test]
fn windows_without_a_request_are_zero_between_others() {
    let mut recorder = WindowRecorder::default();
    recorder.record(&stream(0, 3_200));
    recorder.record(&stream(1, 6_100));
    let points = points_of(&recorder.take_rest());
    assert_eq!(steps(&points), [3, 4, 5, 6]);
    let empty: Vec<_> = points.into_iter().filter(|point| point.step == 4).collect();
    assert_eq!(
        values(&empty),
        [("live.window.requests.count", 0.0), ("live.window.requests.rate", 0.0)]
    );
}

#[test]
fn a_request_of_the_far_future_makes_no_endless_gap() {
    let mut recorder = WindowRecorder::default();
    recorder.record(&stream(0, 1_200));
    let mut absurd = stream(1, 1_300);
    absurd.timings.finished_at = RunOffset::from_nanos(u64::MAX);
    recorder.record(&absurd);
    let steps = steps(&points_of(&recorder.take_rest()));
    assert_eq!(steps.len() as u64, 1 + MOST_EMPTY_IN_A_ROW + 1);
    assert_eq!(steps[..3], [1, 2, 3]);
    assert_eq!(steps.last(), Some(&(u64::MAX / 1_000_000_000).cast_signed()));
}

#[test]
fn many_gaps_are_no_more_than_a_day_of_windows_without_a_request() {
    let mut recorder = WindowRecorder::default();
    (0..100).for_each(|index| recorder.record(&stream(index, index * 10_000_000)));
    assert_eq!(recorder.take_rest().len() as u64, 100 + MOST_EMPTY);
}

#[test]
fn warmup_is_in_no_window_but_lets_time_pass() {
    let mut recorder = WindowRecorder::default();
    let mut warmup = stream(0, 5_000);
    warmup.phase = Phase::Warmup;
    recorder.record(&stream(1, 1_000));
    recorder.record(&stream(2, 2_100));
    recorder.record(&warmup);
    assert_eq!(steps(&points_of(&recorder.take(at(5_000)))), [1]);
    assert_eq!(steps(&points_of(&recorder.take_rest())), [2]);
}

proptest! {
    #[test]
    fn windows_are_the_same_whatever_the_order(mut ends in prop::collection::vec(0_u64..20_000, 1..200), seed: u64) {
        let of = |ends: &[u64]| {
            let mut recorder = WindowRecorder::default();
            ends.iter().for_each(|end| recorder.record(&stream(*end, *end + 250)));
            recorder.take_rest()
        };
        let before = of(&ends);
        let middle = seed as usize % ends.len();
        ends.rotate_left(middle);
        ends.reverse();
        prop_assert_eq!(of(&ends), before);
    }

    #[test]
    fn windows_are_the_same_whenever_they_are_taken(mut ends in prop::collection::vec(0_u64..20_000, 1..200)) {
        ends.sort_unstable();
        let (mut at_once, mut bit_by_bit) = (WindowRecorder::default(), WindowRecorder::default());
        let mut taken = Vec::new();
        for end in ends {
            at_once.record(&stream(end, end + 250));
            bit_by_bit.record(&stream(end, end + 250));
            taken.extend(bit_by_bit.take(at(end + 250)));
        }
        taken.extend(bit_by_bit.take_rest());
        prop_assert_eq!(taken, at_once.take_rest());
    }
}

fn points_of(windows: &[WindowSummary]) -> Vec<Metric> {
    windows.iter().flat_map(|window| window.points(START_UNIX_NS)).collect()
}

fn values(points: &[Metric]) -> Vec<(&str, f64)> {
    points.iter().map(|point| (point.key.as_str(), point.value.0)).collect()
}

fn steps(points: &[Metric]) -> Vec<i64> {
    let mut steps: Vec<_> = points.iter().map(|point| point.step).collect();
    steps.dedup();
    steps
}

fn at(ms: u64) -> RunOffset {
    RunOffset::from_duration(Duration::from_millis(ms))
}
