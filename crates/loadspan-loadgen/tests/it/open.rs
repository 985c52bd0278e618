//! Open loads: requests are sent when they are due.

use std::num::NonZeroU32;
use std::time::Duration;

use loadspan_loadgen::schedule::ArrivalProcess;
use loadspan_loadgen::{LoadModel, StopReason, Warmup};
use loadspan_record::Phase;
use loadspan_testkit::{DurationExt, FakeServer, RunningServer, Script, When};

use crate::harness::{Load, Report, counts, server_with};

fn server() -> RunningServer {
    FakeServer::new().start().unwrap()
}

fn requests(requests: u64) -> impl FnOnce(&mut Load) {
    move |load| load.config.limits.requests = Some(requests)
}

fn duration(duration: Duration) -> impl FnOnce(&mut Load) {
    move |load| load.config.limits.duration = Some(duration)
}

fn at_most(limit: u32) -> impl FnOnce(&mut Load) {
    move |load| {
        let LoadModel::Open { max_concurrency, .. } = &mut load.config.model else {
            unreachable!()
        };
        *max_concurrency = NonZeroU32::new(limit);
    }
}

/// When each request was due, in milliseconds from the start of the load.
fn due(report: &Report) -> Vec<f64> {
    let from = report.end.load_started_at;
    report
        .records
        .iter()
        .map(|record| record.timings.scheduled_at.millis_since(from))
        .collect()
}

/// How late requests were sent, in milliseconds, from the least to the most.
fn lateness(report: &Report) -> Vec<f64> {
    let late = |record: &loadspan_record::RequestRecord| {
        record
            .timings
            .sent_at
            .unwrap()
            .millis_since(record.timings.scheduled_at)
    };
    let mut late: Vec<_> = report.records.iter().map(late).collect();
    late.sort_by(f64::total_cmp);
    late
}

#[test]
fn constant_arrivals_have_equal_gaps_whatever_the_number_of_workers() {
    for workers in [1, 3] {
        let server = server();
        let load = Load::open(server.url(), 200.0, ArrivalProcess::Constant);
        let report = load.workers(workers).change(requests(60)).run();
        report.assert_completed(60);
        for (number, due) in due(&report).into_iter().enumerate() {
            assert!(
                (due - 5.0 * number as f64).abs() < 0.001,
                "request {number} is due at {due} ms"
            );
        }
        assert!(lateness(&report)[30] < 50.0, "{:?}", lateness(&report));
    }
}

#[test]
fn poisson_arrivals_have_the_rate_and_their_seed_fixes_them() {
    let server = server();
    let run = || {
        Load::open(server.url(), 500.0, ArrivalProcess::Poisson)
            .workers(2)
            .change(requests(200))
            .run()
    };
    let (first, second) = (run(), run());
    assert_eq!(due(&first), due(&second));
    let span = due(&first)[199];
    assert!((300.0..500.0).contains(&span), "200 requests in {span} ms");
    let gaps: Vec<_> = due(&first).windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert!(gaps.iter().any(|gap| *gap < 0.5) && gaps.iter().any(|gap| *gap > 5.0));
}

#[test]
fn the_achieved_rate_is_the_one_that_was_asked_for() {
    let server = server();
    let load = Load::open(server.url(), 400.0, ArrivalProcess::Constant);
    let report = load.workers(2).change(duration(500.ms())).run();
    let sent = report.records.len() as u64;
    report.assert_completed(report.records.len());
    assert_eq!(
        sent + report.end.unsent,
        200,
        "every request that was due is accounted for"
    );
    assert!(sent >= 190, "{sent} requests");
    let arrived: Vec<_> = server
        .stats()
        .requests
        .iter()
        .skip(1)
        .map(|truth| truth.arrived_ns)
        .collect();
    let span = (arrived.iter().max().unwrap() - arrived.iter().min().unwrap()) as f64 / 1e6;
    assert!((450.0..560.0).contains(&span), "{span} ms");
}

#[test]
fn a_slow_server_slows_no_arrival_down() {
    let server = server_with(Script::new().ttft(300.ms()));
    let report = Load::open(server.url(), 200.0, ArrivalProcess::Constant)
        .change(requests(50))
        .run();
    report.assert_completed(50);
    assert_eq!(server.stats().peak_open_streams, 50);
    assert!(report.records.iter().all(|record| record.held_back_ns == 0));
    assert!(lateness(&report)[25] < 50.0, "{:?}", lateness(&report));
}

