//! What is kept in memory of each request: enough to compute every figure of every part of the run.

use std::ops::Deref;

use super::column::{Column, Sample};
use super::turns::{Place, Turns};
use crate::{ChunkGaps, Metric, Outcome, Phase, RequestRecord};

/// One row per request, in the order in which the records came.
///
/// What can be derived is not stored: the time per output token follows from latency, time to first token and token count.
#[derive(Debug, Clone)]
pub(crate) struct Rows {
    /// Nanoseconds from the run's start to the first byte sent; of a request never sent, to its end.
    sent: Column<u64>,
    /// Milliseconds from sent to ended; none when never sent.
    busy: Column<Sample>,
    fate: Column<Fate>,
    /// From the first token of a stream to its end; without a stream the latency is `busy`. Not the latency itself: after a long
    /// wait for the first token, the difference of two latencies would have few digits left.
    decode: Column<Sample>,
    first_token: Column<Sample>,
    /// From the first token to the first answer token: 0 unless the model reasons.
    answer_delay: Column<Sample>,
    second_token: Column<Sample>,
    first_byte: Column<Sample>,
    /// Output tokens less those after the first chunk: 1 unless chunks hold several.
    first_chunk_tokens: Column<Sample>,
    output: Column<Sample>,
    input: Column<Sample>,
    reasoning: Column<Sample>,
    cached: Column<Sample>,
    lag: Column<Sample>,
    connect: Column<Sample>,
    held_back: Column<Sample>,
    stage: Column<u32>,
    /// `None`: there are no sessions.
    turns: Option<Turns>,
}

/// The rows that figures are of: all, or those of one stage.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Selection<'a> {
    rows: &'a Rows,
    first: usize,
    end: usize,
    stage: Option<u32>,
    /// Stages whose requests belong to no sessions, although they have their numbers.
    without_sessions: &'a [u32],
}

/// What became of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    Completed,
    Failed,
    Cancelled,
    /// Warm-up: in flight like every other, in no figure.
    Aside,
}

/// A stretch of the run, in nanoseconds from its start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) start: u64,
    pub(crate) end: u64,
}

impl Rows {
    pub(crate) const fn new() -> Self {
        Self {
            sent: Column::new(),
            busy: Column::new(),
            fate: Column::new(),
            decode: Column::new(),
            first_token: Column::new(),
            answer_delay: Column::new(),
            second_token: Column::new(),
            first_byte: Column::new(),
            first_chunk_tokens: Column::new(),
            output: Column::new(),
            input: Column::new(),
            reasoning: Column::new(),
            cached: Column::new(),
            lag: Column::new(),
            connect: Column::new(),
            held_back: Column::new(),
            stage: Column::new(),
            turns: None,
        }
    }

    pub(crate) fn push(&mut self, record: &RequestRecord) {
        let timings = &record.timings;
        let of = |metric: Metric| Sample::new(metric.of(record));
        let first_token = Metric::TimeToFirstToken.of(record);
        let answer_delay = Metric::TimeToFirstOutputToken
            .of(record)
            .zip(first_token)
            .map(|(answer, first)| answer - first);

        self.sent
            .push(timings.sent_at.unwrap_or(timings.finished_at).as_nanos());
        self.busy.push(match timings.sent_at {
            Some(sent_at) => Sample::rounded_down(timings.finished_at.millis_since(sent_at)),
            None => Sample::new(None),
        });
        self.fate.push(Fate::of(record));
        let end = timings.last_token_at.unwrap_or(timings.finished_at);
        let decode = timings
            .first_token_at
            .filter(|_| record.outcome.is_completed())
            .map(|first| end.millis_since(first));
        self.decode.push(Sample::new(decode));
        self.first_token.push(Sample::new(first_token));
        self.answer_delay.push(Sample::new(answer_delay));
        self.second_token.push(of(Metric::TimeToSecondToken));
        self.first_byte.push(of(Metric::TimeToFirstByte));
        self.first_chunk_tokens.push(Sample::new(first_chunk_tokens(record)));
        self.output.push(of(Metric::OutputSequenceLength));
        self.input.push(of(Metric::InputSequenceLength));
        self.reasoning.push(of(Metric::ReasoningTokenCount));
        self.cached.push(of(Metric::CachedInputTokens));
        self.lag.push(of(Metric::ScheduleLag));
        self.connect.push(of(Metric::ConnectTime));
        self.held_back.push(Sample::new(Some(record.held_back_ns as f64 / 1e6)));
        self.stage.push(record.stage);
        if self.turns.is_none() && record.session.is_some() {
            self.turns = Some(Turns::after(self.len() - 1));
        }
        if let Some(turns) = &mut self.turns {
            turns.push(record);
        }
    }

