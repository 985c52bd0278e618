//! What spans of each instrumentation say, and what holds for any span.

pub(super) mod properties;

use std::fmt::Write as _;

use loadspan_wire::otlp::any_value;
use loadspan_wire::otlp::json::decode_traces;
use loadspan_wire::otlp::trace::Span;

use super::{Translated, json, span};

fn spans(document: &str) -> Vec<Span> {
    let request = decode_traces(document.as_bytes()).unwrap();
    let scopes = request
        .resource_spans
        .into_iter()
        .flat_map(|resource| resource.scope_spans);
    scopes.flat_map(|scope| scope.spans).collect()
}

/// A line for each thing that is said, below the name of the span. `+` is what was added.
fn said(document: &str) -> String {
    let mut text = String::new();
    for asked in spans(document) {
        writeln!(text, "{}", asked.name).unwrap();
        write(&mut text, &span(&asked));
    }
    text
}

fn write(text: &mut String, said: &Translated) {
    for (key, value) in &said.added {
        writeln!(text, "  + {} {value}", key.trim_start_matches("mlflow.")).unwrap();
    }
    let known = [
        ("type", &said.span_type),
        ("model", &said.model),
        ("provider", &said.provider),
        ("session", &said.session),
        ("user", &said.user),
    ];
    let known = known
        .iter()
        .filter_map(|(name, value)| Some(format!("{name}={}", value.as_ref()?)));
    let known: Vec<String> = known.collect();
    if !known.is_empty() {
        writeln!(text, "  {}", known.join(" ")).unwrap();
    }
    if let Some(used) = said.usage {
        writeln!(text, "  tokens={}+{}={}", used.input, used.output, used.total).unwrap();
    }
    if let Some(cost) = said.cost {
        writeln!(text, "  cost={}+{}={}", cost.input, cost.output, cost.total).unwrap();
    }
}

