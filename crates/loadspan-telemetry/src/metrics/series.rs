//! The series of an instrument: one for each set of attributes that it has been recorded with.
//!
//! A set of attributes is a small key until it is exported, so that recording builds no strings.

use std::collections::HashMap;

use loadspan_record::{FailureKind, Outcome, Phase, Sink, TelemetrySignal};

use crate::SessionOutcome;

/// Most series of an instrument, the one for what exceeds it included: the default of OpenTelemetry's specification.
pub(super) const MAX_SERIES: usize = 2_000;

/// A set of attributes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct SeriesKey {
    pub(super) about: About,
    /// Where there are several.
    pub(super) stage: Option<u32>,
    pub(super) error: Option<ErrorType>,
    pub(super) detail: Option<Detail>,
}

/// What a series is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum About {
    /// The client itself.
    Client,
    /// All that is asked of all servers.
    Run,
    /// Requests for a model to a server, by its number.
    Server { target: u16, model: ModelName },
    /// As [`About::Server`], and the model that answered.
    Response {
        target: u16,
        model: ModelName,
        response_model: Option<ModelName>,
    },
    /// Whatever exceeds [`MAX_SERIES`].
    Overflow,
}

/// A name among those that the recorder has learned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct ModelName(pub(super) u16);

/// `error.type`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum ErrorType {
    Failure(FailureKind),
    Cancelled,
    /// `_OTHER`: on the series that says that nothing has failed yet.
    Other,
}

/// The attribute that only some instruments have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Detail {
    InputTokens,
    OutputTokens,
    TextTokens,
    Phase(Phase),
    SessionOutcome(SessionOutcome),
    Sink {
        sink: Sink,
        signal: TelemetrySignal,
    },
    Fate {
        sink: Sink,
        signal: TelemetrySignal,
        fate: &'static str,
    },
}

impl SeriesKey {
    const OVERFLOW: Self = Self::of(About::Overflow);

    pub(super) const fn of(about: About) -> Self {
        Self {
            about,
            stage: None,
            error: None,
            detail: None,
        }
    }

    pub(super) const fn in_stage(self, stage: Option<u32>) -> Self {
        Self { stage, ..self }
    }

    pub(super) const fn with_error(self, error: Option<ErrorType>) -> Self {
        Self { error, ..self }
    }

    pub(super) const fn with_detail(self, detail: Detail) -> Self {
        Self {
            detail: Some(detail),
            ..self
        }
    }
}

impl ErrorType {
    /// `None` for a request that completed.
    pub(super) fn of(outcome: &Outcome) -> Option<Self> {
        match outcome {
            Outcome::Completed => None,
            Outcome::Failed(failure) => Some(Self::Failure(failure.kind)),
            Outcome::Cancelled => Some(Self::Cancelled),
        }
    }
}

/// So many series are searched one by one.
const FEW_SERIES: usize = 8;

/// The series of an instrument, in the order in which they came to be.
#[derive(Debug)]
pub(super) struct SeriesTable<S> {
    series: Vec<Series<S>>,
    places: HashMap<SeriesKey, usize>,
}

/// A series, and what it holds.
#[derive(Debug)]
pub(super) struct Series<S> {
    pub(super) key: SeriesKey,
    pub(super) is_exported: bool,
    pub(super) state: S,
}

impl<S> SeriesTable<S> {
    pub(super) fn new() -> Self {
        Self {
            series: Vec::new(),
            places: HashMap::new(),
        }
    }

    /// What the series holds, made anew if there is none; that of the overflow series when there is no more room.
    pub(super) fn state(&mut self, key: SeriesKey, make: impl FnOnce() -> S) -> &mut S {
        let place = self.place(key).unwrap_or_else(|| self.add(key, make));
        &mut self.series[place].state
    }

    /// Where a series stands. Most instruments have a few, which are compared faster than they are hashed.
    fn place(&self, key: SeriesKey) -> Option<usize> {
        if self.series.len() <= FEW_SERIES {
            self.series.iter().position(|series| series.key == key)
        } else {
            self.places.get(&key).copied()
        }
    }

    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Series<S>> {
        self.series.iter_mut()
    }

    fn add(&mut self, key: SeriesKey, make: impl FnOnce() -> S) -> usize {
        let has_room = self.series.len() < MAX_SERIES - 1 && key.about != About::Overflow;
        let key = if has_room { key } else { SeriesKey::OVERFLOW };
        let next = self.series.len();
        let place = *self.places.entry(key).or_insert(next);
        if place == next {
            self.series.push(Series {
                key,
                is_exported: false,
                state: make(),
            });
        }
        place
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server(target: u16) -> SeriesKey {
        SeriesKey::of(About::Server {
            target,
            model: ModelName(0),
        })
    }

    #[test]
    fn what_exceeds_the_limit_shares_one_series() {
        let mut table = SeriesTable::new();
        for target in 0..3_000 {
            *table.state(server(target), || 0) += 1;
        }
        *table.state(server(0), || 0) += 1;
        let series: Vec<_> = table.iter_mut().map(|series| (series.key, series.state)).collect();
        assert_eq!(series.len(), MAX_SERIES);
        assert_eq!(series[0], (server(0), 2));
        assert_eq!(series[MAX_SERIES - 1], (SeriesKey::OVERFLOW, 3_000 - 1_999));
    }

    #[test]
    fn overflow_is_one_series_whatever_else_is_known() {
        let mut table = SeriesTable::new();
        for detail in [Detail::InputTokens, Detail::OutputTokens] {
            *table.state(SeriesKey::of(About::Overflow).with_detail(detail), || 0) += 1;
        }
        let series: Vec<_> = table.iter_mut().map(|series| (series.key, series.state)).collect();
        assert_eq!(series, [(SeriesKey::OVERFLOW, 2)]);
    }
}
