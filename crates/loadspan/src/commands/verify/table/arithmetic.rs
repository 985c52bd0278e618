//! The summary is what a simple computation makes of the records, and the same when they have been on disk.

use loadspan_record::{Metric, RequestRecord, RunMetric, SummaryBuilder};

use super::super::check::{Check, millis};
use super::super::evidence::Evidence;
use super::super::finding::{Finding, Tolerance, Unit, Value};
use super::{Case, bench, case, paced};

/// Values are stored in single precision.
const RELATIVE_ERROR: f64 = 1e-6;
/// A difference of two such values, as the time between tokens is one, has fewer digits left after a long wait for the first.
const RELATIVE_ERROR_OF_DIFFERENCES: f64 = 1e-4;
/// The percentiles of a summary.
const QUANTILES: [(&str, f64); 10] = [
    ("p1", 0.01),
    ("p5", 0.05),
    ("p10", 0.10),
    ("p25", 0.25),
    ("p50", 0.50),
    ("p75", 0.75),
    ("p90", 0.90),
    ("p95", 0.95),
    ("p99", 0.99),
    ("p99_9", 0.999),
];
/// The time to first token that makes a request a good one; about half are.
const GOOD_MS: f64 = 15.0;

pub(super) fn cases() -> Vec<Case> {
    let mut checks = vec![
        requests(),
        goodput(),
        throughput(),
        worst_percentile(),
        summary_from_files(),
    ];
    checks.extend([("p50", 0.5), ("p90", 0.9), ("p99", 0.99)].map(|(name, quantile)| first_token(name, quantile)));
    let slo = format!("{}:{GOOD_MS}", Metric::TimeToFirstToken.tag());
    let bench = bench(paced().jitter(0.8)).closed(16).requests(240);
    let bench = slo.parse().map_or(bench.clone(), |slo| bench.goodput(slo));
    vec![case("a run of 240 requests", bench, checks)]
}

fn requests() -> Check {
    Check::new(|evidence| Finding::count("requests", 240, evidence.summary.counts.requests))
}

/// A percentile of the time to first token, straight from the time stamps.
fn first_token(name: &'static str, quantile: f64) -> Check {
    Check::new(move |evidence| {
        let values = evidence.measured().filter_map(time_to_first_token).collect();
        let expected = percentile(values, quantile);
        let measured = evidence
            .summary
            .metrics
            .get(Metric::TimeToFirstToken)
            .and_then(|figure| figure.stat(name));
        let tolerance = Tolerance::Within(expected * RELATIVE_ERROR);
        Finding::number(
            format!("time to first token, {name}"),
            Unit::Millis,
            (expected, measured),
            tolerance,
        )
    })
}

/// The percentile, over all figures with a value per request, that is farthest from the naive one, relative to it.
pub(super) fn worst_percentile() -> Check {
    Check::new(|evidence| {
        let mut worst: f64 = 0.0;
        for (metric, figure) in evidence.summary.metrics.distributions() {
            let values: Vec<_> = evidence.measured().filter_map(|record| metric.of(record)).collect();
            for (name, quantile) in QUANTILES.into_iter().filter(|_| metric != Metric::InterChunkLatency) {
                let naive = percentile(values.clone(), quantile);
                let error = figure
                    .stat(name)
                    .map_or(f64::INFINITY, |stat| (stat - naive).abs() / naive.max(1.0));
                worst = worst.max(error);
            }
        }
        Finding::number(
            "worst of all percentiles",
            Unit::Ratio,
            (0.0, worst),
            Tolerance::Within(RELATIVE_ERROR_OF_DIFFERENCES),
        )
    })
}

/// Output tokens over the time from the first request sent to the last end.
fn throughput() -> Check {
    Check::new(|evidence| {
        let records = || evidence.measured();
        let tokens: u64 = records().filter_map(|record| record.tokens.output).map(u64::from).sum();
        let first = records().filter_map(|record| record.timings.sent_at).min();
        let last = records().map(|record| record.timings.finished_at).max();
        let seconds = first.zip(last).map_or(f64::NAN, |(first, last)| {
            millis(first.as_nanos(), last.as_nanos()) / 1e3
        });
        let expected = tokens as f64 / seconds;
        let measured = evidence.summary.metrics.scalar(RunMetric::OutputTokenThroughput);
        let tolerance = Tolerance::Within(expected * RELATIVE_ERROR);
        Finding::number("output tokens/s", Unit::PerSecond, (expected, measured), tolerance)
    })
}

fn goodput() -> Check {
    Check::new(|evidence| {
        let good = evidence
            .measured()
            .filter_map(time_to_first_token)
            .filter(|ttft_ms| *ttft_ms <= GOOD_MS)
            .count();
        let measured = evidence.summary.goodput.as_ref().map(|goodput| goodput.good as f64);
        Finding::number(
            format!("first token in {GOOD_MS} ms"),
            Unit::Count,
            (good as f64, measured),
            Tolerance::Exact,
        )
    })
}

/// The summary of records that were written as lines and read again.
fn summary_from_files() -> Check {
    Check::new(|evidence| {
        let measured = match rebuild(evidence) {
            Ok(builder) if builder.finish(evidence.facts.clone()) == evidence.summary => "the same".to_owned(),
            Ok(_) => "another".to_owned(),
            Err(error) => error.to_string(),
        };
        Finding {
            figure: "summary from the file".to_owned(),
            expected: Value::Text("the same".to_owned()),
            measured: Value::Text(measured),
            unit: Unit::Label,
            tolerance: Tolerance::Exact,
        }
    })
}

fn rebuild(evidence: &Evidence) -> serde_json::Result<SummaryBuilder> {
    let mut builder = SummaryBuilder::new();
    for record in &evidence.seen.records {
        let line = serde_json::to_string(record)?;
        builder.push(&serde_json::from_str::<RequestRecord>(&line)?);
    }
    Ok(builder)
}

fn time_to_first_token(record: &RequestRecord) -> Option<f64> {
    let (first, sent) = (record.timings.first_token_at?, record.timings.sent_at?);
    Some(millis(sent.as_nanos(), first.as_nanos()))
}

/// Linear between the two nearest values. Not a number of nothing.
pub(super) fn percentile(mut values: Vec<f64>, quantile: f64) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    let place = quantile * values.len().saturating_sub(1) as f64;
    let at = |place: f64| values.get(place as usize).copied().unwrap_or(f64::NAN);
    at(place.floor()) + (at(place.ceil()) - at(place.floor())) * place.fract()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_naive_percentile_is_numpys() {
        let values = vec![4.0, 1.0, 3.0, 2.0];
        assert_eq!(
            [0.0, 0.5, 0.9, 1.0].map(|quantile| percentile(values.clone(), quantile)),
            [1.0, 2.5, 3.7, 4.0]
        );
        assert!(percentile(Vec::new(), 0.5).is_nan());
    }
}
