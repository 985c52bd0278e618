//! Each call once, after all that it waits for, and not before its time.

use std::collections::BTreeMap;
use std::time::Duration;

use loadspan_loadgen::LoadModel;
use loadspan_record::RequestRecord;
use loadspan_testkit::{DurationExt, FakeServer, RunningServer, Script, every};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use super::{Call, Graph, Graphs, counts_of};
use crate::harness::{Load, Report, server_with};

type ByCall<'a> = BTreeMap<(u64, u32), &'a RequestRecord>;

fn by_call(report: &Report) -> ByCall<'_> {
    let calls: ByCall<'_> = report
        .records
        .iter()
        .map(|record| ((record.session.unwrap(), record.turn.unwrap()), record))
        .collect();
    assert_eq!(calls.len(), report.records.len(), "a call was sent twice");
    calls
}

/// Asserts of every call that it was due exactly when its graph says, and sent no earlier.
fn assert_faithful(report: &Report, graphs: &[Graph]) {
    let calls = by_call(report);
    for (number, graph) in (0..).zip(graphs) {
        for (call, written) in (0..).zip(&graph.calls) {
            let record = calls[&(number, call)];
            let ended = written
                .after
                .iter()
                .map(|earlier| calls[&(number, *earlier)].timings.finished_at);
            let base = ended.max();
            if let Some(base) = base {
                assert_eq!(record.timings.scheduled_at, base.after(written.wait), "{number} {call}");
            }
            assert!(
                record.timings.sent_at.unwrap() >= record.timings.scheduled_at,
                "{number} {call}"
            );
            assert_eq!(record.turns, Some(graph.calls.len() as u32));
        }
    }
    assert_eq!(calls.len(), graphs.iter().map(|graph| graph.calls.len()).sum::<usize>());
}

#[test]
fn turns_follow_each_other_and_a_join_waits_for_all() {
    let server = server_with(Script::new().ttft(5.ms()));
    let graphs = [
        Graph::chat(4, 20.ms()),
        Graph::of([
            Call::default(),
            Call::after(0, 30.ms()),
            Call::after(0, 0.ms()),
            Call {
                after: vec![1, 2],
                wait: 10.ms(),
                unsendable: false,
            },
        ]),
    ];
    let report = Load::sessions(server.url(), 2, Graphs::of(graphs.clone())).run();
    report.assert_completed(8);
    assert_faithful(&report, &graphs);
    let counts = counts_of(&report);
    assert_eq!((counts.started, counts.completed, counts.never_sent), (2, 2, 0));
}

#[test]
fn waiting_is_no_part_of_any_latency() {
    let server = server_with(Script::new().ttft(5.ms()));
    let think = 300.ms();
    let report = Load::sessions(server.url(), 1, Graphs::of([Graph::chat(3, think)])).run();
    for record in &report.assert_completed(3).records {
        let Some(sent) = record.timings.sent_at else {
            panic!("it was sent")
        };
        assert!(record.timings.finished_at.millis_since(sent) < 150.0);
        assert!(record.dispatch_delay_ns().unwrap() < 150_000_000);
    }
    let (first, last) = (&report.records[0].timings, &report.records[2].timings);
    assert!(last.finished_at.nanos_since(first.scheduled_at) >= (2 * think).as_nanos() as u64);
}

/// The messages of each turn, as the server got them.
fn messages(server: &RunningServer) -> BTreeMap<String, Vec<serde_json::Value>> {
    let mut turns = BTreeMap::new();
    for request in server.requests() {
        let Some(id) = request.header("x-request-id") else {
            continue;
        };
        if let Some(messages) = request.json()["messages"].as_array() {
            turns.insert(id.to_owned(), messages.clone());
        }
    }
    turns
}

#[test]
fn the_servers_real_answers_are_repeated() {
    for streaming in [true, false] {
        let server = FakeServer::new().tokens(5, every(0.ms())).capture(100).start().unwrap();
        let graphs = Graphs::of((0..3).map(|_| Graph::chat(3, 1.ms())));
        let mut load = Load::sessions(server.url(), 2, graphs.clone()).workers(2);
        load.preflight.streaming = streaming;
        let report = load.run();
        report.assert_completed(9);
        let sent = messages(&server);
        let said: BTreeMap<_, _> = graphs
            .answers()
            .into_iter()
            .map(|(session, call, answer)| ((session, call), answer))
            .collect();
        for record in report.records.iter().filter(|record| record.turn > Some(0)) {
            let (session, turn) = (record.session.unwrap(), record.turn.unwrap());
            let answer = &said[&(session, turn - 1)];
            assert_eq!(answer.text.split_whitespace().count(), 5);
            assert_eq!((answer.output_tokens, answer.input_tokens.is_some()), (Some(5), true));
            let messages = &sent[&record.id.to_string()];
            assert_eq!(messages[1]["content"], answer.text, "{session} {turn}");
        }
    }
}

/// Graphs in which a call waits for any of the earlier ones.
fn graphs() -> impl Strategy<Value = Vec<Graph>> {
    let call = (any::<u8>(), 0_u64..4);
    let graph = proptest::collection::vec(call, 1..7).prop_map(|calls| {
        Graph::of((0_u32..).zip(calls).map(|(number, (mask, wait))| Call {
            after: (0..number).filter(|earlier| mask & (1 << earlier) != 0).collect(),
            wait: Duration::from_millis(wait),
            unsendable: false,
        }))
    });
    proptest::collection::vec(graph, 1..12)
}

#[test]
fn every_call_is_sent_once_after_all_that_it_waits_for() {
    let server = server_with(Script::new().tokens(2, every(1.ms())).jitter(1.0));
    let url = server.url();
    let cases = Config {
        cases: 12,
        failure_persistence: None,
        ..Config::default()
    };
    let mut runner = TestRunner::new(cases);
    let ran = runner.run(&(graphs(), 1_usize..4, any::<bool>()), |(graphs, workers, recorded)| {
        let mut load = Load::sessions(&url, 4, Graphs::of(graphs.clone())).workers(workers);
        if recorded {
            load = load.model(LoadModel::Recorded { max_concurrency: None });
        }
        let report = load.run();
        assert_faithful(&report, &graphs);
        assert_eq!(counts_of(&report).completed, graphs.len() as u64);
        // All of a session is on one worker, and no number of a request is given twice.
        let calls = by_call(&report);
        for ((session, _), record) in &calls {
            assert_eq!(record.worker, calls[&(*session, 0)].worker);
        }
        let indices: Vec<_> = report.records.iter().map(|record| record.id.index).collect();
        assert_eq!(indices, (0..report.records.len() as u64).collect::<Vec<_>>());
        Ok(())
    });
    ran.unwrap();
}
