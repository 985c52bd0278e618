//! Spans with all that was said.

use std::time::Duration;

use loadspan_record::FailureKind;
use loadspan_replay::MissingToolCall;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{answer, begin, calls_tool, compose, failure, says, sessions_of};
use crate::recorded::{Arrivals, CallModel, RecordedConfig};
use crate::sessions::{DueCall, Session, Sessions, TextForm};

/// A chat of these milliseconds in the file of inference-perf.
fn chat(id: &str, (start, end): (u32, u32), messages: &Value, answer: &Value) -> Value {
    let moment = |ms: u32| format!("2025-01-01T00:00:{:02}.{:03}Z", ms / 1000, ms % 1000);
    json!({
        "trace_id": "1", "span_id": id, "name": "chat m", "start_time": moment(start), "end_time": moment(end),
        "attributes": {
            "gen_ai.operation.name": "chat", "gen_ai.request.model": "m", "gen_ai.request.temperature": 0.5,
            "gen_ai.request.stop_sequences": ["END"],
            "gen_ai.usage.input_tokens": 30, "gen_ai.usage.output_tokens": 7,
            "gen_ai.input.messages": messages.to_string(), "gen_ai.output.messages": json!([answer]).to_string(),
        },
    })
}

fn said(role: &str, text: &str) -> Value {
    json!({"role": role, "parts": [{"type": "text", "content": text}]})
}

fn file(spans: &[Value]) -> String {
    json!({"spans": spans}).to_string()
}

const NOTES: [&str; 2] = ["Ships are built of oak and iron.", "Sails are sewn of heavy canvas."];

/// One asks two at once, and joins what they say.
fn fan() -> String {
    let plan = "Ask one about ships and one about sails.";
    let ask = |who: &str| json!([said("user", &format!("{plan} You are {who}."))]);
    file(&[
        chat(
            "a",
            (0, 1000),
            &json!([said("user", "Write a book.")]),
            &said("assistant", plan),
        ),
        chat("b", (1500, 2500), &ask("b"), &said("assistant", NOTES[0])),
        chat("c", (1600, 3000), &ask("c"), &said("assistant", NOTES[1])),
        chat(
            "d",
            (3200, 4000),
            &json!([said("user", &NOTES.join(" "))]),
            &said("assistant", "A book of ships."),
        ),
    ])
}

fn due(call: u32, wait_ms: u64) -> DueCall {
    DueCall {
        call,
        wait: Duration::from_millis(wait_ms),
        not_before: None,
    }
}

#[test]
fn a_join_waits_for_all_and_repeats_the_answers_of_this_run() {
    let sessions = sessions_of(&fan(), RecordedConfig::default());
    assert_eq!((sessions.count(), sessions.arrival(0)), (Some(1), Some(Duration::ZERO)));
    assert!(sessions.session(1).is_none());
    let mut session = sessions.session(0).unwrap();
    let session: &mut dyn Session = &mut *session;
    assert_eq!(begin(session), [due(0, 0)]);
    assert_eq!(session.remaining(), 3);
    assert_eq!(answer(session, 0, says("Another plan.")), [due(1, 500), due(2, 600)]);
    let (body, composed) = compose(session, 2).unwrap();
    assert_eq!(
        body,
        json!({
            "messages": [{"role": "user", "content": "Another plan. You are c."}],
            "temperature": 0.5, "stop": ["END"],
        })
    );
    assert_eq!(composed.form, TextForm::Payload);
    assert_eq!((composed.input_tokens, composed.output_tokens), (Some(30), Some(7)));
    assert_eq!(answer(session, 2, says("No sails.")), []);
    assert_eq!(answer(session, 1, says("No ships.")), [due(3, 200)]);
    // A call that is sent again says the same, and is counted once.
    for _ in 0..2 {
        let (body, _) = compose(session, 3).unwrap();
        assert_eq!(body["messages"][0]["content"], "No ships. No sails.");
    }
    assert_eq!(session.remaining(), 0);
    assert_eq!(sessions.planned().answers.substituted, 3);
}

