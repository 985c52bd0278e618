//! Windows that loadspan has logged itself (`live.window.*`): a summary of each second, where points of all requests would be too many.
//!
//! Their percentiles are those of a second. None of several seconds can be made of them, so that they are told as they are.

use std::collections::BTreeMap;

use loadspan_wire::mlflow::live::WindowFigure;

use super::window::{Clock, Columns, MOST, Spreads, Total, Windows};
use crate::curves::spread::Spread;

/// How long each is, in milliseconds.
const WIDTH: i64 = 1000;
/// The last one may be this much shorter.
const SHORTEST: f64 = 0.1;

/// Where the percentiles of duration, time to first chunk and time per chunk begin.
const SPREADS: [WindowFigure; 3] = [
    WindowFigure::DurationP50,
    WindowFigure::FirstChunkP50,
    WindowFigure::ChunkGapP50,
];

/// What was logged of one window.
type Second = [Option<f64>; WindowFigure::ALL.len()];

/// Windows by their numbers, which are the seconds since the run began.
#[derive(Debug, Clone, Default)]
pub(crate) struct Seconds(BTreeMap<i64, Second>);

impl Seconds {
    /// Adds a value of a window. The same value again changes nothing.
    pub(crate) fn add(&mut self, figure: WindowFigure, number: i64, value: f64) {
        if (0..MOST).contains(&number) && value.is_finite() {
            self.0.entry(number).or_default()[figure as usize] = Some(value);
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

/// Requests that end in a second, at most.
const MOST_ENDED: f64 = 1e9;

impl Told {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "counts of requests, which are no larger than MOST_ENDED"
    )]
    fn of(second: &Second) -> Self {
        let value = |figure: WindowFigure| second[figure as usize].unwrap_or(0.0);
        // A client may log anything: no total can overflow.
        let ended = value(WindowFigure::Count).clamp(0.0, MOST_ENDED);
        let failed = (value(WindowFigure::ErrorRate) * ended).round().clamp(0.0, ended);
        // Rates are those of the time that the window lasted.
        let lasted =
            (value(WindowFigure::Rate) > 0.0).then(|| (ended / value(WindowFigure::Rate)).clamp(SHORTEST, 1.0));
        let seconds = lasted.unwrap_or(1.0);
        let spread = |first: WindowFigure, n: f64| {
            let [p50, p95, p99] = [0, 1, 2].map(|place| second[first as usize + place]);
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
            input_tokens: value(WindowFigure::InputTokenRate) * seconds,
            output_tokens: value(WindowFigure::OutputTokenRate) * seconds,
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
        total.ended = total.ended.saturating_add(self.ended as usize);
        total.failed = Some(total.failed.unwrap_or(0).saturating_add(self.failed as usize));
        total.input_tokens += self.input_tokens;
        total.output_tokens += self.output_tokens;
        if self.ended > 0 {
            #[expect(clippy::cast_possible_truncation, reason = "a second at most")]
            let lasted = (self.seconds * 1e3).round() as i64;
            total.elapsed_ms = number * WIDTH + lasted;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_client_makes_up_overflows_nothing() {
        let mut seconds = Seconds::default();
        for number in 0..20 {
            for figure in WindowFigure::ALL {
                seconds.add(figure, number, f64::MAX);
            }
        }
        let clock = Clock {
            start_ms: 0,
            now_ms: None,
            width_ms: WIDTH,
        };
        let total = seconds.windows(clock).total;
        assert_eq!(total.ended, 20 * MOST_ENDED as usize);
        assert!(total.failed.is_some_and(|failed| failed <= total.ended));
    }
}
