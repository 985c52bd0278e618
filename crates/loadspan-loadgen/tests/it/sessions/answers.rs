//! What sessions are told of answers, and what listeners get of calls.

use loadspan_loadgen::TextCapture;
use loadspan_loadgen::openai::EndpointType;
use loadspan_loadgen::sessions::{Answer, AnsweredToolCall};
use loadspan_record::Secret;
use loadspan_testkit::{DurationExt, FakeServer, ReasoningField, RunningServer, Script, every};
use std::io::Write;

use super::{Graph, Graphs};
use crate::harness::{Load, RawServer, SSE_HEAD, Then, chunk, server_with};

/// The answer to a session of one call.
fn answer(server: &RunningServer, endpoint: EndpointType, streaming: bool) -> Answer {
    let graphs = Graphs::of([Graph::chat(1, 0.ms())]);
    let mut load = Load::sessions(server.url(), 1, graphs.clone()).endpoint(endpoint);
    load.preflight.streaming = streaming;
    load.run().assert_completed(1);
    graphs.answers().remove(0).2
}

#[test]
fn text_is_told_without_reasoning_by_every_api() {
    let script = Script::new().tokens(6, every(0.ms()));
    for streaming in [true, false] {
        let plain = server_with(script.clone());
        let text = answer(&plain, EndpointType::Chat, streaming).text;
        assert_eq!(text.split_whitespace().count(), 6);
        assert_eq!(answer(&plain, EndpointType::Responses, streaming).text, text);
        let reasoning = server_with(script.clone().reasoning(4, ReasoningField::Reasoning));
        for endpoint in [EndpointType::Chat, EndpointType::Responses] {
            let told = answer(&reasoning, endpoint, streaming);
            assert_eq!(told.text.split_whitespace().count(), 2, "{endpoint:?}");
            assert_eq!(told.output_tokens, Some(6));
        }
    }
}

#[test]
fn tool_calls_are_put_together() {
    let script = Script::new()
        .tokens(6, every(0.ms()))
        .answer(loadspan_testkit::Answer::ToolCall);
    let server = server_with(script);
    for endpoint in [EndpointType::Chat, EndpointType::Responses] {
        let (streamed, whole) = (answer(&server, endpoint, true), answer(&server, endpoint, false));
        assert_eq!(streamed.tool_calls.len(), 1, "{endpoint:?}");
        let told = &streamed.tool_calls[0];
        assert!(
            !told.id.is_empty() && !told.name.is_empty() && !told.arguments.is_empty(),
            "{told:?}"
        );
        assert_eq!(whole.tool_calls[0].arguments, told.arguments, "{endpoint:?}");
        assert_eq!(whole.tool_calls[0].name, told.name, "{endpoint:?}");
        assert_eq!(streamed.text, "");
    }
}

#[test]
fn parts_of_several_tool_calls_are_told_apart() {
    let server = RawServer::start(|head, stream| {
        head.read_body(stream);
        let part = |index: u32, function: &str| {
            let delta = format!(r#"{{"tool_calls":[{{"index":{index},{function}}}]}}"#);
            chunk(&format!(r#"{{"choices":[{{"delta":{delta}}}]}}"#))
        };
        let events = [
            part(
                0,
                r#""id":"a","type":"function","function":{"name":"look","arguments":""}"#,
            ),
            part(0, r#""function":{"arguments":"{\"x\":"}"#),
            part(0, r#""function":{"arguments":"1}"}"#),
            part(
                1,
                r#""id":"b","type":"function","function":{"name":"see","arguments":"{}"}"#,
            ),
            part(0, r#""function":{"arguments":" "}"#),
        ];
        let end = chunk(r#"{"choices":[{"delta":{},"finish_reason":"tool_calls"}]}"#);
        let body = [SSE_HEAD, &events.concat(), &end, &chunk("[DONE]"), "0\r\n\r\n"].concat();
        stream.write_all(body.as_bytes()).unwrap();
        Then::KeepOpen
    });
    let graphs = Graphs::of([Graph::chat(1, 0.ms())]);
    Load::sessions(server.url(), 1, graphs.clone())
        .run()
        .assert_completed(1);
    let call = |id: &str, name: &str, arguments: &str| AnsweredToolCall {
        id: id.to_owned(),
        name: name.to_owned(),
        arguments: arguments.to_owned(),
    };
    assert_eq!(
        graphs.answers()[0].2.tool_calls,
        [call("a", "look", r#"{"x":1} "#), call("b", "see", "{}")]
    );
}

#[test]
fn listeners_get_the_body_of_each_call_without_secrets() {
    let server = FakeServer::new().capture(50).api_key("s0 1").start().unwrap();
    for capture in [TextCapture::On, TextCapture::Off] {
        let content = |load: &mut Load| {
            load.output_text = capture;
            load.preflight.target.api_key = Some(Secret::new("s0 1"));
        };
        let graphs = Graphs::of([Graph::chat(2, 0.ms())]);
        let report = Load::sessions(server.url(), 1, graphs).change(content).run();
        report.assert_completed(2);
        if capture == TextCapture::Off {
            assert!(report.outputs.is_empty());
            continue;
        }
        for record in &report.records {
            let id = record.id.to_string();
            let requests = server.requests();
            let sent = requests
                .iter()
                .find(|request| request.header("x-request-id") == Some(&*id));
            assert_eq!(report.outputs[&record.id.index].body, sent.unwrap().body);
        }
    }
}
