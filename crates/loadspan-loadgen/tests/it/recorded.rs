//! Recordings against a server, and what it saw.

use std::path::Path;
use std::time::Duration;

use loadspan_loadgen::LoadModel;
use loadspan_loadgen::recorded::{RecordedConfig, RecordedSessions};
use loadspan_loadgen::workload::LengthModel;
use loadspan_testkit::{Answer, DurationExt, FakeServer, RunningServer, Script, every};
use serde_json::{Value, json};

use crate::harness::{Load, Report};

const RECORDED: LoadModel = LoadModel::Recorded { max_concurrency: None };

/// A chat of these milliseconds, as inference-perf writes it.
fn chat(id: &str, (start, end): (u32, u32), messages: &Value, answer: &Value) -> Value {
    let moment = |ms: u32| format!("2025-01-01T00:00:{:02}.{:03}Z", ms / 1000, ms % 1000);
    json!({
        "trace_id": "1", "span_id": id, "name": "chat m", "start_time": moment(start), "end_time": moment(end),
        "attributes": {
            "gen_ai.operation.name": "chat", "gen_ai.usage.output_tokens": 4,
            "gen_ai.input.messages": messages.to_string(), "gen_ai.output.messages": json!([answer]).to_string(),
        },
    })
}

fn said(role: &str, text: &str) -> Value {
    json!({"role": role, "parts": [{"type": "text", "content": text}]})
}

/// The sessions of a file, which lies in the folder.
fn sessions(folder: &Path, file: &str) -> RecordedSessions {
    let path = folder.join("recording");
    std::fs::write(&path, file).unwrap();
    let loaded = RecordedConfig::default().load(&[path]).unwrap();
    loaded.build(&LengthModel::Words).unwrap()
}

fn replay(server: &RunningServer, spans: &[Value]) -> Report {
    let folder = tempfile::tempdir().unwrap();
    let sessions = sessions(folder.path(), &json!({"spans": spans}).to_string());
    Load::sessions(server.url(), 1, sessions).model(RECORDED).run()
}

/// The bodies of the load, in the order in which they came: the first is that of the preflight.
fn bodies(server: &RunningServer) -> Vec<Value> {
    let captured = server.requests();
    let chats = captured
        .iter()
        .filter(|request| request.target.ends_with("/chat/completions"));
    chats.skip(1).map(|request| request.json()).collect()
}

/// When a call was due, and when it had ended, in milliseconds from the start of the load.
fn times(report: &Report, call: u32) -> (u64, u64) {
    let start = report.end.stages[0].load_started_at;
    let record = report.records.iter().find(|record| record.turn == Some(call)).unwrap();
    let since = |at: loadspan_record::RunOffset| at.nanos_since(start) / 1_000_000;
    (since(record.timings.scheduled_at), since(record.timings.finished_at))
}

#[test]
fn a_chain_waits_after_the_answers_of_this_run() {
    let server = FakeServer::new()
        .ttft(30.ms())
        .tokens(4, every(1.ms()))
        .capture(10)
        .start()
        .unwrap();
    let first = said("user", "Tell me about the sea.");
    let answer = said("assistant", "The sea is wide and salt.");
    let spans = [
        chat("a", (0, 500), &json!([first]), &answer),
        chat(
            "b",
            (600, 900),
            &json!([first, answer, said("user", "Go on.")]),
            &said("assistant", "It is deep."),
        ),
    ];
    let report = replay(&server, &spans);
    report.assert_completed(2);
    let (_, ended) = times(&report, 0);
    let (due, _) = times(&report, 1);
    assert!((99..=101).contains(&(due - ended)), "{due} is not 100 ms after {ended}");
    let bodies = bodies(&server);
    let history = bodies[1]["messages"].as_array().unwrap();
    assert_eq!((history.len(), &history[0]), (3, &bodies[0]["messages"][0]));
    assert_ne!(history[1]["content"], "The sea is wide and salt.");
    assert_eq!(bodies[1]["max_completion_tokens"], 4);
}

