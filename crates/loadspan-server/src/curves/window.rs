//! Windows of a run: columns for charts.

use serde::Serialize;

use super::request::{Curve, Request, Requests};
use super::spread::{Distribution, Spread};

/// Points of a request may be this late: loadspan sends them after a second at most, and a tenth for the way.
const LATE_MS: i64 = 1_200;
/// Most windows of an answer.
pub(super) const MOST: i64 = 20_000;

/// What time it is, for a run.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Clock {
    /// When the run began, in milliseconds since 1970.
    pub(crate) start_ms: i64,
    /// The time now. `None`: the run is over.
    pub(crate) now_ms: Option<i64>,
    /// How long a window is.
    pub(crate) width_ms: i64,
}

impl Clock {
    /// Of so many windows, those that do not change any more.
    pub(super) fn complete(&self, width_ms: i64, count: i64) -> i64 {
        match self.now_ms {
            Some(now) => ((now - self.start_ms - LATE_MS) / width_ms).clamp(0, count),
            None => count,
        }
    }
}

/// A list of spreads, column by column.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub(super) struct Spreads {
    n: Vec<usize>,
    p50: Vec<Option<f64>>,
    p90: Vec<Option<f64>>,
    p95: Vec<Option<f64>>,
    p99: Vec<Option<f64>>,
    max: Vec<Option<f64>>,
}

impl Spreads {
    pub(super) fn push(&mut self, spread: &Spread) {
        self.n.push(spread.n);
        self.p50.push(spread.p50);
        self.p90.push(spread.p90);
        self.p95.push(spread.p95);
        self.p99.push(spread.p99);
        self.max.push(spread.max);
    }

    fn cut(&mut self, first: usize) {
        self.n.drain(..first);
        for list in [
            &mut self.p50,
            &mut self.p90,
            &mut self.p95,
            &mut self.p99,
            &mut self.max,
        ] {
            list.drain(..first);
        }
    }
}

/// Columns of windows. Null: not known.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub(super) struct Columns {
    /// Where the window begins, since the start of the run.
    pub(super) start_ms: Vec<i64>,
    /// Requests that ended in it, and those of them that failed.
    pub(super) ended: Vec<u64>,
    pub(super) failed: Vec<Option<u64>>,
    /// Requests that were sent in it. Not known before the requests of that time have ended.
    pub(super) sent: Vec<Option<u64>>,
    /// How long it is: the last one ends with the last request.
    pub(super) seconds: Vec<f64>,
    pub(super) input_tokens: Vec<f64>,
    pub(super) output_tokens: Vec<f64>,
    /// The mean of the requests that were on their way. As `sent`.
    pub(super) in_flight: Vec<Option<f64>>,
    pub(super) duration: Spreads,
    pub(super) ttft: Spreads,
    pub(super) chunk: Spreads,
}

/// The figures of the whole run.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub(super) struct Total {
    pub(super) ended: usize,
    pub(super) failed: Option<usize>,
    pub(super) input_tokens: f64,
    pub(super) output_tokens: f64,
    pub(super) elapsed_ms: i64,
    pub(super) duration: Spread,
    pub(super) ttft: Spread,
    pub(super) chunk: Spread,
}

/// The windows of a run, and the run as a whole.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Windows {
    pub(super) width_ms: i64,
    /// The first window of this answer.
    pub(super) from_ms: i64,
    /// Windows before this one do not change any more, or hardly.
    pub(super) complete_until_ms: i64,
    pub(super) windows: Columns,
    pub(super) total: Total,
}

/// What is collected of a window.
#[derive(Debug, Clone, Default)]
struct Window {
    ended: u64,
    failed: u64,
    sent: u64,
    busy_ms: f64,
    input_tokens: f64,
    output_tokens: f64,
    values: [Vec<f64>; 3],
}

/// The curves of which windows have percentiles.
const SPREAD: [Curve; 3] = [Curve::Duration, Curve::FirstChunk, Curve::Chunk];

impl Windows {
    /// Puts the requests of a run into windows.
    pub(crate) fn of(requests: &Requests, clock: Clock) -> Self {
        let last_ms = requests.iter().map(|request| request.ended_ms - clock.start_ms).max();
        let last_ms = last_ms.unwrap_or(-1);
        let width = clock.width_ms.max(1);
        let count = if last_ms < 0 {
            0
        } else {
            (last_ms / width + 1).min(MOST)
        };
        let told = requests.tell_failures();
        let mut windows = vec![Window::default(); usize::try_from(count).unwrap_or(0)];
        for request in requests.iter() {
            place(&mut windows, request, (clock, told));
        }
        let known = Known {
            count,
            last_ms,
            told,
            settled: settled(requests, clock, count),
        };
        let total = total(&windows, &known);
        Self {
            width_ms: width,
            from_ms: 0,
            complete_until_ms: clock.complete(width, count) * width,
            windows: columns(windows, &known, clock),
            total,
        }
    }

    /// What is new since other windows of the same run and width.
    pub(crate) fn since(&self, before: &Self) -> Self {
        let same = |place: usize| self.windows.is_same(&before.windows, place);
        let common = self.windows.ended.len().min(before.windows.ended.len());
        let first = (0..common).find(|&place| !same(place)).unwrap_or(common);
        let mut news = self.clone();
        news.windows.cut(first);
        news.from_ms = i64::try_from(first).unwrap_or(0) * self.width_ms;
        news
    }
}

/// What is known of the windows as a whole.
struct Known {
    count: i64,
    last_ms: i64,
    told: bool,
    /// Before this window, all requests that were sent have ended.
    settled: i64,
}

