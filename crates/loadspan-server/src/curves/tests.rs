use serde_json::{Value, json};

use super::request::{Point, Requests};
use super::*;

const START: i64 = 1_700_000_000_000;

/// Requests by number: when they ended since the start, and how long they took, both in milliseconds; the last failed.
fn requests(ended: &[(i64, f64)], failed: usize) -> Requests {
    let mut requests = Requests::default();
    for (step, (ended_ms, took_ms)) in (0..).zip(ended) {
        let mut add = |curve, value| {
            let time_ms = START + ended_ms;
            requests.add(curve, Point { time_ms, step, value });
        };
        add(Curve::Duration, took_ms / 1e3);
        if step < ended.len() as i64 - failed as i64 {
            add(Curve::FirstChunk, took_ms / 2e3);
            add(Curve::OutputTokens, 10.0);
        }
    }
    requests
}

fn windows(requests: &Requests, now_ms: Option<i64>) -> Value {
    let clock = Clock {
        start_ms: START,
        now_ms: now_ms.map(|now| START + now),
        width_ms: 1000,
    };
    serde_json::to_value(Windows::of(requests, clock)).unwrap()
}

#[test]
fn requests_are_counted_where_they_end_and_where_they_begin() {
    let found = windows(&requests(&[(500, 400.0), (900, 300.0), (2500, 2000.0)], 0), None);
    assert_eq!(found["windows"]["ended"], json!([2, 0, 1]));
    assert_eq!(found["windows"]["sent"], json!([3, 0, 0]));
    // Of the last, half a second in the first window, one in the second and half a one in the third, which ends with it.
    assert_eq!(found["windows"]["in_flight"], json!([1.2, 1.0, 1.0]));
    assert_eq!(found["windows"]["seconds"], json!([1.0, 1.0, 0.5]));
    assert_eq!(found["windows"]["output_tokens"], json!([20.0, 0.0, 10.0]));
    assert_eq!(found["complete_until_ms"], 3000);
    assert_eq!(found["total"]["ended"], 3);
}

#[test]
fn percentiles_are_those_of_all_requests_and_never_of_windows() {
    let ended: Vec<(i64, f64)> = (1..=100).map(|number| (number * 20, number as f64)).collect();
    let found = windows(&requests(&ended, 0), None);
    assert_close(&found["total"]["duration"]["p99"], 0.09901);
    assert_eq!(found["total"]["duration"]["max"], json!(0.1));
    assert_eq!(found["windows"]["duration"]["n"], json!([49, 50, 1]));
    for (window, p50) in [0.025, 0.0745, 0.1].into_iter().enumerate() {
        assert_close(&found["windows"]["duration"]["p50"][window], p50);
    }
}

/// A percentile between two values has the rounding of arithmetic.
fn assert_close(found: &Value, expected: f64) {
    assert!(
        (found.as_f64().unwrap() - expected).abs() < 1e-12,
        "{found} is not {expected}"
    );
}

#[test]
fn failed_requests_are_counted_and_not_measured() {
    let found = windows(&requests(&[(100, 50.0), (200, 60.0), (300, 9000.0)], 1), None);
    assert_eq!(found["windows"]["ended"], json!([3]));
    assert_eq!(found["windows"]["failed"], json!([1]));
    assert_eq!(found["total"]["duration"]["max"], json!(0.06));
}

#[test]
fn what_may_still_change_is_said_to_be_open() {
    let found = windows(&requests(&[(500, 400.0), (3500, 400.0)], 0), Some(3_700));
    assert_eq!(found["complete_until_ms"], 2000);
    assert_eq!(found["windows"]["sent"], json!([1, 0, null, null]));
}

#[test]
fn news_begin_with_the_first_window_that_changed() {
    let clock = Clock {
        start_ms: START,
        now_ms: None,
        width_ms: 1000,
    };
    let before = Windows::of(&requests(&[(500, 100.0), (1500, 100.0)], 0), clock);
    let after = Windows::of(
        &requests(&[(500, 100.0), (1500, 100.0), (1600, 100.0), (2500, 100.0)], 0),
        clock,
    );
    let news = serde_json::to_value(after.since(&before)).unwrap();
    assert_eq!(news["from_ms"], 1000);
    assert_eq!(news["windows"]["ended"], json!([2, 1]));
    assert_eq!(news["windows"]["ttft"]["n"], json!([2, 1]));
    assert_eq!(
        serde_json::to_value(after.since(&after)).unwrap()["windows"]["ended"],
        json!([])
    );
}

#[test]
fn a_run_without_requests_has_no_windows() {
    let found = windows(&Requests::default(), Some(10_000));
    assert_eq!(found["windows"]["ended"], json!([]));
    assert_eq!(
        (&found["total"]["ended"], &found["total"]["duration"]["p50"]),
        (&json!(0), &Value::Null)
    );
}

#[test]
fn a_distribution_tells_no_percentile_that_it_has_too_few_values_for() {
    let ended: Vec<(i64, f64)> = (1..=200).map(|number| (number, number as f64)).collect();
    let found = serde_json::to_value(Distributions::of(&requests(&ended, 0), START, START + 101)).unwrap();
    assert_eq!(found["duration"]["n"], 100);
    assert!((found["duration"]["mean"].as_f64().unwrap() - 0.0505).abs() < 1e-9);
    let shares = found["duration"]["quantiles"]["q"].as_array().unwrap();
    assert!(shares.contains(&json!(0.99)) && !shares.contains(&json!(0.995)) && shares.contains(&json!(1.0)));
    let counts = found["duration"]["histogram"]["count"].as_array().unwrap();
    assert_eq!(counts.iter().map(|count| count.as_u64().unwrap()).sum::<u64>(), 100);
    assert_eq!(found["chunk"], json!({"n": 0}));
}
