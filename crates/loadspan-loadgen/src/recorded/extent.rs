//! How much there was in a recording before anything was left out, and how long it is.

use std::fmt;
use std::time::Duration;

use loadspan_record::counted;
use loadspan_replay::{Recording, Session, TimedCall};

use super::remarks::seconds;

/// What was recorded.
#[derive(Debug, Clone, Default)]
pub(super) struct Extent {
    count: u64,
    /// What is counted: a call, or a session.
    what: &'static str,
    /// From the start of the first session to the last thing that happened.
    length: Option<Duration>,
    /// From the start of the first session to that of the last.
    last_session: Duration,
}

impl Extent {
    pub(super) fn of(recording: &Recording) -> Self {
        let sessions = &recording.sessions;
        let starts = || sessions.iter().filter_map(Session::start_ns);
        let ends = sessions
            .iter()
            .filter(|session| session.start_ns().is_some())
            .flat_map(|session| session.calls().iter().map(|call| call.end_ns));
        let first = starts().min().unwrap_or(0);
        let since = |moment: u64| Duration::from_nanos(moment.saturating_sub(first));
        Self {
            count: sessions.len() as u64,
            what: "session",
            length: ends.max().map(since),
            last_session: since(starts().max().unwrap_or(first)),
        }
    }

    pub(super) fn add_call(&mut self, call: &TimedCall) {
        self.count += 1;
        self.what = "call";
        self.length = self.length.max(call.at);
        if call.turn.as_ref().is_none_or(|turn| turn.number == 0) {
            self.last_session = self.last_session.max(call.at.unwrap_or_default());
        }
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.count == 0
    }

    pub(super) const fn has_times(&self) -> bool {
        self.length.is_some()
    }

    /// `3 calls`
    pub(super) fn counted(&self) -> String {
        counted(self.count, self.what)
    }
}

/// How long it is.
impl fmt::Display for Extent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(length) = self.length else {
            return f.write_str("the recording has no times");
        };
        write!(f, "the recording is {} long", seconds(length))?;
        if self.last_session < length {
            write!(f, ", and its last session begins after {}", seconds(self.last_session))?;
        }
        Ok(())
    }
}
