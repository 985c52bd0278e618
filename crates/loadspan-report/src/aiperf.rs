//! `profile_export_aiperf.json` and `.csv`, for scripts written for AIPerf.
//!
//! Its tags, its statistics, and its meaning: what AIPerf calls inter-token latency divides by the output tokens less one, which
//! loadspan calls time per output token. The two are the same where each chunk holds one token.

mod csv;
mod json;

use loadspan_record::{Distribution, Metric, RunMetric, Summary, Unit};

pub use csv::render as render_csv;
pub use json::render as render_json;

/// Statistics of a distribution, in AIPerf's order.
const STATS: [&str; 14] = [
    "avg", "min", "max", "sum", "p1", "p5", "p10", "p25", "p50", "p75", "p90", "p95", "p99", "std",
];

/// A figure under AIPerf's name.
#[derive(Debug, Clone, Copy)]
struct Entry {
    tag: &'static str,
    header: &'static str,
    unit: Unit,
    value: EntryValue,
}

#[derive(Debug, Clone, Copy)]
enum EntryValue {
    Many(Distribution),
    One(f64),
}

/// Per-request figures: AIPerf's tag and header, and the metric.
const DISTRIBUTIONS: [(&str, &str, Metric); 11] = [
    ("time_to_first_token", "Time to First Token", Metric::TimeToFirstToken),
    (
        "time_to_first_output_token",
        "Time to First Output Token",
        Metric::TimeToFirstOutputToken,
    ),
    (
        "time_to_second_token",
        "Time to Second Token",
        Metric::TimeToSecondToken,
    ),
    ("inter_token_latency", "Inter Token Latency", Metric::TimePerOutputToken),
    ("inter_chunk_latency", "Inter Chunk Latency", Metric::InterChunkLatency),
    ("request_latency", "Request Latency", Metric::RequestLatency),
    ("effective_latency", "Effective Latency", Metric::ScheduledLatency),
    (
        "credit_to_start_latency",
        "Credit to Start Latency",
        Metric::ScheduleLag,
    ),
    (
        "output_token_throughput_per_user",
        "Output Token Throughput Per User",
        Metric::OutputTokenThroughputPerUser,
    ),
    (
        "output_sequence_length",
        "Output Sequence Length",
        Metric::OutputSequenceLength,
    ),
    (
        "input_sequence_length",
        "Input Sequence Length",
        Metric::InputSequenceLength,
    ),
];

/// Figures of the run: AIPerf's tag and header, and the metric.
const SCALARS: [(&str, &str, RunMetric); 8] = [
    ("request_throughput", "Request Throughput", RunMetric::RequestThroughput),
    (
        "output_token_throughput",
        "Output Token Throughput",
        RunMetric::OutputTokenThroughput,
    ),
    (
        "input_token_throughput",
        "Input Token Throughput",
        RunMetric::InputTokenThroughput,
    ),
    (
        "total_token_throughput",
        "Total Token Throughput",
        RunMetric::TotalTokenThroughput,
    ),
    ("goodput", "Goodput", RunMetric::Goodput),
    (
        "good_request_fraction",
        "Good Request Fraction",
        RunMetric::GoodRequestFraction,
    ),
    ("benchmark_duration", "Benchmark Duration", RunMetric::BenchmarkDuration),
    ("request_error_rate", "Request Error Rate", RunMetric::RequestErrorRate),
];

/// Every figure that exists.
fn entries(summary: &Summary) -> Vec<Entry> {
    let distributions = DISTRIBUTIONS.into_iter().filter_map(|(tag, header, metric)| {
        let distribution = *summary.metrics.get(metric)?;
        Some(Entry {
            tag,
            header,
            unit: distribution.unit,
            value: EntryValue::Many(distribution),
        })
    });
    let scalars = SCALARS.into_iter().filter_map(|(tag, header, metric)| {
        let value = EntryValue::One(summary.metrics.scalar(metric)?);
        Some(Entry {
            tag,
            header,
            unit: metric.unit(),
            value,
        })
    });
    distributions.chain(scalars).chain(counts(summary)).collect()
}

fn counts(summary: &Summary) -> impl Iterator<Item = Entry> {
    let (counts, tokens) = (&summary.counts, &summary.tokens);
    let good = summary.goodput.as_ref().map(|goodput| goodput.good);
    [
        ("request_count", "Request Count", Unit::Requests, Some(counts.completed)),
        (
            "error_request_count",
            "Error Request Count",
            Unit::Requests,
            Some(counts.failed),
        ),
        ("good_request_count", "Good Request Count", Unit::Requests, good),
        (
            "total_isl",
            "Total Input Sequence Length",
            Unit::Tokens,
            Some(tokens.input_total),
        ),
        (
            "total_osl",
            "Total Output Sequence Length",
            Unit::Tokens,
            Some(tokens.output_total),
        ),
    ]
    .into_iter()
    .filter_map(|(tag, header, unit, count)| {
        Some(Entry {
            tag,
            header,
            unit,
            value: EntryValue::One(count? as f64),
        })
    })
}

/// The value of one of [`STATS`]. `None` for a statistic that a single number does not have.
fn stat(value: EntryValue, name: &str) -> Option<f64> {
    match (value, name) {
        (EntryValue::One(value), "avg") => Some(value),
        (EntryValue::One(_), _) => None,
        (EntryValue::Many(distribution), "avg") => Some(distribution.mean),
        (EntryValue::Many(distribution), "sum") => Some(distribution.mean * distribution.count as f64),
        (EntryValue::Many(distribution), name) => distribution.stat(name),
    }
}
