//! What is logged of a run beside its requests while it goes on: failures by class, what the server under test said of itself, what the
//! GPUs did. In the shape of the lines of `server_metrics.jsonl` and `gpu_metrics.jsonl`, so that a chart of the one is a chart of the
//! other.

use std::collections::BTreeMap;

use loadspan_wire::mlflow::live::{Beside, GpuFigure};
use loadspan_wire::mlflow::runs::Metric;
use serde::Serialize;

use super::Run;
use crate::database::Connection;
use crate::error::ApiError;
use crate::tracking::metrics;

/// Only so much of a long run is told of.
const LONGEST_MS: i64 = 3_600_000;
/// Points that come later than those with a later time, by so many milliseconds, are seen all the same.
const LATE_MS: i64 = 5_000;
/// Most metrics that are read, and most points of each: two a second of an hour.
const MOST_METRICS: i64 = 1_000;
const MOST_POINTS: i64 = 7_200;

type Figures = BTreeMap<String, f64>;

/// Everything from a time on.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub(crate) struct Observed {
    /// Since the start of the run. What was known from there on is replaced by this.
    from_ms: i64,
    server: Vec<ServerLine>,
    gpus: Vec<GpuLine>,
    failures: Vec<FailuresLine>,
}

/// A server at one moment.
#[derive(Debug, Clone, PartialEq, Serialize)]
struct ServerLine {
    at_ns: i64,
    /// Its number.
    source: String,
    #[serde(flatten)]
    said: Said,
}

/// What a server said. Times are in seconds.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
struct Said {
    metrics: Figures,
    /// Counts per second.
    rates: Figures,
    quantiles: BTreeMap<String, Figures>,
}

/// GPUs at one moment.
#[derive(Debug, Clone, PartialEq, Serialize)]
struct GpuLine {
    at_ns: i64,
    gpus: Vec<Gpu>,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
struct Gpu {
    index: usize,
    #[serde(flatten)]
    figures: BTreeMap<&'static str, f64>,
}

/// Requests that failed in one second, by class.
#[derive(Debug, Clone, PartialEq, Serialize)]
struct FailuresLine {
    /// The end of the second.
    at_ns: i64,
    by_error: Figures,
}

/// Reads a run, and goes on where it was.
#[derive(Debug, Clone, Default)]
pub(crate) struct ObservedReader {
    /// The latest point that was seen.
    seen_ms: Option<i64>,
}

/// By time, and by number where there are several.
#[derive(Debug, Default)]
struct Lines {
    server: BTreeMap<(i64, usize), Said>,
    gpus: BTreeMap<(i64, usize), BTreeMap<&'static str, f64>>,
    failures: BTreeMap<i64, Figures>,
}

impl ObservedReader {
    /// What is new, and the last seconds before it again.
    ///
    /// # Errors
    ///
    /// The database says no.
    pub(crate) fn read(
        &mut self,
        connection: &mut dyn Connection,
        (run_id, run): (&str, &Run),
        now_ms: i64,
    ) -> Result<Observed, ApiError> {
        let end = run.end_ms.filter(|_| !run.is_live()).unwrap_or(now_ms);
        let first = run.start_ms.max(end.saturating_sub(LONGEST_MS));
        let from = self
            .seen_ms
            .map_or(first, |seen| seen.saturating_sub(LATE_MS).max(first));
        let wanted = metrics::SinceAll {
            run_id,
            prefixes: &Beside::PREFIXES,
            time_ms: from,
            most_metrics: MOST_METRICS,
            most: MOST_POINTS,
        };
        let mut lines = Lines::default();
        for metric in metrics::since_all(connection, &wanted)? {
            self.seen_ms = self.seen_ms.max(Some(metric.timestamp));
            lines.add(&metric, metric.timestamp.saturating_sub(run.start_ms));
        }
        Ok(lines.told(from.saturating_sub(run.start_ms)))
    }
}

impl Lines {
    fn add(&mut self, metric: &Metric, at_ms: i64) {
        let value = metric.value.0;
        if !value.is_finite() {
            return;
        }
        match Beside::of_key(&metric.key) {
            Some(Beside::Failures(class)) => {
                self.failures.entry(at_ms).or_default().insert(class.to_owned(), value);
            }
            Some(Beside::Server(number, name)) => {
                self.server.entry((at_ms, number)).or_default().add(name, value);
            }
            Some(Beside::Gpu(number, figure)) => {
                let (name, value) = in_words_of_the_file(figure, value);
                self.gpus.entry((at_ms, number)).or_default().insert(name, value);
            }
            None => {}
        }
    }

