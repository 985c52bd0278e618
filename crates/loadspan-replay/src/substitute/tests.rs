//! Histories with the answers of this run.

use super::*;
use crate::testing::{call, live_calls, session};

const RECORDED: &str = "what was answered back then";

fn sent<const N: usize>(
    session: &Session,
    call: usize,
    live: [Option<Output>; N],
    missing: MissingToolCall,
) -> Result<(String, Vec<Note>), SubstituteError> {
    let graph = Graph::of(session);
    let exchange = Exchange::new(session, &graph, missing);
    let sent = exchange.messages(call, |of| live.get(of)?.as_ref())?;
    let lines: Vec<String> = sent.messages.iter().map(|message| line(message)).collect();
    Ok((lines.join("\n"), sent.notes))
}

fn line(message: &Message) -> String {
    let parts: Vec<String> = message
        .parts
        .iter()
        .map(|part| match part {
            Part::Text(text) => text.clone(),
            Part::ToolCall(call) => format!("{}()={}", call.name, call.id.as_deref().unwrap_or("-")),
            Part::ToolResult(result) => format!("{}={}", result.id.as_deref().unwrap_or("-"), result.content),
            other => format!("{other:?}"),
        })
        .collect();
    format!("{}: {}", message.role.as_str(), parts.join(" "))
}

fn chain() -> Session {
    session([
        call(0, 1).user("Hi").says(RECORDED),
        call(2, 3).user("Hi").assistant(RECORDED).user("And?").says("x"),
    ])
}

/// Asks two tools, two of them alike.
fn tools() -> Session {
    let asked = [("r1", "find"), ("r2", "read"), ("r3", "find")];
    session([
        call(0, 1).user("Hi").calls(&asked),
        call(2, 3)
            .user("Hi")
            .assistant_calls(&asked)
            .tool_result("r2", "two")
            .tool_result("r1", "one")
            .tool_result("r3", "three"),
    ])
}

#[test]
fn an_answer_takes_the_place_of_the_recorded_one() {
    let (messages, notes) = sent(&chain(), 1, [Some(Output::of_text("new"))], MissingToolCall::Fail).unwrap();
    insta::assert_snapshot!(messages, @r"
    user: Hi
    assistant: new
    user: And?
    ");
    assert_eq!(notes, [Note::Substituted { call: 0, left_out: 0 }]);
}

#[test]
fn a_quotation_is_replaced_where_it_stands() {
    let other = "what the other one answered";
    let session = session([
        call(0, 1).user("1").says(&format!("{RECORDED}\n")),
        call(0, 2).user("2").says(other),
        call(3, 4).user(&format!("Compare “{RECORDED}” and “{other}”, or {RECORDED}.")),
    ]);
    let live = [
        Some(Output::of_text(" a ")),
        Some(Output::of_text("b, which is longer than what was there before")),
    ];
    let (messages, _) = sent(&session, 2, live, MissingToolCall::Fail).unwrap();
    insta::assert_snapshot!(messages, @"user: Compare “a” and “b, which is longer than what was there before”, or a.");
}

#[test]
fn ids_of_tool_calls_are_those_of_this_run() {
    let live = live_calls(&[("n1", "read"), ("n2", "find"), ("n3", "other"), ("n4", "find")]);
    let (messages, notes) = sent(&tools(), 1, [Some(live)], MissingToolCall::Fail).unwrap();
    insta::assert_snapshot!(messages, @r#"
    user: Hi
    assistant: find()=n2 read()=n1 find()=n4
    tool: n1="two"
    tool: n2="one"
    tool: n4="three"
    "#);
    assert_eq!(notes, [Note::Substituted { call: 0, left_out: 1 }]);
}

#[test]
fn a_missing_tool_call_is_a_matter_of_policy() {
    let live = || [Some(live_calls(&[("n1", "read"), ("n2", "find")]))];
    let error = sent(&tools(), 1, live(), MissingToolCall::Fail).unwrap_err();
    insta::assert_snapshot!(error, @"the answer of call 0 does not call the tool find, of which the recording has a result");
    let (messages, notes) = sent(&tools(), 1, live(), MissingToolCall::UseRecorded).unwrap();
    insta::assert_snapshot!(messages, @r#"
    user: Hi
    assistant: find()=r1 read()=r2 find()=r3
    tool: r2="two"
    tool: r1="one"
    tool: r3="three"
    "#);
    assert_eq!(notes, [Note::Recorded { call: 0 }]);
}

#[test]
fn no_answer_is_a_matter_of_policy_too() {
    for nothing in [None, Some(Output::of_text(" ")), Some(live_calls(&[("n1", "find")]))] {
        let error = sent(&chain(), 1, [nothing.clone()], MissingToolCall::Fail).unwrap_err();
        assert_eq!(error, SubstituteError::NoAnswer { call: 0 });
        let (messages, _) = sent(&chain(), 1, [nothing], MissingToolCall::UseRecorded).unwrap();
        assert!(messages.contains(RECORDED));
    }
}

#[test]
fn later_calls_have_the_same_history() {
    let session = session([
        call(0, 1).user("Hi").says(RECORDED),
        call(2, 3)
            .user("Hi")
            .assistant(RECORDED)
            .user("And?")
            .says("and that is all of it"),
        call(4, 5)
            .user("Hi")
            .assistant(RECORDED)
            .user("And?")
            .assistant("and that is all of it")
            .user("Oh"),
    ]);
    let live = || [Some(Output::of_text("one")), Some(Output::of_text("two"))];
    let (second, _) = sent(&session, 1, live(), MissingToolCall::Fail).unwrap();
    let (third, _) = sent(&session, 2, live(), MissingToolCall::Fail).unwrap();
    assert!(third.starts_with(&second), "{third}");
    assert_eq!(
        Exchange::new(&session, &Graph::of(&session), MissingToolCall::Fail).needs(2),
        [0, 1]
    );
    insta::assert_snapshot!(third, @r"
    user: Hi
    assistant: one
    user: And?
    assistant: two
    user: Oh
    ");
}
