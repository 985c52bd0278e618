//! Units, and which way is up.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The unit of a figure, written as AIPerf writes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Unit {
    /// Milliseconds.
    #[serde(rename = "ms")]
    Milliseconds,
    /// Seconds.
    #[serde(rename = "sec")]
    Seconds,
    /// Tokens.
    #[serde(rename = "tokens")]
    Tokens,
    /// Tokens per second, over all requests.
    #[serde(rename = "tokens/sec")]
    TokensPerSecond,
    /// Tokens per second within one request.
    #[serde(rename = "tokens/sec/user")]
    TokensPerSecondPerUser,
    /// Requests.
    #[serde(rename = "requests")]
    Requests,
    /// Requests per second.
    #[serde(rename = "requests/sec")]
    RequestsPerSecond,
    /// A share, from 0 to 1.
    #[serde(rename = "ratio")]
    Ratio,
    /// A share, from 0 to 100.
    #[serde(rename = "%")]
    Percent,
}

/// Which direction of a figure a user wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Better {
    /// Less is better: latencies, errors.
    Lower,
    /// More is better: throughput.
    Higher,
    /// It describes the load; neither direction is a success.
    Neither,
}

impl Unit {
    /// The unit as it stands in files.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Milliseconds => "ms",
            Self::Seconds => "sec",
            Self::Tokens => "tokens",
            Self::TokensPerSecond => "tokens/sec",
            Self::TokensPerSecondPerUser => "tokens/sec/user",
            Self::Requests => "requests",
            Self::RequestsPerSecond => "requests/sec",
            Self::Ratio => "ratio",
            Self::Percent => "%",
        }
    }
}

impl fmt::Display for Unit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
