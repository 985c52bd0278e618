//! The figures with one value per run.

use super::{Better, Unit};

/// A figure with one value per run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RunMetric {
    /// Completed requests per second.
    RequestThroughput,
    /// Output tokens per second.
    OutputTokenThroughput,
    /// Input tokens per second.
    InputTokenThroughput,
    /// Input and output tokens per second.
    TotalTokenThroughput,
    /// Requests per second that met every target.
    Goodput,
    /// Share of requests that met every target.
    GoodRequestFraction,
    /// Length of the measured part of the run.
    BenchmarkDuration,
    /// Share of requests that failed.
    RequestErrorRate,
    /// Requests in flight, averaged over time.
    InFlightMean,
    /// Most requests in flight at once.
    InFlightMax,
}

impl RunMetric {
    /// Every metric, in the order of reports.
    pub const ALL: [Self; 10] = [
        Self::RequestThroughput,
        Self::OutputTokenThroughput,
        Self::InputTokenThroughput,
        Self::TotalTokenThroughput,
        Self::Goodput,
        Self::GoodRequestFraction,
        Self::BenchmarkDuration,
        Self::RequestErrorRate,
        Self::InFlightMean,
        Self::InFlightMax,
    ];

    /// The metric with this tag.
    #[must_use]
    pub fn from_tag(tag: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|metric| metric.tag() == tag)
    }

    /// The key in `summary.json` and the row in CSV files. AIPerf's tag where the figure is the same.
    #[must_use]
    pub const fn tag(self) -> &'static str {
        match self {
            Self::RequestThroughput => "request_throughput",
            Self::OutputTokenThroughput => "output_token_throughput",
            Self::InputTokenThroughput => "input_token_throughput",
            Self::TotalTokenThroughput => "total_token_throughput",
            Self::Goodput => "goodput",
            Self::GoodRequestFraction => "good_request_fraction",
            Self::BenchmarkDuration => "benchmark_duration",
            Self::RequestErrorRate => "request_error_rate",
            Self::InFlightMean => "in_flight_mean",
            Self::InFlightMax => "in_flight_max",
        }
    }

    /// The name for people.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::RequestThroughput => "Requests/s",
            Self::OutputTokenThroughput => "Output tokens/s",
            Self::InputTokenThroughput => "Input tokens/s",
            Self::TotalTokenThroughput => "Total tokens/s",
            Self::Goodput => "Goodput",
            Self::GoodRequestFraction => "Good requests",
            Self::BenchmarkDuration => "Duration",
            Self::RequestErrorRate => "Error rate",
            Self::InFlightMean => "In flight, mean",
            Self::InFlightMax => "In flight, most",
        }
    }

    /// What it measures, in one sentence.
    #[must_use]
    pub const fn definition(self) -> &'static str {
        match self {
            Self::RequestThroughput => "Completed requests divided by the benchmark duration.",
            Self::OutputTokenThroughput => "Output tokens of the completed requests divided by the benchmark duration.",
            Self::InputTokenThroughput => "Input tokens of the completed requests divided by the benchmark duration.",
            Self::TotalTokenThroughput => {
                "Input and output tokens of the completed requests divided by the benchmark duration."
            }
            Self::Goodput => {
                "Completed requests that met every target of --goodput, divided by the benchmark duration."
            }
            Self::GoodRequestFraction => {
                "Completed requests that met every target of --goodput, divided by all requests that completed or failed."
            }
            Self::BenchmarkDuration => {
                "From the first measured request sent to the end of the last measured request that completed or failed."
            }
            Self::RequestErrorRate => "Failed requests as a percentage of all requests that completed or failed.",
            Self::InFlightMean => "Requests sent and not yet ended, averaged over the time of the benchmark duration.",
            Self::InFlightMax => {
                "The most requests that were sent and not yet ended at any one moment of the benchmark duration."
            }
        }
    }

    /// Its unit.
    #[must_use]
    pub const fn unit(self) -> Unit {
        match self {
            Self::RequestThroughput | Self::Goodput => Unit::RequestsPerSecond,
            Self::OutputTokenThroughput | Self::InputTokenThroughput | Self::TotalTokenThroughput => {
                Unit::TokensPerSecond
            }
            Self::GoodRequestFraction => Unit::Ratio,
            Self::BenchmarkDuration => Unit::Seconds,
            Self::RequestErrorRate => Unit::Percent,
            Self::InFlightMean | Self::InFlightMax => Unit::Requests,
        }
    }

    /// The direction a user wants.
    #[must_use]
    pub const fn better(self) -> Better {
        match self {
            Self::RequestErrorRate => Better::Lower,
            Self::BenchmarkDuration | Self::InFlightMean | Self::InFlightMax => Better::Neither,
            _ => Better::Higher,
        }
    }
}
