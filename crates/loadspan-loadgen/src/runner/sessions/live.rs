//! The sessions that have begun and not ended: little for each, because there may be a hundred thousand.

use loadspan_record::Phase;

use crate::sessions::Session;

/// Where a session sits, while it lasts. A seat is given to another session when one has ended, and the number tells them apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Seat {
    place: u32,
    /// Number of the session in its stage.
    pub(super) number: u64,
}

/// A session, and where it stands.
pub(super) struct LiveSession {
    pub(super) session: Box<dyn Session>,
    /// Calls in flight.
    pub(super) in_flight: u32,
    /// Calls on the agenda that have not been sent yet …
    pub(super) waiting: u32,
    /// … and those that will be sent again.
    pub(super) retries: u32,
    /// How many calls it has in all; 0 when nobody knows.
    pub(super) turns: u32,
    /// How many sessions in its place in a closed load had no connection, one after the other.
    pub(super) misses: u32,
    pub(super) phase: Phase,
    pub(super) state: State,
    pub(super) more: More,
}

/// Whether a session goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    Active,
    /// A call failed. It ends when the last call in flight has.
    Failed,
    /// The run ended before it did.
    Cut,
}

/// Whether more calls of a session may be read in the log from which it comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum More {
    MayCome,
    No,
}

impl LiveSession {
    /// Whether nothing of it can happen any more.
    pub(super) fn is_over(&self) -> bool {
        let has_calls = self.waiting + self.retries > 0 || self.more == More::MayCome;
        self.in_flight == 0 && (self.state != State::Active || !has_calls)
    }
}

/// The sessions of a worker.
#[derive(Default)]
pub(super) struct LiveSessions {
    places: Vec<Option<(u64, LiveSession)>>,
    free: Vec<u32>,
}

impl LiveSessions {
    pub(super) fn seat(&mut self, number: u64, session: LiveSession) -> Seat {
        let place = self.free.pop().unwrap_or_else(|| {
            self.places.push(None);
            (self.places.len() - 1) as u32
        });
        self.places[place as usize] = Some((number, session));
        Seat { place, number }
    }

    /// The session on a seat; `None` when it has ended.
    pub(super) fn get(&mut self, seat: Seat) -> Option<&mut LiveSession> {
        match self.places.get_mut(seat.place as usize) {
            Some(Some((number, session))) if *number == seat.number => Some(session),
            _ => None,
        }
    }

    pub(super) fn remove(&mut self, seat: Seat) -> Option<LiveSession> {
        self.get(seat)?;
        self.free.push(seat.place);
        self.places[seat.place as usize].take().map(|(_, session)| session)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.places.len() == self.free.len()
    }

    /// Where they all sit.
    pub(super) fn seats(&self) -> Vec<Seat> {
        let seat = |(place, found): (u32, &Option<(u64, LiveSession)>)| {
            let number = found.as_ref()?.0;
            Some(Seat { place, number })
        };
        (0..).zip(&self.places).filter_map(seat).collect()
    }
}
