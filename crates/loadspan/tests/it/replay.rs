//! `--replay` and `loadspan replay inspect`: what was recorded is sent again, and what came of it is told.

mod left;
mod waits;

use loadspan_testkit::{DurationExt, FakeServer, Fault, RunningServer, Script, When, every};
use rustix::process::Signal;
use serde_json::Value;

use crate::harness::{Finished, Loadspan};
use crate::serve::client::Serving;

/// Lines as Mooncake writes them; the third is none.
const LOG: &str = r#"{"timestamp": 0, "input_length": 40, "output_length": 3, "hash_ids": [1, 2]}
{"timestamp": 60, "input_length": 40, "output_length": 4, "hash_ids": [1, 3]}
oops
{"timestamp": 90, "input_length": 20, "output_length": 5, "hash_ids": [1]}
"#;

fn server() -> RunningServer {
    let server = FakeServer::new().ttft(5.ms()).tokens(4, every(1.ms()));
    server.capture(1_000).start().unwrap()
}

/// Replays a file of this text.
fn replay(server: &RunningServer, text: &str, flags: &str) -> Finished {
    let run = Loadspan::profile(server, "--streaming --random-seed 7 --replay recording").args(flags);
    std::fs::write(run.folder().join("recording"), text).unwrap();
    run.run()
}

/// The messages of the last requests, in the order in which they came.
fn messages(server: &RunningServer, last: usize) -> Vec<Value> {
    let requests = server.requests();
    let chats: Vec<_> = requests.iter().filter(|request| !request.body.is_empty()).collect();
    let last = &chats[chats.len() - last..];
    last.iter().map(|request| request.json()["messages"].clone()).collect()
}

/// When each request of a run was due, in milliseconds after the first.
fn arrivals(run: &Finished) -> Vec<u64> {
    times(run, "scheduled_ns")
}

fn times(run: &Finished, name: &str) -> Vec<u64> {
    let mut due: Vec<u64> = run
        .records()
        .iter()
        .map(|record| record["timings"][name].as_u64().unwrap())
        .collect();
    due.sort_unstable();
    due.iter().map(|at| (at - due[0]) / 1_000_000).collect()
}

/// Runs a benchmark whose telemetry goes to a tracking server of its own, and then replays it from there.
fn round_trip(server: &RunningServer, flags: &str) -> (Finished, Finished) {
    let tracking = Serving::start("");
    let url = format!("http://{}", tracking.address());
    let telemetry = format!("--streaming --stream traces --capture-content --otel-url {url}");
    let recorded = Loadspan::profile(server, flags).args(&telemetry).run().expect_code(0);
    let source = format!("{url}/?experiment=loadspan");
    let replayed = Loadspan::profile(server, "--streaming --replay")
        .arg(source)
        .run()
        .expect_code(0);
    tracking.stop(Signal::TERM);
    (recorded, replayed)
}

#[test]
fn a_run_replays_from_its_own_telemetry() {
    let server = server();
    let (recorded, replayed) = round_trip(&server, "--request-rate 40 --request-count 12 --isl 12 --osl 4");
    let all = messages(&server, 24 + 1);
    // Between the two there is the first request of the second, which asks whether the server is there.
    let (before, after) = (&all[..12], &all[13..]);
    assert_eq!(before, after);
    let (before, after) = (times(&recorded, "sent_ns"), arrivals(&replayed));
    let off = before
        .iter()
        .zip(&after)
        .map(|(before, after)| before.abs_diff(*after))
        .max()
        .unwrap();
    assert!(off <= 1, "{before:?}\n{after:?}");
    let replay = &replayed.summary()["replays"][0];
    assert_eq!(
        (&replay["calls"], &replay["sent"], &replay["never_sent"]),
        (&12.into(), &12.into(), &0.into())
    );
    assert_eq!(replay["input"]["wanted"], replay["input"]["got"]);
    // They were requests by themselves, and are again.
    assert_eq!(replay["single_calls"], 12);
    assert!(replayed.summary().get("sessions").is_none());
    assert!(
        replayed.stdout.contains("Replay   12 of 12 calls of http://127.0.0.1:"),
        "{}",
        replayed.stdout
    );
}