    /// Every row.
    pub(crate) fn all(&self) -> Selection<'_> {
        Selection {
            rows: self,
            first: 0,
            end: self.len(),
            stage: None,
            without_sessions: &[],
        }
    }

    /// The rows of a stage, all of which lie within `range`.
    pub(crate) fn of_stage(&self, stage: u32, range: std::ops::Range<usize>) -> Selection<'_> {
        Selection {
            rows: self,
            first: range.start,
            end: range.end,
            stage: Some(stage),
            without_sessions: &[],
        }
    }

    /// Where it stands in which session. `None`: in none.
    pub(crate) fn place(&self, row: usize) -> Option<Place> {
        let place = self.turns.as_ref()?.place(row)?;
        Some(Place {
            stage: self.stage.get(row),
            ..place
        })
    }

    pub(crate) fn len(&self) -> usize {
        self.sent.len()
    }

    pub(crate) fn fate(&self, row: usize) -> Fate {
        self.fate.get(row)
    }

    /// Whether it went out at all.
    pub(crate) fn was_sent(&self, row: usize) -> bool {
        self.busy.get(row).get().is_some()
    }

    pub(crate) fn sent_ns(&self, row: usize) -> u64 {
        self.sent.get(row)
    }

    pub(crate) fn ended_ns(&self, row: usize) -> u64 {
        let busy_ms = f64::from(self.busy.get(row).get().unwrap_or(0.0));
        self.sent.get(row).saturating_add((busy_ms * 1e6) as u64)
    }

    /// The value of a completed row, as [`Metric::of`] gives it for the record.
    pub(crate) fn value(&self, metric: Metric, row: usize) -> Option<f32> {
        let of = |column: &Column<Sample>| column.get(row).get();
        match metric {
            Metric::TimeToFirstToken => of(&self.first_token),
            Metric::TimeToFirstOutputToken => Some(of(&self.first_token)? + of(&self.answer_delay)?),
            Metric::TimeToSecondToken => of(&self.second_token),
            Metric::InterTokenLatency => self.per_token(row, of(&self.first_chunk_tokens)?),
            Metric::TimePerOutputToken => {
                of(&self.first_chunk_tokens)?;
                self.per_token(row, 1.0)
            }
            Metric::RequestLatency => self.latency(row),
            Metric::ScheduledLatency => Some(self.latency(row)? + of(&self.lag)?),
            Metric::TimeToFirstByte => of(&self.first_byte),
            Metric::OutputTokenThroughputPerUser => self
                .per_token(row, of(&self.first_chunk_tokens)?)
                .filter(|latency| *latency > 0.0)
                .map(|latency| 1e3 / latency),
            Metric::OutputSequenceLength => of(&self.output),
            Metric::InputSequenceLength => of(&self.input),
            Metric::ReasoningTokenCount => of(&self.reasoning),
            Metric::CachedInputTokens => of(&self.cached),
            Metric::ScheduleLag => of(&self.lag),
            Metric::ConnectTime => of(&self.connect),
            Metric::InterChunkLatency => None,
        }
    }

    /// What the client itself kept a request back, in milliseconds, as [`RequestRecord::dispatch_delay_ns`] gives it.
    pub(crate) fn dispatch_delay(&self, row: usize) -> Option<f32> {
        let or_zero = |column: &Column<Sample>| column.get(row).get().unwrap_or(0.0);
        Some((self.lag.get(row).get()? - or_zero(&self.held_back) - or_zero(&self.connect)).max(0.0))
    }

    fn latency(&self, row: usize) -> Option<f32> {
        match (self.first_token.get(row).get(), self.decode.get(row).get()) {
            (Some(first_token), Some(decode)) => Some(first_token + decode),
            _ => self.busy.get(row).get(),
        }
    }

    fn per_token(&self, row: usize, without: f32) -> Option<f32> {
        let decode = self.decode.get(row).get()?;
        let tokens = self.output.get(row).get()? - without;
        (tokens > 0.0).then(|| decode.max(0.0) / tokens)
    }
}

impl<'a> Selection<'a> {
    /// The same, in which the requests of these stages belong to no session.
    pub(crate) const fn without_sessions_of(self, stages: &'a [u32]) -> Self {
        Self {
            without_sessions: stages,
            ..self
        }
    }

    /// How many rows there may be.
    pub(crate) fn most(self) -> usize {
        self.end - self.first
    }

