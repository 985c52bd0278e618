//! Names of the GenAI conventions that no span of a load has: those of agents, tools and retrievals.

/// The agent.
pub const GEN_AI_AGENT_NAME: &str = "gen_ai.agent.name";
/// The tool.
pub const GEN_AI_TOOL_NAME: &str = "gen_ai.tool.name";
/// What the tool is for.
pub const GEN_AI_TOOL_DESCRIPTION: &str = "gen_ai.tool.description";
/// The id that a model gave to its call of the tool.
pub const GEN_AI_TOOL_CALL_ID: &str = "gen_ai.tool.call.id";
/// What the tool was given, as JSON.
pub const GEN_AI_TOOL_CALL_ARGUMENTS: &str = "gen_ai.tool.call.arguments";
/// What the tool gave back, as JSON.
pub const GEN_AI_TOOL_CALL_RESULT: &str = "gen_ai.tool.call.result";
/// The workflow.
pub const GEN_AI_WORKFLOW_NAME: &str = "gen_ai.workflow.name";
/// What was searched for.
pub const GEN_AI_RETRIEVAL_QUERY_TEXT: &str = "gen_ai.retrieval.query.text";
/// What was found, as JSON.
pub const GEN_AI_RETRIEVAL_DOCUMENTS: &str = "gen_ai.retrieval.documents";
/// Input tokens that were written to the cache of prompts.
pub const GEN_AI_USAGE_CACHE_WRITE_INPUT_TOKENS: &str = "gen_ai.usage.cache_write.input_tokens";
/// The service tier that answered.
pub const OPENAI_RESPONSE_SERVICE_TIER: &str = "openai.response.service_tier";
/// The configuration that answered.
pub const OPENAI_RESPONSE_SYSTEM_FINGERPRINT: &str = "openai.response.system_fingerprint";
