//! How many tokens a request had, and who counted them.

use serde::{Deserialize, Serialize};

/// Who counted the output tokens, best first. Never `max_tokens`: what was asked for is not what came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TokenSource {
    /// The `usage` object at the end of the response.
    ServerUsage,
    /// The last `usage` that came with a chunk, where none came at the end.
    ChunkUsage,
    /// The client's tokenizer, over the whole output at once.
    ClientTokenizer,
    /// The number of chunks that carried output: a lower bound, and said to be one.
    ChunkCount,
}

impl TokenSource {
    /// Every source, best first.
    pub const ALL: [Self; 4] = [
        Self::ServerUsage,
        Self::ChunkUsage,
        Self::ClientTokenizer,
        Self::ChunkCount,
    ];

    /// The name in files.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ServerUsage => "server_usage",
            Self::ChunkUsage => "chunk_usage",
            Self::ClientTokenizer => "client_tokenizer",
            Self::ChunkCount => "chunk_count",
        }
    }
}

/// Token counts of one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct TokenCounts {
    /// Prompt tokens, chat template included, as the server counted them; else the client tokenizer's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input: Option<u32>,
    /// Prompt tokens that the server had in its prefix cache.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cached_input: Option<u32>,
    /// All output tokens: answer, reasoning, tool calls; over all choices.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output: Option<u32>,
    /// Those of `output` that were reasoning.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reasoning: Option<u32>,
    /// Output tokens in the first chunk that carried any. Known only with usage in each chunk.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_chunk: Option<u32>,
    /// Who counted `output`. `None` when nobody did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<TokenSource>,
    /// The output length that was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requested_output: Option<u32>,
    /// The input length that was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requested_input: Option<u32>,
}
