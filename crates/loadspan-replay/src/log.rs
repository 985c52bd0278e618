//! Logs of times and lengths, read as they are sent: there may be more of them than memory holds.
//!
//! Lines need not be quite in the order of their times: [`WINDOW`] of them are held and given out in that order. What follows an
//! earlier turn of its session knows how long its input is with and without the turns before it, whichever of the two the log counts;
//! the log has to show which, among the first lines, or it has to be said. A line that shows the contrary ends it.

mod files;
mod order;
mod raw;
mod sessions;

use std::io::BufRead;
use std::sync::Arc;
use std::time::Duration;

use self::files::Files;
use self::order::Order;
pub(crate) use self::raw::RawCall;
use self::sessions::{Sessions, Step};
use crate::source::{BadLines, Columns, Format, Line, Lines, Problems, Reading, SourceError, parse_mooncake};

/// As many lines are held.
const WINDOW: usize = 1024;
/// A longer line is none.
const LONGEST_LINE: usize = 64 << 20;

/// What the length of an input counts, in a log of several turns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lengths {
    /// All that was said before, and what is new.
    Cumulative,
    /// What is new.
    Delta,
}

/// A call of a log.
#[derive(Debug, Clone, PartialEq)]
pub struct TimedCall {
    /// Its line, from 1.
    pub line: u64,
    /// When it arrived, from the first call of the log on. `None` where only [`delay`](Self::delay) is known, or nothing.
    pub at: Option<Duration>,
    /// So long after the end of the turn before it, or, at the least, of [`at`](Self::at).
    pub delay: Option<Duration>,
    /// The turn that it is of its session, if it has one.
    pub turn: Option<Turn>,
    /// The model that was asked.
    pub model: Option<Arc<str>>,
    /// Tokens of the whole input, the turns before it included.
    pub input_tokens: u64,
    /// Those of them that are new.
    pub new_tokens: u64,
    /// Tokens of the output. `None`: unknown, or it failed.
    pub output_tokens: Option<u64>,
    /// What the input begins with: one number for each block of tokens. Equal numbers are equal blocks.
    pub hash_ids: Vec<u64>,
    /// Whether it failed.
    pub failed: bool,
}

/// A turn of a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Turn {
    /// The session.
    pub session: Arc<str>,
    /// Which turn it is, from 0.
    pub number: u32,
    /// When the first turn arrived, as [`TimedCall::at`].
    pub session_at: Option<Duration>,
}

/// A log that is read as it is iterated over: its calls by their times. After an error, there is nothing more.
#[derive(Debug)]
pub struct TimedLog<R> {
    lines: Lines<R>,
    /// The files behind this one.
    files: Files<R>,
    parser: Parser,
    problems: Problems,
    sessions: Sessions,
    order: Order,
    /// What the first call of all began at.
    origin: Option<i64>,
    state: State,
}

#[derive(Debug)]
enum Parser {
    Mooncake { block_tokens: u32 },
    Csv(Columns),
}

#[derive(Debug)]
enum State {
    Reading,
    /// There are no more lines.
    Read,
    Failed,
}

impl<R: BufRead> TimedLog<R> {
    pub(crate) fn open(reading: &Reading, name: &str, reader: R, format: Format) -> Result<Self, SourceError> {
        let problems = Problems::new(name, reading.strictness);
        let parser = match format {
            Format::Csv => Parser::Csv(Columns::default()),
            _ => Parser::Mooncake {
                block_tokens: reading.block_tokens.get(),
            },
        };
        let mut log = Self {
            lines: Lines::new(reader, LONGEST_LINE),
            files: Files::default(),
            parser,
            problems,
            sessions: Sessions::new(reading.lengths, reading.block_tokens.get()),
            order: Order::default(),
            origin: None,
            state: State::Reading,
        };
        log.fill()?;
        log.sessions
            .settle()
            .map_err(|(line, reason)| log.problems.fatal(line, reason))?;
        Ok(log)
    }

    /// The same, with the lines of other files behind it: each with its name, in the order of time. They are opened when it is their
    /// turn, and have the format of the first.
    #[must_use]
    pub fn followed_by(
        mut self,
        files: impl Iterator<Item = Result<(String, R), SourceError>> + Send + 'static,
    ) -> Self {
        self.files = Files::of(files);
        if matches!(self.state, State::Read) {
            self.state = State::Reading;
        }
        self
    }

