//! A run of the demo in a line.

use loadspan_record::{Metric, RunMetric, Summary, VerdictStatus};

/// What stands above the lines.
pub(super) const HEAD: &str =
    "  offered   completed   TTFT p50        p99   latency p50        p99   within SLO   failed\n";

/// The line of a run that was offered so many requests a second; below it, why it is not valid.
pub(super) fn line(rate: u32, summary: &Summary) -> String {
    let metrics = &summary.metrics;
    let milliseconds = |metric, percentile: fn(&loadspan_record::Distribution) -> f64| {
        let value = metrics.get(metric).map(percentile);
        value.map_or_else(|| "–".to_owned(), |value| format!("{value:.0} ms"))
    };
    let completed = metrics.scalar(RunMetric::RequestThroughput);
    let good = metrics.scalar(RunMetric::GoodRequestFraction);
    let doubt = match (summary.verdict.status, summary.verdict.reasons.first()) {
        (VerdictStatus::Valid, _) | (_, None) => String::new(),
        (_, Some(worst)) => format!("{:>9} {}\n", "", worst.message),
    };
    format!(
        "{:>9} {:>11} {:>10} {:>10} {:>13} {:>10} {:>12} {:>8}   {}\n{doubt}",
        format!("{rate}/s"),
        completed.map_or_else(|| "–".to_owned(), |rate| format!("{rate:.1}/s")),
        milliseconds(Metric::TimeToFirstToken, |values| values.p50),
        milliseconds(Metric::TimeToFirstToken, |values| values.p99),
        milliseconds(Metric::RequestLatency, |values| values.p50),
        milliseconds(Metric::RequestLatency, |values| values.p99),
        good.map_or_else(|| "–".to_owned(), |share| format!("{:.0} %", share * 100.0)),
        summary.counts.failed,
        summary.verdict.status.as_str().to_uppercase(),
    )
}