/// A tool is called, and its result goes back.
fn tool() -> String {
    let ask = said("user", "What is the weather?");
    let call = json!({"role": "assistant", "parts": [
        {"type": "tool_call", "id": "old", "name": "weather", "arguments": {"city": "Bremen"}},
    ]});
    let result = json!({"role": "tool", "parts": [{"type": "tool_call_response", "id": "old", "response": "rain"}]});
    file(&[
        chat("a", (0, 1000), &json!([ask]), &call),
        chat(
            "b",
            (2000, 3000),
            &json!([ask, call, result]),
            &said("assistant", "It rains."),
        ),
    ])
}

#[test]
fn results_of_tools_have_the_ids_of_this_run() {
    let sessions = sessions_of(&tool(), RecordedConfig::default());
    let mut session = sessions.session(0).unwrap();
    begin(&mut *session);
    answer(&mut *session, 0, calls_tool("new", "weather"));
    let (body, _) = compose(&mut *session, 1).unwrap();
    let call = &body["messages"][1]["tool_calls"][0];
    assert_eq!(
        (&call["id"], &body["messages"][2]["tool_call_id"]),
        (&json!("new"), &json!("new"))
    );
    assert_eq!(call["function"]["arguments"], r#"{"b":1, "a":2}"#);
}

#[test]
fn a_tool_that_was_not_called_is_recorded_or_missing() {
    let mut sessions = sessions_of(&tool(), RecordedConfig::default());
    let mut session = sessions.session(0).unwrap();
    begin(&mut *session);
    answer(&mut *session, 0, says("I do not know."));
    let (body, _) = compose(&mut *session, 1).unwrap();
    assert_eq!(body["messages"][2]["tool_call_id"], "old");
    assert_eq!(sessions.planned().answers.recorded, 1);

    let missing = MissingToolCall::Fail;
    sessions = sessions_of(
        &tool(),
        RecordedConfig {
            missing,
            ..RecordedConfig::default()
        },
    );
    session = sessions.session(0).unwrap();
    begin(&mut *session);
    answer(&mut *session, 0, says("I do not know."));
    let unsendable = compose(&mut *session, 1).unwrap_err();
    assert_eq!(unsendable.kind, FailureKind::MissingInput);
    insta::assert_snapshot!(unsendable.message, @"the answer of call 0 does not call the tool weather, of which the recording has a result");
}

#[test]
fn fields_of_the_user_win_and_the_recorded_model_may_be_asked() {
    let config = RecordedConfig {
        model: CallModel::Recorded,
        own_fields: vec!["temperature".to_owned(), "stop".to_owned()],
        ..RecordedConfig::default()
    };
    let sessions = sessions_of(&fan(), config);
    let (body, _) = compose(&mut *sessions.session(0).unwrap(), 0).unwrap();
    assert_eq!(
        body,
        json!({"messages": [{"role": "user", "content": "Write a book."}], "model": "m"})
    );
}

#[test]
fn the_same_recording_and_seed_give_the_same_sequence() {
    let sequence = |config: RecordedConfig| sessions_of(&fan(), config).planned().sequence.unwrap();
    let usual = sequence(RecordedConfig::default());
    assert_eq!(usual, sequence(RecordedConfig::default()));
    let mut faster = RecordedConfig::default();
    faster.options.max_wait = Some(Duration::from_millis(10));
    assert_ne!(usual, sequence(faster));
}

#[test]
fn content_that_was_not_recorded_is_made_up_by_its_length() {
    let mut span = chat("a", (0, 1000), &json!([]), &json!({}));
    let attributes = span["attributes"].as_object_mut().unwrap();
    attributes.remove("gen_ai.input.messages");
    attributes.remove("gen_ai.output.messages");
    let sessions = sessions_of(&file(&[span.clone()]), RecordedConfig::default());
    let (text, composed) = compose(&mut *sessions.session(0).unwrap(), 0).unwrap();
    assert_eq!(text.as_str().unwrap().split(' ').count(), 30);
    assert_eq!((composed.form, composed.input_tokens), (TextForm::Text, Some(30)));
    assert_eq!(sessions.planned().made_up, 1);
    span["attributes"]
        .as_object_mut()
        .unwrap()
        .remove("gen_ai.usage.input_tokens");
    insta::assert_snapshot!(
        failure(&file(&[span]), RecordedConfig::default()),
        @"FILE: nothing is left to send: 1 span cannot be sent again, the first of them chat m: it has neither messages nor the number of their tokens"
    );
}

#[test]
fn conversations_without_times_need_to_be_told_when_they_begin() {
    let conversation = json!([{"id": "x", "conversations": [
        {"from": "human", "value": "Hello"}, {"from": "gpt", "value": "Good day to you, dear friend."},
        {"from": "human", "value": "Again"}, {"from": "gpt", "value": "Good day."},
    ]}]);
    let text = conversation.to_string();
    insta::assert_snapshot!(
        failure(&text, RecordedConfig::default()),
        @"FILE: session x has no time at which it arrived; say when sessions begin with --num-sessions or --session-rate"
    );
    let config = RecordedConfig {
        arrivals: Arrivals::OfLoad,
        ..RecordedConfig::default()
    };
    let sessions = sessions_of(&text, config);
    let mut session = sessions.session(0).unwrap();
    assert_eq!(begin(&mut *session), [due(0, 0)]);
    assert_eq!(answer(&mut *session, 0, says("Hi.")), [due(1, 0)]);
    let (body, _) = compose(&mut *session, 1).unwrap();
    let texts: Vec<_> = body["messages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|message| &message["content"])
        .collect();
    assert_eq!(texts, ["Hello", "Hi.", "Again"]);
}

/// What a call of a made-up recording says: what an earlier one answered, or something of its own.
fn asks(call: usize, after: &[usize]) -> Value {
    let quoted: Vec<String> = after.iter().map(|before| note(*before)).collect();
    json!([said("user", &format!("{} This is question {call}.", quoted.join(" ")))])
}

fn note(call: usize) -> String {
    format!("This is the long answer of call {call}.")
}

proptest! {
    #[test]
    fn each_call_is_due_once_and_after_all_that_it_waits_for(
        calls in prop::collection::vec((0_u32..40, 1_u32..30, prop::collection::vec(any::<prop::sample::Index>(), 0..3)), 1..12),
        order in prop::collection::vec(any::<prop::sample::Index>(), 12),
    ) {
        let mut start = 0;
        let mut spans = Vec::new();
        for (call, (gap, length, after)) in calls.iter().enumerate() {
            start += gap;
            let after: Vec<usize> = after.iter().filter(|_| call > 0).map(|index| index.index(call)).collect();
            let times = (start * 100, (start + length) * 100);
            spans.push(chat(&format!("{call:02}"), times, &asks(call, &after), &said("assistant", &note(call))));
        }
        let sessions = sessions_of(&file(&spans), RecordedConfig::default());
        let mut session = sessions.session(0).unwrap();
        let mut open = begin(&mut *session);
        let mut sent = Vec::new();
        for pick in order.iter().cycle() {
            if open.is_empty() {
                break;
            }
            let due = open.swap_remove(pick.index(open.len()));
            prop_assert!(!sent.contains(&due.call));
            prop_assert!(compose(&mut *session, due.call).is_ok());
            sent.push(due.call);
            open.extend(answer(&mut *session, due.call, says("This is another answer.")));
            prop_assert_eq!(session.remaining() as usize, calls.len() - sent.len() - open.len());
        }
        prop_assert_eq!(sent.len(), calls.len());
        prop_assert_eq!(session.remaining(), 0);
    }
}