    /// What lengths count: what was said, or what the log has shown. `None`: it has no second turns so far.
    #[must_use]
    pub fn lengths(&self) -> Option<Lengths> {
        self.sessions.lengths()
    }

    /// The lines that could not be read so far.
    #[must_use]
    pub const fn bad(&self) -> &BadLines {
        self.problems.bad()
    }

    /// Reads until enough lines are held.
    fn fill(&mut self) -> Result<(), SourceError> {
        while matches!(self.state, State::Reading) && !self.order.is_full() {
            self.read_line()?;
        }
        Ok(())
    }

    fn read_line(&mut self) -> Result<(), SourceError> {
        let (number, parsed) = match self.lines.next().map_err(|error| self.problems.read(error))? {
            None => return self.open_next(),
            Some(Line::TooLong(number)) => (number, Err(format!("it is longer than {} MiB", LONGEST_LINE >> 20))),
            Some(Line::Whole(number, line)) => (number, self.parser.parse(line)),
        };
        let call = match parsed {
            Ok(Some(call)) => call,
            Ok(None) => return Ok(()),
            Err(reason) => {
                // Without its columns, nothing of a table can be read.
                if matches!(&self.parser, Parser::Csv(columns) if columns.are_unknown()) {
                    self.state = State::Failed;
                    return Err(self.problems.fatal(number, reason));
                }
                return self.problems.line(number, reason);
            }
        };
        if let Some(late) = self.order.late_ns(&call) {
            let late = Duration::from_nanos(late);
            let reason =
                format!("it is {late:?} earlier than what was read {WINDOW} lines before: sort the log by time");
            return self.problems.line(number, reason);
        }
        match self.sessions.step(number, &call) {
            Step::Fatal(reason) => {
                self.state = State::Failed;
                Err(self.problems.fatal(number, reason))
            }
            Step::Bad(reason) => self.problems.line(number, reason),
            Step::Taken(placed) => {
                self.order.push(number, call, placed);
                Ok(())
            }
        }
    }

    /// Goes on with the next file, if there is one.
    fn open_next(&mut self) -> Result<(), SourceError> {
        let Some(next) = self.files.next() else {
            self.state = State::Read;
            return Ok(());
        };
        let (name, reader) = next?;
        self.lines = Lines::new(reader, LONGEST_LINE);
        self.problems.go_on_with(&name);
        if let Parser::Csv(columns) = &mut self.parser {
            *columns = Columns::default();
        }
        Ok(())
    }

    fn next_call(&mut self) -> Result<Option<TimedCall>, SourceError> {
        self.fill()?;
        let Some((line, call, placed)) = self.order.pop() else {
            return Ok(None);
        };
        if self.origin.is_none() {
            self.origin = call.time_ns;
        }
        let origin = self.origin.unwrap_or_default();
        let since = |time: i64| Duration::from_nanos(time.saturating_sub(origin).max(0).unsigned_abs());
        let tokens = placed.tokens(call.input_tokens, self.sessions.lengths());
        Ok(Some(TimedCall {
            line,
            at: call.time_ns.map(since),
            delay: call.delay,
            turn: placed.turn.map(|(session, number)| Turn {
                session,
                number,
                session_at: placed.session_time_ns.map(since),
            }),
            model: call.model,
            input_tokens: tokens.input,
            new_tokens: tokens.new,
            output_tokens: call.output_tokens,
            hash_ids: call.hash_ids,
            failed: call.failed,
        }))
    }
}

impl<R: BufRead> Iterator for TimedLog<R> {
    type Item = Result<TimedCall, SourceError>;

    fn next(&mut self) -> Option<Self::Item> {
        if matches!(self.state, State::Failed) {
            return None;
        }
        let next = self.next_call();
        if next.is_err() {
            self.state = State::Failed;
        }
        next.transpose()
    }
}

impl Parser {
    /// `None`: the line is no call, and nothing is wrong with that.
    fn parse(&mut self, line: &[u8]) -> Result<Option<RawCall>, String> {
        match self {
            Self::Mooncake { block_tokens } => parse_mooncake(line, *block_tokens).map(Some),
            Self::Csv(columns) => columns.parse(line),
        }
    }
}
