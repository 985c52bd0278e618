//! Spans of each instrumentation under the conventions' names, and what holds for any span.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use loadspan_wire::mlflow::traces::described_value;
use loadspan_wire::otlp::json::decode_traces;
use loadspan_wire::otlp::trace::{ResourceSpans, ScopeSpans};
use proptest::prelude::*;

use super::super::tests::properties::any_span;
use super::*;

mod whole;

fn spans(request: &ExportTraceServiceRequest) -> Vec<&Span> {
    let scopes = request.resource_spans.iter().flat_map(|of| &of.scope_spans);
    scopes.flat_map(|scope| &scope.spans).collect()
}

fn request(spans: Vec<Span>) -> ExportTraceServiceRequest {
    let scope_spans = vec![ScopeSpans {
        spans,
        ..ScopeSpans::default()
    }];
    ExportTraceServiceRequest {
        resource_spans: vec![ResourceSpans {
            scope_spans,
            ..ResourceSpans::default()
        }],
    }
}

fn exported(document: &str) -> String {
    shown(&decode_traces(document.as_bytes()).unwrap())
}

/// Spans below what they were called; `~` is an attribute that stayed.
fn shown(original: &ExportTraceServiceRequest) -> String {
    let request = genai(original.clone(), None);
    let mut text = String::new();
    for (was, is) in spans(original).into_iter().zip(spans(&request)) {
        if was == is {
            writeln!(text, "{}: unchanged", was.name).unwrap();
            continue;
        }
        let kind = if is.kind == was.kind {
            String::new()
        } else {
            format!(" ({:?})", is.kind())
        };
        writeln!(text, "{} -> {}{kind}", was.name, is.name).unwrap();
        let mut attributes = is.attributes.clone();
        attributes.sort_by(|one, other| one.key.cmp(&other.key));
        for attribute in attributes {
            let stayed = if was.attributes.contains(&attribute) { '~' } else { ' ' };
            let value = attribute.value.as_ref().map(described_value).unwrap_or_default();
            let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            writeln!(text, "  {stayed} {} = {value}", attribute.key).unwrap();
        }
    }
    text
}

