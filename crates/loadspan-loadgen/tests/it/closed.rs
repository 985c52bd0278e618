//! Closed loads: exactly so many in flight, exactly so many sent.

use std::num::NonZeroU32;
use std::time::Duration;

use loadspan_loadgen::{LoadModel, StopReason, Warmup};
use loadspan_record::Phase;
use loadspan_testkit::{DurationExt, FakeServer, RunningServer, Script, every};

use crate::harness::{Load, Report, server_with};

fn server() -> RunningServer {
    FakeServer::new().ttft(5.ms()).tokens(3, every(1.ms())).start().unwrap()
}

/// Asserts that each request has one number and one record, and that the server saw them all.
fn assert_whole(report: &Report, server: &RunningServer) {
    let indices: Vec<_> = report.records.iter().map(|record| record.id.index).collect();
    assert_eq!(indices, (0..report.records.len() as u64).collect::<Vec<_>>());
    assert_eq!(server.stats().generation_requests, report.records.len() as u64 + 1);
}

#[test]
fn the_server_sees_as_many_streams_as_asked_for() {
    for workers in [1, 3] {
        let server = server_with(Script::new().ttft(100.ms()));
        let report = Load::closed(server.url(), 64, 192).workers(workers).run();
        report.assert_completed(192);
        assert_eq!(server.stats().peak_open_streams, 64, "{workers} workers");
        assert_eq!(report.end.preopened[0].opened, 64);
        assert_eq!(report.end.workers.len(), workers);
        assert_whole(&report, &server);
    }
}

#[test]
fn a_slot_sends_again_as_soon_as_it_is_free() {
    let server = server();
    let report = Load::closed(server.url(), 1, 20).run();
    for pair in report.records.windows(2) {
        assert!(pair[1].timings.scheduled_at >= pair[0].timings.finished_at);
        assert!(pair[1].timings.sent_at.unwrap() >= pair[1].timings.scheduled_at);
        assert!(
            pair[1]
                .timings
                .sent_at
                .unwrap()
                .millis_since(pair[0].timings.finished_at)
                < 500.0
        );
    }
}

#[test]
fn counts_are_exact_with_several_workers() {
    let server = server();
    let report = Load::closed(server.url(), 7, 500).workers(3).run();
    report.assert_completed(500);
    assert_whole(&report, &server);
    let mut workers: Vec<_> = report.records.iter().map(|record| record.worker).collect();
    workers.sort_unstable();
    workers.dedup();
    assert_eq!(workers, [0, 1, 2]);
}

#[test]
fn there_are_no_more_workers_than_requests_in_flight() {
    let server = server();
    let report = Load::closed(server.url(), 2, 10).workers(3).run();
    assert_eq!(report.assert_completed(10).end.workers.len(), 2);
}

#[test]
fn ids_are_different_from_request_to_request() {
    let server = server();
    let report = Load::closed(server.url(), 4, 200).workers(3).run();
    let mut ids: Vec<_> = report
        .records
        .iter()
        .map(|record| (record.trace_id, record.span_id))
        .collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 200);
    assert!(ids.iter().all(|(trace, span)| *trace != 0 && *span != 0));
}

#[test]
fn a_warm_up_is_exact_and_hands_over_without_a_pause() {
    let server = server();
    let report = Load::closed(server.url(), 8, 60)
        .workers(2)
        .warmup(Warmup::Requests(25))
        .run();
    report.assert_completed(85);
    assert_eq!(
        (
            report.phase(Phase::Warmup).count(),
            report.phase(Phase::Measure).count()
        ),
        (25, 60)
    );
    let first = report
        .phase(Phase::Measure)
        .filter_map(|record| record.timings.sent_at)
        .min()
        .unwrap();
    let last = report
        .phase(Phase::Warmup)
        .map(|record| record.timings.finished_at)
        .max()
        .unwrap();
    assert!(
        first < last,
        "measuring begins while the warm-up's last requests are in flight"
    );
    let measured_from = report.end.measure_started_at.unwrap();
    assert!(measured_from <= first && first.millis_since(measured_from) < 500.0);
}

