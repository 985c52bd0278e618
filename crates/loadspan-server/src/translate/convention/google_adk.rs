//! Google's Agent Development Kit.

use super::super::source::Families;
use super::Convention;

pub(super) const CONVENTION: Convention = Convention {
    families: Families::ADK,
    inputs: |source| source.json(&["gcp.vertex.agent.llm_request", "gcp.vertex.agent.tool_call_args"]),
    outputs: |source| source.json(&["gcp.vertex.agent.llm_response", "gcp.vertex.agent.tool_response"]),
    ..Convention::SILENT
};
