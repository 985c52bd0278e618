//! The end of a run: interruptions, thresholds, and listeners that are behind.

use std::time::{Duration, Instant};

use loadspan_loadgen::{FailureThreshold, Listeners, RunEvent, StopReason};
use loadspan_record::Phase;
use loadspan_testkit::{DurationExt, FakeServer, Fault, Script, When, every};

use crate::harness::{Load, counts, eventually, server_with};

#[test]
fn stopping_lets_requests_in_flight_end() {
    let server = server_with(Script::new().ttft(200.ms()));
    let running = Load::closed(server.url(), 8, 1_000_000).start();
    eventually(|| server.stats().open_streams == 8);
    running.run.stopper().stop();
    let report = running.report();
    report.assert_completed(8);
    assert_eq!(report.end.reason, StopReason::Interrupted);
}

#[test]
fn stopping_gives_up_what_does_not_end_within_the_drain() {
    let server = server_with(Script::new().ttft(20.secs()));
    let short = |load: &mut Load| load.config.limits.drain = 100.ms();
    let running = Load::closed(server.url(), 8, 1_000_000)
        .workers(2)
        .change(short)
        .start();
    eventually(|| server.stats().open_streams == 8);
    let stopped = Instant::now();
    running.run.stopper().stop();
    let report = running.report();
    assert_eq!(report.outcomes(), counts([("cancelled", 8)]));
    assert!(
        (100.ms()..2.secs()).contains(&stopped.elapsed()),
        "{:?}",
        stopped.elapsed()
    );
}

#[test]
fn stopping_at_once_waits_for_nothing_and_the_server_sees_it() {
    let server = server_with(Script::new().tokens(100_000, every(10.ms())));
    let running = Load::closed(server.url(), 8, 1_000_000).start();
    eventually(|| server.stats().open_streams == 8);
    let stopper = running.run.stopper();
    stopper.stop();
    let stopped = Instant::now();
    stopper.stop_at_once();
    assert_eq!(running.report().outcomes(), counts([("cancelled", 8)]));
    assert!(stopped.elapsed() < 2.secs());
    eventually(|| server.stats().open_streams == 0);
}

#[test]
fn a_run_that_is_stopped_before_it_sends_ends() {
    let server = server_with(Script::new());
    let running = Load::closed(server.url(), 64, 1_000_000).workers(2).start();
    running.run.stopper().stop_at_once();
    let report = running.report();
    assert_eq!(report.end.reason, StopReason::Interrupted);
    assert!(report.records.len() <= 64);
}

#[test]
fn a_ramp_is_stopped_before_its_end() {
    let server = server_with(Script::new().ttft(10.ms()));
    let ramped = |load: &mut Load| {
        let concurrency = std::num::NonZeroU32::new(50).unwrap();
        let ramp = Some(Duration::from_secs(60));
        load.config.model = loadspan_loadgen::LoadModel::Closed { concurrency, ramp };
    };
    let running = Load::closed(server.url(), 50, 1_000_000).change(ramped).start();
    eventually(|| server.stats().generation_requests > 3);
    let stopped = Instant::now();
    running.run.stopper().stop();
    running.report();
    assert!(stopped.elapsed() < 5.secs());
}

#[test]
fn more_failures_than_allowed_end_the_run() {
    for threshold in [FailureThreshold::Count(20), FailureThreshold::Share(0.3)] {
        let failing = Script::new().fault(Fault::status(500));
        let server = FakeServer::new()
            .on(When::EveryNth(2), failing)
            .ttft(1.ms())
            .start()
            .unwrap();
        let limited = |load: &mut Load| load.config.limits.failures = Some(threshold);
        let report = Load::closed(server.url(), 4, 1_000_000).change(limited).run();
        assert_eq!(report.end.reason, StopReason::FailureThreshold, "{threshold:?}");
        assert!(report.outcomes()["http_status_500"] >= 5);
        assert_eq!(
            server.stats().generation_requests,
            report.records.len() as u64 + 1,
            "{threshold:?}"
        );
    }
}

