//! Turns in which a tool has the word.

use serde_json::json;

use super::*;
use crate::conversation::{DelayConfig, ToolConfig, ToolOffer};

fn config_of(share: f64, offer: ToolOffer) -> ConversationConfig {
    ConversationConfig {
        think_time: Some(DelayConfig::exactly(Duration::from_secs(9))),
        tools: Some(ToolConfig {
            share,
            time: Duration::from_secs(2),
            offer,
        }),
        ..config()
    }
}

#[test]
fn a_tool_is_offered_and_its_result_bears_the_id_of_the_call() {
    let sent = play(&build(config_of(0.0, ToolOffer::Offered)), 0, |sent| {
        calling(sent, &["a", "b"])
    });
    let body = sent[1].json();
    assert_eq!(body["tools"][0]["function"]["name"], "search");
    let messages = sent[1].messages();
    assert_eq!(messages[1]["tool_calls"][1]["id"], "b");
    let said = messages[2]["content"].as_str().unwrap();
    assert_eq!(words(said), 20);
    assert_eq!(
        messages[2..],
        [
            json!({"role": "tool", "tool_call_id": "a", "content": said}),
            json!({"role": "tool", "tool_call_id": "b", "content": "ok"}),
        ]
    );
    assert_eq!(sent[1].wait, Duration::from_secs(2));
}

#[test]
fn where_no_tool_is_called_the_user_says_the_result() {
    let sent = play(&build(config_of(1.0, ToolOffer::AlreadyInBody)), 0, counted);
    assert!(is_messages(&sent[1]));
    assert_eq!(sent[1].messages()[2]["role"], "user");
    assert_eq!((sent[0].wait, sent[1].wait), (Duration::ZERO, Duration::from_secs(2)));
}

#[test]
fn a_share_of_the_turns_waits_for_a_tool() {
    let sessions = build(config_of(0.3, ToolOffer::AlreadyInBody));
    let waits: Vec<Duration> = (0..1_000)
        .flat_map(|number| {
            play(&sessions, number, counted)
                .into_iter()
                .skip(1)
                .map(|sent| sent.wait)
        })
        .collect();
    let tools = waits.iter().filter(|wait| **wait == Duration::from_secs(2)).count();
    assert!(
        (tools as f64 / waits.len() as f64 - 0.3).abs() < 0.04,
        "{tools} of {}",
        waits.len()
    );
}

#[test]
fn nobody_expects_a_length_before_tools_are_counted() {
    let sent = play(&build(config_of(0.5, ToolOffer::Offered)), 0, |sent| Answer {
        input_tokens: counted(sent).input_tokens.map(|tokens| tokens + 80),
        ..counted(sent)
    });
    let expected: Vec<_> = sent.iter().map(|sent| sent.composed.input_tokens).collect();
    assert_eq!(expected, [None, Some(150), Some(200)]);
}

#[test]
fn a_call_of_a_tool_is_answered_even_where_none_was_offered() {
    let sent = play(&build(config()), 0, |sent| calling(sent, &["x"]));
    assert_eq!(sent[1].messages()[2]["tool_call_id"], "x");
}
