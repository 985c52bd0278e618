//! Where the sessions of a worker come from, and when.

use std::num::NonZeroU64;
use std::time::Duration;

use loadspan_record::RunOffset;

use super::SessionLoad;
use super::log::LogQueue;
use crate::runner::plan::LoadModel;
use crate::schedule::Partition;
use crate::sessions::{LogEntry, LogEvent};

/// Sessions that arrive at times of their own.
pub(super) struct Source {
    start: RunOffset,
    kind: Kind,
    /// What comes next, as far as it is known.
    next: Option<Arrival>,
}

enum Kind {
    /// None do: sessions begin when others end.
    Nothing,
    /// By number.
    Numbers(Box<dyn Iterator<Item = (u64, Duration)>>),
    /// Out of a log.
    Log(LogQueue),
}

/// Something that a source says.
pub(super) struct Arrival {
    pub(super) at: RunOffset,
    /// The number of the session in its stage.
    pub(super) number: u64,
    /// `None`: it begins, and is asked for by its number.
    pub(super) event: Option<LogEvent>,
}

/// When something arrives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NextArrival {
    At(RunOffset),
    /// The log has not been read as far.
    Unread,
    Never,
}

impl Source {
    pub(super) fn new(load: &mut SessionLoad<'_>) -> Self {
        let (share, sessions) = (load.share, load.sessions.clone());
        let kind = match (&load.load.model, load.log.take()) {
            (LoadModel::Closed { .. }, _) => Kind::Nothing,
            (LoadModel::Open { schedule, .. }, _) => {
                let part = Partition {
                    index: share.number,
                    of: NonZeroU64::new(share.of).unwrap_or(NonZeroU64::MIN),
                };
                Kind::Numbers(Box::new(schedule.build().partition(part)))
            }
            (LoadModel::Recorded { .. }, Some(queue)) => Kind::Log(queue),
            (LoadModel::Recorded { .. }, None) => {
                let numbers = (share.number..).step_by(share.of as usize);
                Kind::Numbers(Box::new(
                    numbers.map_while(move |number| Some((number, sessions.arrival(number)?))),
                ))
            }
        };
        Self {
            start: load.start,
            kind,
            next: None,
        }
    }

    /// When the next session arrives, or something else happens to one.
    pub(super) fn peek(&mut self) -> NextArrival {
        if self.next.is_none() {
            let start = self.start;
            self.next = match &mut self.kind {
                Kind::Nothing => None,
                Kind::Numbers(numbers) => numbers.next().map(|(number, at)| Arrival {
                    at: start.after(at),
                    number,
                    event: None,
                }),
                Kind::Log(queue) => queue.try_next().map(|entry| arrival(start, entry)),
            };
        }
        match (&self.next, &self.kind) {
            (Some(arrival), _) => NextArrival::At(arrival.at),
            (None, Kind::Log(queue)) if !queue.is_over() => NextArrival::Unread,
            (None, _) => NextArrival::Never,
        }
    }

    /// Takes what [`Source::peek`] found.
    pub(super) fn take(&mut self) -> Option<Arrival> {
        self.next.take()
    }

    /// Nothing arrives any more.
    pub(super) fn close(&mut self) {
        (self.kind, self.next) = (Kind::Nothing, None);
    }

    /// Waits until more of a log has been read; for ever, where there is none.
    pub(super) async fn read_on(&mut self) {
        let start = self.start;
        match &mut self.kind {
            Kind::Log(queue) if self.next.is_none() && !queue.is_over() => {
                self.next = queue.next().await.map(|entry| arrival(start, entry));
            }
            _ => std::future::pending().await,
        }
    }

    /// When the sessions would have arrived that are left, in order. A log is not read on for that.
    pub(super) fn rest(&mut self) -> impl Iterator<Item = RunOffset> + '_ {
        let begins = |arrival: &Arrival| {
            let event = arrival.event.as_ref();
            event.is_none_or(|event| matches!(event, LogEvent::Whole(_) | LogEvent::Begins(_)))
        };
        std::iter::from_fn(move || match self.peek() {
            NextArrival::At(_) => self.take(),
            NextArrival::Unread | NextArrival::Never => None,
        })
        .filter(begins)
        .map(|arrival| arrival.at)
    }
}

fn arrival(start: RunOffset, entry: LogEntry) -> Arrival {
    Arrival {
        at: start.after(entry.at),
        number: entry.session,
        event: Some(entry.event),
    }
}
