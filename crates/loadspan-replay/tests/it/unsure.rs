//! What cannot be used is said, with why.

use insta::assert_snapshot;

use crate::harness::*;

#[test]
fn spans_that_cannot_be_sent_again_are_named() {
    let mut embedding = span("e", 0, 10).with("gen_ai.operation.name", "embeddings");
    embedding = embedding.named("embeddings \u{1b}[31mm");
    assert_snapshot!(graphs([
        embedding,
        chat("a", 0, 10),
        chat("b", 0, 10).with("gen_ai.input.messages", "[3, 4]"),
        tool("t", 0, 10),
        span("other", 0, 10),
    ]), @r"
    not used: embeddings �[31mm (6500000000000000): embeddings are not sent again: nothing goes on from them
    not used: chat m (6100000000000000): it has neither messages nor the number of their tokens
    not used: chat m (6200000000000000): it has neither messages nor the number of their tokens
    ");
}

#[test]
fn a_span_that_comes_twice_is_one() {
    let recording = recording_of(otlp(&[chat("a", 0, 10).counts(1, 1), chat("a", 0, 10).counts(1, 1)]));
    assert_eq!(recording.sessions[0].calls().len(), 1);
}

#[test]
fn content_may_be_on_an_event() {
    let mut document: serde_json::Value = serde_json::from_str(&otlp(&[chat("a", 0, 10)])).unwrap();
    let messages = serde_json::json!([user("Hi")]).to_string();
    document["resourceSpans"][0]["scopeSpans"][0]["spans"][0]["events"] = serde_json::json!([{
        "name": "gen_ai.client.inference.operation.details",
        "attributes": [{"key": "gen_ai.input.messages", "value": {"stringValue": messages}}],
    }]);
    let recording = recording_of(document.to_string());
    assert_eq!(recording.sessions[0].calls()[0].messages[0].text(), "Hi");
}

#[test]
fn a_call_may_have_more_than_its_messages() {
    let spans = [chat("a", 0, 10)
        .asks([user("Hi")])
        .says("Ho")
        .counts(7, 8)
        .with("gen_ai.request.temperature", 0.5)
        .with("gen_ai.request.max_tokens", 9)
        .with(
            "gen_ai.system_instructions",
            r#"[{"type":"text","content":"Be brief"}]"#,
        )
        .with("gen_ai.tool.definitions", r#"[{"type":"function","name":"search"}]"#)];
    let recording = recording_of(otlp(&spans));
    let call = &recording.sessions[0].calls()[0];
    assert_eq!(
        (call.model.as_deref(), call.input_tokens, call.output_tokens),
        (Some("m"), Some(7), Some(8))
    );
    assert_eq!(
        serde_json::to_string(&call.parameters).unwrap(),
        r#"{"max_tokens":9,"temperature":0.5}"#
    );
    assert_eq!(call.tools.as_ref().unwrap()[0]["name"], "search");
    let said: Vec<_> = call
        .messages
        .iter()
        .map(|message| (message.role.as_str(), message.text()))
        .collect();
    assert_eq!(said, [("system", "Be brief".to_owned()), ("user", "Hi".to_owned())]);
}
