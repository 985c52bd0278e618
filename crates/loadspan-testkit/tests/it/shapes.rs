//! Responses that are not streamed, and prompts.

use loadspan_testkit::{Answer, DurationExt, FakeServer, ReasoningField, Script, Usage, every};
use serde_json::json;

use crate::harness::{Client, chat};

#[test]
fn a_chat_response_has_the_words_and_the_counts() {
    let server = FakeServer::new().start().unwrap();
    let reply = Client::connect(&server).post("/v1/chat/completions", &chat(r#","max_tokens":3"#));
    assert_eq!(reply.header("content-type"), Some("application/json"));
    insta::assert_snapshot!(reply.body(), @r#"{"id":"chatcmpl-0","object":"chat.completion","created":1735689600,"model":"m","choices":[{"index":0,"message":{"role":"assistant","content":" the server answers"},"logprobs":null,"finish_reason":"length"}],"usage":{"prompt_tokens":3,"total_tokens":6,"completion_tokens":3}}"#);
}

#[test]
fn a_completion_has_a_choice_for_each_prompt_and_n() {
    let server = FakeServer::new().start().unwrap();
    let body = r#"{"model":"m","prompt":["a b","c"],"n":2,"max_tokens":1}"#;
    let reply = Client::connect(&server).post("/v1/completions", body);
    insta::assert_snapshot!(reply.body(), @r#"{"id":"cmpl-0","object":"text_completion","created":1735689600,"model":"m","choices":[{"index":0,"text":" the","logprobs":null,"finish_reason":"length"},{"index":1,"text":" the","logprobs":null,"finish_reason":"length"},{"index":2,"text":" the","logprobs":null,"finish_reason":"length"},{"index":3,"text":" the","logprobs":null,"finish_reason":"length"}],"usage":{"prompt_tokens":3,"total_tokens":7,"completion_tokens":4}}"#);
}

#[test]
fn a_response_has_its_own_names_for_everything() {
    let script = Script::new()
        .tokens(3, every(0.ms()))
        .reasoning(1, ReasoningField::Reasoning)
        .cached_tokens(2);
    let server = FakeServer::new().script(script).start().unwrap();
    let reply = Client::connect(&server).post("/v1/responses", r#"{"model":"m","input":"a b c"}"#);
    insta::assert_snapshot!(reply.body(), @r#"{"id":"resp_0","object":"response","created_at":1735689600,"model":"m","status":"completed","output":[{"id":"rs_0","type":"reasoning","summary":[],"content":[{"type":"reasoning_text","text":" the"}],"status":"completed"},{"id":"msg_0","type":"message","role":"assistant","status":"completed","content":[{"type":"output_text","annotations":[],"text":" server answers"}]}],"usage":{"input_tokens":3,"input_tokens_details":{"cached_tokens":2},"output_tokens":3,"output_tokens_details":{"reasoning_tokens":1},"total_tokens":6}}"#);
}

#[test]
fn embeddings_have_a_vector_for_each_input() {
    let server = FakeServer::new().embedding_dimensions(2).start().unwrap();
    let reply = Client::connect(&server).post("/v1/embeddings", r#"{"model":"m","input":["a b","c"]}"#);
    insta::assert_snapshot!(reply.body(), @r#"{"object":"list","data":[{"object":"embedding","index":0,"embedding":[0.0125,-0.25]},{"object":"embedding","index":1,"embedding":[0.0125,-0.25]}],"model":"m","usage":{"prompt_tokens":3,"total_tokens":3}}"#);
}

#[test]
fn a_tool_call_has_arguments_that_are_json() {
    let script = Script::new().tokens(4, every(0.ms())).answer(Answer::ToolCall);
    let server = FakeServer::new().script(script).start().unwrap();
    let reply = Client::connect(&server).post("/v1/chat/completions", &chat("")).json();
    let arguments = reply["choices"][0]["message"]["tool_calls"][0]["function"]["arguments"]
        .as_str()
        .unwrap();
    let arguments: serde_json::Value = serde_json::from_str(arguments).unwrap();
    assert_eq!(arguments, json!({"query": " the server answers in"}));
    assert_eq!(reply["choices"][0]["finish_reason"], "tool_calls");
    assert_eq!(reply["choices"][0]["message"]["content"], json!(null));
}

#[test]
fn reasoning_is_a_part_of_the_output() {
    let script = Script::new()
        .tokens(3, every(0.ms()))
        .reasoning(2, ReasoningField::ReasoningContent);
    let server = FakeServer::new().script(script).start().unwrap();
    let reply = Client::connect(&server).post("/v1/chat/completions", &chat("")).json();
    let message = &reply["choices"][0]["message"];
    assert_eq!(
        (&message["reasoning_content"], &message["content"]),
        (&json!(" the server"), &json!(" answers"))
    );
    assert_eq!(reply["usage"]["completion_tokens"], 3);
    assert_eq!(reply["usage"]["completion_tokens_details"]["reasoning_tokens"], 2);
}

#[test]
fn a_refusal_has_no_content() {
    let server = FakeServer::new()
        .script(Script::new().answer(Answer::Refusal))
        .start()
        .unwrap();
    let reply = Client::connect(&server).post("/v1/chat/completions", &chat("")).json();
    let message = &reply["choices"][0]["message"];
    assert_eq!(
        (&message["refusal"], &message["content"]),
        (&json!(" the"), &json!(null))
    );
}

#[test]
fn usage_can_be_left_out_and_can_be_wrong() {
    let server = FakeServer::new()
        .on(loadspan_testkit::When::Number(0), Script::new().usage(Usage::Never))
        .script(Script::new().wrong_usage(5))
        .start()
        .unwrap();
    let mut client = Client::connect(&server);
    assert_eq!(
        client.post("/v1/chat/completions", &chat("")).json()["usage"],
        json!(null)
    );
    assert_eq!(
        client.post("/v1/chat/completions", &chat("")).json()["usage"]["completion_tokens"],
        6
    );
}

#[test]
fn prompt_tokens_follow_the_words_and_the_chat_template() {
    let server = FakeServer::new()
        .tokens_per_word(1.5)
        .chat_template_tokens(7)
        .start()
        .unwrap();
    let mut client = Client::connect(&server);
    let chat_tokens = client.post("/v1/chat/completions", &chat("")).json()["usage"]["prompt_tokens"].clone();
    let completion = client
        .post("/v1/completions", r#"{"model":"m","prompt":"one two three four"}"#)
        .json();
    assert_eq!(
        (chat_tokens, &completion["usage"]["prompt_tokens"]),
        (json!(12), &json!(6))
    );
}

#[test]
fn the_request_decides_how_much_comes_and_the_script_when_it_does_not() {
    let server = FakeServer::new()
        .script(Script::new().tokens(9, every(0.ms())).eos_after(5))
        .start()
        .unwrap();
    let mut client = Client::connect(&server);
    let mut tokens = |rest: &str| {
        let reply = client.post("/v1/chat/completions", &chat(rest)).json();
        (
            reply["usage"]["completion_tokens"].as_u64().unwrap(),
            reply["choices"][0]["finish_reason"].to_string(),
        )
    };
    assert_eq!(tokens(""), (5, r#""stop""#.to_owned()));
    assert_eq!(tokens(r#","max_completion_tokens":3"#), (3, r#""length""#.to_owned()));
    assert_eq!(tokens(r#","max_tokens":20"#), (5, r#""stop""#.to_owned()));
    assert_eq!(
        tokens(r#","max_tokens":20,"min_tokens":7"#),
        (7, r#""stop""#.to_owned())
    );
    assert_eq!(
        tokens(r#","max_tokens":20,"ignore_eos":true"#),
        (20, r#""length""#.to_owned())
    );
}
