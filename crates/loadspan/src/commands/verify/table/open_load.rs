//! An open load sends on schedule, whatever the server does, and what the server makes it wait is not lost from the figures.

use loadspan_loadgen::schedule::ArrivalProcess;
use loadspan_record::{Metric, RequestRecord};
use loadspan_testkit::{DurationExt, Script, Truth, every};

use super::super::bench::Bench;
use super::super::check::{Check, TIMING, completed, median, millis};
use super::super::finding::{Finding, Tolerance, Unit};
use super::arithmetic::{percentile, worst_percentile};
use super::{Case, bench, case, server};

/// Requests a second of the constant and the Poisson load.
const RATE: f64 = 500.0;
const REQUESTS: u64 = 400;
/// The cap on requests in flight while the server stalls.
const LIMIT: u32 = 4;

pub(super) fn cases() -> Vec<Case> {
    let quick = Script::new().ttft(5.ms()).tokens(2, every(2.ms()));
    let open = |process| bench(quick.clone()).open(RATE, process).requests(REQUESTS);
    // Standard deviations of the mean of so many exponential gaps, and of their spread, relative to the mean: 3 of them.
    let three_sigma = 3.0 / (REQUESTS as f64).sqrt();
    vec![
        case(
            "constant arrivals",
            open(ArrivalProcess::Constant),
            [
                completed(REQUESTS),
                scheduled_gaps(),
                kept_rate(),
                achieved_rate(),
                server_gap(),
                spread_of_gaps(0.0, 1e-6),
            ],
        ),
        case(
            "Poisson arrivals",
            open(ArrivalProcess::Poisson),
            [
                completed(REQUESTS),
                scheduled_rate(RATE * three_sigma),
                kept_rate(),
                achieved_rate(),
                spread_of_gaps(1.0, three_sigma),
            ],
        ),
        case(
            "server stalls for 0.5 s",
            stalling(),
            [
                completed(300),
                request_latency(),
                scheduled_latency(),
                held_back(),
                worst_percentile(),
            ],
        ),
    ]
}

/// 10 ms a request, four at once: the queue that half a second of standstill makes is gone after as long again.
fn stalling() -> Bench {
    let script = Script::new().ttft(8.ms()).tokens(2, every(2.ms()));
    Bench::new(server(script).stall_all(300.ms(), 500.ms()))
        .open(200.0, ArrivalProcess::Constant)
        .at_most(LIMIT)
        .requests(300)
}

/// The longest and the shortest gap of the schedule.
fn scheduled_gaps() -> Check {
    Check::new(|evidence| {
        let gaps = gaps_ms(evidence.measured().map(|record| record.timings.scheduled_at.as_nanos()));
        let expected = 1e3 / RATE;
        let farthest = gaps
            .into_iter()
            .max_by(|one, other| (one - expected).abs().total_cmp(&(other - expected).abs()));
        Finding::number(
            "gap least like the others",
            Unit::Millis,
            (expected, farthest),
            Tolerance::Within(0.001),
        )
    })
}

/// The median gap between arrivals at the server.
fn server_gap() -> Check {
    Check::new(|evidence| {
        let gap = median(gaps_ms(evidence.pairs().map(|(_, truth)| truth.arrived_ns)));
        Finding::number(
            "gap at the server",
            Unit::Millis,
            (1e3 / RATE, gap),
            Tolerance::Within(0.25),
        )
    })
}

fn scheduled_rate(distance: f64) -> Check {
    Check::new(move |evidence| {
        let rate = evidence.summary.load.scheduled_rate;
        Finding::number(
            "scheduled rate",
            Unit::PerSecond,
            (RATE, rate),
            Tolerance::Within(distance),
        )
    })
}