fn place(windows: &mut [Window], request: &Request, (clock, told): (Clock, bool)) {
    let width = clock.width_ms.max(1);
    let ended = (request.ended_ms - clock.start_ms).max(0);
    let Some(last) = windows.len().checked_sub(1) else {
        return;
    };
    let at = |ms: i64| usize::try_from(ms.max(0) / width).unwrap_or(0).min(last);
    let duration = request.get(Curve::Duration);
    let window = &mut windows[at(ended)];
    if let Some(duration) = duration {
        window.ended += 1;
        if told && !request.is_answered() {
            window.failed += 1;
        } else {
            window.values[0].push(duration);
        }
    }
    for (place, curve) in SPREAD.into_iter().enumerate().skip(1) {
        window.values[place].extend(request.get(curve));
    }
    window.input_tokens += request.get(Curve::InputTokens).unwrap_or(0.0);
    window.output_tokens += request.get(Curve::OutputTokens).unwrap_or(0.0);
    let Some(duration) = duration else {
        return;
    };
    let began = (ended as f64 - duration * 1e3).max(0.0);
    windows[at(began as i64)].sent += 1;
    for (place, window) in windows
        .iter_mut()
        .enumerate()
        .take(at(ended) + 1)
        .skip(at(began as i64))
    {
        let from = (place as i64 * width) as f64;
        window.busy_ms += ((ended as f64).min(from + width as f64) - began.max(from)).max(0.0);
    }
}

/// Requests that are on their way have no points: before the longest of those that ended, none is likely to be.
fn settled(requests: &Requests, clock: Clock, count: i64) -> i64 {
    let Some(now) = clock.now_ms else {
        return count;
    };
    let durations = requests.iter().filter_map(|request| request.get(Curve::Duration));
    let longest = durations.fold(0.0, f64::max) * 1e3;
    ((now - clock.start_ms - LATE_MS - longest as i64) / clock.width_ms.max(1)).clamp(0, count)
}

fn columns(windows: Vec<Window>, known: &Known, clock: Clock) -> Columns {
    let mut columns = Columns::default();
    let width = clock.width_ms.max(1);
    for (place, mut window) in (0..).zip(windows) {
        let is_last = place == known.count - 1 && clock.now_ms.is_none();
        let seconds = if is_last {
            (known.last_ms - place * width).clamp(100, width)
        } else {
            width
        } as f64
            / 1e3;
        let settled = place < known.settled;
        columns.start_ms.push(place * width);
        columns.ended.push(window.ended);
        columns.failed.push(known.told.then_some(window.failed));
        columns.sent.push(settled.then_some(window.sent));
        columns.seconds.push(seconds);
        columns.input_tokens.push(window.input_tokens);
        columns.output_tokens.push(window.output_tokens);
        columns
            .in_flight
            .push(settled.then_some(window.busy_ms / 1e3 / seconds));
        let [duration, ttft, chunk] = &mut window.values;
        columns.duration.push(&Spread::of(duration));
        columns.ttft.push(&Spread::of(ttft));
        columns.chunk.push(&Spread::of(chunk));
    }
    columns
}

fn total(windows: &[Window], known: &Known) -> Total {
    let all = |place: usize| {
        let mut values: Vec<f64> = windows
            .iter()
            .flat_map(|window| &window.values[place])
            .copied()
            .collect();
        Spread::of(&mut values)
    };
    let sum = |of: fn(&Window) -> u64| usize::try_from(windows.iter().map(of).sum::<u64>()).unwrap_or(usize::MAX);
    Total {
        ended: sum(|window| window.ended),
        failed: known.told.then(|| sum(|window| window.failed)),
        input_tokens: windows.iter().map(|window| window.input_tokens).sum(),
        output_tokens: windows.iter().map(|window| window.output_tokens).sum(),
        elapsed_ms: known.last_ms.max(0),
        duration: all(0),
        ttft: all(1),
        chunk: all(2),
    }
}

impl Columns {
    fn is_same(&self, other: &Self, place: usize) -> bool {
        self.ended[place] == other.ended[place]
            && self.sent[place] == other.sent[place]
            && self.in_flight[place] == other.in_flight[place]
            && self.output_tokens[place] == other.output_tokens[place]
            && self.ttft.n[place] == other.ttft.n[place]
            && self.chunk.n[place] == other.chunk.n[place]
    }

    fn cut(&mut self, first: usize) {
        self.start_ms.drain(..first);
        self.ended.drain(..first);
        self.failed.drain(..first);
        self.sent.drain(..first);
        for list in [&mut self.seconds, &mut self.input_tokens, &mut self.output_tokens] {
            list.drain(..first);
        }
        self.in_flight.drain(..first);
        for spreads in [&mut self.duration, &mut self.ttft, &mut self.chunk] {
            spreads.cut(first);
        }
    }
}

/// The distributions of a part of a run, from a time to another since its start.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Distributions {
    duration: Distribution,
    ttft: Distribution,
    chunk: Distribution,
}

impl Distributions {
    pub(crate) fn of(requests: &Requests, from_ms: i64, until_ms: i64) -> Self {
        let told = requests.tell_failures();
        let within: Vec<&Request> = requests
            .iter()
            .filter(|request| (from_ms..until_ms).contains(&request.ended_ms))
            .collect();
        let of = |curve: Curve| {
            let counted = within
                .iter()
                .filter(|request| curve != Curve::Duration || !told || request.is_answered());
            Distribution::of(counted.filter_map(|request| request.get(curve)).collect())
        };
        Self {
            duration: of(Curve::Duration),
            ttft: of(Curve::FirstChunk),
            chunk: of(Curve::Chunk),
        }
    }
}
