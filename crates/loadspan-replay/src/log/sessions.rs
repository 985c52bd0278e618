//! What is remembered of the sessions of a log, and what their lines show of what lengths count.
//!
//! A later turn whose blocks begin with all whole blocks of the turn before counts what was said before; one that is shorter than the
//! turn before, or begins with other blocks, does not.

mod past;

use std::collections::HashMap;
use std::sync::Arc;

use self::past::Past;
use super::{Lengths, RawCall};

/// Twice as many sessions are remembered at most, those that were there last.
const REMEMBERED: usize = 1 << 17;

#[derive(Debug)]
pub(super) struct Sessions {
    said: Option<Lengths>,
    /// What was shown, and by which line.
    shown: Option<(Lengths, u64)>,
    /// The first later turn that shows nothing.
    open: Option<u64>,
    /// Whether all of the first lines have been read.
    settled: bool,
    block_tokens: u64,
    recent: HashMap<Arc<str>, Past>,
    older: HashMap<Arc<str>, Past>,
}

/// What a line is, in its session.
#[derive(Debug, Default)]
pub(super) struct Placed {
    pub(super) turn: Option<(Arc<str>, u32)>,
    pub(super) session_time_ns: Option<i64>,
    /// The time of the turn before it.
    pub(super) after_time_ns: Option<i64>,
    /// Tokens of the turns before it, if lengths are cumulative, and if they are not.
    before: [u64; 2],
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Tokens {
    pub(super) input: u64,
    pub(super) new: u64,
}

pub(super) enum Step {
    Taken(Placed),
    Bad(String),
    Fatal(String),
}

impl Placed {
    /// Tokens of the whole input and of what is new in it, from what the line says.
    pub(super) fn tokens(&self, said: u64, lengths: Option<Lengths>) -> Tokens {
        let [cumulative, delta] = self.before;
        match lengths {
            Some(Lengths::Delta) => Tokens {
                input: said.saturating_add(delta),
                new: said,
            },
            _ => Tokens {
                input: said,
                new: said.saturating_sub(cumulative),
            },
        }
    }
}

impl Sessions {
    pub(super) fn new(said: Option<Lengths>, block_tokens: u32) -> Self {
        Self {
            said,
            shown: None,
            open: None,
            settled: false,
            block_tokens: u64::from(block_tokens),
            recent: HashMap::new(),
            older: HashMap::new(),
        }
    }

    pub(super) fn lengths(&self) -> Option<Lengths> {
        self.said.or(self.shown.map(|(lengths, _)| lengths))
    }

    /// After the first lines: what they do not show has to be said.
    pub(super) fn settle(&mut self) -> Result<(), (u64, String)> {
        self.settled = true;
        match self.open.filter(|_| self.lengths().is_none()) {
            Some(line) => Err((line, undecided())),
            None => Ok(()),
        }
    }

    pub(super) fn step(&mut self, line: u64, call: &RawCall) -> Step {
        let Some(session) = &call.session else {
            return Step::Taken(Placed::default());
        };
        let Some(past) = self.past(session) else {
            self.remember(session, Past::first(line, call, self.block_tokens));
            return Step::Taken(Placed {
                turn: Some((Arc::clone(session), 0)),
                session_time_ns: call.time_ns,
                ..Placed::default()
            });
        };
        if let (Some(time), Some(before)) = (call.time_ns, past.time_ns)
            && time < before
        {
            let before = past.line;
            return Step::Bad(format!(
                "it is earlier than line {before}, which is an earlier turn of its session"
            ));
        }
        if let Err(reason) = self.judge(line, &past, call) {
            return Step::Fatal(reason);
        }
        let placed = Placed {
            turn: Some((Arc::clone(session), past.number + 1)),
            session_time_ns: past.session_time_ns,
            after_time_ns: past.time_ns,
            before: [past.input.saturating_add(past.output), past.sum],
        };
        self.remember(session, past.then(line, call, self.block_tokens));
        Step::Taken(placed)
    }

    /// Compares a later turn with what is known of lengths.
    fn judge(&mut self, line: u64, past: &Past, call: &RawCall) -> Result<(), String> {
        let shows = past.shows(call);
        match (shows, self.lengths()) {
            (None, Some(_)) => Ok(()),
            (None, None) if self.settled => Err(undecided()),
            (None, None) => {
                self.open.get_or_insert(line);
                Ok(())
            }
            (Some((lengths, _)), None) => {
                self.shown = Some((lengths, line));
                Ok(())
            }
            (Some((lengths, _)), Some(known)) if lengths == known => Ok(()),
            (Some((_, how)), Some(known)) => {
                let known = match (known, self.shown.filter(|_| self.said.is_none())) {
                    (known, None) => format!("lengths are said to be {}", known.as_str()),
                    (known, Some((_, line))) => format!("line {line} shows that lengths are {}", known.as_str()),
                };
                Err(format!(
                    "{known}, but this one {how} line {}, the turn before it",
                    past.line
                ))
            }
        }
    }

    fn past(&self, session: &Arc<str>) -> Option<Past> {
        self.recent.get(session).or_else(|| self.older.get(session)).cloned()
    }

    fn remember(&mut self, session: &Arc<str>, past: Past) {
        if self.recent.len() >= REMEMBERED && !self.recent.contains_key(session) {
            self.older = std::mem::take(&mut self.recent);
        }
        self.recent.insert(Arc::clone(session), past);
    }
}

fn undecided() -> String {
    "it is a later turn of its session, and nothing shows whether its length counts the turns before it: say whether lengths are \
     cumulative or delta (--replay-lengths)"
        .to_owned()
}

impl Lengths {
    /// The word in flags and files.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Cumulative => "cumulative",
            Self::Delta => "delta",
        }
    }
}
