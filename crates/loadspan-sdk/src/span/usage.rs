//! Tokens of a call of a model.

use serde::Serialize;

/// More cannot be counted: MLflow's numbers have 64 bits with a sign, and one that is larger breaks every later look at the trace.
const MOST: u64 = i64::MAX as u64;

/// Tokens of a call of a model. Counts above `i64::MAX` are cut to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct TokenUsage {
    /// Tokens that went in, cached ones included.
    pub input: u64,
    /// Tokens that came out.
    pub output: u64,
    /// `None`: the sum of both.
    pub total: Option<u64>,
    /// Input tokens that came from a cache.
    pub cache_read: Option<u64>,
    /// Input tokens that went into a cache.
    pub cache_creation: Option<u64>,
}

impl TokenUsage {
    /// So many in, so many out.
    #[must_use]
    pub fn new(input: u64, output: u64) -> Self {
        Self {
            input,
            output,
            ..Self::default()
        }
    }

    /// With a total that is not the sum.
    #[must_use]
    pub fn with_total(mut self, total: u64) -> Self {
        self.total = Some(total);
        self
    }

    /// With input tokens that came from a cache.
    #[must_use]
    pub fn with_cache_read(mut self, tokens: u64) -> Self {
        self.cache_read = Some(tokens);
        self
    }

    /// With input tokens that went into a cache.
    #[must_use]
    pub fn with_cache_creation(mut self, tokens: u64) -> Self {
        self.cache_creation = Some(tokens);
        self
    }
}

impl Serialize for TokenUsage {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let fit = |tokens: u64| tokens.min(MOST);
        Names {
            input_tokens: fit(self.input),
            output_tokens: fit(self.output),
            total_tokens: fit(self.total.unwrap_or_else(|| self.input.saturating_add(self.output))),
            cache_read_input_tokens: self.cache_read.map(fit),
            cache_creation_input_tokens: self.cache_creation.map(fit),
        }
        .serialize(serializer)
    }
}

/// MLflow's names.
#[derive(Serialize)]
struct Names {
    input_tokens: u64,
    output_tokens: u64,
    total_tokens: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    cache_read_input_tokens: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cache_creation_input_tokens: Option<u64>,
}
