//! The figures with one value per request: what each is called, what it measures, and in which unit.
//!
//! The formulas are in `metric/formula.rs`, the figures with one value per run in `metric/run.rs`. `docs/metrics.md` carries
//! every tag and definition, and a test holds it to that.

mod formula;
mod run;
mod unit;

pub use run::RunMetric;
pub use unit::{Better, Unit};

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A figure with one value per request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Metric {
    /// Until the first output in any channel.
    TimeToFirstToken,
    /// Until the first output that is not reasoning.
    TimeToFirstOutputToken,
    /// From the first to the second chunk with output.
    TimeToSecondToken,
    /// Time per token after the first chunk.
    InterTokenLatency,
    /// Time per token after the first token.
    TimePerOutputToken,
    /// Every gap between chunks, pooled over all requests.
    InterChunkLatency,
    /// From sent to the end of the output.
    RequestLatency,
    /// From due to the end of the output. Open loads only.
    ScheduledLatency,
    /// Until the first byte of the response body.
    TimeToFirstByte,
    /// Speed of one stream after its first chunk.
    OutputTokenThroughputPerUser,
    /// Output tokens.
    OutputSequenceLength,
    /// Input tokens.
    InputSequenceLength,
    /// Output tokens that were reasoning.
    ReasoningTokenCount,
    /// Input tokens that the server had in its prefix cache.
    CachedInputTokens,
    /// From due to sent.
    ScheduleLag,
    /// TCP connect and TLS handshake of the requests that opened a connection.
    ConnectTime,
}

impl Metric {
    /// Every metric, in the order of reports.
    pub const ALL: [Self; 16] = [
        Self::TimeToFirstToken,
        Self::TimeToFirstOutputToken,
        Self::TimeToSecondToken,
        Self::InterTokenLatency,
        Self::TimePerOutputToken,
        Self::InterChunkLatency,
        Self::RequestLatency,
        Self::ScheduledLatency,
        Self::TimeToFirstByte,
        Self::OutputTokenThroughputPerUser,
        Self::OutputSequenceLength,
        Self::InputSequenceLength,
        Self::ReasoningTokenCount,
        Self::CachedInputTokens,
        Self::ScheduleLag,
        Self::ConnectTime,
    ];

