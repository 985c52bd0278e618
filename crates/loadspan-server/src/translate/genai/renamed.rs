//! Attributes of other conventions, and of older versions of this one, that the GenAI conventions have a name of their own for.

use loadspan_wire::otlp::{AnyValue, ArrayValue, KeyValue, any_value};
use loadspan_wire::semconv::attributes::*;
use loadspan_wire::semconv::genai::names::*;
use loadspan_wire::semconv::genai::{Attributes, Operation};
use loadspan_wire::semconv::provider;

/// A name, and that of the conventions.
type Renamed = (&'static str, &'static str);

/// Of older versions of the conventions.
const OLDER: &[Renamed] = &[
    ("gen_ai.system", GEN_AI_PROVIDER_NAME),
    ("gen_ai.usage.prompt_tokens", GEN_AI_USAGE_INPUT_TOKENS),
    ("gen_ai.usage.completion_tokens", GEN_AI_USAGE_OUTPUT_TOKENS),
    (
        "gen_ai.usage.cache_read_input_tokens",
        GEN_AI_USAGE_CACHE_READ_INPUT_TOKENS,
    ),
    (
        "gen_ai.usage.cache_creation.input_tokens",
        GEN_AI_USAGE_CACHE_WRITE_INPUT_TOKENS,
    ),
    (
        "gen_ai.usage.cache_creation_input_tokens",
        GEN_AI_USAGE_CACHE_WRITE_INPUT_TOKENS,
    ),
    ("gen_ai.openai.request.seed", GEN_AI_REQUEST_SEED),
    ("gen_ai.openai.request.service_tier", OPENAI_REQUEST_SERVICE_TIER),
    ("gen_ai.openai.response.service_tier", OPENAI_RESPONSE_SERVICE_TIER),
    (
        "gen_ai.openai.response.system_fingerprint",
        OPENAI_RESPONSE_SYSTEM_FINGERPRINT,
    ),
];

/// Of other conventions, on spans of any kind.
const OTHERS: &[Renamed] = &[
    // OpenInference.
    ("llm.request.model_name", GEN_AI_REQUEST_MODEL),
    ("llm.model_name", GEN_AI_REQUEST_MODEL),
    ("embedding.model_name", GEN_AI_REQUEST_MODEL),
    ("llm.response.model_name", GEN_AI_RESPONSE_MODEL),
    ("llm.provider", GEN_AI_PROVIDER_NAME),
    ("llm.system", GEN_AI_PROVIDER_NAME),
    (
        "llm.token_count.completion_details.reasoning",
        GEN_AI_USAGE_REASONING_OUTPUT_TOKENS,
    ),
    ("tool.description", GEN_AI_TOOL_DESCRIPTION),
    ("tool_call.id", GEN_AI_TOOL_CALL_ID),
    // OpenLLMetry.
    ("llm.frequency_penalty", GEN_AI_REQUEST_FREQUENCY_PENALTY),
    ("llm.presence_penalty", GEN_AI_REQUEST_PRESENCE_PENALTY),
    // Vercel's SDK.
    ("ai.model.id", GEN_AI_REQUEST_MODEL),
    ("ai.model.provider", GEN_AI_PROVIDER_NAME),
    ("ai.response.id", GEN_AI_RESPONSE_ID),
    ("ai.response.model", GEN_AI_RESPONSE_MODEL),
    ("ai.response.finishReason", GEN_AI_RESPONSE_FINISH_REASONS),
    ("ai.settings.temperature", GEN_AI_REQUEST_TEMPERATURE),
    ("ai.settings.topP", GEN_AI_REQUEST_TOP_P),
    ("ai.settings.topK", GEN_AI_REQUEST_TOP_K),
    ("ai.settings.maxTokens", GEN_AI_REQUEST_MAX_TOKENS),
    ("ai.settings.maxOutputTokens", GEN_AI_REQUEST_MAX_TOKENS),
    ("ai.settings.frequencyPenalty", GEN_AI_REQUEST_FREQUENCY_PENALTY),
    ("ai.settings.presencePenalty", GEN_AI_REQUEST_PRESENCE_PENALTY),
    ("ai.settings.seed", GEN_AI_REQUEST_SEED),
    ("ai.settings.stopSequences", GEN_AI_REQUEST_STOP_SEQUENCES),
    ("ai.usage.promptTokens", GEN_AI_USAGE_INPUT_TOKENS),
    ("ai.usage.inputTokens", GEN_AI_USAGE_INPUT_TOKENS),
    ("ai.usage.completionTokens", GEN_AI_USAGE_OUTPUT_TOKENS),
    ("ai.usage.outputTokens", GEN_AI_USAGE_OUTPUT_TOKENS),
    ("ai.usage.cachedInputTokens", GEN_AI_USAGE_CACHE_READ_INPUT_TOKENS),
    ("ai.usage.reasoningTokens", GEN_AI_USAGE_REASONING_OUTPUT_TOKENS),
    ("ai.toolCall.id", GEN_AI_TOOL_CALL_ID),
    // LiveKit Agents.
    ("lk.function_tool.id", GEN_AI_TOOL_CALL_ID),
    // Langfuse.
    ("langfuse.session.id", GEN_AI_CONVERSATION_ID),
];

