//! What the server sees of recordings that say what was said: how many calls, in what order, and after what.

use loadspan_testkit::{DurationExt, FakeServer, RunningServer, Truth, every};
use serde_json::{Value, json};

use super::{Finished, replay};

/// A request of a replay, as the server has it.
struct Seen {
    messages: Value,
    wanted_tokens: Value,
    truth: Truth,
    /// When it was due, in nanoseconds from the start of the run.
    due_ns: u64,
}

fn server() -> RunningServer {
    let server = FakeServer::new().ttft(5.ms()).tokens(4, every(1.ms()));
    server.capture(100).keep_truths(100).start().unwrap()
}

/// What the server has seen of a run, in the order of arrival, without the requests before the load.
fn seen(server: &RunningServer, run: &Finished) -> Vec<Seen> {
    let records = run.records();
    let stats = server.stats();
    let chats = server.requests().into_iter().filter(|request| !request.body.is_empty());
    let ids = chats.map(|request| (request.header("x-request-id").unwrap().to_owned(), request));
    let seen = ids.filter(|(id, _)| id != "preflight").map(|(id, request)| {
        let record = records
            .iter()
            .find(|record| record["request_id"] == id.as_str())
            .unwrap();
        Seen {
            messages: request.json()["messages"].clone(),
            wanted_tokens: request.json()["max_completion_tokens"].clone(),
            truth: stats.request(&id).unwrap().clone(),
            due_ns: record["timings"]["scheduled_ns"].as_u64().unwrap(),
        }
    });
    let mut seen: Vec<Seen> = seen.collect();
    seen.sort_by_key(|one| one.truth.number);
    seen
}

impl Seen {
    fn last_said(&self) -> &str {
        let last = self.messages.as_array().unwrap().last().unwrap();
        last["content"].as_str().unwrap()
    }

    /// Milliseconds from the last byte of another one to its arrival, and no fewer.
    #[track_caller]
    fn assert_waited(&self, before: &Self, wait_ms: u64) {
        let waited = self.truth.arrived_ns.checked_sub(before.truth.last_byte_ns.unwrap());
        assert!(waited.is_some_and(|waited| waited >= wait_ms * 1_000_000), "{waited:?}");
    }
}

fn said(role: &str, text: &str) -> Value {
    json!({"role": role, "content": text})
}

/// A chat of these milliseconds, as inference-perf writes it.
fn chat((trace, id): (&str, &str), (start, end): (u32, u32), messages: &[Value], answer: &str) -> Value {
    let moment = |ms: u32| format!("2025-01-01T00:00:{:02}.{:03}Z", ms / 1000, ms % 1000);
    let attributes = json!({
        "gen_ai.operation.name": "chat", "gen_ai.request.model": "m", "gen_ai.usage.output_tokens": 4,
        "gen_ai.input.messages": Value::from(messages).to_string(),
        "gen_ai.output.messages": json!([said("assistant", answer)]).to_string(),
    });
    json!({
        "trace_id": trace, "span_id": id, "name": "chat m", "start_time": moment(start), "end_time": moment(end),
        "attributes": attributes,
    })
}

/// A question; two that go on from its answer, of which one is longer; what joins them; and another session.
fn fan() -> String {
    let plan = "Ask one about ships and one about sails.";
    let notes = ["Ships are built of oak and iron.", "Sails are sewn of heavy canvas."];
    let begun = [said("user", "Write a book."), said("assistant", plan)];
    let ask = |what: &str| [&begun[..], &[said("user", what)]].concat();
    let join = [
        said("user", "Join these."),
        said("assistant", notes[0]),
        said("assistant", notes[1]),
        said("user", "Now."),
    ];
    let spans = [
        chat(("1", "a"), (0, 1_000), &begun[..1], plan),
        chat(("1", "b"), (1_500, 2_500), &ask("Ships?"), notes[0]),
        chat(("1", "c"), (1_700, 3_000), &ask("Sails?"), notes[1]),
        chat(("1", "d"), (3_400, 4_000), &join, "A book of ships."),
        chat(("2", "e"), (20_000, 20_500), &[said("user", "And you?")], "Very well."),
    ];
    json!({"spans": spans}).to_string()
}