#[test]
fn a_warm_up_may_be_a_time() {
    let server = server();
    let report = Load::closed(server.url(), 4, 40)
        .warmup(Warmup::Duration(60.ms()))
        .run();
    assert_eq!(report.phase(Phase::Measure).count(), 40);
    let until = report.end.load_started_at.after(60.ms());
    assert!(
        report
            .phase(Phase::Warmup)
            .all(|record| record.timings.scheduled_at < until)
    );
    assert!(report.phase(Phase::Warmup).count() > 4);
    assert!(report.end.measure_started_at.unwrap() >= until);
}

#[test]
fn a_ramp_starts_the_slots_evenly() {
    let server = server_with(Script::new().ttft(2.secs()));
    let ramped = |load: &mut Load| {
        let concurrency = NonZeroU32::new(10).unwrap();
        load.config.model = LoadModel::Closed {
            concurrency,
            ramp: Some(200.ms()),
        };
        load.config.limits.grace = Duration::ZERO;
        load.config.limits.requests = None;
        load.config.limits.duration = Some(800.ms());
    };
    let report = Load::closed(server.url(), 10, 10).workers(2).change(ramped).run();
    assert_eq!(report.records.len(), 10);
    let mut starts: Vec<_> = report
        .records
        .iter()
        .map(|record| record.timings.scheduled_at.millis_since(report.end.load_started_at))
        .collect();
    starts.sort_by(f64::total_cmp);
    for (slot, start) in starts.iter().enumerate() {
        assert!((start - 20.0 * slot as f64).abs() < 1.0, "{starts:?}");
    }
}

#[test]
fn a_duration_ends_the_sending_and_the_grace_what_is_left() {
    let server = server_with(Script::new().ttft(10.ms()).tokens(1_000, every(20.ms())));
    let timed = |load: &mut Load| {
        load.config.limits.duration = Some(200.ms());
        load.config.limits.grace = 50.ms();
        load.config.limits.requests = None;
    };
    let report = Load::closed(server.url(), 4, 1).change(timed).run();
    assert_eq!(report.outcomes(), crate::harness::counts([("cancelled", 4)]));
    assert_eq!(report.end.reason, StopReason::Finished);
    let measured = report.end.measure_started_at.unwrap();
    for record in &report.records {
        let lasted = record.timings.finished_at.millis_since(measured);
        assert!((250.0..2_000.0).contains(&lasted), "{lasted} ms");
        assert!(record.timings.first_token_at.is_some(), "what came before is kept");
    }
}

#[test]
fn a_request_that_ends_within_the_grace_is_complete() {
    let server = server_with(Script::new().ttft(300.ms()));
    let timed = |load: &mut Load| {
        load.config.limits.duration = Some(200.ms());
        load.config.limits.requests = None;
    };
    Load::closed(server.url(), 4, 1).change(timed).run().assert_completed(4);
}

#[test]
fn the_times_of_a_request_are_those_the_server_knows() {
    let server = FakeServer::new()
        .ttft(30.ms())
        .tokens(5, every(5.ms()))
        .start()
        .unwrap();
    let report = Load::closed(server.url(), 4, 40).run();
    let stats = server.stats();
    let mut late: Vec<_> = report
        .records
        .iter()
        .map(|record| {
            let truth = stats.request(&record.id.to_string()).unwrap();
            let served = (truth.first_token_ns.unwrap() - truth.arrived_ns) as f64 / 1e6;
            let seen = record
                .timings
                .first_token_at
                .unwrap()
                .millis_since(record.timings.sent_at.unwrap());
            assert!(seen >= served - 0.5, "{seen} ms seen, {served} ms served");
            seen - served
        })
        .collect();
    late.sort_by(f64::total_cmp);
    assert!(late[late.len() / 2] < 20.0, "{late:?}");
}