#[test]
fn sessions_replay_from_their_own_telemetry() {
    let server = server();
    let flags =
        "--num-sessions 2 --session-count 3 --session-turns-mean 3 --session-turn-delay-mean 30 --isl 12 --osl 4";
    let (recorded, replayed) = round_trip(&server, flags);
    assert_eq!(recorded.records().len(), replayed.records().len());
    let turns = |run: &Finished| {
        let mut turns: Vec<_> = run.records().iter().map(|record| record["turn"].as_u64()).collect();
        turns.sort_unstable();
        turns
    };
    assert_eq!(turns(&recorded), turns(&replayed));
    let replay = &replayed.summary()["replays"][0];
    let calls = recorded.records().len() as u64;
    assert_eq!((&replay["sessions"], &replay["sent"]), (&3.into(), &calls.into()));
    assert!(replay["answers"]["substituted"].as_u64().unwrap() >= 3, "{replay}");
    // Each later turn begins with all of the turn before it, as this server has answered.
    for said in messages(&server, replayed.records().len()) {
        let roles: Vec<_> = said
            .as_array()
            .unwrap()
            .iter()
            .map(|message| message["role"].clone())
            .collect();
        let expected = ["user", "assistant"].iter().cycle().take(roles.len());
        assert!(
            roles.iter().zip(expected).all(|(role, expected)| role == expected),
            "{roles:?}"
        );
    }
}

#[test]
fn tools_are_offered_again_and_their_calls_take_the_place_of_the_recorded_ones() {
    let script = Script::new().ttft(2.ms()).tokens(6, every(1.ms()));
    let script = script.answer(loadspan_testkit::Answer::ToolCall);
    let server = FakeServer::new().script(script).capture(1_000).start().unwrap();
    let flags = "--num-sessions 1 --session-count 2 --session-turns-mean 3 --isl 12 --tool-turn-share 1";
    let (_, replayed) = round_trip(&server, flags);
    // The first of the second run asks whether the server is there.
    let requests = server.requests();
    let bodies: Vec<Value> = requests
        .iter()
        .filter(|request| !request.body.is_empty())
        .map(|request| request.json())
        .collect();
    let (before, after) = bodies.split_at(bodies.len() - 7);
    let (before, after) = (&before[before.len() - 6..], &after[1..]);
    let told = |bodies: &[Value], what: &str| -> Vec<String> {
        let mut told: Vec<_> = bodies.iter().map(|body| body[what].to_string()).collect();
        told.sort_unstable();
        told
    };
    assert!(
        before
            .iter()
            .all(|body| body["tools"][0]["function"]["name"] == "search"),
        "{before:?}"
    );
    assert_eq!(told(before, "tools"), told(after, "tools"));
    assert_eq!(told(before, "messages"), told(after, "messages"));
    let replay = &replayed.summary()["replays"][0];
    // Two answers of each session of three turns, one of them in two later turns.
    assert_eq!(
        (&replay["answers"]["substituted"], &replay["answers"]["recorded"]),
        (&6.into(), &0.into())
    );
}