    fn told(self, from_ms: i64) -> Observed {
        let server = self.server.into_iter().map(|((at_ms, number), said)| ServerLine {
            at_ns: nanos(at_ms),
            source: number.to_string(),
            said,
        });
        let mut gpus: Vec<GpuLine> = Vec::new();
        for ((at_ms, index), figures) in self.gpus {
            let gpu = Gpu { index, figures };
            match gpus.last_mut().filter(|line| line.at_ns == nanos(at_ms)) {
                Some(line) => line.gpus.push(gpu),
                None => gpus.push(GpuLine {
                    at_ns: nanos(at_ms),
                    gpus: vec![gpu],
                }),
            }
        }
        let failures = self.failures.into_iter().map(|(at_ms, by_error)| FailuresLine {
            at_ns: nanos(at_ms),
            by_error,
        });
        Observed {
            from_ms,
            server: server.collect(),
            gpus,
            failures: failures.collect(),
        }
    }
}

impl Said {
    /// `requests_running`, `generation_tokens.rate`, `queue_time_seconds.p99`.
    fn add(&mut self, name: &str, value: f64) {
        match name.split_once('.') {
            None => {
                self.metrics.insert(name.to_owned(), value);
            }
            Some((counter, "rate")) => {
                self.rates.insert(counter.to_owned(), value);
            }
            Some((histogram, quantile)) => {
                let quantiles = self.quantiles.entry(histogram.to_owned()).or_default();
                quantiles.insert(quantile.to_owned(), value);
            }
        }
    }
}

fn in_words_of_the_file(figure: GpuFigure, value: f64) -> (&'static str, f64) {
    match figure {
        GpuFigure::Utilization => ("utilization", value / 100.0),
        GpuFigure::Memory => ("memory_used_bytes", value * 1e6),
        GpuFigure::Power => ("power_watts", value),
        GpuFigure::Temperature => ("temperature_celsius", value),
    }
}

fn nanos(ms: i64) -> i64 {
    ms.saturating_mul(1_000_000)
}

#[cfg(test)]
mod tests {
    use loadspan_wire::mlflow::MetricValue;
    use serde_json::json;

    use super::*;

    #[test]
    fn points_of_one_moment_are_one_line_as_in_the_files() {
        let mut lines = Lines::default();
        for (key, value, at_ms) in [
            ("live.server.0.requests_running", 8.0, 1_250),
            ("live.server.0.generation_tokens.rate", 800.0, 1_250),
            ("live.server.0.queue_time_seconds.p99", 0.5, 1_250),
            ("live.server.1.requests_running", 3.0, 1_250),
            ("live.server.x.requests_running", 3.0, 1_250),
            ("system/gpu_1_utilization_percentage", 50.0, 1_000),
            ("system/gpu_0_memory_usage_megabytes", 2.0, 1_000),
            ("system/gpu_0_power_usage_watts", f64::NAN, 1_000),
            ("live.requests.by_error.http_status_503", 4.0, 2_000),
            ("live.requests.by_error.connect", 1.0, 2_000),
        ] {
            let metric = Metric {
                key: key.to_owned(),
                value: MetricValue(value),
                ..Metric::default()
            };
            lines.add(&metric, at_ms);
        }
        let told = serde_json::to_value(lines.told(1_000)).unwrap();
        let expected = json!({
            "from_ms": 1_000,
            "server": [
                {
                    "at_ns": 1_250_000_000, "source": "0", "metrics": {"requests_running": 8.0},
                    "rates": {"generation_tokens": 800.0}, "quantiles": {"queue_time_seconds": {"p99": 0.5}},
                },
                {"at_ns": 1_250_000_000, "source": "1", "metrics": {"requests_running": 3.0}, "rates": {}, "quantiles": {}},
            ],
            "gpus": [{"at_ns": 1_000_000_000, "gpus": [
                {"index": 0, "memory_used_bytes": 2_000_000.0}, {"index": 1, "utilization": 0.5},
            ]}],
            "failures": [{"at_ns": 2_000_000_000_i64, "by_error": {"connect": 1.0, "http_status_503": 4.0}}],
        });
        assert_eq!(told, expected);
    }
}