#[test]
fn openinference_says_it_whole_or_in_messages() {
    insta::assert_snapshot!(said(include_str!("tests/openinference.json")), @r#"
    ChatCompletion
      + chat.tokenUsage {"cache_read_input_tokens":64,"input_tokens":120,"output_tokens":9,"total_tokens":129}
      + llm.model "gpt-4o-2024-08-06"
      + llm.provider "openai"
      + spanInputs {"messages":[{"role":"user","content":"What is a span?"}],"model":"gpt-4o"}
      + spanOutputs "A unit of work."
      + spanType "LLM"
      type=LLM model=gpt-4o-2024-08-06 provider=openai session=s-1 user=u-1
      tokens=120+9=129
    messages
      + spanInputs {"messages":[{"content":[{"text":"Weather?","type":"text"}],"role":"user"}]}
      + spanOutputs {"messages":[{"role":"assistant","tool_calls":[{"arguments":{"city":"Paris"},"name":"weather"},{"name":"time"}]}]}
      + spanType "LLM"
      type=LLM
    embedding
      + chat.tokenUsage {"input_tokens":8,"output_tokens":0,"total_tokens":8}
      + llm.model "text-embedding-3-small"
      + spanInputs "a text"
      + spanType "EMBEDDING"
      type=EMBEDDING model=text-embedding-3-small
      tokens=8+0=8
    "#);
}

#[test]
fn openinference_numbers_its_documents() {
    insta::assert_snapshot!(said(include_str!("tests/openinference_documents.json")), @r#"
    retrieve
      + spanInputs "What is a span?"
      + spanOutputs [{"id":"d-1","metadata":{"score":0.5,"source":"a.md"},"page_content":"A unit of work."},{"metadata":{},"page_content":"A bridge."}]
      + spanType "RETRIEVER"
      type=RETRIEVER
    rerank
      + llm.model "rerank-v3"
      + spanInputs {"documents":[{"metadata":{},"page_content":"A bridge."},{"metadata":{},"page_content":"A unit of work."}],"query":"What is a span?"}
      + spanOutputs [{"metadata":{"score":0.9},"page_content":"A unit of work."}]
      + spanType "RERANKER"
      type=RERANKER model=rerank-v3
    embed
      + llm.model "text-embedding-3-small"
      + spanInputs ["one","two"]
      + spanType "EMBEDDING"
      type=EMBEDDING model=text-embedding-3-small
    chat with tools
      + chat.tools [{"function":{"name":"weather"},"type":"function"}]
      + llm.model "gpt-4o"
      + spanType "LLM"
      type=LLM model=gpt-4o
      cost=0.125+0.25=0.375
    "#);
}

#[test]
fn what_a_span_asks_of_a_model_and_what_that_cost_is_said_in_many_words() {
    insta::assert_snapshot!(said(include_str!("tests/mixed.json")), @r#"
    call_llm
      + llm.model "gemini-2.5-flash"
      + llm.provider "gcp.vertex.agent"
      + spanType "LLM"
      type=LLM model=gemini-2.5-flash provider=gcp.vertex.agent
    generation with cost
      + chat.tokenUsage {"input_tokens":4,"output_tokens":1,"total_tokens":5}
      + llm.model "gpt-4o"
      + spanType "LLM"
      type=LLM model=gpt-4o
      tokens=4+1=5
      cost=0.5+0.25=0.75
    embedding
      + llm.model "text-embedding-3-small"
      + spanType "EMBEDDING"
      type=EMBEDDING model=text-embedding-3-small
    llm_node
      + llm.model "gpt-4o-mini"
      + message.format "livekit"
      + spanInputs {"messages":[{"content":"Hi","role":"user"}]}
      + spanOutputs "Hello"
      + spanType "LLM"
      type=LLM model=gpt-4o-mini
    "#);
}

const DOCUMENTS: [&str; 14] = [
    include_str!("tests/claude_code.json"),
    include_str!("tests/gemini_cli.json"),
    include_str!("tests/genai.json"),
    include_str!("tests/google_adk.json"),
    include_str!("tests/laminar.json"),
    include_str!("tests/langfuse.json"),
    include_str!("tests/livekit.json"),
    include_str!("tests/mixed.json"),
    include_str!("tests/openinference.json"),
    include_str!("tests/openinference_documents.json"),
    include_str!("tests/spring_ai.json"),
    include_str!("tests/traceloop.json"),
    include_str!("tests/vercel_ai.json"),
    include_str!("tests/voltagent.json"),
];

/// As MLflow's SDK sends them over OTLP.
#[test]
fn texts_that_come_as_json_mean_the_same() {
    for asked in DOCUMENTS.into_iter().flat_map(spans) {
        let mut quoted = asked.clone();
        let of_events = quoted.events.iter_mut().flat_map(|event| &mut event.attributes);
        for attribute in quoted.attributes.iter_mut().chain(of_events) {
            let value = attribute.value.as_mut().and_then(|value| value.value.as_mut());
            if let Some(any_value::Value::StringValue(text)) = value {
                *text = json::quoted(text);
            }
        }
        assert_eq!(span(&quoted), span(&asked), "{}", asked.name);
    }
}

#[test]
fn genai_says_it_in_attributes_or_events() {
    insta::assert_snapshot!(said(include_str!("tests/genai.json")), @r#"
    chat gpt-4o
      + chat.tokenUsage {"cache_creation_input_tokens":10,"cache_read_input_tokens":50,"input_tokens":100,"output_tokens":20,"total_tokens":120}
      + chat.tools [{"type":"function","name":"weather"}]
      + llm.model "gpt-4o-2024-08-06"
      + llm.provider "openai"
      + spanInputs [{"role":"user","parts":[{"type":"text","content":"What is a span?"}]}]
      + spanOutputs [{"role":"assistant","parts":[{"type":"text","content":"A unit of work."}],"finish_reason":"stop"}]
      + spanType "CHAT_MODEL"
      type=CHAT_MODEL model=gpt-4o-2024-08-06 provider=openai session=c-1
      tokens=100+20=120
    execute_tool weather
      + spanInputs {"city":"Paris"}
      + spanOutputs "sunny"
      + spanType "TOOL"
      type=TOOL
    chat with events
      + llm.provider "openai"
      + spanInputs {"messages":[{"content":"Be brief.","role":"system"},{"content":"What is a span?","role":"user"}]}
      + spanOutputs {"messages":[{"content":"Work.","role":"assistant","tool_calls":[]}]}
      + spanType "CHAT_MODEL"
      type=CHAT_MODEL provider=openai
    invoke_agent
      + spanType "AGENT"
      type=AGENT
    "#);
}

#[test]
fn gemini_cli_has_operations_and_messages_of_its_own() {
    insta::assert_snapshot!(said(include_str!("tests/gemini_cli.json")), @r#"
    llm_call
      + chat.tokenUsage {"input_tokens":7,"output_tokens":2,"total_tokens":9}
      + llm.model "gemini-2.5-pro"
      + llm.provider "gcp.gemini"
      + message.format "gemini"
      + spanInputs {"contents":[{"role":"user","parts":[{"text":"Hi"}]}]}
      + spanOutputs {"candidates":[{"content":{"role":"model","parts":[{"text":"Hello"}]}}]}
      + spanType "LLM"
      type=LLM model=gemini-2.5-pro provider=gcp.gemini
      tokens=7+2=9
    "#);
}

#[test]
fn claude_code_counts_cached_tokens_apart_and_hides_content() {
    insta::assert_snapshot!(said(include_str!("tests/claude_code.json")), @r#"
    claude_code.interaction
      + spanType "AGENT"
      type=AGENT session=cc-1
    claude_code.llm_request
      + chat.tokenUsage {"cache_creation_input_tokens":200,"cache_read_input_tokens":1000,"input_tokens":1210,"output_tokens":30,"total_tokens":1240}
      + llm.model "claude-sonnet-4-5"
      + spanInputs "fix the test"
      + spanOutputs "Done."
      + spanType "LLM"
      type=LLM model=claude-sonnet-4-5
      tokens=1210+30=1240
    claude_code.tool
      + spanInputs "ls"
      + spanOutputs "README.md"
      + spanType "TOOL"
      type=TOOL
    "#);
}

#[test]
fn spring_ai_has_content_in_events() {
    insta::assert_snapshot!(said(include_str!("tests/spring_ai.json")), @r#"
    chat gpt-4o-mini
      + chat.tokenUsage {"input_tokens":12,"output_tokens":3,"total_tokens":15}
      + llm.model "gpt-4o-mini"
      + llm.provider "openai"
      + spanInputs "Tell a joke"
      + spanOutputs "Knock knock"
      + spanType "CHAT_MODEL"
      type=CHAT_MODEL model=gpt-4o-mini provider=openai
      tokens=12+3=15
    "#);
}

#[test]
fn traceloop_numbers_its_messages() {
    insta::assert_snapshot!(said(include_str!("tests/traceloop.json")), @r#"
    openai.chat
      + chat.tokenUsage {"input_tokens":10,"output_tokens":5,"total_tokens":15}
      + llm.model "gpt-4o"
      + llm.provider "OpenAI"
      + spanInputs {"messages":[{"content":"Weather?","role":"user"}]}
      + spanOutputs {"messages":[{"role":"assistant","tool_calls":[{"arguments":{"city":"Paris"},"name":"weather"}]}]}
      + spanType "CHAT_MODEL"
      type=CHAT_MODEL model=gpt-4o provider=OpenAI
      tokens=10+5=15
    answer.workflow
      + spanInputs {"args":["q"],"kwargs":{}}
      + spanOutputs "done"
      + spanType "WORKFLOW"
      type=WORKFLOW
    "#);
}

#[test]
fn google_adk_has_requests_and_responses() {
    insta::assert_snapshot!(said(include_str!("tests/google_adk.json")), @r#"
    call_llm
      + llm.model "gemini-2.5-flash"
      + llm.provider "gcp.vertex.agent"
      + spanInputs {"model":"gemini-2.5-flash","contents":[{"role":"user","parts":[{"text":"Hi"}]}]}
      + spanOutputs {"content":{"role":"model","parts":[{"text":"Hello"}]}}
      + spanType "LLM"
      type=LLM model=gemini-2.5-flash provider=gcp.vertex.agent
    execute_tool
      + spanInputs {"x":1}
      + spanOutputs {"y":2}
    "#);
}

#[test]
fn vercel_ai_gathers_what_a_call_of_a_model_says() {
    insta::assert_snapshot!(said(include_str!("tests/vercel_ai.json")), @r#"
    ai.generateText
      + message.format "vercel_ai"
      + spanInputs {"prompt":"Hi"}
      + spanOutputs "Hello"
      + spanType "LLM"
      type=LLM
    ai.generateText.doGenerate
      + chat.tokenUsage {"input_tokens":4,"output_tokens":1,"total_tokens":5}
      + llm.model "gpt-4o"
      + llm.provider "openai.chat"
      + message.format "vercel_ai"
      + spanInputs {"messages":[{"content":"Hi","role":"user"}]}
      + spanOutputs {"finishReason":"stop","text":"Hello"}
      + spanType "LLM"
      type=LLM model=gpt-4o provider=openai.chat
      tokens=4+1=5
    ai.toolCall
      + message.format "vercel_ai"
      + spanInputs {"x":1}
      + spanOutputs "2"
      + spanType "TOOL"
      type=TOOL
    "#);
}

#[test]
fn voltagent_has_short_names() {
    insta::assert_snapshot!(said(include_str!("tests/voltagent.json")), @r#"
    agent
      + chat.tokenUsage {"input_tokens":4,"output_tokens":1,"total_tokens":5}
      + message.format "voltagent"
      + spanInputs [{"role":"user","content":"Hi"}]
      + spanOutputs "Hello"
      + spanType "AGENT"
      type=AGENT
      tokens=4+1=5
    llm
      + chat.tokenUsage {"input_tokens":4,"output_tokens":1,"total_tokens":5}
      + message.format "voltagent"
      + spanInputs [{"role":"user","content":"Hi"}]
      + spanOutputs "Hello"
      + spanType "LLM"
      type=LLM
      tokens=4+1=5
    "#);
}

#[test]
fn livekit_says_what_was_heard_and_answered() {
    insta::assert_snapshot!(said(include_str!("tests/livekit.json")), @r#"
    agent_turn
      + message.format "livekit"
      + spanInputs "Hi"
      + spanOutputs "Hello"
      + spanType "AGENT"
      type=AGENT
    llm_node
      + chat.tokenUsage {"input_tokens":4,"output_tokens":1,"total_tokens":5}
      + llm.model "gpt-4o-mini"
      + llm.provider "openai"
      + message.format "livekit"
      + spanInputs {"items":[]}
      + spanOutputs "Hello"
      + spanType "LLM"
      type=LLM model=gpt-4o-mini provider=openai
      tokens=4+1=5
    function_tool
      + message.format "livekit"
      + spanInputs {"city":"Paris"}
      + spanOutputs "sunny"
      + spanType "TOOL"
      type=TOOL
    "#);
}

#[test]
fn laminar_has_types_of_its_own() {
    insta::assert_snapshot!(said(include_str!("tests/laminar.json")), @r#"
    openai.chat
      + chat.tokenUsage {"input_tokens":4,"output_tokens":1,"total_tokens":5}
      + llm.model "gpt-4o"
      + llm.provider "openai"
      + message.format "openai"
      + spanInputs [{"role":"user","content":"Hi"}]
      + spanOutputs "Hello"
      + spanType "LLM"
      type=LLM model=gpt-4o provider=openai
      tokens=4+1=5
    pipeline
      + spanType "CHAIN"
      type=CHAIN
    "#);
}

#[test]
fn langfuse_observes() {
    insta::assert_snapshot!(said(include_str!("tests/langfuse.json")), @r#"
    generation
      + chat.tokenUsage {"input_tokens":4,"output_tokens":1,"total_tokens":5}
      + llm.model "gpt-4o"
      + spanInputs {"q":"Hi"}
      + spanOutputs "Hello"
      + spanType "LLM"
      type=LLM model=gpt-4o session=s
      tokens=4+1=5
    plain
      + spanType "UNKNOWN"
      type=UNKNOWN
    "#);
}

#[test]
fn what_mlflow_says_is_not_asked_of_others() {
    insta::assert_snapshot!(said(include_str!("tests/native.json")), @r#"
    typed
      + spanOutputs "taken"
      + spanType "CHAIN"
      type=CHAIN
    sums
      + llm.model "gpt-4o"
      type=CHAT_MODEL model=gpt-4o
      tokens=3+4=7
      cost=0.1+0.2=0.3
    broken
      tokens=1+2=3
    "#);
}

#[test]
fn a_span_of_no_convention_says_who_asked_at_most() {
    insta::assert_snapshot!(said(include_str!("tests/plain.json")), @r#"
    GET /
      user=7
    "#);
}
