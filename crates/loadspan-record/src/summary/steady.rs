//! The part of a run in which the load was steady.
//!
//! A run begins with a burst or a ramp and ends with a tail in which slots fall empty; both change the percentiles and neither
//! says how the server does under the load that was asked for. The window is found in three steps:
//!
//! 1. It spans the time from the first to the last moment at which at least 90 % of the load's level was in flight. The level
//!    of a closed load is its concurrency, or the most that was in flight if that is less; that of an open load, and of one of
//!    sessions, is the number in flight that was not exceeded for three quarters of the time.
//! 2. What is left of a start-up transient is cut off: the beginning goes where that makes the mean of the rest most certain
//!    (the marginal standard error rule, MSER; K. P. White, "An effective truncation heuristic for bias reduction in simulation
//!    output", 1997), but no more than half, and only when it differs from the rest by more than 5 %.
//! 3. There is no window, and the reason is given, when the number in flight drifts within it by more than 30 %, when it is
//!    shorter than 30 % of the measured time, or when fewer than 20 requests were sent and completed within it.

use super::in_flight::{InFlight, sweep};
use super::rows::{Fate, Selection, Span};
use crate::{LoadModel, Metric};

const LEVEL_SHARE: f64 = 0.9;
const OPEN_LEVEL_QUANTILE: f64 = 0.75;
const MIN_REQUESTS: usize = 20;
const MIN_SHARE: f64 = 0.3;
const MAX_DRIFT: f64 = 0.3;
const MIN_TRANSIENT: f64 = 0.05;
const MAX_BATCHES: usize = 200;
const REQUESTS_PER_BATCH: usize = 5;
const MIN_BATCHES: usize = 10;

/// The steady part of a run.
#[derive(Debug, Clone)]
pub(crate) struct SteadyWindow {
    pub(crate) span: Span,
    pub(crate) in_flight: InFlight,
}

/// The measured part of a run.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Measured<'a> {
    pub(crate) span: Span,
    pub(crate) in_flight: &'a InFlight,
}

/// The window, or why there is none.
pub(crate) fn find_window(
    rows: Selection<'_>,
    measured: Measured<'_>,
    load: LoadModel,
) -> Result<SteadyWindow, String> {
    let level = level_of(load, measured.in_flight);
    let measured = measured.span;
    let plateau = time_at_level(rows, measured, level).ok_or("nothing was in flight")?;
    let window = without_transient(rows, plateau);
    let share = window.nanos() as f64 / measured.nanos() as f64;
    if share < MIN_SHARE {
        let advice = if load.is_open() {
            "run longer, or lower the rate: a growing queue is never steady"
        } else {
            "run longer"
        };
        let percent = share * 100.0;
        return Err(format!(
            "the load was steady for {percent:.0} % of the measured time, and 30 % are needed: {advice}"
        ));
    }
    let requests = rows_within(rows, window).count();
    if requests < MIN_REQUESTS {
        return Err(format!(
            "only {requests} of the {MIN_REQUESTS} requests that are needed were sent and completed while the load was steady: run longer"
        ));
    }
    without_drift(rows, window)
}

/// The completed rows that were sent and ended within the window.
pub(crate) fn rows_within(rows: Selection<'_>, window: Span) -> impl Iterator<Item = usize> {
    rows.iter().filter(move |row| {
        rows.fate(*row) == Fate::Completed && rows.sent_ns(*row) >= window.start && rows.ended_ns(*row) <= window.end
    })
}

fn level_of(load: LoadModel, in_flight: &InFlight) -> usize {
    match load {
        LoadModel::Closed { concurrency } => in_flight.max().min(concurrency as usize),
        // Of the sessions that a load keeps at a time, those in a think time have nothing in flight.
        LoadModel::Open { .. }
        | LoadModel::OpenSessions { .. }
        | LoadModel::ClosedSessions { .. }
        | LoadModel::Recorded { .. }
        | LoadModel::Staged => in_flight.quantile(OPEN_LEVEL_QUANTILE),
    }
}