#[test]
fn a_log_is_sent_as_it_says_and_what_cannot_be_read_is_told() {
    let server = server();
    let run = replay(&server, LOG, "--replay-block-tokens 20 --replay-speed 2").expect_code(0);
    assert_eq!(arrivals(&run), [0, 30, 45]);
    let texts: Vec<String> = messages(&server, 3)
        .iter()
        .map(|said| said[0]["content"].as_str().unwrap().to_owned())
        .collect();
    let begins = texts[0].split(' ').take(20).collect::<Vec<_>>().join(" ");
    assert!(texts.iter().all(|text| text.starts_with(&begins)), "{texts:?}");
    assert_ne!(texts[0], texts[1]);
    let summary = run.summary();
    let replay = &summary["replays"][0];
    assert_eq!(
        (&replay["input"]["wanted"], &replay["input"]["got"]),
        (&100.into(), &100.into())
    );
    assert_eq!(replay["left"]["unread_lines"], 1);
    let notices = summary["notices"].to_string();
    assert!(
        notices.contains("1 line cannot be read, the first of them recording:3:"),
        "{notices}"
    );
    assert!(replay["arrival_error"]["p99"].as_f64().unwrap() < 50.0, "{replay}");
}

#[test]
fn the_same_recording_and_seed_have_the_same_sequence() {
    let server = server();
    let sequence = |flags: &str| {
        let run = replay(&server, LOG, flags).expect_code(0);
        run.summary()["replays"][0]["sequence"].as_str().unwrap().to_owned()
    };
    let usual = sequence("--replay-block-tokens 20");
    assert_eq!(usual, sequence("--replay-block-tokens 20"));
    assert_ne!(usual, sequence("--replay-block-tokens 20 --replay-speed 3"));
}

#[test]
fn sessions_of_a_log_may_begin_when_the_user_says() {
    let server = server();
    let run = replay(&server, LOG, "--replay-block-tokens 20 --num-sessions 1").expect_code(0);
    assert_eq!(run.records().len(), 3);
    let load = &run.summary()["load"];
    assert_eq!(load["mode"], "closed_sessions", "{load}");
}

#[test]
fn what_cannot_be_replayed_is_refused_before_the_load() {
    let server = server();
    let refused = |text: &str, flags: &str, said: &str| {
        let run = replay(&server, text, flags).expect_code(2);
        assert!(run.stderr.contains(said), "{said}: {}", run.stderr);
    };
    refused(LOG, "--replay-block-tokens 20 --strict", "recording:3: expected value");
    refused("words", "", "recording: cannot tell what it is: say which of otlp-json");
    refused(
        LOG,
        "--replay-block-tokens 20 --isl 5",
        "--isl has no effect with --replay",
    );
    refused(
        LOG,
        "--replay-experiment x",
        "--replay-experiment has no effect unless --replay is the URL of a server",
    );
    refused(
        LOG,
        "--replay-block-tokens 20 --num-sessions 1 --replay-window 1h..",
        "nothing is left to send",
    );
    let alone = Loadspan::profile(&server, "--replay-speed 2").run().expect_code(2);
    assert!(
        alone.stderr.contains("--replay-speed has no effect without --replay"),
        "{}",
        alone.stderr
    );
    let nowhere = Loadspan::profile(&server, "--replay http://127.0.0.1:9/")
        .run()
        .expect_code(2);
    assert!(nowhere.stderr.contains("--replay-experiment"), "{}", nowhere.stderr);
    let secret = Loadspan::profile(&server, "--replay http://me:canary@h/")
        .run()
        .expect_code(2);
    assert!(!secret.stderr.contains("canary"), "{}", secret.stderr);
}

/// A chain of two calls, in the file of inference-perf.
const CHAIN: &str = r#"{"spans": [
  {"trace_id": "t", "span_id": "a", "name": "chat m", "start_time": "2025-01-01T00:00:00Z", "end_time": "2025-01-01T00:00:01Z",
   "attributes": {"gen_ai.operation.name": "chat", "gen_ai.request.model": "m",
    "gen_ai.input.messages": "[{\"role\":\"user\",\"content\":\"Name a ship.\"}]",
    "gen_ai.output.messages": "[{\"role\":\"assistant\",\"content\":\"The one I know is the Alexander von Humboldt.\"}]"}},
  {"trace_id": "t", "span_id": "b", "name": "chat m", "start_time": "2025-01-01T00:00:02Z", "end_time": "2025-01-01T00:00:03Z",
   "attributes": {"gen_ai.operation.name": "chat", "gen_ai.request.model": "m",
    "gen_ai.input.messages": "[{\"role\":\"user\",\"content\":\"Name a ship.\"},{\"role\":\"assistant\",\"content\":\"The one I know is the Alexander von Humboldt.\"},{\"role\":\"user\",\"content\":\"Another.\"}]",
    "gen_ai.output.messages": "[{\"role\":\"assistant\",\"content\":\"The Gorch Fock.\"}]"}}
]}"#;