#[test]
fn a_fan_runs_at_once_and_its_join_waits_for_the_last() {
    let server = FakeServer::new()
        .ttft(60.ms())
        .tokens(4, every(1.ms()))
        .capture(10)
        .start()
        .unwrap();
    let plan = "Ask one about ships, one about sails.";
    let notes = ["Ships are built of oak and iron.", "Sails are sewn of heavy canvas."];
    let ask = |who: &str| json!([said("user", &format!("{plan} You are {who}."))]);
    let spans = [
        chat(
            "a",
            (0, 100),
            &json!([said("user", "Write a book.")]),
            &said("assistant", plan),
        ),
        chat("b", (110, 400), &ask("b"), &said("assistant", notes[0])),
        chat("c", (130, 300), &ask("c"), &said("assistant", notes[1])),
        chat(
            "d",
            (420, 500),
            &json!([said("user", &notes.join(" "))]),
            &said("assistant", "A book of ships."),
        ),
    ];
    let report = replay(&server, &spans);
    report.assert_completed(4);
    let [a, b, c, d] = [0, 1, 2, 3].map(|call| times(&report, call));
    assert!(
        (9..=11).contains(&(b.0 - a.1)) && (29..=31).contains(&(c.0 - a.1)),
        "{a:?} {b:?} {c:?}"
    );
    assert!(c.0 < b.1, "they did not run at once");
    assert!((19..=21).contains(&(d.0 - b.1.max(c.1))), "{d:?} after {b:?} and {c:?}");
}

#[test]
fn ids_of_tool_calls_are_those_that_the_server_gave() {
    let tools = Script::new().answer(Answer::ToolCall);
    let server = FakeServer::new().script(tools).capture(10).start().unwrap();
    let ask = said("user", "What is the weather?");
    let call = json!({"role": "assistant", "parts": [
        {"type": "tool_call", "id": "old", "name": "search", "arguments": {"for": "weather"}},
    ]});
    let result = json!({"role": "tool", "parts": [{"type": "tool_call_response", "id": "old", "response": "rain"}]});
    let spans = [
        chat("a", (0, 10), &json!([ask]), &call),
        chat(
            "b",
            (20, 30),
            &json!([ask, call, result]),
            &said("assistant", "It rains."),
        ),
    ];
    replay(&server, &spans).assert_completed(2);
    let bodies = bodies(&server);
    let history = &bodies[1]["messages"];
    let id = history[1]["tool_calls"][0]["id"].as_str().unwrap();
    assert_eq!((id, &history[2]["tool_call_id"]), ("call_0", &json!("call_0")));
    assert_eq!(history[2]["content"], "rain");
}

#[test]
fn lines_of_a_log_arrive_when_they_did() {
    let server = FakeServer::new().ttft(5.ms()).tokens(2, every(1.ms())).start().unwrap();
    let lines: Vec<String> = (0..200)
        .map(|number| {
            let at = number * 5 + number % 3;
            format!(r#"{{"timestamp": {at}, "input_length": 20, "output_length": 2, "hash_ids": []}}"#)
        })
        .collect();
    let folder = tempfile::tempdir().unwrap();
    for workers in [1, 2] {
        let sessions = sessions(folder.path(), &lines.join("\n"));
        let load = Load::sessions(server.url(), 1, sessions).model(RECORDED);
        let report = load.workers(workers).run();
        report.assert_completed(200);
        let start = report.end.stages[0].load_started_at;
        let mut late: Vec<Duration> = report
            .records
            .iter()
            .map(|record| {
                let number = record.session.unwrap();
                let planned = Duration::from_millis(number * 5 + number % 3);
                assert_eq!(record.timings.scheduled_at, start.after(planned), "line {number}");
                let sent = record.timings.sent_at.unwrap().nanos_since(start);
                Duration::from_nanos(sent)
                    .checked_sub(planned)
                    .expect("it was sent too early")
            })
            .collect();
        late.sort_unstable();
        // On an idle machine p99 is below 2 ms. Tests share theirs with others.
        assert!(
            late[197] < Duration::from_millis(500),
            "p99 of the arrival error is {:?}",
            late[197]
        );
        assert!(late[100] < Duration::from_millis(100), "its median is {:?}", late[100]);
    }
}