const OF_TOOLS: &[Renamed] = &[
    ("tool.name", GEN_AI_TOOL_NAME),
    ("tool_name", GEN_AI_TOOL_NAME),
    ("tool_use_id", GEN_AI_TOOL_CALL_ID),
    ("ai.toolCall.name", GEN_AI_TOOL_NAME),
    ("lk.function_tool.name", GEN_AI_TOOL_NAME),
    ("traceloop.entity.name", GEN_AI_TOOL_NAME),
];

const OF_AGENTS: &[Renamed] = &[
    ("agent.name", GEN_AI_AGENT_NAME),
    ("lk.agent_name", GEN_AI_AGENT_NAME),
    ("ai.telemetry.functionId", GEN_AI_AGENT_NAME),
    ("traceloop.entity.name", GEN_AI_AGENT_NAME),
];

const OF_WORKFLOWS: &[Renamed] = &[("traceloop.entity.name", GEN_AI_WORKFLOW_NAME)];

/// Gives attributes the names that the conventions have for them. One stays where there is another under that name already, unless it
/// says the same.
pub(super) fn rename(target: &mut Attributes<'_>, operation: Operation) {
    let particular = match operation {
        Operation::ExecuteTool => OF_TOOLS,
        Operation::InvokeAgent | Operation::CreateAgent => OF_AGENTS,
        Operation::InvokeWorkflow => OF_WORKFLOWS,
        _ => &[],
    };
    for (from, to) in OLDER.iter().chain(OTHERS).chain(particular) {
        let said = |name: &str| target.0.iter().find(|attribute| attribute.key == name);
        let Some(value) = said(from).and_then(|attribute| attribute.value.clone()) else {
            continue;
        };
        let value = Some(changed(value, to));
        match said(to) {
            Some(other) if other.value != value => continue,
            Some(_) => {}
            None => target.0.push(KeyValue {
                key: (*to).to_owned(),
                value,
                ..KeyValue::default()
            }),
        }
        target.remove(from);
    }
}

/// Whether a name is one of an older version of the conventions.
pub(super) fn is_older(name: &str) -> bool {
    let is_numbered = |prefix: &str| {
        let rest = name.strip_prefix(prefix);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    };
    OLDER.iter().any(|(older, _)| *older == name) || is_numbered("gen_ai.prompt") || is_numbered("gen_ai.completion")
}

/// The value under its new name. Providers have other names as well, and of some things there can be several.
fn changed(value: AnyValue, to: &str) -> AnyValue {
    use any_value::Value;

    let value = match (to, value.value) {
        (GEN_AI_PROVIDER_NAME, Some(Value::StringValue(name))) => {
            Some(Value::StringValue(provider::conventional(&name).to_owned()))
        }
        (GEN_AI_RESPONSE_FINISH_REASONS | GEN_AI_REQUEST_STOP_SEQUENCES, Some(one @ Value::StringValue(_))) => {
            let values = vec![AnyValue { value: Some(one) }];
            Some(Value::ArrayValue(ArrayValue { values }))
        }
        (_, value) => value,
    };
    AnyValue { value }
}
