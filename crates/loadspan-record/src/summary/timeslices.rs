//! The run in slices of time, for plots.

use super::rows::{Fate, Selection, Span};
use crate::distribution::to_seven_digits;
use crate::{Distribution, Metric};

/// What happened in one slice of time. Requests belong to the slice in which they ended, except in `started`.
#[derive(Debug, Clone, PartialEq)]
pub struct Timeslice {
    /// Number of its stage, from 0. `None` where the run has but one.
    pub stage: Option<u32>,
    /// Its start, in seconds from the start of the run.
    pub start_s: f64,
    /// Its end, in seconds from the start of the run.
    pub end_s: f64,
    /// Whether it has its full length. The last slice seldom has.
    pub is_complete: bool,
    /// Requests sent.
    pub started: u64,
    /// Requests that completed.
    pub completed: u64,
    /// Requests that failed.
    pub failed: u64,
    /// Output tokens of the requests that completed.
    pub output_tokens: u64,
    /// Completed requests per second.
    pub request_throughput: f64,
    /// Output tokens per second.
    pub output_token_throughput: f64,
    /// Requests in flight, warm-up included, averaged over time.
    pub in_flight_mean: f64,
    /// Time to first token of the requests that completed.
    pub time_to_first_token: Option<Distribution>,
    /// Inter-token latency of the requests that completed.
    pub inter_token_latency: Option<Distribution>,
    /// Latency of the requests that completed.
    pub request_latency: Option<Distribution>,
}

/// More slices than any plot has pixels: a length so short is a slip of the pen.
const MAX_SLICES: u64 = 1_000_000;

/// Cuts `span` into slices of `length` nanoseconds, or into none when they would be a million or more.
pub(super) fn slice(rows: Selection<'_>, span: Span, length: u64) -> Vec<Timeslice> {
    let count = span.nanos().div_ceil(length);
    if count >= MAX_SLICES {
        return Vec::new();
    }
    let slicing = Slicing {
        span,
        length,
        count: count as usize,
    };
    let mut slices: Vec<Timeslice> = (0..slicing.count).map(|index| slicing.empty(index)).collect();
    count_requests(rows, slicing, &mut slices);
    average_in_flight(rows, slicing, &mut slices);
    for (metric, set) in SLICED {
        for (slice, values) in slices.iter_mut().zip(values_by_slice(rows, slicing, metric)) {
            set(slice, Distribution::of(metric.unit(), values));
        }
    }
    slices
}

/// Puts the statistics of a metric into a slice.
type SetDistribution = fn(&mut Timeslice, Option<Distribution>);

const SLICED: [(Metric, SetDistribution); 3] = [
    (Metric::TimeToFirstToken, |slice, distribution| {
        slice.time_to_first_token = distribution
    }),
    (Metric::InterTokenLatency, |slice, distribution| {
        slice.inter_token_latency = distribution
    }),
    (Metric::RequestLatency, |slice, distribution| {
        slice.request_latency = distribution
    }),
];

#[derive(Debug, Clone, Copy)]
struct Slicing {
    span: Span,
    length: u64,
    count: usize,
}

impl Slicing {
    fn bounds(self, index: usize) -> Span {
        let start = self.span.start + index as u64 * self.length;
        Span {
            start,
            end: start.saturating_add(self.length).min(self.span.end),
        }
    }

    /// The slice that a moment lies in; the end of the last slice belongs to it. `None` outside of the measured time.
    fn index_of(self, at: u64) -> Option<usize> {
        let offset = at.checked_sub(self.span.start)?;
        let index = (offset / self.length) as usize;
        (at <= self.span.end).then(|| index.min(self.count - 1))
    }

    fn empty(self, index: usize) -> Timeslice {
        let bounds = self.bounds(index);
        Timeslice {
            stage: None,
            start_s: to_seven_digits(bounds.start as f64 / 1e9),
            end_s: to_seven_digits(bounds.end as f64 / 1e9),
            is_complete: bounds.nanos() == self.length,
            started: 0,
            completed: 0,
            failed: 0,
            output_tokens: 0,
            request_throughput: 0.0,
            output_token_throughput: 0.0,
            in_flight_mean: 0.0,
            time_to_first_token: None,
            inter_token_latency: None,
            request_latency: None,
        }
    }
}

fn count_requests(rows: Selection<'_>, slicing: Slicing, slices: &mut [Timeslice]) {
    for row in rows.iter().filter(|row| rows.fate(*row) != Fate::Aside) {
        if rows.was_sent(row)
            && let Some(index) = slicing.index_of(rows.sent_ns(row))
        {
            slices[index].started += 1;
        }
        let Some(slice) = slicing.index_of(rows.ended_ns(row)).map(|index| &mut slices[index]) else {
            continue;
        };
        match rows.fate(row) {
            Fate::Completed => {
                slice.completed += 1;
                slice.output_tokens += rows
                    .value(Metric::OutputSequenceLength, row)
                    .map_or(0, |tokens| tokens as u64);
            }
            Fate::Failed => slice.failed += 1,
            Fate::Cancelled | Fate::Aside => {}
        }
    }
    for (index, slice) in slices.iter_mut().enumerate() {
        let secs = slicing.bounds(index).secs();
        slice.request_throughput = to_seven_digits(slice.completed as f64 / secs);
        slice.output_token_throughput = to_seven_digits(slice.output_tokens as f64 / secs);
    }
}

/// Adds the time that each request spent in each slice. What spans whole slices is added as a difference at its two ends, so
/// that a long request costs no more than a short one.
fn average_in_flight(rows: Selection<'_>, slicing: Slicing, slices: &mut [Timeslice]) {
    let mut busy_ns = vec![0_u64; slicing.count];
    let mut whole = vec![0_i64; slicing.count + 1];
    for row in rows.iter().filter(|row| rows.was_sent(*row)) {
        let (sent, ended) = (
            rows.sent_ns(row).max(slicing.span.start),
            rows.ended_ns(row).min(slicing.span.end),
        );
        if let (Some(first), Some(last), true) = (slicing.index_of(sent), slicing.index_of(ended), ended > sent) {
            busy_ns[first] += slicing.bounds(first).overlap_ns(sent, ended);
            if last > first {
                busy_ns[last] += slicing.bounds(last).overlap_ns(sent, ended);
                whole[first + 1] += 1;
                whole[last] -= 1;
            }
        }
    }
    let mut spanning = 0;
    for (index, slice) in slices.iter_mut().enumerate() {
        spanning += whole[index];
        let mean = spanning as f64 + busy_ns[index] as f64 / slicing.bounds(index).nanos().max(1) as f64;
        slice.in_flight_mean = to_seven_digits(mean);
    }
}

fn values_by_slice(rows: Selection<'_>, slicing: Slicing, metric: Metric) -> Vec<Vec<f32>> {
    let mut values = vec![Vec::new(); slicing.count];
    for row in rows.population(metric) {
        if let (Some(index), Some(value)) = (slicing.index_of(rows.ended_ns(row)), rows.value(metric, row)) {
            values[index].push(value);
        }
    }
    values
}
