//! The result file of `vllm bench serve`, for scripts written for it.
//!
//! Its names, its units (milliseconds), and its meaning: what vLLM calls ITL are the gaps between chunks. A figure that does not
//! exist is `null`, where vLLM writes a zero.

use loadspan_record::{Distribution, LoadModel, Metric, RunMetric, Summary};
use serde_json::{Map, Value, json};

use crate::wall_time::WallTime;

/// The file, on one line as vLLM writes it.
#[must_use]
pub fn render(summary: &Summary) -> Vec<u8> {
    let mut result = head(summary);
    result.extend(totals(summary));
    for (name, metric) in [
        ("ttft", Metric::TimeToFirstToken),
        ("tpot", Metric::TimePerOutputToken),
        ("itl", Metric::InterChunkLatency),
        ("e2el", Metric::RequestLatency),
    ] {
        result.extend(latency(name, summary.metrics.get(metric)));
    }
    Value::Object(result).to_string().into_bytes()
}

fn head(summary: &Summary) -> Map<String, Value> {
    let run = &summary.run;
    let (request_rate, max_concurrency) = match summary.load.asked.model {
        LoadModel::Open {
            target_rate,
            max_concurrency,
        } => (json!(target_rate), json!(max_concurrency)),
        LoadModel::Closed { concurrency } => (json!("inf"), json!(concurrency)),
        // Sessions have no rate of requests, and stages no one rate.
        LoadModel::OpenSessions { .. }
        | LoadModel::ClosedSessions { .. }
        | LoadModel::Recorded { .. }
        | LoadModel::Staged => (Value::Null, json!(summary.load.asked.model.max_concurrency())),
    };
    object(json!({
        "date": WallTime::from_unix_ns(run.started_unix_ns).compact(),
        "endpoint_type": endpoint_type(&run.endpoint_type),
        "backend": endpoint_type(&run.endpoint_type),
        "label": run.name,
        "model_id": run.model,
        "tokenizer_id": run.model,
        "num_prompts": summary.counts.requests,
        "request_rate": request_rate,
        "burstiness": Value::Null,
        "max_concurrency": max_concurrency,
    }))
}

fn totals(summary: &Summary) -> Map<String, Value> {
    let scalar = |metric| summary.metrics.scalar(metric);
    object(json!({
        "duration": scalar(RunMetric::BenchmarkDuration),
        "completed": summary.counts.completed,
        "failed": summary.counts.failed,
        "total_input_tokens": summary.tokens.input_total,
        "total_output_tokens": summary.tokens.output_total,
        "request_throughput": scalar(RunMetric::RequestThroughput),
        "request_goodput": scalar(RunMetric::Goodput),
        "output_throughput": scalar(RunMetric::OutputTokenThroughput),
        "total_token_throughput": scalar(RunMetric::TotalTokenThroughput),
        "max_concurrent_requests": summary.load.in_flight.max,
    }))
}

fn latency(name: &str, distribution: Option<&Distribution>) -> Map<String, Value> {
    let stat = |stat: &str| distribution.and_then(|distribution| distribution.stat(stat));
    let names = [
        ("mean", "mean"),
        ("median", "p50"),
        ("std", "std"),
        ("p50", "p50"),
        ("p90", "p90"),
        ("p95", "p95"),
        ("p99", "p99"),
    ];
    names
        .into_iter()
        .map(|(theirs, ours)| (format!("{theirs}_{name}_ms"), json!(stat(ours))))
        .collect()
}

/// vLLM's name of the endpoint.
fn endpoint_type(ours: &str) -> &str {
    match ours {
        "chat" => "openai-chat",
        "completions" => "openai",
        "embeddings" => "openai-embeddings",
        other => other,
    }
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}
