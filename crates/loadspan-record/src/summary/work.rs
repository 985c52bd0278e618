//! The figures of a stretch of time within a part: what was done in it.

use super::Window;
use super::figures::Figures;
use super::rows::{Fate, Selection, Span};
use super::steady::{SteadyWindow, rows_within};
use crate::distribution::to_seven_digits;
use crate::{Distribution, LoadModel, Metric, RunMetric};

/// What was done in some time.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Work {
    pub(super) requests: f64,
    pub(super) input: f64,
    pub(super) output: f64,
}

/// Adds what exists: no throughput over no time, none of nothing, and no token throughput when nobody counted tokens.
pub(super) fn add_throughput(figures: &mut Figures, work: Work, secs: Option<f64>) {
    let Some(secs) = secs.filter(|secs| *secs > 0.0) else {
        return;
    };
    let mut add = |metric, amount: f64| {
        figures.add_scalar(metric, (amount > 0.0).then(|| amount / secs));
    };
    add(RunMetric::RequestThroughput, work.requests);
    add(RunMetric::OutputTokenThroughput, work.output);
    add(RunMetric::InputTokenThroughput, work.input);
    add(RunMetric::TotalTokenThroughput, work.input + work.output);
}

/// The statistics of a metric over some of the rows.
pub(super) fn distribution_over(
    rows: Selection<'_>,
    metric: Metric,
    over: impl Iterator<Item = usize>,
) -> Option<Distribution> {
    // The room for every row is reserved at once: growing by halves would need that much again, and room that is not
    // used costs nothing.
    let mut values = Vec::with_capacity(rows.most());
    values.extend(over.filter_map(|row| rows.value(metric, row)));
    Distribution::of(metric.unit(), values)
}

/// A steady window within the measured time.
pub(super) fn window(rows: Selection<'_>, (measured, window): (Span, Span)) -> Window {
    Window {
        start_s: to_seven_digits(window.start as f64 / 1e9),
        end_s: to_seven_digits(window.end as f64 / 1e9),
        share: to_seven_digits(window.nanos() as f64 / measured.nanos() as f64),
        requests: rows_within(rows, window).count() as u64,
    }
}

/// The figures of a steady window.
pub(super) fn steady_metrics(rows: Selection<'_>, steady: &SteadyWindow, load: LoadModel) -> Figures {
    let mut metrics = Figures::default();
    let of_server = |metric: &Metric| match metric {
        Metric::ScheduleLag | Metric::ConnectTime => false,
        Metric::ScheduledLatency => load.is_open(),
        _ => true,
    };
    for metric in Metric::ALL.into_iter().filter(of_server) {
        metrics.add(metric, distribution_over(rows, metric, rows_within(rows, steady.span)));
    }
    add_throughput(
        &mut metrics,
        work_done_within(rows, steady.span),
        Some(steady.span.secs()),
    );
    metrics.add_scalar(RunMetric::InFlightMean, Some(steady.in_flight.mean()));
    metrics.add_scalar(RunMetric::InFlightMax, Some(steady.in_flight.max() as f64));
    metrics
}

/// What was done within the window: of each request that completed, warm-up included, the part of its life that lies within.
///
/// Counting those that end within would make the figure depend on where between two completions the window begins and ends,
/// which for a closed load is just where a whole wave of them ends.
fn work_done_within(rows: Selection<'_>, window: Span) -> Work {
    let mut work = Work::default();
    for row in rows.iter() {
        let counts = matches!(rows.fate(row), Fate::Completed | Fate::Aside) && rows.was_sent(row);
        if !counts || rows.value(Metric::RequestLatency, row).is_none() {
            continue;
        }
        let life = Span {
            start: rows.sent_ns(row),
            end: rows.ended_ns(row),
        };
        let share = window.share_of(life);
        let tokens = |metric| share * f64::from(rows.value(metric, row).unwrap_or(0.0));
        work.requests += share;
        work.input += tokens(Metric::InputSequenceLength);
        work.output += tokens(Metric::OutputSequenceLength);
    }
    work
}
