//! One window: what its requests add up to, and the points that say so.

use std::time::Duration;

use loadspan_record::{RequestRecord, RunOffset};
use loadspan_wire::mlflow::MetricValue;
use loadspan_wire::mlflow::live::WindowFigure;
use loadspan_wire::mlflow::runs::Metric;

use super::super::spread::Spread;
use super::super::values::Values;
use super::WINDOW;
use crate::mlflow::clock::unix_ms;

/// The last window counts as this long at least: a request that ends as it begins is no rate of thousands.
const SHORTEST: Duration = Duration::from_millis(100);

/// Whether requests have ended after a window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// They have: it lasted as long as every other one.
    Within,
    /// None has: it lasted until its last request ended.
    Last,
}

/// What is known of the requests of a window.
#[derive(Debug, Default)]
pub(super) struct Window {
    requests: u64,
    /// Those that failed or were cancelled.
    errors: u64,
    input_tokens: Option<u64>,
    output_tokens: Option<u64>,
    duration: Spread,
    first_chunk: Spread,
    chunk_gap: Spread,
    last_ended_at: RunOffset,
}

/// A window that is over. So many bytes, however many requests it has.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct WindowSummary {
    number: u64,
    /// When it ended.
    ended_at: RunOffset,
    /// Each of [`WindowFigure::ALL`], where there is one.
    values: [Option<f64>; WindowFigure::ALL.len()],
}

impl Window {
    pub(super) fn add(&mut self, values: &Values, record: &RequestRecord) {
        self.requests += 1;
        self.errors += u64::from(!record.outcome.is_completed());
        self.last_ended_at = self.last_ended_at.max(record.timings.finished_at);
        self.duration.add(values.duration_ns);
        if let Some(nanos) = values.first_chunk_ns {
            self.first_chunk.add(nanos);
        }
        if let Some(nanos) = values.chunk_gap_ns {
            self.chunk_gap.add(nanos);
        }
        let usage = [
            (&mut self.input_tokens, values.input_tokens),
            (&mut self.output_tokens, values.output_tokens),
        ];
        for (sum, count) in usage {
            if let Some(count) = count {
                *sum.get_or_insert(0) += u64::from(count);
            }
        }
    }

    /// Depends on the requests and on where the window is alone, not on the order of the requests.
    pub(super) fn summarize(mut self, number: u64, place: Place) -> WindowSummary {
        let end = WINDOW.as_nanos() * (u128::from(number) + 1);
        let end = RunOffset::from_nanos(u64::try_from(end).unwrap_or(u64::MAX));
        let (ended_at, length) = match place {
            Place::Within => (end, WINDOW),
            Place::Last => {
                let left = Duration::from_nanos(end.nanos_since(self.last_ended_at));
                (self.last_ended_at, WINDOW.saturating_sub(left).max(SHORTEST))
            }
        };
        let per_second = |count: u64| count as f64 / length.as_secs_f64();
        let error_rate = (self.requests > 0).then(|| self.errors as f64 / self.requests as f64);
        let [duration, first_chunk, chunk_gap] = [&mut self.duration, &mut self.first_chunk, &mut self.chunk_gap];
        let latencies = [duration, first_chunk, chunk_gap].map(Spread::percentiles);
        let mut values = [None; WindowFigure::ALL.len()];
        values[WindowFigure::Count as usize] = Some(self.requests as f64);
        values[WindowFigure::Rate as usize] = Some(per_second(self.requests));
        values[WindowFigure::ErrorRate as usize] = error_rate;
        let latency_places = WindowFigure::DurationP50 as usize..=WindowFigure::ChunkGapP99 as usize;
        values[latency_places].copy_from_slice(latencies.as_flattened());
        values[WindowFigure::InputTokenRate as usize] = self.input_tokens.map(per_second);
        values[WindowFigure::OutputTokenRate as usize] = self.output_tokens.map(per_second);
        WindowSummary {
            number,
            ended_at,
            values,
        }
    }
}

impl WindowSummary {
    /// Its points: their step is its number, their time stamp its end. Where there was no request there are no latencies.
    /// `run_start_unix_ns`: wall clock at offset zero.
    pub(crate) fn points(&self, run_start_unix_ns: u64) -> impl Iterator<Item = Metric> + use<> {
        let timestamp = unix_ms(run_start_unix_ns, self.ended_at);
        let step = i64::try_from(self.number).unwrap_or(i64::MAX);
        let figures = WindowFigure::ALL.into_iter().zip(self.values);
        figures.filter_map(move |(figure, value)| {
            Some(Metric {
                key: figure.key().to_owned(),
                value: MetricValue(value?),
                timestamp,
                step,
            })
        })
    }
}
