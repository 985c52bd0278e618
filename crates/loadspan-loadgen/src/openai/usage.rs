//! Token counts as servers report them.

use serde::Deserialize;

/// A `usage` object. The names of the chat and completions APIs, and those of the responses API.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
pub(crate) struct Usage {
    #[serde(default, alias = "input_tokens")]
    pub(crate) prompt_tokens: Option<u32>,
    #[serde(default, alias = "output_tokens")]
    pub(crate) completion_tokens: Option<u32>,
    #[serde(default, alias = "input_tokens_details")]
    prompt_tokens_details: Option<InputDetails>,
    #[serde(default, alias = "output_tokens_details")]
    completion_tokens_details: Option<OutputDetails>,
    /// SGLang's place for it.
    #[serde(default)]
    reasoning_tokens: Option<u32>,
    /// DeepSeek's place for cached tokens.
    #[serde(default)]
    prompt_cache_hit_tokens: Option<u32>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
struct InputDetails {
    #[serde(default)]
    cached_tokens: Option<u32>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
struct OutputDetails {
    #[serde(default)]
    reasoning_tokens: Option<u32>,
}

impl Usage {
    pub(crate) fn cached(&self) -> Option<u32> {
        self.prompt_tokens_details
            .and_then(|details| details.cached_tokens)
            .or(self.prompt_cache_hit_tokens)
    }

    pub(crate) fn reasoning(&self) -> Option<u32> {
        self.completion_tokens_details
            .and_then(|details| details.reasoning_tokens)
            .or(self.reasoning_tokens)
    }
}
