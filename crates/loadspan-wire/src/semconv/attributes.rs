//! Spans, their attributes and events: every name that a trace of loadspan can show, with what it says.
//!
//! The names of GenAI are those of its newest, unreleased convention, those of inference-perf are of its document on tracing.

/// The schema that spans follow.
pub const SCHEMA_URL: &str = "https://opentelemetry.io/schemas/gen-ai-dev/1.42.0-dev";

/// A name and what it says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Attribute {
    /// The name, as it is exported.
    pub name: &'static str,
    /// What it says, in one line of Markdown.
    pub description: &'static str,
}

/// Declares constants, and the list of all of them.
macro_rules! names {
    ($(#[doc = $about:literal])* $list:ident: $(#[doc = $description:literal] $constant:ident = $name:literal;)*) => {
        $(#[doc = $description] pub const $constant: &str = $name;)*

        $(#[doc = $about])*
        pub const $list: &[Attribute] = &[
            $(Attribute { name: $name, description: $description.trim_ascii() },)*
        ];
    };
}

names! {
    /// Attributes of the semantic conventions, on the spans of requests.
    CONVENTION:
    /// What was asked of the server: `chat`, `text_completion` or `embeddings`.
    GEN_AI_OPERATION_NAME = "gen_ai.operation.name";
    /// Who serves the model: from the host of the target, or `--gen-ai-provider`.
    GEN_AI_PROVIDER_NAME = "gen_ai.provider.name";
    /// The model that the request names.
    GEN_AI_REQUEST_MODEL = "gen_ai.request.model";
    /// Host of the target.
    SERVER_ADDRESS = "server.address";
    /// Port of the target.
    SERVER_PORT = "server.port";
    /// The class of the failure, as in `counts.by_error` of `summary.json`; `cancelled` where the run ended first. On runs and stages: `invalid`, `incomplete`.
    ERROR_TYPE = "error.type";
    /// The conversation, unique over runs. Only where the load has conversations.
    GEN_AI_CONVERSATION_ID = "gen_ai.conversation.id";
    /// The format that was asked for: `text` or `json`.
    GEN_AI_OUTPUT_TYPE = "gen_ai.output.type";
    /// Choices that were asked for, unless it was one.
    GEN_AI_REQUEST_CHOICE_COUNT = "gen_ai.request.choice.count";
    /// The bound on output tokens that was sent.
    GEN_AI_REQUEST_MAX_TOKENS = "gen_ai.request.max_tokens";
    /// The temperature that was sent.
    GEN_AI_REQUEST_TEMPERATURE = "gen_ai.request.temperature";
    /// The `top_p` that was sent.
    GEN_AI_REQUEST_TOP_P = "gen_ai.request.top_p";
    /// The `top_k` that was sent.
    GEN_AI_REQUEST_TOP_K = "gen_ai.request.top_k";
    /// The frequency penalty that was sent.
    GEN_AI_REQUEST_FREQUENCY_PENALTY = "gen_ai.request.frequency_penalty";
    /// The presence penalty that was sent.
    GEN_AI_REQUEST_PRESENCE_PENALTY = "gen_ai.request.presence_penalty";
    /// The seed that was sent.
    GEN_AI_REQUEST_SEED = "gen_ai.request.seed";
    /// The stop sequences that were sent.
    GEN_AI_REQUEST_STOP_SEQUENCES = "gen_ai.request.stop_sequences";
    /// `true` where the answer was asked for as a stream; absent otherwise.
    GEN_AI_REQUEST_STREAM = "gen_ai.request.stream";
    /// The reasoning effort that was sent.
    GEN_AI_REQUEST_REASONING_LEVEL = "gen_ai.request.reasoning.level";
    /// The earlier response that the request goes on from.
    GEN_AI_REQUEST_PREVIOUS_RESPONSE_ID = "gen_ai.request.previous_response.id";
    /// The encodings that an embeddings request asks for.
    GEN_AI_REQUEST_ENCODING_FORMATS = "gen_ai.request.encoding_formats";
    /// The dimensions that an embeddings request asks for.
    GEN_AI_EMBEDDINGS_DIMENSION_COUNT = "gen_ai.embeddings.dimension.count";
    /// Which of OpenAI's APIs was spoken: `chat_completions` or `responses`.
    OPENAI_API_TYPE = "openai.api.type";
    /// The service tier that was sent, unless it was `auto`.
    OPENAI_REQUEST_SERVICE_TIER = "openai.request.service_tier";
    /// The `id` of the response.
    GEN_AI_RESPONSE_ID = "gen_ai.response.id";
    /// The model that answered, as the server names it.
    GEN_AI_RESPONSE_MODEL = "gen_ai.response.model";
    /// The finish reason of the first choice, whatever their number; `error` where a response began and did not end well.
    GEN_AI_RESPONSE_FINISH_REASONS = "gen_ai.response.finish_reasons";
    /// Seconds from sending to the first byte of the response body. Streams only.
    GEN_AI_RESPONSE_TIME_TO_FIRST_CHUNK = "gen_ai.response.time_to_first_chunk";
    /// Input tokens, cached ones included.
    GEN_AI_USAGE_INPUT_TOKENS = "gen_ai.usage.input_tokens";
    /// Output tokens, reasoning included. Absent where only chunks were counted.
    GEN_AI_USAGE_OUTPUT_TOKENS = "gen_ai.usage.output_tokens";
    /// Input tokens that the server had in its prefix cache.
    GEN_AI_USAGE_CACHE_READ_INPUT_TOKENS = "gen_ai.usage.cache_read.input_tokens";
    /// Output tokens that were reasoning.
    GEN_AI_USAGE_REASONING_OUTPUT_TOKENS = "gen_ai.usage.reasoning.output_tokens";
    /// Status of the response.
    HTTP_RESPONSE_STATUS_CODE = "http.response.status_code";
    /// The request id that the server gave in a header.
    HTTP_RESPONSE_HEADER_X_REQUEST_ID = "http.response.header.x-request-id";
    /// The prompt, as JSON in the convention's schema (with `inference-perf` alone: as it was sent). Only with content capture.
    GEN_AI_INPUT_MESSAGES = "gen_ai.input.messages";
    /// Instructions sent apart from the prompt, as JSON. Only with content capture.
    GEN_AI_SYSTEM_INSTRUCTIONS = "gen_ai.system_instructions";
    /// The tools that the model was offered, as JSON in the convention's schema. Only with content capture.
    GEN_AI_TOOL_DEFINITIONS = "gen_ai.tool.definitions";
    /// The first choice of the answer, as JSON in the convention's schema. Only with content capture.
    GEN_AI_OUTPUT_MESSAGES = "gen_ai.output.messages";
}

names! {
    /// Attributes of loadspan's own, where the conventions have nothing.
    LOADSPAN:
    /// Id of the run. On its span and those of stages; every span has it in its resource.
    LOADSPAN_RUN_ID = "loadspan.run.id";
    /// Id of the request, which went out as the header `x-request-id`.
    LOADSPAN_REQUEST_ID = "loadspan.request.id";
    /// The phase in which a request was sent: `warmup` or `measure`.
    LOADSPAN_PHASE = "loadspan.phase";
    /// Number of the stage, from 0. On requests, sessions and stages.
    LOADSPAN_STAGE = "loadspan.stage";
    /// Name of the stage, where it has one. On the spans of stages.
    LOADSPAN_STAGE_NAME = "loadspan.stage.name";
    /// Whether the requests of a stage are in the figures: `measured` or `warmup`. On the spans of several stages.
    LOADSPAN_STAGE_ROLE = "loadspan.stage.role";
    /// Number of the conversation, from 0. On requests and sessions.
    LOADSPAN_SESSION = "loadspan.session";
    /// How a conversation ended: `completed`, `failed`, or `cut` by the end of the stage. On its span.
    LOADSPAN_SESSION_OUTCOME = "loadspan.session.outcome";
    /// Turns of a conversation that were sent, those sent again counted once. On its span.
    LOADSPAN_SESSION_TURNS = "loadspan.session.turns";
    /// Place of a request in its conversation, from 0.
    LOADSPAN_TURN = "loadspan.turn";
    /// Seconds from when a request was due to when it was sent.
    LOADSPAN_SCHEDULE_LAG = "loadspan.schedule_lag";
    /// Seconds for which `--max-concurrency` held a request back after it was due.
    LOADSPAN_HELD_BACK = "loadspan.held_back";
    /// The connection of a request, unless it was there already: `opened` for it, or `failed`.
    LOADSPAN_CONNECTION = "loadspan.connection";
    /// Seconds that connecting took, TLS included, where a request opened a connection.
    LOADSPAN_CONNECT_TIME = "loadspan.connect_time";
    /// Seconds from sending to the first token, as in the report.
    LOADSPAN_TIME_TO_FIRST_TOKEN = "loadspan.time_to_first_token";
    /// Seconds per token after the first, as in the report.
    LOADSPAN_TIME_PER_OUTPUT_TOKEN = "loadspan.time_per_output_token";
    /// Chunks that carried output.
    LOADSPAN_CHUNKS = "loadspan.chunks";
    /// Who counted the output tokens: `server_usage`, `chunk_usage`, `client_tokenizer` or `chunk_count`.
    LOADSPAN_TOKEN_SOURCE = "loadspan.token_source";
    /// Whether a completed request met every target of `--goodput`.
    LOADSPAN_SLO_MET = "loadspan.slo_met";
    /// Why a request that was not sampled is here: `error` or `slowest`.
    LOADSPAN_KEPT = "loadspan.kept";
    /// What a link leads to: `run`, `stage` or `session`.
    LOADSPAN_LINK = "loadspan.link";
    /// What the first token of a stream was: `answer` or `reasoning`. On the event `loadspan.first_token`.
    LOADSPAN_CHANNEL = "loadspan.channel";
    /// Name of the run. On its span, as are all below.
    LOADSPAN_RUN_NAME = "loadspan.run.name";
    /// Version of loadspan.
    LOADSPAN_VERSION = "loadspan.version";
    /// The load, for people. Of several stages each says its own, too.
    LOADSPAN_LOAD = "loadspan.load";
    /// The model that requests name, unless their own body names another.
    LOADSPAN_MODEL = "loadspan.model";
    /// What is asked of the server, as `gen_ai.operation.name` has it.
    LOADSPAN_OPERATION = "loadspan.operation";
    /// Whether answers are streamed.
    LOADSPAN_STREAMING = "loadspan.streaming";
    /// Where requests go: `host:port` of each target.
    LOADSPAN_TARGETS = "loadspan.targets";
    /// The kind of server, where it is known: `vllm`, `sglang`, `tgi`, `openai`.
    LOADSPAN_SERVER_KIND = "loadspan.server_kind";
    /// The targets of `--goodput`.
    LOADSPAN_SLO = "loadspan.slo";
    /// The share of requests that is sampled, from 0 to 1.
    LOADSPAN_SAMPLE_RATIO = "loadspan.sample_ratio";
    /// What the figures are worth: `valid`, `degraded` or `invalid`. On runs and measured stages, and on `loadspan.stage_ended`.
    LOADSPAN_VERDICT = "loadspan.verdict";
    /// What speaks against the figures, worst first, for people. On runs and measured stages.
    LOADSPAN_VERDICT_REASONS = "loadspan.verdict.reasons";
    /// Why the run, or the stage, did not come to its planned end, if it did not.
    LOADSPAN_INCOMPLETE = "loadspan.incomplete";
    /// Measured requests that completed. On runs, stages and sessions.
    LOADSPAN_REQUESTS_COMPLETED = "loadspan.requests.completed";
    /// Measured requests that failed. On runs, stages and sessions.
    LOADSPAN_REQUESTS_FAILED = "loadspan.requests.failed";
    /// Measured requests that were cancelled when the run ended. On runs, stages and sessions.
    LOADSPAN_REQUESTS_CANCELLED = "loadspan.requests.cancelled";
    /// Requests of the warm-up, whatever became of them. On stages and sessions.
    LOADSPAN_REQUESTS_WARMUP = "loadspan.requests.warmup";
}

names! {
    /// The names of inference-perf's document, where they differ: `--otel-attributes inference-perf`.
    INFERENCE_PERF:
    /// Always `openai_compatible`. In place of `gen_ai.provider.name`.
    GEN_AI_SYSTEM = "gen_ai.system";
    /// Input tokens. In place of `gen_ai.usage.input_tokens`.
    GEN_AI_USAGE_PROMPT_TOKENS = "gen_ai.usage.prompt_tokens";
    /// Output tokens. In place of `gen_ai.usage.output_tokens`.
    GEN_AI_USAGE_COMPLETION_TOKENS = "gen_ai.usage.completion_tokens";
    /// Input and output tokens.
    LLM_USAGE_TOTAL_TOKENS = "llm.usage.total_tokens";
    /// Seconds from sending to the end of the output; where there was none, to the end of the request.
    GEN_AI_RESPONSE_TOTAL_LATENCY = "gen_ai.response.total_latency";
    /// Seconds from sending to the first token.
    GEN_AI_RESPONSE_TIME_TO_FIRST_TOKEN = "gen_ai.response.time_to_first_token";
    /// Seconds per token after the first.
    GEN_AI_RESPONSE_TIME_PER_OUTPUT_TOKEN = "gen_ai.response.time_per_output_token";
    /// The finish reason. In place of `gen_ai.response.finish_reasons`.
    GEN_AI_RESPONSE_FINISH_REASON = "gen_ai.response.finish_reason";
    /// What was asked of the server: `chat.completions`, `completions`, `responses` or `embeddings`.
    LLM_REQUEST_TYPE = "llm.request.type";
    /// Whether the answer was asked for as a stream.
    LLM_IS_STREAMING = "llm.is_streaming";
    /// What the server or the operating system said about a failure.
    ERROR_MESSAGE = "error.message";
    /// The text of the answer. Only with content capture. In place of `gen_ai.output.messages`.
    GEN_AI_OUTPUT_TEXT = "gen_ai.output.text";
}

names! {
    /// The spans above those of requests. A request's is named `{gen_ai.operation.name} {gen_ai.request.model}`.
    SPANS:
    /// The run, from the start of its clock to the end of its last request.
    SPAN_RUN = "benchmark";
    /// A stage, with its name behind it, else its number: `stage ramp`, `stage 0`. From the start of its load to its last answer.
    SPAN_STAGE = "stage";
    /// A conversation, from when its first turn was due to the end of its last.
    SPAN_SESSION = "session";
}

names! {
    /// Events, each with its own time.
    EVENTS:
    /// First byte of the response body.
    EVENT_FIRST_CHUNK = "loadspan.first_chunk";
    /// First non-empty output in any channel. Streams only.
    EVENT_FIRST_TOKEN = "loadspan.first_token";
    /// The last output of a completed request: the end of `request_latency`. Usage and `[DONE]` come after it.
    EVENT_END_OF_OUTPUT = "loadspan.end_of_output";
    /// Connections are open and the load begins. On the span of the run.
    EVENT_LOAD_STARTED = "loadspan.load_started";
    /// The first measured request is due. On the span of the run.
    EVENT_MEASURE_STARTED = "loadspan.measure_started";
    /// The last request of one of several stages has ended. On the span of the run, with its number, name and verdict.
    EVENT_STAGE_ENDED = "loadspan.stage_ended";
}

/// Every attribute that a span can have, in the order of the documentation.
pub fn all() -> impl Iterator<Item = &'static Attribute> {
    CONVENTION.iter().chain(LOADSPAN).chain(INFERENCE_PERF)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_name_is_declared_once() {
        let names: Vec<_> = all()
            .chain(SPANS)
            .chain(EVENTS)
            .map(|attribute| attribute.name)
            .collect();
        assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), names.len(), "{names:?}");
    }

    #[test]
    fn every_description_is_a_line_for_the_documentation() {
        for Attribute { name, description } in all().chain(SPANS).chain(EVENTS) {
            assert!(
                description.ends_with('.') && !description.contains(['\n', '|']),
                "{name}: {description}"
            );
        }
    }
}