/// From the first to the last moment with the level's share in flight.
///
/// Gaps within are let be: even a perfect closed load falls below its level for microseconds whenever a request ends.
fn time_at_level(rows: Selection<'_>, measured: Span, level: usize) -> Option<Span> {
    let enough = ((level as f64 * LEVEL_SHARE).ceil() as usize).max(1);
    let mut window: Option<Span> = None;
    sweep(rows, |step| {
        if step.level >= enough && measured.overlap_ns(step.from, step.to) > 0 {
            let start = window.map_or(step.from.max(measured.start), |window| window.start);
            window = Some(Span {
                start,
                end: step.to.min(measured.end),
            });
        }
    });
    window
}

/// The window less its beginning, where that differs from the rest.
fn without_transient(rows: Selection<'_>, window: Span) -> Span {
    let means = batch_means(rows, window);
    let Some(cut) = truncation_point(&means) else {
        return window;
    };
    let width = window.nanos() / MAX_BATCHES as u64;
    let batch = means[cut].0 as u64;
    Span {
        start: window.start + batch * width,
        end: window.end,
    }
}

/// Mean time to first token, or latency where there is none, of the requests sent in each of equal parts of the window. Parts
/// in which none was sent are left out; too few parts for a judgement are none.
fn batch_means(rows: Selection<'_>, window: Span) -> Vec<(usize, f64)> {
    let width = (window.nanos() / MAX_BATCHES as u64).max(1);
    let mut sums = [(0.0_f64, 0_usize); MAX_BATCHES];
    for row in rows
        .population(Metric::RequestLatency)
        .filter(|row| rows.sent_ns(*row) >= window.start)
    {
        let batch = ((rows.sent_ns(row) - window.start) / width) as usize;
        let value = rows
            .value(Metric::TimeToFirstToken, row)
            .or_else(|| rows.value(Metric::RequestLatency, row));
        if let (Some(sum), Some(value)) = (sums.get_mut(batch), value) {
            *sum = (sum.0 + f64::from(value), sum.1 + 1);
        }
    }
    merge_batches(&sums)
}

/// Batches of at least a few requests each: the first part of each, and its mean.
fn merge_batches(sums: &[(f64, usize)]) -> Vec<(usize, f64)> {
    let mut means = Vec::new();
    let (mut first, mut total, mut count) = (0, 0.0, 0);
    for (part, (sum, requests)) in sums.iter().enumerate() {
        if count == 0 {
            first = part;
        }
        total += sum;
        count += requests;
        if count >= REQUESTS_PER_BATCH {
            means.push((first, total / count as f64));
            (total, count) = (0.0, 0);
        }
    }
    means
}

/// The batch at which the steady part begins. `None` when the beginning is like the rest, or there is too little to tell.
fn truncation_point(means: &[(usize, f64)]) -> Option<usize> {
    if means.len() < MIN_BATCHES {
        return None;
    }
    let (mut sum, mut squares, mut best) = (0.0, 0.0, (f64::INFINITY, 0));
    for (place, (_, mean)) in means.iter().enumerate().rev() {
        sum += mean;
        squares += mean * mean;
        let left = (means.len() - place) as f64;
        let error = (squares - sum * sum / left).max(0.0) / (left * left);
        if place <= means.len() / 2 && error <= best.0 {
            best = (error, place);
        }
    }
    let (before, after) = means.split_at(best.1);
    let mean = |part: &[(usize, f64)]| part.iter().map(|(_, mean)| mean).sum::<f64>() / part.len() as f64;
    let differs = !before.is_empty() && (mean(before) - mean(after)).abs() > MIN_TRANSIENT * mean(after);
    differs.then_some(best.1)
}

/// A queue that grows all the time has no steady state.
fn without_drift(rows: Selection<'_>, span: Span) -> Result<SteadyWindow, String> {
    let third = span.nanos() / 3;
    let first = Span {
        start: span.start,
        end: span.start + third,
    };
    let last = Span {
        start: span.end - third,
        end: span.end,
    };
    let [in_flight, first, last] = InFlight::within_each(rows, [span, first, last]);
    let (start, end) = (first.mean(), last.mean());
    let drift = (end - start).abs();
    if drift > 1.0 && drift > MAX_DRIFT * start.max(end) {
        let cause = if end > start {
            "the server does not keep up with this load"
        } else {
            "the load did not hold its level"
        };
        return Err(format!(
            "the number in flight went from {start:.0} to {end:.0}: {cause}"
        ));
    }
    Ok(SteadyWindow { span, in_flight })
}
