//! What a transport hands to whoever reads the response, for HTTP/1.1 and HTTP/2 alike.

use std::time::Duration;

use loadspan_record::{FailureKind, RunOffset};

use crate::deadline::{Deadline, Deadlines, Expiry};

/// Takes a response as it arrives.
pub(crate) trait ResponseSink {
    /// The head. Called once, before the body.
    fn on_head(&mut self, head: ResponseHead<'_>);

    /// The next bytes of the body, read at `at`. Never empty but for a body that is.
    fn on_body(&mut self, bytes: &[u8], at: RunOffset);

    /// Whether all that is wanted has come, although the body has not ended: a stream after its `[DONE]`.
    fn has_enough(&self) -> bool {
        false
    }
}

/// What is wanted of a response head.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ResponseHead<'a> {
    pub(crate) status: u16,
    pub(crate) content_type: Option<&'a str>,
    pub(crate) request_id: Option<&'a str>,
}

/// A response that arrived whole, as the transport saw it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Received {
    pub(crate) finished_at: RunOffset,
    pub(crate) bytes: u64,
}

/// A response that did not arrive whole.
#[derive(Debug)]
pub(crate) struct Broken {
    pub(crate) finished_at: RunOffset,
    pub(crate) bytes: u64,
    pub(crate) cause: BreakCause,
}

/// Why a response did not arrive whole.
#[derive(Debug)]
pub(crate) enum BreakCause {
    Failure(FailureKind, Option<String>),
    /// The run ended first.
    Cutoff,
}

/// How an exchange went.
pub(crate) type Exchanged = Result<Received, Broken>;

/// How far the reading of a response has come, and how long it may take to go on.
#[derive(Debug)]
pub(crate) struct Reading {
    pub(crate) sent_at: RunOffset,
    pub(crate) last_read_at: RunOffset,
    pub(crate) bytes: u64,
    deadline: Deadline,
    /// When all that counts had come.
    enough_at: Option<RunOffset>,
}

impl Reading {
    /// How long the end of the body may take after all that counts has come.
    const TAIL: Duration = Duration::from_secs(1);

    /// Nothing has been read of the response to a request sent at `sent_at`.
    pub(crate) fn begin(sent_at: RunOffset, deadlines: &Deadlines) -> Self {
        Self {
            sent_at,
            last_read_at: sent_at,
            bytes: 0,
            deadline: deadlines.before_first_byte(sent_at),
            enough_at: None,
        }
    }

    /// Notes a read.
    pub(crate) fn advance(&mut self, bytes: usize, at: RunOffset, deadlines: &Deadlines) {
        self.bytes += bytes as u64;
        self.last_read_at = at;
        self.deadline = deadlines.after_read(self.sent_at, at);
    }

    /// When the wait for the next bytes ends. Nobody waits for long for the mere end of a body, even if it is kept alive.
    pub(crate) fn deadline(&mut self, sink: &impl ResponseSink) -> Deadline {
        if !sink.has_enough() {
            return self.deadline;
        }
        let tail = Deadline {
            at: self.enough_at.get_or_insert(self.last_read_at).after(Self::TAIL),
            kind: FailureKind::TimeoutIdle,
        };
        if tail.at < self.deadline.at {
            tail
        } else {
            self.deadline
        }
    }

    /// What a wait that ended without bytes, or a connection that ended, means: nothing, when all that counts had come.
    pub(crate) fn broken_off(&self, cause: BreakCause, sink: &impl ResponseSink) -> Result<RunOffset, BreakCause> {
        match cause {
            BreakCause::Failure(..) if sink.has_enough() => Ok(self.last_read_at),
            cause => Err(cause),
        }
    }
}

impl From<Expiry> for BreakCause {
    fn from(expiry: Expiry) -> Self {
        match expiry {
            Expiry::Deadline(kind) => Self::Failure(kind, None),
            Expiry::Cutoff => Self::Cutoff,
        }
    }
}
