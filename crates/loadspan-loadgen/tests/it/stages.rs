//! Stages: one after the other, with numbers that go on.

use std::sync::Arc;
use std::time::{Duration, Instant};

use loadspan_loadgen::sessions::Sessions;
use loadspan_loadgen::{FailureThreshold, Listeners, RunEvent, RunPlan, StagePlan, StageRole, StopReason, Traffic};
use loadspan_record::Phase;
use loadspan_testkit::{DurationExt, FakeServer, Fault, Script, When};

use crate::harness::{Load, Running, eventually, server_with};
use crate::sessions::{Graph, Graphs};

/// A plan with a stage for each of `changes`, made out of the first.
fn staged<const N: usize>(load: Load, changes: [fn(&mut StagePlan); N]) -> (RunPlan, loadspan_loadgen::RunClock) {
    let (mut plan, clock) = load.plan();
    let first = plan.stages.remove(0);
    plan.stages = changes
        .map(|change| {
            let mut stage = first.clone();
            change(&mut stage);
            stage
        })
        .into();
    (plan, clock)
}

fn sessions(sessions: impl Sessions + 'static) -> Traffic {
    Traffic::Sessions(Arc::new(sessions))
}

#[test]
fn stages_follow_each_other_and_numbers_go_on() {
    let server = server_with(Script::new().ttft(3.ms()));
    let pause = 60.ms();
    let (plan, clock) = staged(
        Load::closed(server.url(), 4, 10).workers(2),
        [
            |_| {},
            |stage| {
                stage.load.limits.requests = Some(7);
                stage.pause = 60.ms();
            },
        ],
    );
    let report = Running::start(plan, clock).unwrap().report();
    report.assert_completed(17);
    let indices: Vec<_> = report.records.iter().map(|record| record.id.index).collect();
    assert_eq!(indices, (0..17).collect::<Vec<_>>());
    let of = |stage| report.records.iter().filter(move |record| record.stage == stage);
    assert_eq!((of(0).count(), of(1).count()), (10, 7));
    let [first, second] = &report.end.stages[..] else {
        panic!("two stages")
    };
    assert_eq!((first.stage, second.stage), (0, 1));
    assert!(of(0).all(|record| record.timings.finished_at <= first.ended_at));
    assert!(of(1).all(|record| record.timings.scheduled_at >= second.load_started_at));
    assert!(second.load_started_at.nanos_since(first.ended_at) >= pause.as_nanos() as u64);
    assert_eq!(report.end.load_started_at, first.load_started_at);
    assert_eq!(report.end.measure_started_at, first.measure_started_at);
    assert_eq!(report.end.ended_at, second.ended_at);
    assert_eq!(report.end.workers.len(), 2);
    assert_eq!((first.sessions, second.sessions), (None, None));
}

#[test]
fn requests_then_sessions_then_more_sessions() {
    let server = server_with(Script::new().ttft(2.ms()));
    let (plan, clock) = staged(
        Load::closed(server.url(), 2, 5).workers(2),
        [
            |_| {},
            |stage| {
                stage.traffic = sessions(Graphs::endless(Graph::chat(2, 1.ms())));
                stage.load.limits.requests = None;
                stage.load.limits.sessions = Some(3);
            },
            |stage| {
                stage.traffic = sessions(Graphs::of([Graph::chat(2, 1.ms()), Graph::chat(1, 1.ms())]));
                stage.load.limits.requests = None;
            },
        ],
    );
    let report = Running::start(plan, clock).unwrap().report();
    report.assert_completed(5 + 6 + 3);
    let mut indices: Vec<_> = report.records.iter().map(|record| record.id.index).collect();
    indices.dedup();
    assert_eq!(indices, (0..14).collect::<Vec<_>>());
    let mut found: Vec<_> = report
        .records
        .iter()
        .map(|record| (record.stage, record.session, record.turn))
        .collect();
    found.sort_unstable();
    found.dedup();
    let turn = |stage, session, turn| (stage, Some(session), Some(turn));
    let expected = [
        turn(1, 0, 0),
        turn(1, 0, 1),
        turn(1, 1, 0),
        turn(1, 1, 1),
        turn(1, 2, 0),
        turn(1, 2, 1),
        turn(2, 3, 0),
        turn(2, 3, 1),
        turn(2, 4, 0),
    ];
    assert_eq!(found[0], (0, None, None));
    assert_eq!(found[1..], expected);
    assert_eq!(report.end.stages[1].sessions.unwrap().completed, 3);
}