#[test]
fn a_graph_of_spans_reaches_the_server_in_its_order_and_with_its_waits() {
    let server = server();
    let run = replay(&server, &fan(), "--replay-speed 20").expect_code(0);
    let seen = seen(&server, &run);
    let order: Vec<&str> = seen.iter().map(Seen::last_said).collect();
    assert_eq!(order, ["Write a book.", "Ships?", "Sails?", "Now.", "And you?"]);
    let [a, b, c, d, e] = seen.try_into().ok().unwrap();
    b.assert_waited(&a, 25);
    c.assert_waited(&a, 35);
    // A join waits for all, and then as long as after the last.
    d.assert_waited(&b, 20);
    d.assert_waited(&c, 20);
    assert_eq!(e.due_ns - a.due_ns, 1_000_000_000);
    // The answers are those of this run.
    let answer = b.messages[1]["content"].clone();
    assert_ne!(answer, "Ask one about ships and one about sails.");
    assert_eq!((&c.messages[1]["content"], &b.messages[0]), (&answer, &a.messages[0]));
    // This server says the same to all who want as many tokens.
    assert_eq!([&d.messages[1], &d.messages[2]], [&b.messages[1]; 2]);
    assert!([&a, &b, &c, &d, &e].iter().all(|one| one.wanted_tokens == 4));

    let replay = &run.summary()["replays"][0];
    let counts = ["sessions", "calls", "sent", "completed", "never_sent"].map(|name| replay[name].as_u64().unwrap());
    assert_eq!(counts, [2, 5, 5, 5, 0]);
    assert_eq!(replay["answers"]["substituted"], 4);
    assert_eq!(server.stats().generation_requests, 6);
}

/// The later one stands first, and its time is in milliseconds.
const CONVERSATIONS: &str = r#"[
  {"id": "b", "timestamp": 12000, "conversations": [
    {"from": "human", "value": "Name a sail."}, {"from": "gpt", "value": "The jib, for one."}]},
  {"id": "a", "arrival_time": 2, "conversations": [
    {"from": "system", "value": "Be brief."},
    {"from": "human", "value": "Name a ship."}, {"from": "gpt", "value": "The Alexander von Humboldt is a ship."},
    {"from": "human", "value": "Another."}, {"from": "gpt", "value": "The Passat."},
    {"from": "human", "value": "Thank you."}]}
]"#;

#[test]
fn conversations_reach_the_server_when_they_arrived_and_turn_by_turn() {
    let server = server();
    let run = replay(&server, CONVERSATIONS, "--replay-speed 10").expect_code(0);
    let seen = seen(&server, &run);
    let order: Vec<&str> = seen.iter().map(Seen::last_said).collect();
    assert_eq!(order, ["Name a ship.", "Another.", "Name a sail."]);
    let [first, second, other] = seen.try_into().ok().unwrap();
    second.assert_waited(&first, 0);
    assert_eq!(other.due_ns - first.due_ns, 1_000_000_000);
    assert_eq!(first.messages[0], said("system", "Be brief."));
    assert_eq!(
        first.messages,
        Value::from(second.messages.as_array().unwrap()[..2].to_vec())
    );
    assert_ne!(second.messages[2]["content"], "The Alexander von Humboldt is a ship.");
    assert_eq!(second.messages[2]["role"], "assistant");
    // As many words as the recorded answers, at 1.3 tokens each.
    let wanted = [&first, &second, &other].map(|one| one.wanted_tokens.as_u64().unwrap());
    assert_eq!(wanted, [9, 3, 5]);

    let replay = &run.summary()["replays"][0];
    let counts = ["sessions", "calls", "sent", "completed", "never_sent"].map(|name| replay[name].as_u64().unwrap());
    assert_eq!(counts, [2, 3, 3, 3, 0]);
    assert_eq!(
        (&replay["format"], &replay["single_calls"]),
        (&"sharegpt".into(), &0.into())
    );
    assert_eq!(server.stats().generation_requests, 4);
}
