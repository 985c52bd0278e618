//! The names that MLflow gives to what it keeps of a trace: attributes of spans, tags and metadata of traces.
//!
//! On spans that leave its SDK, the value of each attribute is a string of JSON, a string included: `"CHAIN"` with its quotes.

/// What a span is: `LLM`, `CHAIN`, `TOOL` … or any other word.
pub const SPAN_TYPE: &str = "mlflow.spanType";
/// What went in.
pub const SPAN_INPUTS: &str = "mlflow.spanInputs";
/// What came out.
pub const SPAN_OUTPUTS: &str = "mlflow.spanOutputs";
/// The function that a span is a call of.
pub const SPAN_FUNCTION_NAME: &str = "mlflow.spanFunctionName";
/// `tr-` and the id of the trace, in 32 hexadecimal digits.
pub const TRACE_REQUEST_ID: &str = "mlflow.traceRequestId";
/// Id of the experiment.
pub const EXPERIMENT_ID: &str = "mlflow.experimentId";
/// The tools that a model was offered, in OpenAI's shape.
pub const CHAT_TOOLS: &str = "mlflow.chat.tools";
/// Tokens: an object of `input_tokens`, `output_tokens`, `total_tokens`, and more.
pub const CHAT_TOKEN_USAGE: &str = "mlflow.chat.tokenUsage";
/// The model.
pub const LLM_MODEL: &str = "mlflow.llm.model";
/// Whose model it is.
pub const LLM_PROVIDER: &str = "mlflow.llm.provider";
/// What a call cost, in US dollars: `{"input_cost", "output_cost", "total_cost"}`.
pub const LLM_COST: &str = "mlflow.llm.cost";
/// The shape of inputs and outputs: `openai`, `anthropic`, `gemini`, …
pub const MESSAGE_FORMAT: &str = "mlflow.message.format";
/// Before the name of a tag of the trace, on its root span. The value is plain.
pub const TRACE_TAG_PREFIX: &str = "mlflow.traceTag.";
/// Before the name of metadata of the trace, on its root span. The value is plain. Ours: MLflow's SDK does not send metadata there.
pub const TRACE_METADATA_PREFIX: &str = "mlflow.traceMetadata.";
/// The id that a client gave to its request, on the root span. The value is plain. Ours as well.
pub const CLIENT_REQUEST_ID: &str = "mlflow.clientRequestId";
/// Before the index of an event that is one chunk of a stream.
pub const CHUNK_EVENT_PREFIX: &str = "mlflow.chunk.item.";
/// Attribute of such an event: the chunk.
pub const CHUNK_VALUE: &str = "mlflow.chunk.value";

/// Tag of a trace: its name.
pub const TRACE_NAME_TAG: &str = "mlflow.traceName";
/// Tag of a trace that says where its spans are.
pub const SPANS_LOCATION_TAG: &str = "mlflow.trace.spansLocation";
/// Value of [`SPANS_LOCATION_TAG`]: in the tracking store.
pub const TRACKING_STORE: &str = "TRACKING_STORE";

/// Metadata of a trace: the session that it belongs to.
pub const SESSION_METADATA: &str = "mlflow.trace.session";
/// Metadata of a trace: the user that it was made for.
pub const USER_METADATA: &str = "mlflow.trace.user";
/// Metadata of a trace: its tokens, as [`CHAT_TOKEN_USAGE`].
pub const TOKEN_USAGE_METADATA: &str = "mlflow.trace.tokenUsage";
/// Metadata of a trace: the run that it belongs to.
pub const SOURCE_RUN_METADATA: &str = "mlflow.sourceRun";
/// Metadata of a trace: the version of its layout, of which [`TRACE_SCHEMA_VERSION`] is ours.
pub const TRACE_SCHEMA_METADATA: &str = "mlflow.trace_schema.version";
/// The version of the layout of traces.
pub const TRACE_SCHEMA_VERSION: &str = "3";
/// Metadata of a trace: the start of its inputs.
pub const TRACE_INPUTS_METADATA: &str = "mlflow.traceInputs";
/// Metadata of a trace: the start of its outputs.
pub const TRACE_OUTPUTS_METADATA: &str = "mlflow.traceOutputs";

/// Attribute by which OpenTelemetry knows a session; MLflow takes it from any span.
pub const SESSION_ID: &str = "session.id";
/// The user; MLflow takes it from any span.
pub const USER_ID: &str = "user.id";