#[test]
fn all_of_a_warm_up_stage_is_warm_up() {
    let server = server_with(Script::new().ttft(2.ms()));
    for traffic in [None, Some(sessions(Graphs::endless(Graph::chat(2, 1.ms()))))] {
        let (mut plan, clock) = staged(
            Load::closed(server.url(), 2, 6),
            [|stage| stage.role = StageRole::Warmup, |_| {}],
        );
        for stage in &mut plan.stages {
            stage.traffic = traffic.clone().unwrap_or_else(|| stage.traffic.clone());
        }
        let report = Running::start(plan, clock).unwrap().report();
        for record in &report.assert_completed(12).records {
            let expected = [Phase::Warmup, Phase::Measure][record.stage as usize];
            assert_eq!(record.phase, expected);
        }
        assert_eq!(report.end.stages[0].measure_started_at, None);
        assert_eq!(report.end.measure_started_at, report.end.stages[1].measure_started_at);
    }
}

#[test]
fn failures_in_one_stage_are_the_end_of_the_run() {
    let server = FakeServer::new()
        .on(When::First(1), Script::new())
        .script(Script::new().fault(Fault::status(500)))
        .start()
        .unwrap();
    let (mut plan, clock) = staged(Load::closed(server.url(), 2, 1_000_000), [|_| {}, |_| {}]);
    plan.stages[0].load.limits.failures = Some(FailureThreshold::Count(5));
    let report = Running::start(plan, clock).unwrap().report();
    assert_eq!(report.end.reason, StopReason::FailureThreshold);
    assert_eq!(report.end.stages.len(), 1);
}

#[test]
fn a_stop_in_a_pause_ends_the_run_at_once() {
    let server = server_with(Script::new());
    let (plan, clock) = staged(
        Load::closed(server.url(), 1, 3),
        [|_| {}, |stage| stage.pause = Duration::from_secs(600)],
    );
    let running = Running::start(plan, clock).unwrap();
    eventually(|| server.stats().generation_requests == 4);
    std::thread::sleep(100.ms());
    let stopped = Instant::now();
    running.run.stopper().stop();
    let report = running.report();
    assert!(stopped.elapsed() < 2.secs());
    assert_eq!(
        (report.end.stages.len(), report.end.reason),
        (1, StopReason::Interrupted)
    );
    report.assert_completed(3);
}

#[test]
fn listeners_hear_of_each_stage_before_the_next_begins() {
    let server = server_with(Script::new().ttft(2.ms()));
    let (plan, clock) = staged(Load::closed(server.url(), 2, 4), [|_| {}, |_| {}]);
    let mut listeners = Listeners::default();
    let events = listeners.subscribe(10_000);
    loadspan_loadgen::start(plan, clock, listeners).unwrap().join().unwrap();
    let mut heard = Vec::new();
    while let Some(event) = events.next() {
        match event {
            RunEvent::LoadStarted { stage, .. } => heard.push(format!("{stage} begins")),
            RunEvent::StageEnded(end) => heard.push(format!("{} ended", end.stage)),
            RunEvent::Records(batch) => heard.extend(batch.first().map(|record| format!("{} records", record.stage))),
            RunEvent::Finished(_) => heard.push("finished".to_owned()),
            RunEvent::Progress(_) => {}
        }
    }
    heard.dedup();
    let expected = [
        "0 begins",
        "0 records",
        "0 ended",
        "1 begins",
        "1 records",
        "1 ended",
        "finished",
    ];
    assert_eq!(heard, expected);
}
