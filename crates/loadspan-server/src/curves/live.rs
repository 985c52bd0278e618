//! Windows that loadspan has logged itself (`live.window.*`): a summary of each second, where points of all requests would be too many.
//!
//! Their percentiles are those of a second. None of several seconds can be made of them, so that they are told as they are.

use std::collections::BTreeMap;

use super::window::{Clock, Columns, MOST, Spreads, Total, Windows};
use crate::curves::spread::Spread;

/// How long each is, in milliseconds.
const WIDTH: i64 = 1000;
/// The last one may be this much shorter.
const SHORTEST: f64 = 0.1;

/// What is said of a window, by the metric that it is logged as.
pub(crate) const KEYS: [&str; 14] = [
    "live.window.requests.count",
    "live.window.requests.rate",
    "live.window.requests.error_rate",
    "live.window.gen_ai.client.token.usage.input.rate",
    "live.window.gen_ai.client.token.usage.output.rate",
    "live.window.gen_ai.client.operation.duration.p50",
    "live.window.gen_ai.client.operation.duration.p95",
    "live.window.gen_ai.client.operation.duration.p99",
    "live.window.gen_ai.client.operation.time_to_first_chunk.p50",
    "live.window.gen_ai.client.operation.time_to_first_chunk.p95",
    "live.window.gen_ai.client.operation.time_to_first_chunk.p99",
    "live.window.gen_ai.client.operation.time_per_output_chunk.p50",
    "live.window.gen_ai.client.operation.time_per_output_chunk.p95",
    "live.window.gen_ai.client.operation.time_per_output_chunk.p99",
];
const COUNT: usize = 0;
const RATE: usize = 1;
const ERROR_RATE: usize = 2;
const INPUT: usize = 3;
const OUTPUT: usize = 4;
/// Where the percentiles of duration, time to first chunk and time per chunk begin.
const SPREADS: [usize; 3] = [5, 8, 11];

/// What was logged of one window.
type Second = [Option<f64>; KEYS.len()];

/// Windows by their numbers, which are the seconds since the run began.
#[derive(Debug, Clone, Default)]
pub(crate) struct Seconds(BTreeMap<i64, Second>);

impl Seconds {
    /// Adds a value of a window. One that is known already changes nothing.
    pub(crate) fn add(&mut self, key: usize, number: i64, value: f64) {
        if (0..MOST).contains(&number) && value.is_finite() {
            self.0.entry(number).or_default()[key] = Some(value);
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// As windows, whatever width is asked for: theirs is a second. What only points say is not known.
    pub(crate) fn windows(&self, clock: Clock) -> Windows {
        let count = self.0.last_key_value().map_or(0, |(last, _)| last + 1);
        let mut columns = Columns::default();
        let mut total = Total::default();
        for number in 0..count {
            let second = self.0.get(&number).copied().unwrap_or_default();
            Told::of(&second).push(number, &mut columns, &mut total);
        }
        Windows {
            width_ms: WIDTH,
            from_ms: 0,
            complete_until_ms: clock.complete(WIDTH, count) * WIDTH,
            windows: columns,
            total,
        }
    }
}

/// A window, in the words of those that are made of points.
struct Told {
    ended: u64,
    failed: u64,
    seconds: f64,
    input_tokens: f64,
    output_tokens: f64,
    spreads: [Spread; 3],
}

impl Told {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "counts of requests, which are neither negative nor that large"
    )]
    fn of(second: &Second) -> Self {
        let value = |key: usize| second[key].unwrap_or(0.0);
        let ended = value(COUNT).max(0.0);
        let failed = (value(ERROR_RATE) * ended).round().clamp(0.0, ended);
        // Rates are those of the time that the window lasted.
        let lasted = (value(RATE) > 0.0).then(|| (ended / value(RATE)).clamp(SHORTEST, 1.0));
        let seconds = lasted.unwrap_or(1.0);
        let spread = |first: usize, n: f64| {
            let [p50, p95, p99] = [0, 1, 2].map(|place| second[first + place]);
            Spread {
                n: if p50.is_some() { n as usize } else { 0 },
                p50,
                p95,
                p99,
                ..Spread::default()
            }
        };
        let [duration, ttft, chunk] = SPREADS;
        Self {
            ended: ended as u64,
            failed: failed as u64,
            seconds,
            input_tokens: value(INPUT) * seconds,
            output_tokens: value(OUTPUT) * seconds,
            spreads: [
                spread(duration, ended),
                // How many have chunks is not logged: those that did not fail, mostly.
                spread(ttft, ended - failed),
                spread(chunk, ended - failed),
            ],
        }
    }

    fn push(&self, number: i64, columns: &mut Columns, total: &mut Total) {
        columns.start_ms.push(number * WIDTH);
        columns.ended.push(self.ended);
        columns.failed.push(Some(self.failed));
        columns.sent.push(None);
        columns.seconds.push(self.seconds);
        columns.input_tokens.push(self.input_tokens);
        columns.output_tokens.push(self.output_tokens);
        columns.in_flight.push(None);
        let lists: [&mut Spreads; 3] = [&mut columns.duration, &mut columns.ttft, &mut columns.chunk];
        let whole = [&mut total.duration, &mut total.ttft, &mut total.chunk];
        for ((list, whole), spread) in lists.into_iter().zip(whole).zip(&self.spreads) {
            list.push(spread);
            whole.n += spread.n;
        }
        total.ended += usize::try_from(self.ended).unwrap_or(usize::MAX);
        let failed = usize::try_from(self.failed).unwrap_or(usize::MAX);
        total.failed = Some(total.failed.unwrap_or(0) + failed);
        total.input_tokens += self.input_tokens;
        total.output_tokens += self.output_tokens;
        if self.ended > 0 {
            #[expect(clippy::cast_possible_truncation, reason = "a second at most")]
            let lasted = (self.seconds * 1e3).round() as i64;
            total.elapsed_ms = number * WIDTH + lasted;
        }
    }
}