    /// The metric with this tag.
    #[must_use]
    pub fn from_tag(tag: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|metric| metric.tag() == tag)
    }

    /// The key in `summary.json`, the column in CSV files, the name in `--goodput`. AIPerf's tag where the figure is the same.
    #[must_use]
    pub const fn tag(self) -> &'static str {
        match self {
            Self::TimeToFirstToken => "time_to_first_token",
            Self::TimeToFirstOutputToken => "time_to_first_output_token",
            Self::TimeToSecondToken => "time_to_second_token",
            Self::InterTokenLatency => "inter_token_latency",
            Self::TimePerOutputToken => "time_per_output_token",
            Self::InterChunkLatency => "inter_chunk_latency",
            Self::RequestLatency => "request_latency",
            Self::ScheduledLatency => "scheduled_latency",
            Self::TimeToFirstByte => "time_to_first_byte",
            Self::OutputTokenThroughputPerUser => "output_token_throughput_per_user",
            Self::OutputSequenceLength => "output_sequence_length",
            Self::InputSequenceLength => "input_sequence_length",
            Self::ReasoningTokenCount => "reasoning_token_count",
            Self::CachedInputTokens => "cached_input_tokens",
            Self::ScheduleLag => "schedule_lag",
            Self::ConnectTime => "connect_time",
        }
    }

    /// The name for people.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::TimeToFirstToken => "Time to first token",
            Self::TimeToFirstOutputToken => "Time to first answer",
            Self::TimeToSecondToken => "Time to second token",
            Self::InterTokenLatency => "Inter-token latency",
            Self::TimePerOutputToken => "Time per output token",
            Self::InterChunkLatency => "Inter-chunk latency",
            Self::RequestLatency => "Request latency",
            Self::ScheduledLatency => "Latency from schedule",
            Self::TimeToFirstByte => "Time to first byte",
            Self::OutputTokenThroughputPerUser => "Output tokens/s per user",
            Self::OutputSequenceLength => "Output tokens",
            Self::InputSequenceLength => "Input tokens",
            Self::ReasoningTokenCount => "Reasoning tokens",
            Self::CachedInputTokens => "Cached input tokens",
            Self::ScheduleLag => "Schedule lag",
            Self::ConnectTime => "Connect time",
        }
    }

    /// What it measures and of which requests, in one sentence.
    #[must_use]
    pub const fn definition(self) -> &'static str {
        match self {
            Self::TimeToFirstToken => {
                "From the request's first byte sent to the first non-empty output in any channel: answer, reasoning, tool call or refusal."
            }
            Self::TimeToFirstOutputToken => {
                "From the request's first byte sent to the first non-empty output that is not reasoning."
            }
            Self::TimeToSecondToken => "From the first chunk that carried output to the second.",
            Self::InterTokenLatency => {
                "From the first token to the last, divided by the output tokens that came after the first chunk."
            }
            Self::TimePerOutputToken => "From the first token to the last, divided by the output tokens less one.",
            Self::InterChunkLatency => {
                "The gap between two successive chunks that carried output; one value per gap, pooled over all requests."
            }
            Self::RequestLatency => {
                "From the request's first byte sent to its last token, or to its last byte where the response is not a stream."
            }
            Self::ScheduledLatency => {
                "From the moment the schedule wanted the request sent to its last token, or to its last byte where the response is not a stream; open loads only."
            }
            Self::TimeToFirstByte => "From the request's first byte sent to the first byte of the response body.",
            Self::OutputTokenThroughputPerUser => {
                "The inverse of the inter-token latency: how fast the tokens of one request came once they had begun to come."
            }
            Self::OutputSequenceLength => {
                "Output tokens of a request: answer, reasoning and tool calls, over all choices."
            }
            Self::InputSequenceLength => "Prompt tokens of a request, chat template included.",
            Self::ReasoningTokenCount => "Output tokens of a request that were reasoning, where the server says so.",
            Self::CachedInputTokens => {
                "Prompt tokens of a request that the server found in its prefix cache, where the server says so."
            }
            Self::ScheduleLag => {
                "From the moment the schedule wanted the request sent to its first byte sent, over every request sent, failed ones included."
            }
            Self::ConnectTime => {
                "TCP connect and TLS handshake, over every request for which a connection was opened, failed ones included."
            }
        }
    }

    /// Its unit.
    #[must_use]
    pub const fn unit(self) -> Unit {
        match self {
            Self::OutputTokenThroughputPerUser => Unit::TokensPerSecondPerUser,
            Self::OutputSequenceLength
            | Self::InputSequenceLength
            | Self::ReasoningTokenCount
            | Self::CachedInputTokens => Unit::Tokens,
            _ => Unit::Milliseconds,
        }
    }

    /// The direction a user wants.
    #[must_use]
    pub const fn better(self) -> Better {
        match self {
            Self::OutputTokenThroughputPerUser => Better::Higher,
            Self::OutputSequenceLength
            | Self::InputSequenceLength
            | Self::ReasoningTokenCount
            | Self::CachedInputTokens => Better::Neither,
            _ => Better::Lower,
        }
    }

    /// Whether only a streamed response has it.
    #[must_use]
    pub const fn needs_stream(self) -> bool {
        matches!(
            self,
            Self::TimeToFirstToken
                | Self::TimeToFirstOutputToken
                | Self::TimeToSecondToken
                | Self::InterTokenLatency
                | Self::TimePerOutputToken
                | Self::InterChunkLatency
                | Self::OutputTokenThroughputPerUser
        )
    }
}

/// The tag, as a key.
impl Serialize for Metric {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.tag())
    }
}

impl<'de> Deserialize<'de> for Metric {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let tag = std::borrow::Cow::<str>::deserialize(deserializer)?;
        Self::from_tag(&tag).ok_or_else(|| Error::custom(format_args!("unknown metric `{tag}`")))
    }
}
