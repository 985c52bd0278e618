//! One vocabulary for what inference servers say of themselves, whatever each of them calls it.

use serde::{Deserialize, Serialize};

/// What a server says of the present moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ServerGauge {
    /// Requests that are being worked on.
    RequestsRunning,
    /// Requests that wait for a place.
    RequestsWaiting,
    /// Share of the KV cache that is in use, from 0 to 1. Of several engines the fullest one.
    KvCacheUsage,
    /// Share of the prompt tokens since the last sample that were found in the prefix cache, from 0 to 1.
    PrefixCacheHitRate,
    /// Share of the drafted tokens since the last sample that were accepted, from 0 to 1.
    SpecDecodeAcceptanceRate,
}

/// What a server counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ServerCounter {
    /// Prompt tokens taken in, those found in the prefix cache included.
    PromptTokens,
    /// Tokens generated.
    GenerationTokens,
    /// Tokens (vLLM, SGLang) looked up in the prefix cache.
    PrefixCacheQueries,
    /// Those of them that were found.
    PrefixCacheHits,
    /// Requests that lost their place in the KV cache and had to start again.
    Preemptions,
    /// Requests that came to a good end.
    RequestsSucceeded,
    /// Tokens drafted by speculative decoding.
    SpecDecodeDraftTokens,
    /// Those of them that were accepted.
    SpecDecodeAcceptedTokens,
}

/// What a server has a histogram of, in seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum ServerHistogram {
    /// From the arrival of a request until it is worked on.
    #[serde(rename = "queue_time_seconds")]
    QueueTime,
    /// From the arrival of a request to its first token.
    #[serde(rename = "time_to_first_token_seconds")]
    TimeToFirstToken,
    /// Between two tokens of a request: one value for each token.
    #[serde(rename = "inter_token_latency_seconds")]
    InterTokenLatency,
    /// Mean time between the tokens of a request: one value for each request.
    #[serde(rename = "time_per_output_token_seconds")]
    TimePerOutputToken,
    /// From the arrival of a request to its last token.
    #[serde(rename = "request_latency_seconds")]
    RequestLatency,
}

impl ServerGauge {
    /// Every gauge.
    pub const ALL: [Self; 5] = [
        Self::RequestsRunning,
        Self::RequestsWaiting,
        Self::KvCacheUsage,
        Self::PrefixCacheHitRate,
        Self::SpecDecodeAcceptanceRate,
    ];

    /// Name, unit and description in OpenTelemetry.
    #[must_use]
    pub const fn instrument(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::RequestsRunning => (
                "loadspan.server.requests.running",
                "{request}",
                "Requests that the server is working on.",
            ),
            Self::RequestsWaiting => (
                "loadspan.server.requests.waiting",
                "{request}",
                "Requests that wait in the server's queue.",
            ),
            Self::KvCacheUsage => (
                "loadspan.server.kv_cache.usage",
                "1",
                "Share of the KV cache in use, of the fullest engine.",
            ),
            Self::PrefixCacheHitRate => (
                "loadspan.server.prefix_cache.hit_rate",
                "1",
                "Share of prompt tokens found in the prefix cache.",
            ),
            Self::SpecDecodeAcceptanceRate => (
                "loadspan.server.spec_decode.acceptance_rate",
                "1",
                "Share of drafted tokens that were accepted.",
            ),
        }
    }
}

impl ServerCounter {
    /// Every counter.
    pub const ALL: [Self; 8] = [
        Self::PromptTokens,
        Self::GenerationTokens,
        Self::PrefixCacheQueries,
        Self::PrefixCacheHits,
        Self::Preemptions,
        Self::RequestsSucceeded,
        Self::SpecDecodeDraftTokens,
        Self::SpecDecodeAcceptedTokens,
    ];

    /// Name, unit and description of its rate in OpenTelemetry.
    #[must_use]
    pub const fn rate_instrument(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::PromptTokens => (
                "loadspan.server.prompt_tokens.rate",
                "{token}/s",
                "Prompt tokens that the server took in per second.",
            ),
            Self::GenerationTokens => (
                "loadspan.server.generation_tokens.rate",
                "{token}/s",
                "Tokens that the server generated per second.",
            ),
            Self::PrefixCacheQueries => (
                "loadspan.server.prefix_cache.queries.rate",
                "{token}/s",
                "Tokens looked up in the prefix cache per second.",
            ),
            Self::PrefixCacheHits => (
                "loadspan.server.prefix_cache.hits.rate",
                "{token}/s",
                "Tokens found in the prefix cache per second.",
            ),
            Self::Preemptions => (
                "loadspan.server.preemptions.rate",
                "{preemption}/s",
                "Requests preempted per second.",
            ),
            Self::RequestsSucceeded => (
                "loadspan.server.requests.succeeded.rate",
                "{request}/s",
                "Requests that came to a good end per second.",
            ),
            Self::SpecDecodeDraftTokens => (
                "loadspan.server.spec_decode.draft_tokens.rate",
                "{token}/s",
                "Tokens drafted by speculative decoding per second.",
            ),
            Self::SpecDecodeAcceptedTokens => (
                "loadspan.server.spec_decode.accepted_tokens.rate",
                "{token}/s",
                "Drafted tokens accepted per second.",
            ),
        }
    }
}

impl ServerHistogram {
    /// Every histogram.
    pub const ALL: [Self; 5] = [
        Self::QueueTime,
        Self::TimeToFirstToken,
        Self::InterTokenLatency,
        Self::TimePerOutputToken,
        Self::RequestLatency,
    ];

    /// Name, unit and description of its quantiles in OpenTelemetry.
    #[must_use]
    pub const fn instrument(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::QueueTime => (
                "loadspan.server.queue_time",
                "s",
                "Time in the server's queue, as the server has it.",
            ),
            Self::TimeToFirstToken => (
                "loadspan.server.time_to_first_token",
                "s",
                "Time to first token, as the server has it.",
            ),
            Self::InterTokenLatency => (
                "loadspan.server.inter_token_latency",
                "s",
                "Time between two tokens, as the server has it.",
            ),
            Self::TimePerOutputToken => (
                "loadspan.server.time_per_output_token",
                "s",
                "Mean time between the tokens of a request, as the server has it.",
            ),
            Self::RequestLatency => (
                "loadspan.server.request_latency",
                "s",
                "Latency of a request, as the server has it.",
            ),
        }
    }
}
