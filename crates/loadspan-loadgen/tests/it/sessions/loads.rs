//! Closed, open and recorded loads of sessions.

use std::num::NonZeroU32;
use std::time::Duration;

use loadspan_loadgen::LoadModel;
use loadspan_loadgen::schedule::{ArrivalProcess, ScheduleConfig};
use loadspan_record::{ConnectionUse, RequestRecord};
use loadspan_testkit::{DurationExt, FakeServer, Script, every};

use super::{Graph, Graphs, counts_of};
use crate::harness::{Load, Report, server_with};

fn open(rate: f64, max_concurrency: Option<u32>) -> LoadModel {
    LoadModel::Open {
        schedule: ScheduleConfig {
            rate,
            process: ArrivalProcess::Constant,
            ramp: None,
            seed: 1,
        },
        max_concurrency: max_concurrency.and_then(NonZeroU32::new),
    }
}

fn first_turns(report: &Report) -> Vec<&RequestRecord> {
    let mut first: Vec<_> = report.records.iter().filter(|record| record.turn == Some(0)).collect();
    first.sort_by_key(|record| record.session);
    first
}

#[test]
fn a_closed_load_holds_its_places_while_sessions_think() {
    let server = server_with(Script::new().ttft(2.ms()));
    let think = 100.ms();
    let report = Load::sessions(server.url(), 2, Graphs::of((0..6).map(|_| Graph::chat(2, think)))).run();
    report.assert_completed(12);
    let mut alive: Vec<_> = (0..6)
        .map(|session| {
            let turns = || report.records.iter().filter(|record| record.session == Some(session));
            let begun = turns().map(|record| record.timings.scheduled_at).min().unwrap();
            (begun, turns().map(|record| record.timings.finished_at).max().unwrap())
        })
        .collect();
    alive.sort_unstable();
    for (begun, _) in &alive {
        let others = alive.iter().filter(|(other, ended)| other <= begun && begun < ended);
        assert!(others.count() <= 2, "{alive:?}");
    }
    let (first, last) = (alive[0].0, alive[5].1);
    assert!(last.nanos_since(first) >= (3 * think).as_nanos() as u64);
}

#[test]
fn open_arrivals_do_not_wait_for_sessions_that_think() {
    let server = server_with(Script::new().ttft(2.ms()));
    let sessions = Graphs::endless(Graph::chat(2, 150.ms()));
    for workers in [1, 2] {
        let mut load = Load::sessions(server.url(), 1, sessions.clone()).workers(workers);
        load.config.limits.sessions = Some(20);
        let report = load.model(open(200.0, None)).run();
        report.assert_completed(40);
        let start = report.end.stages[0].load_started_at;
        for (number, record) in first_turns(&report).into_iter().enumerate() {
            assert_eq!(record.session, Some(number as u64));
            let due = start.after(Duration::from_millis(5) * number as u32);
            assert_eq!(record.timings.scheduled_at, due, "{number}");
        }
    }
}

#[test]
fn recorded_arrivals_are_kept() {
    let server = server_with(Script::new().ttft(1.ms()));
    let arrivals: Vec<_> = (0..40)
        .map(|number| Duration::from_micros(number * number * 130))
        .collect();
    let graphs = arrivals.iter().map(|at| Graph::chat(1, Duration::ZERO).at(*at));
    let load = Load::sessions(server.url(), 1, Graphs::of(graphs)).workers(2);
    let report = load.model(LoadModel::Recorded { max_concurrency: None }).run();
    report.assert_completed(40);
    let start = report.end.stages[0].load_started_at;
    let mut late: Vec<_> = first_turns(&report)
        .into_iter()
        .zip(&arrivals)
        .map(|(record, at)| {
            assert_eq!(record.timings.scheduled_at, start.after(*at));
            record.dispatch_delay_ns().unwrap()
        })
        .collect();
    late.sort_unstable();
    // A machine that does other things, too, may be late now and then. What the timer itself costs shows in the middle.
    assert!(late[20] < 5_000_000, "{late:?}");
}

#[test]
fn a_limit_holds_calls_back_and_says_for_how_long() {
    let server = server_with(Script::new().ttft(30.ms()));
    let graphs = Graphs::endless(Graph::chat(2, Duration::ZERO));
    let mut load = Load::sessions(server.url(), 1, graphs).workers(2);
    load.config.limits.sessions = Some(8);
    let report = load.model(open(2_000.0, Some(2))).run();
    report.assert_completed(16);
    assert!(server.stats().peak_open_streams <= 2);
    assert!(report.records.iter().any(|record| record.held_back_ns > 30_000_000));
}

#[test]
fn a_ramp_spreads_the_beginnings_and_connections_are_used_again() {
    let server = FakeServer::new().tokens(2, every(1.ms())).start().unwrap();
    let model = LoadModel::Closed {
        concurrency: NonZeroU32::new(10).unwrap(),
        ramp: Some(200.ms()),
    };
    let load = Load::sessions(server.url(), 10, Graphs::of((0..10).map(|_| Graph::chat(3, 150.ms())))).model(model);
    let report = load.run();
    report.assert_completed(30);
    let begins: Vec<_> = first_turns(&report)
        .iter()
        .map(|record| record.timings.scheduled_at)
        .collect();
    for pair in begins.windows(2) {
        assert_eq!(pair[1].nanos_since(pair[0]), 20_000_000);
    }
    // All were opened ahead.
    assert!(
        report
            .records
            .iter()
            .all(|record| record.http.connection == ConnectionUse::Reused)
    );
    assert_eq!(counts_of(&report).completed, 10);
}
