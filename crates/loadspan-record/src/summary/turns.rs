//! Which request was which turn of which session. Kept only where there are sessions, in 12 bytes for a request.

use super::column::Column;
use crate::RequestRecord;

/// A number that stands for none: no run has so many sessions, and no session so many turns.
const NONE: u32 = u32::MAX;

/// One row for each of [`super::rows::Rows`].
#[derive(Debug, Clone)]
pub(crate) struct Turns {
    session: Column<u32>,
    turn: Column<u32>,
    /// Turns that the session has in all.
    of: Column<u32>,
}

/// Where a request stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    pub(crate) stage: u32,
    pub(crate) session: u32,
    /// From 0.
    pub(crate) turn: u32,
    /// How many there are, if that was known.
    pub(crate) of: Option<u32>,
}

impl Turns {
    /// After so many requests without a session.
    pub(crate) fn after(rows: usize) -> Self {
        let none = || {
            let mut column = Column::new();
            (0..rows).for_each(|_| column.push(NONE));
            column
        };
        Self {
            session: none(),
            turn: none(),
            of: none(),
        }
    }

    pub(crate) fn push(&mut self, record: &RequestRecord) {
        let session = record.session.map(|session| u32::try_from(session).unwrap_or(NONE));
        self.session.push(session.unwrap_or(NONE));
        self.turn.push(record.turn.unwrap_or(0));
        self.of.push(record.turns.unwrap_or(NONE));
    }

    /// `None`: it belongs to no session. The stage is not known here.
    pub(crate) fn place(&self, row: usize) -> Option<Place> {
        let some = |column: &Column<u32>| Some(column.get(row)).filter(|value| *value != NONE);
        Some(Place {
            stage: 0,
            session: some(&self.session)?,
            turn: self.turn.get(row),
            of: some(&self.of),
        })
    }
}