fn inspect(text: &str, flags: &str) -> Finished {
    let run = Loadspan::new(&["replay", "inspect", "recording"]).args(flags);
    std::fs::write(run.folder().join("recording"), text).unwrap();
    run.run()
}

#[test]
fn a_graph_that_cannot_be_drawn_is_a_mistake_in_svg() {
    let said = |flags: &str| inspect(CHAIN, flags).expect_code(2).stderr;
    let nothing = said("--svg graph.svg --max-sessions 0");
    assert_eq!(nothing, "error: --svg: there is no session to be drawn\n");
    let nowhere = said("--svg nowhere/graph.svg");
    assert!(
        nowhere.starts_with("error: --svg: cannot write nowhere/graph.svg: "),
        "{nowhere}"
    );
}

#[test]
fn a_call_that_fails_ends_its_session_and_the_report_says_so() {
    // The first request asks whether the server is there.
    let failing = Script::new().fault(Fault::too_many_requests(1.secs()));
    let server = FakeServer::new().on(When::EveryNth(2), failing).start().unwrap();
    let run = replay(&server, CHAIN, "--max-wait 10ms").expect_code(3);
    let replay = &run.summary()["replays"][0];
    let count = |name: &str| replay[name].as_u64().unwrap();
    assert_eq!(
        (
            count("calls"),
            count("sent"),
            count("completed"),
            count("failed"),
            count("never_sent")
        ),
        (2, 1, 0, 1, 1)
    );
    assert!(run.stdout.contains("1 failed, 1 never sent"), "{}", run.stdout);
    let report = run.report("--output-format json").expect_code(0);
    let again: Value = serde_json::from_str(&report.stdout).unwrap();
    assert_eq!(&again["replays"][0], replay);
}

#[test]
fn inspect_tells_the_graph_and_draws_it() {
    let told = inspect(CHAIN, "--svg graph.svg").expect_code(0);
    insta::assert_snapshot!(told.stdout, @r"
    recording (inference-perf)
    1 session, 2 calls
    edges: 1 by continuation

    session t: 2 calls, 1 edge
      #0  at 0.000 s, took 1.000 s: chat m [a]
      #1  wait 1.000 s, took 1.000 s: chat m [b]
           after #0: continuation
    ");
    let svg = std::fs::read_to_string(told.path("graph.svg")).unwrap();
    assert!(svg.starts_with("<svg") && svg.contains("continuation"), "{svg}");
    let told = inspect(CHAIN, "--output-format json").expect_code(0);
    let json: Value = serde_json::from_str(&told.stdout).unwrap();
    assert_eq!(json["sessions"][0]["calls"][1]["after"][0]["reason"], "continuation");
    assert_eq!(json["sessions"][0]["calls"][1]["wait_s"], 1.0);
}

#[test]
fn inspect_sums_up_a_log() {
    let told = inspect(LOG, "--replay-block-tokens 20").expect_code(0);
    insta::assert_snapshot!(told.stdout, @r"
    recording (mooncake)
    3 calls over 0.1 s, 33.33 a second
    input: 100 tokens, 33 a call, at most 40
    output: 12 tokens, 4 a call, at most 5
    calls with hash_ids: 3
    not read: recording:3: expected value, at column 1
    ");
    let strict = inspect(LOG, "--replay-block-tokens 20 --strict").expect_code(2);
    assert!(strict.stderr.contains("recording:3"), "{}", strict.stderr);
}