/// The rate at which requests were sent, against that of the schedule.
///
/// By how much later the second half was sent than the first, in the median: one late send at either end, as a busy machine makes
/// them, says nothing of the rate.
fn kept_rate() -> Check {
    Check::new(|evidence| {
        let scheduled = evidence.summary.load.scheduled_rate.unwrap_or(f64::NAN);
        let lags: Vec<_> = evidence
            .measured()
            .filter_map(|record| Metric::ScheduleLag.of(record))
            .collect();
        let (first, second) = lags.split_at(lags.len() / 2);
        let drift_ms = median(second.to_vec())
            .zip(median(first.to_vec()))
            .map(|(second, first)| second - first);
        let half_ms = 1e3 * second.len() as f64 / scheduled;
        let kept = drift_ms.map(|drift_ms| scheduled * half_ms / (half_ms + drift_ms));
        let tolerance = Tolerance::Within(scheduled * 0.005);
        Finding::number("rate of sending", Unit::PerSecond, (scheduled, kept), tolerance)
    })
}

/// The rate that the summary says was achieved, against the first and the last time stamp.
fn achieved_rate() -> Check {
    Check::new(|evidence| {
        let gaps = gaps_ms(
            evidence
                .measured()
                .filter_map(|record| Some(record.timings.sent_at?.as_nanos())),
        );
        let expected = gaps.len() as f64 / gaps.iter().sum::<f64>() * 1e3;
        let tolerance = Tolerance::Within(expected * 1e-6);
        let measured = evidence.summary.load.achieved_rate;
        Finding::number("achieved rate", Unit::PerSecond, (expected, measured), tolerance)
    })
}

/// The standard deviation of the scheduled gaps over their mean.
fn spread_of_gaps(expected: f64, distance: f64) -> Check {
    Check::new(move |evidence| {
        let gaps = gaps_ms(evidence.measured().map(|record| record.timings.scheduled_at.as_nanos()));
        let count = gaps.len() as f64;
        let mean = gaps.iter().sum::<f64>() / count;
        let variance = gaps.iter().map(|gap| (gap - mean).powi(2)).sum::<f64>() / count;
        let spread = variance.sqrt() / mean;
        Finding::number(
            "spread of gaps",
            Unit::Ratio,
            (expected, spread),
            Tolerance::Within(distance),
        )
    })
}

/// Latency from sent: few requests were in flight when the server stood still, so that most hide the stall.
fn request_latency() -> Check {
    ninetieth("request latency, p90", Metric::RequestLatency, |_, truth| {
        Some(millis(truth.arrived_ns, truth.last_token_ns?))
    })
}

/// Latency from schedule: every request that the stall made late shows it.
fn scheduled_latency() -> Check {
    Check::new(|evidence| {
        let start_ns = evidence.start_ns();
        let true_ms = move |record: &RequestRecord, truth: &Truth| {
            Some(millis(
                start_ns + record.timings.scheduled_at.as_nanos(),
                truth.last_token_ns?,
            ))
        };
        ninetieth("scheduled latency, p90", Metric::ScheduledLatency, true_ms).apply(evidence)
    })
}

fn ninetieth(
    figure: &'static str,
    metric: Metric,
    true_ms: impl Fn(&RequestRecord, &Truth) -> Option<f64> + 'static,
) -> Check {
    Check::new(move |evidence| {
        let truths = evidence.pairs().filter_map(|(record, truth)| true_ms(record, truth));
        let expected = percentile(truths.collect(), 0.9);
        let measured = evidence.summary.metrics.get(metric).map(|figure| figure.p90);
        Finding::number(figure, Unit::Millis, (expected, measured), TIMING)
    })
}

/// Requests that `max_concurrency` held back, against those that were due while the server was full or others waited already.
fn held_back() -> Check {
    Check::new(|evidence| {
        let mut waiting_until = 0;
        let mut held = 0;
        for (record, truth) in evidence.pairs() {
            let due_ns = evidence.start_ns() + record.timings.scheduled_at.as_nanos();
            let full = evidence.open_at(due_ns) >= LIMIT as usize;
            if full || due_ns < waiting_until {
                held += 1;
                waiting_until = truth.arrived_ns;
            }
        }
        let marked = evidence.summary.load.held_back as f64;
        Finding::number(
            "requests held back",
            Unit::Count,
            (f64::from(held), marked),
            Tolerance::Within(5.0),
        )
    })
}

fn gaps_ms(moments_ns: impl Iterator<Item = u64>) -> Vec<f64> {
    let mut moments: Vec<_> = moments_ns.collect();
    moments.sort_unstable();
    moments.windows(2).map(|pair| millis(pair[0], pair[1])).collect()
}
