//! A log of times and lengths, as the runner reads it while it sends.

use std::collections::{HashMap, VecDeque};
use std::io;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use loadspan_replay::{PlannedCall, SourceError};

use super::RecordedError;
use super::open::{LogFiles, RecordedLog};
use super::tally::Tally;
use super::timed::{Inbox, Timed, TimedSession};
use crate::sessions::{LogEntry, LogEvent, SessionLog};

/// Twice as many sessions are taken for open at most: those that had a turn last. As many as a log remembers.
const OPEN: usize = 1 << 17;

/// Opens a log. What is wrong with that is its first entry.
pub(super) fn open(files: &LogFiles, timed: &Arc<Timed>, tally: &Arc<Tally>) -> SessionLog {
    let log = match files.open() {
        Ok(log) => log,
        Err(error) => return Box::new(std::iter::once(Err(failed(error)))),
    };
    tally.begin_again(files.planner());
    Box::new(Entries {
        log,
        name: files.name(),
        timed: Arc::clone(timed),
        tally: Arc::clone(tally),
        open: OpenSessions::default(),
        begun: 0,
        last_at: Duration::ZERO,
        ready: VecDeque::new(),
    })
}

/// What the log says, from its start.
struct Entries {
    log: RecordedLog,
    name: String,
    timed: Arc<Timed>,
    tally: Arc<Tally>,
    open: OpenSessions,
    /// Sessions that have begun.
    begun: u64,
    last_at: Duration,
    ready: VecDeque<LogEntry>,
}

/// The sessions of which more may come.
#[derive(Default)]
struct OpenSessions {
    recent: HashMap<Arc<str>, Open>,
    older: HashMap<Arc<str>, Open>,
}

#[derive(Clone)]
struct Open {
    number: u64,
    inbox: Inbox,
}

impl Iterator for Entries {
    type Item = io::Result<LogEntry>;

    fn next(&mut self) -> Option<Self::Item> {
        while self.ready.is_empty() {
            let call = match self.log.next() {
                Some(Ok(call)) => call,
                Some(Err(error)) => return Some(Err(failed(error))),
                None => {
                    self.tally.count_bad(self.log.bad());
                    self.tally.mark_complete();
                    return None;
                }
            };
            self.tally.count_bad(self.log.bad());
            if let Some(planned) = self.tally.plan(call)
                && let Err(error) = self.take(planned)
            {
                return Some(Err(error));
            }
        }
        self.ready.pop_front().map(Ok)
    }
}

impl Entries {
    fn take(&mut self, planned: PlannedCall) -> io::Result<()> {
        let turn = planned.call.turn.as_ref();
        let known = match turn {
            Some(turn) if turn.number > 0 => self.open.find(&turn.session),
            _ => None,
        };
        self.last_at = match planned.at {
            Some(at) => self.last_at.max(at),
            // A later turn is due when the one before it has ended.
            None if known.is_some() => self.last_at,
            None => {
                let place = format!("{}:{}", self.name, planned.call.line);
                return Err(io::Error::other(RecordedError::NoTimes { place }));
            }
        };
        match (known, turn.map(|turn| Arc::clone(&turn.session))) {
            (Some(open), _) => {
                self.tally.count_turn();
                open.put(planned);
                self.say(open.number, LogEvent::GoesOn);
            }
            (None, session) => self.begin(planned, session),
        }
        Ok(())
    }

    fn begin(&mut self, planned: PlannedCall, session: Option<Arc<str>>) {
        let number = self.begun;
        self.begun += 1;
        self.tally.count_session(1);
        let open = Open {
            number,
            inbox: Inbox::default(),
        };
        open.put(planned);
        let begun = Box::new(TimedSession::new(&self.timed, number, (Arc::clone(&open.inbox), 1)));
        let Some(id) = session else {
            self.tally.count_single_call();
            return self.say(number, LogEvent::Whole(begun));
        };
        for over in self.open.add(id, open) {
            self.say(over, LogEvent::Ends);
        }
        self.say(number, LogEvent::Begins(begun));
    }

    fn say(&mut self, session: u64, event: LogEvent) {
        let at = self.last_at;
        self.ready.push_back(LogEntry { session, at, event });
    }
}

impl OpenSessions {
    /// A session that is open. It is one of those that had a turn last.
    fn find(&mut self, id: &Arc<str>) -> Option<Open> {
        if let Some(open) = self.recent.get(id) {
            return Some(open.clone());
        }
        let open = self.older.remove(id)?;
        // It was there before, so that there is room for it.
        self.recent.insert(Arc::clone(id), open.clone());
        Some(open)
    }

    /// Adds a session; returns the numbers of those that are over by it.
    fn add(&mut self, id: Arc<str>, open: Open) -> Vec<u64> {
        let mut over = Vec::new();
        if self.recent.len() >= OPEN {
            let older = std::mem::replace(&mut self.older, std::mem::take(&mut self.recent));
            over.extend(older.into_values().map(|open| open.number));
        }
        over.extend(self.older.remove(&id).map(|open| open.number));
        over.extend(self.recent.insert(id, open).map(|open| open.number));
        over.sort_unstable();
        over
    }
}

impl Open {
    fn put(&self, planned: PlannedCall) {
        self.inbox
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push_back(planned);
    }
}

fn failed(error: SourceError) -> io::Error {
    io::Error::other(RecordedError::from(error))
}