    pub(crate) fn iter(self) -> impl Iterator<Item = usize> + use<'a> {
        let Self { rows, stage, .. } = self;
        (self.first..self.end).filter(move |row| stage.is_none_or(|stage| rows.stage.get(*row) == stage))
    }

    /// Whether any request of the run belongs to a session.
    pub(crate) fn has_sessions(self) -> bool {
        self.rows.turns.is_some()
    }

    /// The measured requests that belong to a session.
    pub(crate) fn turns(self) -> impl Iterator<Item = usize> + use<'a> {
        let in_session = move |row: &usize| {
            let place = self.rows.place(*row);
            place.is_some_and(|place| !self.without_sessions.contains(&place.stage))
        };
        self.iter()
            .filter(move |row| self.fate(*row) != Fate::Aside)
            .filter(in_session)
    }

    /// The rows that count in a figure: those that completed, and every one sent for the figures of the client.
    pub(crate) fn population(self, metric: Metric) -> impl Iterator<Item = usize> + use<'a> {
        let any_fate = matches!(metric, Metric::ScheduleLag | Metric::ConnectTime);
        self.iter().filter(move |row| match self.fate(*row) {
            Fate::Completed => true,
            Fate::Failed | Fate::Cancelled => any_fate,
            Fate::Aside => false,
        })
    }
}

impl Deref for Selection<'_> {
    type Target = Rows;

    fn deref(&self) -> &Rows {
        self.rows
    }
}

impl Fate {
    fn of(record: &RequestRecord) -> Self {
        match (record.phase, &record.outcome) {
            (Phase::Warmup | Phase::Drain, _) => Self::Aside,
            (Phase::Measure, Outcome::Completed) => Self::Completed,
            (Phase::Measure, Outcome::Failed(_)) => Self::Failed,
            (Phase::Measure, Outcome::Cancelled) => Self::Cancelled,
        }
    }
}

impl Span {
    /// The share of `life` that lies within this stretch, from 0 to 1. A life of no length lies within or does not.
    pub(crate) fn share_of(self, life: Self) -> f64 {
        if life.end <= life.start {
            return f64::from(u8::from((self.start..=self.end).contains(&life.start)));
        }
        let within = life.end.min(self.end).saturating_sub(life.start.max(self.start));
        within as f64 / (life.end - life.start) as f64
    }

    pub(crate) fn nanos(self) -> u64 {
        self.end.saturating_sub(self.start)
    }

    pub(crate) fn secs(self) -> f64 {
        self.nanos() as f64 / 1e9
    }

    /// How much of `from..to` lies within.
    pub(crate) fn overlap_ns(self, from: u64, to: u64) -> u64 {
        to.min(self.end).saturating_sub(from.max(self.start))
    }
}

/// `None` where no speed can be told: see [`RequestRecord::tokens_after_first_chunk`].
fn first_chunk_tokens(record: &RequestRecord) -> Option<f64> {
    Metric::InterTokenLatency.of(record)?;
    Some(f64::from(record.tokens.output?) - record.tokens_after_first_chunk()?)
}

/// The gaps of a record, each with how often it occurred.
pub(crate) fn each_gap(record: &RequestRecord, mut visit: impl FnMut(u32, u64)) {
    match &record.chunk_gaps {
        ChunkGaps::None => {}
        ChunkGaps::Each(gaps) => gaps.iter().for_each(|gap| visit(*gap, 1)),
        ChunkGaps::Histogram { buckets, .. } => buckets.iter().for_each(|(gap, times)| visit(*gap, u64::from(*times))),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::testing::{any_record, stream};

    proptest! {
        #[test]
        fn a_row_gives_the_figures_of_its_record(record in any_record()) {
            let mut rows = Rows::new();
            rows.push(&record);
            for metric in Metric::ALL {
                let in_population = rows.all().population(metric).count() == 1;
                let stored = in_population.then(|| rows.value(metric, 0)).flatten().map(f64::from);
                let formula = metric.of(&record).filter(|_| record.phase == Phase::Measure);
                prop_assert_eq!(stored.is_some(), formula.is_some(), "{}", metric.tag());
                let (stored, formula) = (stored.unwrap_or(0.0), formula.unwrap_or(0.0));
                prop_assert!((stored - formula).abs() <= 1e-4 * formula + 1e-4, "{}: {stored} is not {formula}", metric.tag());
            }
        }
    }

    #[test]
    fn a_successor_does_not_overlap_its_predecessor() {
        let mut rows = Rows::new();
        let first = stream().sent_ms(0.0).total_ms(123_456.789_012).build();
        rows.push(&first);
        assert!(rows.ended_ns(0) <= first.timings.finished_at.as_nanos());
    }
}
