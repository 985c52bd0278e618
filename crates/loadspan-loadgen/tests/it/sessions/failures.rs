//! Turns that fail: their session ends, or they are sent again.

use std::num::NonZeroU32;
use std::time::Duration;

use loadspan_loadgen::{OnFailedTurn, StopReason};
use loadspan_record::Outcome;
use loadspan_testkit::{DurationExt, FakeServer, Fault, Script, When};

use super::{Call, Graph, Graphs, counts_of, fates};
use crate::harness::{Load, counts};

fn retry(times: u32, backoff: Duration) -> impl FnOnce(&mut Load) {
    move |load| {
        load.config.on_failed_turn = OnFailedTurn::Retry {
            times: NonZeroU32::new(times).unwrap(),
            backoff,
        };
    }
}

/// The preflight's request is number 0, the load's begin with 1.
fn failing_at(number: u64) -> FakeServer {
    FakeServer::new().on(When::Number(number), Script::new().fault(Fault::status(500)))
}

#[test]
fn a_failed_turn_ends_its_session_and_no_other() {
    let server = failing_at(2).start().unwrap();
    let graphs = Graphs::of([Graph::chat(4, Duration::ZERO), Graph::chat(3, Duration::ZERO)]);
    let report = Load::sessions(server.url(), 1, graphs).run();
    assert_eq!(report.outcomes(), counts([("completed", 4), ("http_status_500", 1)]));
    assert_eq!(
        fates(&report),
        "2 started, 1 completed, 1 failed, 5 calls, 2 never sent"
    );
}

#[test]
fn other_branches_in_flight_end_and_nothing_follows_them() {
    let server = FakeServer::new()
        .on(When::Number(1), Script::new().ttft(60.ms()))
        .on(When::Number(2), Script::new().fault(Fault::status(500)))
        .start()
        .unwrap();
    let branches = [
        Call::default(),
        Call::default(),
        Call::after(0, Duration::ZERO),
        Call {
            wait: 10.secs(),
            ..Call::default()
        },
    ];
    let report = Load::sessions(server.url(), 1, Graphs::of([Graph::of(branches)])).run();
    assert_eq!(report.outcomes(), counts([("completed", 1), ("http_status_500", 1)]));
    assert_eq!(fates(&report), "1 started, 1 failed, 2 calls, 2 never sent");
}

#[test]
fn a_turn_is_sent_again_and_each_attempt_has_a_record() {
    let server = failing_at(2).start().unwrap();
    let load = Load::sessions(server.url(), 1, Graphs::of([Graph::chat(3, Duration::ZERO)]));
    let report = load.change(retry(2, 40.ms())).run();
    assert_eq!(report.outcomes(), counts([("completed", 3), ("http_status_500", 1)]));
    let attempts: Vec<_> = report
        .records
        .iter()
        .map(|record| (record.turn.unwrap(), record.attempt))
        .collect();
    assert_eq!(attempts, [(0, 0), (1, 0), (1, 1), (2, 0)]);
    let (failed, again) = (&report.records[1].timings, &report.records[2].timings);
    assert_eq!(again.scheduled_at, failed.finished_at.after(40.ms()));
    assert_eq!(fates(&report), "1 started, 1 completed, 4 calls, 1 retries");
}

#[test]
fn a_turn_that_always_fails_ends_its_session_after_so_many_times() {
    let server = FakeServer::new()
        .on(When::First(2), Script::new())
        .script(Script::new().fault(Fault::status(503)))
        .start()
        .unwrap();
    let load = Load::sessions(server.url(), 1, Graphs::of([Graph::chat(5, Duration::ZERO)]));
    let report = load.change(retry(2, 5.ms())).run();
    assert_eq!(report.outcomes(), counts([("completed", 1), ("http_status_503", 3)]));
    let waits: Vec<_> = report.records[1..]
        .windows(2)
        .map(|pair| pair[1].timings.scheduled_at.nanos_since(pair[0].timings.finished_at))
        .collect();
    assert_eq!(waits, [5_000_000, 10_000_000], "twice as long each time");
    assert_eq!(fates(&report), "1 started, 1 failed, 4 calls, 2 retries, 3 never sent");
}

#[test]
fn what_cannot_be_written_is_a_failure_that_was_not_sent() {
    let server = FakeServer::new().start().unwrap();
    let unsendable = Call {
        unsendable: true,
        ..Call::after(0, Duration::ZERO)
    };
    let graph = Graph::of([Call::default(), unsendable, Call::after(1, Duration::ZERO)]);
    let load = Load::sessions(server.url(), 1, Graphs::of([graph]));
    let report = load.change(retry(3, Duration::ZERO)).run();
    assert_eq!(report.outcomes(), counts([("completed", 1), ("missing_input", 1)]));
    assert_eq!(report.records[1].timings.sent_at, None);
    assert_eq!(report.messages(), ["it is not there"]);
    assert_eq!(server.stats().generation_requests, 2);
    assert_eq!(
        fates(&report),
        "1 started, 1 failed, 1 calls, 1 unsendable, 1 never sent"
    );
}

#[test]
fn counts_add_up_when_many_turns_fail() {
    let server = FakeServer::new()
        .on(When::First(1), Script::new())
        .on(
            When::Share { share: 0.2, seed: 5 },
            Script::new().fault(Fault::status(500)),
        )
        .start()
        .unwrap();
    let load = Load::sessions(server.url(), 8, Graphs::of((0..60).map(|_| Graph::chat(5, 1.ms())))).workers(3);
    let report = load.run();
    let found = counts_of(&report);
    let failures = report
        .records
        .iter()
        .filter(|record| record.outcome.failure().is_some());
    assert_eq!(found.failed, failures.count() as u64);
    assert_eq!((found.started, found.cut), (60, 0));
    assert_eq!(found.calls + found.never_sent, 60 * 5);
    assert_eq!(server.stats().generation_requests, found.calls + 1);
}

#[test]
fn a_server_that_is_gone_is_not_asked_as_fast_as_can_be() {
    let server = FakeServer::new().start().unwrap();
    let url = server.url();
    let mut load = Load::sessions(&url, 4, Graphs::endless(Graph::chat(2, Duration::ZERO)));
    load.config.limits.duration = Some(400.ms());
    let report = load.start_after(move || server.shutdown()).report();
    assert_eq!(report.end.reason, StopReason::Finished);
    let failed = report
        .records
        .iter()
        .filter(|record| matches!(record.outcome, Outcome::Failed(_)))
        .count();
    assert!((4..60).contains(&failed), "{failed}");
}