#[test]
fn messages_of_openinference_come_together() {
    insta::assert_snapshot!(exported(include_str!("../tests/openinference.json")), @r#"
    ChatCompletion -> chat gpt-4o-2024-08-06 (Client)
        gen_ai.conversation.id = s-1
        gen_ai.input.messages = [{"parts":[{"content":"What is a span?","type":"text"}],"role":"user"}]
        gen_ai.operation.name = chat
        gen_ai.output.messages = [{"parts":[{"content":"A unit of work.","type":"text"}],"role":"assistant"}]
        gen_ai.provider.name = openai
        gen_ai.request.model = gpt-4o-2024-08-06
        gen_ai.usage.cache_read.input_tokens = 64
        gen_ai.usage.input_tokens = 120
        gen_ai.usage.output_tokens = 9
      ~ session.id = s-1
      ~ user.id = u-1
    messages -> chat (Client)
        gen_ai.input.messages = [{"parts":[{"content":"Weather?","type":"text"}],"role":"user"}]
        gen_ai.operation.name = chat
        gen_ai.output.messages = [{"parts":[{"arguments":{"city":"Paris"},"name":"weather","type":"tool_call"},{"name":"time","type":"tool_call"}],"role":"assistant"}]
    embedding -> embeddings text-embedding-3-small (Client)
        gen_ai.operation.name = embeddings
        gen_ai.request.model = text-embedding-3-small
        gen_ai.usage.input_tokens = 8
      ~ input.value = a text
      ~ output.value = {}
    "#);
}

#[test]
fn what_has_these_names_already_stays_and_older_names_are_mended() {
    insta::assert_snapshot!(exported(include_str!("../tests/genai.json")), @r#"
    chat gpt-4o -> chat gpt-4o
      ~ gen_ai.conversation.id = c-1
      ~ gen_ai.input.messages = [{"role":"user","parts":[{"type":"text","content":"What is a span?"}]}]
      ~ gen_ai.operation.name = chat
      ~ gen_ai.output.messages = [{"role":"assistant","parts":[{"type":"text","content":"A unit of work."}],"finish_reason":"stop"}]
      ~ gen_ai.provider.name = openai
      ~ gen_ai.request.model = gpt-4o
        gen_ai.response.finish_reasons = ["stop"]
      ~ gen_ai.response.model = gpt-4o-2024-08-06
      ~ gen_ai.tool.definitions = [{"type":"function","name":"weather"}]
      ~ gen_ai.usage.cache_read.input_tokens = 50
        gen_ai.usage.cache_write.input_tokens = 10
      ~ gen_ai.usage.input_tokens = 100
      ~ gen_ai.usage.output_tokens = 20
    execute_tool weather: unchanged
    chat with events -> chat with events
        gen_ai.input.messages = [{"parts":[{"content":"Be brief.","type":"text"}],"role":"system"},{"parts":[{"content":"What is a span?","type":"text"}],"role":"user"}]
      ~ gen_ai.operation.name = chat
        gen_ai.output.messages = [{"parts":[{"content":"Work.","type":"text"}],"role":"assistant"}]
        gen_ai.provider.name = openai
    invoke_agent: unchanged
    "#);
}

#[test]
fn gemini_cli_has_words_of_its_own() {
    insta::assert_snapshot!(exported(include_str!("../tests/gemini_cli.json")), @r#"
    llm_call -> generate_content gemini-2.5-pro (Client)
      ~ gen_ai.agent.name = gemini-cli
        gen_ai.input.messages = [{"parts":[{"content":"Hi","type":"text"}],"role":"user"}]
        gen_ai.operation.name = generate_content
        gen_ai.output.messages = [{"parts":[{"content":"Hello","type":"text"}],"role":"assistant"}]
      ~ gen_ai.provider.name = gcp.gemini
      ~ gen_ai.request.model = gemini-2.5-pro
      ~ gen_ai.usage.input_tokens = 7
      ~ gen_ai.usage.output_tokens = 2
    "#);
}

#[test]
fn claude_code_is_an_agent_with_tools() {
    insta::assert_snapshot!(exported(include_str!("../tests/claude_code.json")), @r#"
    claude_code.interaction -> invoke_agent claude_code.interaction
        gen_ai.agent.name = claude_code.interaction
        gen_ai.conversation.id = cc-1
        gen_ai.operation.name = invoke_agent
      ~ session.id = cc-1
      ~ user_prompt = <REDACTED>
    claude_code.llm_request -> generate_content claude-sonnet-4-5 (Client)
        gen_ai.input.messages = [{"parts":[{"content":"fix the test","type":"text"}],"role":"user"}]
        gen_ai.operation.name = generate_content
        gen_ai.output.messages = [{"parts":[{"content":"Done.","type":"text"}],"role":"assistant"}]
        gen_ai.request.model = claude-sonnet-4-5
        gen_ai.usage.cache_read.input_tokens = 1000
        gen_ai.usage.cache_write.input_tokens = 200
        gen_ai.usage.input_tokens = 1210
        gen_ai.usage.output_tokens = 30
    claude_code.tool -> execute_tool Bash
        gen_ai.operation.name = execute_tool
        gen_ai.tool.call.arguments = "ls"
        gen_ai.tool.call.result = "README.md"
        gen_ai.tool.name = Bash
    "#);
}

#[test]
fn content_of_events_is_said_in_attributes() {
    insta::assert_snapshot!(exported(include_str!("../tests/spring_ai.json")), @r#"
    chat gpt-4o-mini -> chat gpt-4o-mini
        gen_ai.input.messages = [{"parts":[{"content":"Tell a joke","type":"text"}],"role":"user"}]
      ~ gen_ai.operation.name = chat
        gen_ai.output.messages = [{"parts":[{"content":"Knock knock","type":"text"}],"role":"assistant"}]
        gen_ai.provider.name = openai
      ~ gen_ai.request.model = gpt-4o-mini
      ~ gen_ai.usage.input_tokens = 12
      ~ gen_ai.usage.output_tokens = 3
      ~ gen_ai.usage.total_tokens = 15
    "#);
}

#[test]
fn numbered_messages_come_together() {
    insta::assert_snapshot!(exported(include_str!("../tests/traceloop.json")), @r#"
    openai.chat -> chat gpt-4o (Client)
        gen_ai.input.messages = [{"parts":[{"content":"Weather?","type":"text"}],"role":"user"}]
        gen_ai.operation.name = chat
        gen_ai.output.messages = [{"parts":[{"arguments":{"city":"Paris"},"name":"weather","type":"tool_call"}],"role":"assistant"}]
        gen_ai.provider.name = openai
      ~ gen_ai.request.model = gpt-4o
        gen_ai.usage.input_tokens = 10
        gen_ai.usage.output_tokens = 5
    answer.workflow -> invoke_workflow answer
        gen_ai.operation.name = invoke_workflow
        gen_ai.output.messages = [{"parts":[{"content":"done","type":"text"}],"role":"assistant"}]
        gen_ai.workflow.name = answer
      ~ traceloop.entity.input = {"args":["q"],"kwargs":{}}
    "#);
}

#[test]
fn google_adk_has_no_types() {
    insta::assert_snapshot!(exported(include_str!("../tests/google_adk.json")), @r#"
    call_llm -> generate_content gemini-2.5-flash (Client)
        gen_ai.input.messages = [{"parts":[{"content":"Hi","type":"text"}],"role":"user"}]
        gen_ai.operation.name = generate_content
        gen_ai.output.messages = [{"parts":[{"content":"Hello","type":"text"}],"role":"assistant"}]
        gen_ai.provider.name = gcp.gen_ai
      ~ gen_ai.request.model = gemini-2.5-flash
    execute_tool -> execute_tool
        gen_ai.operation.name = execute_tool
        gen_ai.tool.call.arguments = {"x":1}
        gen_ai.tool.call.result = {"y":2}
        gen_ai.tool.name = execute_tool
    "#);
}

#[test]
fn what_surrounds_a_call_in_vercels_sdk_is_an_agent() {
    insta::assert_snapshot!(exported(include_str!("../tests/vercel_ai.json")), @r#"
    ai.generateText -> invoke_agent ai.generateText
        gen_ai.agent.name = ai.generateText
        gen_ai.input.messages = [{"parts":[{"content":"Hi","type":"text"}],"role":"user"}]
        gen_ai.operation.name = invoke_agent
        gen_ai.output.messages = [{"parts":[{"content":"Hello","type":"text"}],"role":"assistant"}]
        gen_ai.request.model = gpt-4o
      ~ operation.name = ai.generateText
    ai.generateText.doGenerate -> chat gpt-4o (Client)
        gen_ai.input.messages = [{"parts":[{"content":"Hi","type":"text"}],"role":"user"}]
        gen_ai.operation.name = chat
        gen_ai.output.messages = [{"finish_reason":"stop","parts":[{"content":"Hello","type":"text"}],"role":"assistant"}]
        gen_ai.provider.name = openai
      ~ gen_ai.request.model = gpt-4o
        gen_ai.response.finish_reasons = ["stop"]
      ~ gen_ai.usage.input_tokens = 4
      ~ gen_ai.usage.output_tokens = 1
    ai.toolCall -> execute_tool ai.toolCall
        gen_ai.operation.name = execute_tool
        gen_ai.tool.call.arguments = {"x":1}
        gen_ai.tool.call.result = "2"
        gen_ai.tool.name = ai.toolCall
    "#);
}

#[test]
fn voltagent_counts_once() {
    insta::assert_snapshot!(exported(include_str!("../tests/voltagent.json")), @r#"
    agent -> invoke_agent agent
        gen_ai.agent.name = agent
        gen_ai.input.messages = [{"parts":[{"content":"Hi","type":"text"}],"role":"user"}]
        gen_ai.operation.name = invoke_agent
        gen_ai.output.messages = [{"parts":[{"content":"Hello","type":"text"}],"role":"assistant"}]
        gen_ai.usage.input_tokens = 4
        gen_ai.usage.output_tokens = 1
    llm -> chat (Client)
        gen_ai.input.messages = [{"parts":[{"content":"Hi","type":"text"}],"role":"user"}]
        gen_ai.operation.name = chat
        gen_ai.output.messages = [{"parts":[{"content":"Hello","type":"text"}],"role":"assistant"}]
        gen_ai.usage.input_tokens = 4
        gen_ai.usage.output_tokens = 1
    "#);
}

#[test]
fn livekit_has_tools_with_names() {
    insta::assert_snapshot!(exported(include_str!("../tests/livekit.json")), @r#"
    agent_turn -> invoke_agent helper
        gen_ai.agent.name = helper
        gen_ai.input.messages = [{"parts":[{"content":"Hi","type":"text"}],"role":"user"}]
        gen_ai.operation.name = invoke_agent
        gen_ai.output.messages = [{"parts":[{"content":"Hello","type":"text"}],"role":"assistant"}]
    llm_node -> generate_content gpt-4o-mini (Client)
        gen_ai.operation.name = generate_content
        gen_ai.output.messages = [{"parts":[{"content":"Hello","type":"text"}],"role":"assistant"}]
      ~ gen_ai.provider.name = openai
      ~ gen_ai.request.model = gpt-4o-mini
      ~ gen_ai.usage.input_tokens = 4
      ~ gen_ai.usage.output_tokens = 1
      ~ lk.chat_ctx = {"items":[]}
    function_tool -> execute_tool weather
        gen_ai.operation.name = execute_tool
        gen_ai.tool.call.arguments = {"city":"Paris"}
        gen_ai.tool.call.result = "sunny"
        gen_ai.tool.name = weather
    "#);
}

#[test]
fn laminar_reads_as_openai() {
    insta::assert_snapshot!(exported(include_str!("../tests/laminar.json")), @r#"
    openai.chat -> chat gpt-4o (Client)
        gen_ai.input.messages = [{"parts":[{"content":"Hi","type":"text"}],"role":"user"}]
        gen_ai.operation.name = chat
        gen_ai.output.messages = [{"parts":[{"content":"Hello","type":"text"}],"role":"assistant"}]
        gen_ai.provider.name = openai
        gen_ai.request.model = gpt-4o
      ~ gen_ai.response.model = gpt-4o
      ~ gen_ai.usage.input_tokens = 4
      ~ gen_ai.usage.output_tokens = 1
    pipeline: unchanged
    "#);
}

#[test]
fn what_is_no_message_stays_where_it_was() {
    insta::assert_snapshot!(exported(include_str!("../tests/langfuse.json")), @r#"
    generation -> generate_content gpt-4o (Client)
        gen_ai.conversation.id = s
        gen_ai.operation.name = generate_content
        gen_ai.output.messages = [{"parts":[{"content":"Hello","type":"text"}],"role":"assistant"}]
        gen_ai.request.model = gpt-4o
        gen_ai.usage.input_tokens = 4
        gen_ai.usage.output_tokens = 1
      ~ langfuse.observation.input = {"q":"Hi"}
      ~ session.id = s
    plain: unchanged
    "#);
}

#[test]
fn mlflows_own_words_are_translated() {
    insta::assert_snapshot!(exported(include_str!("../tests/native.json")), @r#"
    typed: unchanged
    sums -> chat gpt-4o (Client)
        gen_ai.operation.name = chat
        gen_ai.request.model = gpt-4o
      ~ gen_ai.usage.input_tokens = 99
        gen_ai.usage.output_tokens = 4
      ~ mlflow.llm.cost = {"input_cost":0.1,"output_cost":0.2,"total_cost":0.3}
      ~ mlflow.spanInputs = {"model":"gpt-4o","messages":[]}
    broken: unchanged
    "#);
}

#[test]
fn a_span_of_no_convention_stays_as_it_is() {
    insta::assert_snapshot!(exported(include_str!("../tests/plain.json")), @"GET /: unchanged");
}

#[test]
fn a_scope_has_the_schema_of_what_its_spans_say() {
    let schema = |document: &str, was: &str| {
        let mut request = decode_traces(document.as_bytes()).unwrap();
        was.clone_into(&mut request.resource_spans[0].scope_spans[0].schema_url);
        genai(request, None).resource_spans[0].scope_spans[0].schema_url.clone()
    };
    let laminar = include_str!("../tests/laminar.json");
    assert_eq!(schema(laminar, ""), SCHEMA_URL);
    assert_eq!(schema(laminar, "https://example.com/1"), "https://example.com/1");
    assert_eq!(schema(include_str!("../tests/plain.json"), ""), "");
}

/// Every document of an instrumentation.
const DOCUMENTS: [&str; 14] = [
    include_str!("../tests/openinference.json"),
    include_str!("../tests/genai.json"),
    include_str!("../tests/gemini_cli.json"),
    include_str!("../tests/claude_code.json"),
    include_str!("../tests/spring_ai.json"),
    include_str!("../tests/traceloop.json"),
    include_str!("../tests/google_adk.json"),
    include_str!("../tests/vercel_ai.json"),
    include_str!("../tests/voltagent.json"),
    include_str!("../tests/livekit.json"),
    include_str!("../tests/laminar.json"),
    include_str!("../tests/langfuse.json"),
    include_str!("../tests/native.json"),
    include_str!("../tests/plain.json"),
];

#[test]
fn what_comes_in_again_means_the_same() {
    for document in DOCUMENTS {
        let original = decode_traces(document.as_bytes()).unwrap();
        let exported = genai(original.clone(), None);
        assert_eq!(genai(exported.clone(), None), exported, "once is enough");
        for (was, is) in spans(&original).into_iter().zip(spans(&exported)) {
            let (was, is) = (super::super::span(was), super::super::span(is));
            let tokens = |said: &Translated| said.usage.map(|usage| (usage.cache_read, usage.cache_write));
            assert_eq!(tokens(&was), tokens(&is));
            assert_eq!((&was.session, &was.user), (&is.session, &is.user));
            assert_eq!(was.inputs.is_some(), is.inputs.is_some(), "{is:?}");
            assert_eq!(was.outputs.is_some(), is.outputs.is_some(), "{is:?}");
            assert!(was.model.is_none() || is.model.is_some(), "{is:?}");
        }
    }
}

/// The attributes of a span of these under the conventions' names, as `key=value`.
fn conventional_texts(said: &[(&str, &str)]) -> Vec<String> {
    let span = Span {
        attributes: said.iter().map(|(key, text)| attribute(*key, *text)).collect(),
        ..Span::default()
    };
    let exported = genai(request(vec![span]), None);
    assert_eq!(genai(exported.clone(), None), exported);
    let attributes = &spans(&exported)[0].attributes;
    let shown = attributes.iter().map(|pair| {
        let value = pair.value.as_ref().map(described_value).unwrap_or_default();
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        format!("{}={value}", pair.key)
    });
    shown.collect()
}

#[test]
fn what_was_not_counted_is_no_zero() {
    let texts = conventional_texts(&[
        ("gcp.vertex.agent.llm_request", "false"),
        ("mlflow.chat.tokenUsage", r#"{"input_tokens": 1, "output_tokens": "x"}"#),
    ]);
    assert!(texts.contains(&"gen_ai.usage.input_tokens=1".to_owned()), "{texts:?}");
    let has_output = texts.iter().any(|text| text.starts_with("gen_ai.usage.output_tokens"));
    assert!(!has_output, "{texts:?}");
}

#[test]
fn what_says_something_else_beside_the_conventions_stays() {
    let texts = conventional_texts(&[
        ("span.type", "tool"),
        ("input.value", "[1]"),
        ("mlflow.spanInputs", "{}"),
    ]);
    assert!(texts.contains(&"gen_ai.tool.call.arguments={}".to_owned()), "{texts:?}");
    assert!(texts.contains(&"input.value=[1]".to_owned()), "{texts:?}");
}

proptest! {
    #[test]
    fn only_the_words_change(mut span in any_span()) {
        // A name is there once: so OTLP has it.
        let mut names = BTreeSet::new();
        span.attributes.retain(|attribute| names.insert(attribute.key.clone()));
        span.trace_id = vec![1; 16];
        span.span_id = vec![2; 8];
        span.parent_span_id = vec![3; 8];
        span.trace_state = "a=b".to_owned();
        span.flags = 0x101;
        (span.start_time_unix_nano, span.end_time_unix_nano) = (5, 4);
        span.dropped_attributes_count = 6;
        let original = request(vec![span]);
        let mut exported = genai(original.clone(), None);
        prop_assert_eq!(&genai(exported.clone(), None), &exported);
        let original = spans(&original)[0].clone();
        let scope = &mut exported.resource_spans[0].scope_spans[0];
        let is = &mut scope.spans[0];
        for attribute in is.attributes.iter().filter(|attribute| !original.attributes.contains(attribute)) {
            prop_assert!(attribute.key.starts_with("gen_ai.") || attribute.key == "error.type", "{}", attribute.key);
        }
        is.name.clone_from(&original.name);
        is.kind = original.kind;
        is.status.clone_from(&original.status);
        is.attributes.clone_from(&original.attributes);
        prop_assert_eq!(&*is, &original);
    }
}
