//! Spring AI: the GenAI conventions with content in events.

use super::super::json;
use super::super::source::Families;
use super::{Convention, genai};

pub(super) const CONVENTION: Convention = Convention {
    families: Families::GENAI,
    inputs: |source| {
        source
            .event("gen_ai.content.prompt", "gen_ai.prompt")
            .and_then(json::content)
    },
    outputs: |source| {
        let completion = source.event("gen_ai.content.completion", "gen_ai.completion");
        completion.and_then(json::content)
    },
    usage: genai::tokens,
    ..Convention::SILENT
};
