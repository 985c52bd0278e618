//! When loads of sessions end, and what is warm-up.

use std::time::{Duration, Instant};

use loadspan_loadgen::{LoadModel, StopReason, Warmup};
use loadspan_record::Phase;
use loadspan_testkit::{DurationExt, FakeServer, Script, every};

use super::{Graph, Graphs, counts_of, fates};
use crate::harness::{Load, Report, counts, eventually, server_with};

/// Asserts that no session is in two phases, and returns how many are warm-up and how many are measured.
fn phases(report: &Report) -> (usize, usize) {
    let sessions_of = |phase| {
        let mut sessions: Vec<_> = report.phase(phase).filter_map(|record| record.session).collect();
        sessions.sort_unstable();
        sessions.dedup();
        sessions
    };
    let (warm, measured) = (sessions_of(Phase::Warmup), sessions_of(Phase::Measure));
    assert!(warm.iter().all(|session| !measured.contains(session)));
    // The ends of sessions say the same.
    let ends_of = |phase| report.ended.iter().filter(|end| end.phase == phase).count();
    assert_eq!(
        (ends_of(Phase::Warmup), ends_of(Phase::Measure)),
        (warm.len(), measured.len())
    );
    (warm.len(), measured.len())
}

#[test]
fn so_many_sessions_are_begun_and_all_of_them_end() {
    let server = server_with(Script::new().ttft(2.ms()));
    for workers in [1, 3] {
        let mut load = Load::sessions(server.url(), 4, Graphs::endless(Graph::chat(3, 2.ms()))).workers(workers);
        load.config.limits.sessions = Some(11);
        let report = load.warmup(Warmup::Sessions(5)).run();
        report.assert_completed(16 * 3);
        assert_eq!(phases(&report), (5, 11));
        assert_eq!(counts_of(&report).completed, 16);
        assert_eq!(report.end.reason, StopReason::Finished);
    }
}

#[test]
fn a_warm_up_by_requests_or_by_time_takes_whole_sessions() {
    let server = server_with(Script::new().ttft(5.ms()));
    for warmup in [Warmup::Requests(10), Warmup::Duration(60.ms())] {
        let mut load = Load::sessions(server.url(), 3, Graphs::endless(Graph::chat(4, 2.ms()))).workers(2);
        load.config.limits.sessions = Some(9);
        let report = load.warmup(warmup).run();
        let (warm, measured) = phases(&report);
        assert!(warm >= 3 && measured == 9, "{warmup:?}: {warm} {measured}");
        assert_eq!(report.phase(Phase::Measure).count(), 36);
    }
}

#[test]
fn so_many_requests_are_sent_and_sessions_are_cut() {
    let server = server_with(Script::new().ttft(2.ms()));
    let sessions = Graphs::endless(Graph::chat(5, 10.secs()));
    let mut load = Load::sessions(server.url(), 6, sessions).workers(2);
    load.config.limits.requests = Some(6);
    let began = Instant::now();
    let report = load.run();
    assert!(began.elapsed() < 5.secs(), "nobody waits for turns that are not sent");
    report.assert_completed(6);
    assert_eq!(fates(&report), "6 started, 6 cut, 6 calls, 24 never sent");
    assert_eq!((report.end.unsent, report.end.reason), (0, StopReason::Finished));
}

#[test]
fn the_time_is_up_and_turns_in_flight_end() {
    let server = server_with(Script::new().ttft(120.ms()));
    let mut load = Load::sessions(server.url(), 3, Graphs::endless(Graph::chat(9, Duration::ZERO)));
    load.config.limits.duration = Some(300.ms());
    let report = load.run();
    let found = counts_of(&report);
    assert_eq!((found.started, found.cut), (3, 3));
    assert_eq!(report.outcomes(), counts([("completed", found.calls as usize)]));
    assert_eq!(found.calls + found.never_sent, 27);
}

#[test]
fn a_session_whose_last_turn_is_in_flight_completes_when_the_run_is_stopped() {
    let server = server_with(Script::new().ttft(200.ms()));
    let running = Load::sessions(
        server.url(),
        2,
        Graphs::of([Graph::chat(1, 0.ms()), Graph::chat(2, 0.ms())]),
    )
    .start();
    eventually(|| server.stats().open_streams == 2);
    running.run.stopper().stop();
    let report = running.report();
    assert_eq!(report.end.reason, StopReason::Interrupted);
    report.assert_completed(2);
    assert_eq!(fates(&report), "2 started, 1 completed, 1 cut, 2 calls, 1 never sent");
}

#[test]
fn what_does_not_end_in_time_is_given_up_and_its_session_cut() {
    let server = server_with(Script::new().tokens(100_000, every(10.ms())));
    let load = Load::sessions(server.url(), 4, Graphs::endless(Graph::chat(3, 0.ms()))).workers(2);
    let running = load.start();
    eventually(|| server.stats().open_streams == 4);
    running.run.stopper().stop_at_once();
    let report = running.report();
    assert_eq!(report.outcomes(), counts([("cancelled", 4)]));
    assert_eq!((counts_of(&report).cut, counts_of(&report).never_sent), (4, 8));
}

#[test]
fn thinking_sessions_do_not_delay_a_stop() {
    let server = FakeServer::new().start().unwrap();
    let running = Load::sessions(server.url(), 50, Graphs::endless(Graph::chat(2, 3600.secs()))).start();
    eventually(|| server.stats().generation_requests == 51);
    let stopped = Instant::now();
    running.run.stopper().stop();
    let report = running.report();
    assert!(stopped.elapsed() < 2.secs());
    assert_eq!((counts_of(&report).cut, counts_of(&report).never_sent), (50, 50));
}

#[test]
fn arrivals_that_were_due_and_held_back_are_counted() {
    let server = server_with(Script::new().ttft(100.ms()));
    let graphs = (0..10).map(|number| Graph::chat(1, 0.ms()).at(Duration::from_millis(number * 10)));
    let model = LoadModel::Recorded {
        max_concurrency: std::num::NonZeroU32::new(1),
    };
    let mut load = Load::sessions(server.url(), 1, Graphs::of(graphs)).model(model);
    load.config.limits.duration = Some(250.ms());
    let report = load.run();
    let sent = report.records.len() as u64;
    assert!(sent < 10);
    assert_eq!(report.end.unsent + sent, 10);
}