#[test]
fn a_limit_holds_requests_back_and_says_so() {
    let server = server_with(Script::new().ttft(50.ms()));
    let load = Load::open(server.url(), 200.0, ArrivalProcess::Constant);
    let report = load.change(at_most(4)).change(requests(20)).run();
    report.assert_completed(20);
    assert_eq!(server.stats().peak_open_streams, 4);
    let held: Vec<_> = report
        .records
        .iter()
        .map(|record| record.held_back_ns as f64 / 1e6)
        .collect();
    assert!(held[..4].iter().all(|held| *held == 0.0), "{held:?}");
    // The last request has waited for four rounds of 50 ms and was due after 95 ms.
    assert!(held[19] > 50.0, "{held:?}");
    for record in &report.records {
        let late = record.timings.sent_at.unwrap().nanos_since(record.timings.scheduled_at);
        assert!(late >= record.held_back_ns);
    }
}

#[test]
fn what_was_due_and_never_sent_is_counted() {
    let server = server_with(Script::new().ttft(1.secs()));
    let load = Load::open(server.url(), 100.0, ArrivalProcess::Constant).change(at_most(5));
    let report = load
        .change(duration(300.ms()))
        .change(|load| load.config.limits.grace = Duration::ZERO)
        .run();
    assert_eq!(report.outcomes(), counts([("cancelled", 5)]));
    assert_eq!(report.end.unsent, 25, "thirty were due");
}

#[test]
fn an_interrupted_schedule_leaves_nothing_unsent_that_was_not_due() {
    let server = server();
    let running = Load::open(server.url(), 50.0, ArrivalProcess::Constant)
        .change(requests(100_000))
        .start();
    crate::harness::eventually(|| server.stats().generation_requests > 5);
    running.run.stopper().stop();
    let report = running.report();
    assert_eq!(report.end.reason, StopReason::Interrupted);
    assert!(report.end.unsent <= 1, "{}", report.end.unsent);
    assert_eq!(report.outcomes().len(), 1, "{:?}", report.outcomes());
}

#[test]
fn what_is_left_after_the_grace_is_cancelled() {
    let server = server_with(Script::new().ttft(5.secs()));
    let load = Load::open(server.url(), 100.0, ArrivalProcess::Constant).workers(2);
    let report = load
        .change(duration(200.ms()))
        .change(|load| load.config.limits.grace = 50.ms())
        .run();
    let cancelled = report.records.len();
    assert_eq!(report.outcomes(), counts([("cancelled", cancelled)]));
    assert!(cancelled > 10);
    let lasted = report.end.ended_at.millis_since(report.end.load_started_at);
    assert!((250.0..4_000.0).contains(&lasted), "{lasted} ms");
    assert_eq!(report.end.reason, StopReason::Finished);
    assert_eq!(
        cancelled as u64 + report.end.unsent,
        20,
        "every request that was due is accounted for"
    );
}

#[test]
fn a_warm_up_is_the_beginning_of_the_schedule() {
    let server = server();
    let load = Load::open(server.url(), 400.0, ArrivalProcess::Constant).workers(3);
    let report = load.warmup(Warmup::Requests(10)).change(requests(30)).run();
    report.assert_completed(40);
    assert!(report.phase(Phase::Warmup).map(|record| record.id.index).eq(0..10));
    assert_eq!(
        report.end.measure_started_at,
        Some(report.records[10].timings.scheduled_at)
    );
    let load = Load::open(server.url(), 400.0, ArrivalProcess::Constant).workers(3);
    let report = load.warmup(Warmup::Duration(50.ms())).change(requests(40)).run();
    assert_eq!(
        (
            report.phase(Phase::Warmup).count(),
            report.phase(Phase::Measure).count()
        ),
        (20, 40)
    );
}

#[test]
fn a_schedule_that_is_faster_than_the_client_still_reads_answers() {
    let server = server();
    let load = Load::open(server.url(), 50_000.0, ArrivalProcess::Constant);
    let report = load.change(duration(200.ms())).change(at_most(64)).run();
    let sent = report.records.len() as u64;
    assert!(sent > 64, "{sent} requests");
    assert_eq!(
        sent + report.end.unsent,
        10_000,
        "every request that was due is accounted for"
    );
    assert_eq!(report.outcomes().get("completed"), Some(&(sent as usize)));
}

#[test]
fn workers_share_the_room_under_the_limit() {
    // Every fourth request is slow, and they all belong to one of four workers: a part of the limit would hold that one back.
    let slow = Script::new().ttft(400.ms());
    let server = FakeServer::new().on(When::EveryNth(4), slow).start().unwrap();
    let report = Load::open(server.url(), 40.0, ArrivalProcess::Constant)
        .workers(4)
        .change(at_most(8))
        .change(requests(40))
        .run();
    report.assert_completed(40);
    assert!(report.records.iter().all(|record| record.held_back_ns == 0));
}
