//! Sessions from the command line to the records.

use std::collections::BTreeMap;

use loadspan_testkit::{DurationExt, FakeServer, RunningServer, every};
use serde_json::Value;

use crate::harness::{Finished, Loadspan};

fn server() -> RunningServer {
    FakeServer::new()
        .ttft(2.ms())
        .tokens(6, every(1.ms()))
        .chat_template_tokens(9)
        .capture(1_000)
        .start()
        .unwrap()
}

fn run(server: &RunningServer, flags: &str) -> Finished {
    Loadspan::profile(
        server,
        "--streaming --isl 20 --osl 6 --random-seed 7 --session-header x-session-id",
    )
    .args(flags)
    .run()
}

/// The messages of each call, by session, in the order of their coming.
fn sessions(server: &RunningServer) -> BTreeMap<String, Vec<Vec<Value>>> {
    let mut sessions: BTreeMap<String, Vec<Vec<Value>>> = BTreeMap::new();
    for request in server.requests() {
        if let Some(session) = request.header("x-session-id") {
            let messages = request.json()["messages"].as_array().unwrap().clone();
            sessions.entry(session.to_owned()).or_default().push(messages);
        }
    }
    sessions
}

fn count(of: &[Value], field: &str) -> BTreeMap<u64, usize> {
    let mut counts = BTreeMap::new();
    for record in of {
        *counts.entry(record[field].as_u64().unwrap()).or_default() += 1;
    }
    counts
}

#[test]
fn each_turn_repeats_what_was_said_and_what_the_server_really_answered() {
    let server = server();
    let flags = "--num-sessions 3 --session-count 6 --session-turns-mean 3 --session-turn-delay-mean 20 \
                 --shared-system-prompt-length 32";
    let run = run(&server, flags).expect_code(0);
    let records = run.records();
    assert_eq!(count(&records, "session").into_values().collect::<Vec<_>>(), [3; 6]);
    assert_eq!(count(&records, "turn").into_values().collect::<Vec<_>>(), [6; 3]);
    let sessions = sessions(&server);
    assert_eq!(sessions.len(), 6);
    for calls in sessions.values() {
        assert_eq!(calls.iter().map(Vec::len).collect::<Vec<_>>(), [2, 4, 6]);
        for pair in calls.windows(2) {
            assert_eq!(pair[1][..pair[0].len()], pair[0]);
            let said = &pair[1][pair[0].len()];
            assert_eq!(said["role"], "assistant");
            assert_eq!(said["content"].as_str().unwrap().split_whitespace().count(), 6);
        }
    }
    for record in &records {
        let tokens = &record["tokens"];
        let off = tokens["input"].as_i64().unwrap() - tokens["requested_input"].as_i64().unwrap();
        // The mock has a template for a prompt, and none for a turn.
        assert!(off.abs() <= 1, "{record}");
    }
}

#[test]
fn sessions_that_arrive_by_a_schedule_end_with_their_last_turn() {
    let server = server();
    let run = run(&server, "--session-rate 50 --session-count 10 --session-turns-mean 2").expect_code(0);
    assert_eq!(run.records().len(), 20);
    assert!(run.stdout.contains("50 sessions/s"), "{}", run.stdout);
}

#[test]
fn a_prefix_is_as_long_as_the_share_takes_and_the_run_says_so() {
    let server = server();
    let run = run(
        &server,
        "--num-sessions 2 --session-count 4 --session-turns-mean 2 --prefix-share 0.8",
    )
    .expect_code(0);
    // 40 of 2 × 67 + 20 + 46 tokens are new.
    let workload = &run.json("run/run.json")["workload"];
    assert_eq!(workload["prefix_prompt_tokens"], 67);
    assert!((workload["prefix_share"].as_f64().unwrap() - 0.8).abs() < 0.001);
    assert!(
        run.stdout.contains("sessions share their first 67 tokens"),
        "{}",
        run.stdout
    );
}

#[test]
fn conversations_of_a_file_are_each_sent_once() {
    let server = server();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("conversations.jsonl");
    let lines = concat!(
        r#"{"session_id": "a", "turns": ["one", {"text": "two", "delay": 30, "output_length": 3}]}"#,
        "\n",
        r#"{"messages": [{"role": "user", "content": "three"}, {"role": "assistant", "content": "as it was"}]}"#,
    );
    std::fs::write(&path, lines).unwrap();
    let run = Loadspan::profile(&server, "--num-sessions 1 --session-header x-session-id --input-file")
        .arg(&path)
        .run()
        .expect_code(0);
    let outputs: Vec<_> = run
        .records()
        .iter()
        .map(|record| record["tokens"]["requested_output"].clone())
        .collect();
    assert_eq!(outputs, [Value::Null, 3.into(), 4.into()]);
    let texts: Vec<_> = sessions(&server)
        .into_values()
        .map(|calls| calls[0][0]["content"].clone())
        .collect();
    assert_eq!(texts, ["one", "three"]);
}

#[test]
fn a_conversation_too_long_is_a_failure_of_its_own_or_loses_its_oldest_turns() {
    let server = server();
    let flags = "--num-sessions 1 --session-count 2 --session-turns-mean 4 --max-context 80";
    let failed = run(&server, flags);
    let summary = failed.summary();
    assert_eq!(failed.records().len(), 6, "{summary}");
    let too_long = failed
        .records()
        .iter()
        .filter(|record| record["outcome"]["error"] == "context_too_long")
        .count();
    assert_eq!(too_long, 2, "{:?}", failed.records());
    let cut = run(&server, &format!("{flags} --context-policy drop-oldest")).expect_code(0);
    assert_eq!(cut.records().len(), 8);
    assert!(
        cut.stdout.contains("4 calls were sent without their oldest turns"),
        "{}",
        cut.stdout
    );
}

#[test]
fn a_tool_that_is_called_gives_its_result() {
    let tools = loadspan_testkit::Script::new()
        .ttft(2.ms())
        .tokens(6, every(1.ms()))
        .answer(loadspan_testkit::Answer::ToolCall);
    let server = FakeServer::new().script(tools).capture(1_000).start().unwrap();
    let flags = "--num-sessions 1 --session-count 2 --session-turns-mean 2 --tool-turn-share 1 --tool-time 50ms";
    run(&server, flags).expect_code(0);
    for calls in sessions(&server).values() {
        let [user, assistant, tool] = &calls[1][..] else {
            panic!("{calls:?}")
        };
        assert_eq!((&user["role"], &tool["role"]), (&"user".into(), &"tool".into()));
        assert_eq!(assistant["tool_calls"][0]["id"], tool["tool_call_id"]);
    }
}