#[test]
fn as_many_failures_as_allowed_do_not() {
    let failing = Script::new().fault(Fault::status(500));
    let server = FakeServer::new().on(When::EveryNth(2), failing).start().unwrap();
    let limited = |load: &mut Load| load.config.limits.failures = Some(FailureThreshold::Share(0.5));
    let report = Load::closed(server.url(), 4, 100).change(limited).run();
    assert_eq!(report.outcomes(), counts([("completed", 50), ("http_status_500", 50)]));
    assert_eq!(report.end.reason, StopReason::Finished);
}

#[test]
fn a_listener_that_never_reads_delays_nothing_and_knows_what_it_missed() {
    let server = FakeServer::new().start().unwrap();
    let mut listeners = Listeners::default();
    let (asleep, awake) = (listeners.subscribe(1), listeners.subscribe(100_000));
    let began = Instant::now();
    let end = Load::closed(server.url(), 8, 3_000)
        .workers(2)
        .start_for(listeners)
        .join()
        .unwrap();
    assert!(began.elapsed() < 8.secs(), "{:?}", began.elapsed());
    assert_eq!(end.records_lost, 0);

    let records = |listener: &loadspan_loadgen::Subscription| {
        let events = std::iter::from_fn(|| listener.next()).collect::<Vec<_>>();
        assert!(
            matches!(events.last(), Some(RunEvent::Finished(_))),
            "the end reaches every listener"
        );
        let batches = events.iter().filter_map(|event| match event {
            RunEvent::Records(batch) => Some(batch.len() as u64),
            _ => None,
        });
        batches.sum::<u64>()
    };
    assert_eq!((records(&awake), awake.missed()), (3_000, 0));
    let read = records(&asleep);
    assert_eq!(read + asleep.missed(), 3_000);
    assert!(asleep.missed() > 0);
}

#[test]
fn events_come_in_order_and_progress_adds_up() {
    let server = server_with(Script::new().ttft(250.ms()));
    let mut listeners = Listeners::default();
    let events = listeners.subscribe(10_000);
    let run = Load::closed(server.url(), 3, 6).start_for(listeners);
    let end = run.join().unwrap();
    let events: Vec<_> = std::iter::from_fn(|| events.next()).collect();
    let first_records = events
        .iter()
        .position(|event| matches!(event, RunEvent::Records(_)))
        .unwrap();
    let started = events
        .iter()
        .position(|event| matches!(event, RunEvent::LoadStarted { .. }))
        .unwrap();
    assert!(started < first_records);
    let mut in_flight = Vec::new();
    for event in &events {
        if let RunEvent::Progress(progress) = event {
            assert!(progress.sent <= 6 && progress.in_flight <= progress.sent);
            in_flight.push(progress.in_flight);
        }
    }
    assert_eq!(in_flight.iter().max(), Some(&3));
    assert_eq!(end.measure_started_at.map(|at| at >= end.load_started_at), Some(true));
    assert!(end.cpu_seconds > 0.0 && end.ended_at > end.load_started_at);
}

#[test]
fn failures_of_the_warm_up_do_not_count_against_the_threshold() {
    let failing = Script::new().fault(Fault::status(500));
    let server = FakeServer::new()
        .on(When::First(1), Script::new())
        .on(When::First(21), failing)
        .start()
        .unwrap();
    let limited = |load: &mut Load| load.config.limits.failures = Some(FailureThreshold::Count(0));
    let load = Load::closed(server.url(), 2, 30).warmup(loadspan_loadgen::Warmup::Requests(20));
    let report = load.change(limited).run();
    assert_eq!(report.end.reason, StopReason::Finished);
    assert_eq!(report.phase(Phase::Measure).count(), 30);
    assert_eq!(report.outcomes(), counts([("completed", 30), ("http_status_500", 20)]));
}
