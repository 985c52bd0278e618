//! Sessions: requests that belong together, of which later ones wait for earlier ones and may repeat what the server answered.
//!
//! The runner asks a session what is due, sends it, tells it what came back, and asks again. A session knows nothing of clocks,
//! connections or other sessions.
//!
//! What sessions there are comes in one of two ways: by number ([`Sessions::session`]), or out of a log that is read while it is
//! sent ([`Sessions::open_log`]).

use std::fmt;
use std::time::Duration;

pub use loadspan_record::AnsweredToolCall;
use loadspan_record::FailureKind;

/// The sessions of a load, by number. Workers share it.
pub trait Sessions: fmt::Debug + Send + Sync {
    /// Session number `number`, from 0. `None`: there are no more, from here on.
    ///
    /// Stages that send as many sessions as are asked for ([`Sessions::count`] is `None`) go on counting where the last one ended;
    /// sessions of which there are so many begin with the first in each stage.
    fn session(&self, number: u64) -> Option<Box<dyn Session>>;

    /// When session number `number` begins, from the start of the load, where that is part of what it is: in recordings. Never
    /// before an earlier one. `None`: there is no such session, or it has no time of its own.
    fn arrival(&self, number: u64) -> Option<Duration>;

    /// How many there are. `None`: as many as are asked for.
    #[must_use]
    fn count(&self) -> Option<u64>;

    /// How many different ones there are, where they begin again after the last. `None`: each is different.
    #[must_use]
    fn distinct(&self) -> Option<u64> {
        self.count()
    }

    /// What a run records of it.
    #[must_use]
    fn description(&self) -> serde_json::Value;

    /// What the user should know of what has been sent, when it has.
    #[must_use]
    fn remarks(&self) -> Vec<String> {
        Vec::new()
    }

    /// The sessions of a log that is too long to be held, in place of [`Sessions::session`] and [`Sessions::arrival`]. Asked for
    /// once in a stage with [`LoadModel::Recorded`](crate::LoadModel::Recorded). `None`: they are asked for by number.
    #[must_use]
    fn open_log(&self) -> Option<SessionLog> {
        None
    }
}

/// What a log says, in the order of time. It is read on a thread of its own, so that it may block; each worker has a bounded queue
/// of what is to come, and the reader waits while one of them is full. An error ends the stage after what was read before it.
///
/// All that belongs to a session goes to the same worker, because that depends on the number of the session alone.
pub type SessionLog = Box<dyn Iterator<Item = std::io::Result<LogEntry>> + Send>;

/// Something that a log says.
#[derive(Debug)]
pub struct LogEntry {
    /// The number of the session, from 0 in the order of their beginnings.
    pub session: u64,
    /// When, from the start of the load. Never before an earlier entry.
    pub at: Duration,
    /// What.
    pub event: LogEvent,
}

/// What happens to a session of a log.
pub enum LogEvent {
    /// It begins, and all of it is known.
    Whole(Box<dyn Session + Send>),
    /// It begins, and more of it may follow: it is over when the log says so.
    Begins(Box<dyn Session + Send>),
    /// It has one more call, which it has got from whoever reads the log: by a queue that they share, since only these two know what
    /// a call is. [`Session::resumed`] is asked for it. The session may have failed before, and the call is not sent then.
    GoesOn,
    /// Nothing more of it follows.
    Ends,
}

impl fmt::Debug for LogEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Whole(_) => "Whole",
            Self::Begins(_) => "Begins",
            Self::GoesOn => "GoesOn",
            Self::Ends => "Ends",
        })
    }
}

/// One session, while it lasts. It belongs to one worker.
///
/// Every call that it says is due is sent once, unless the session ends before: then it is asked for nothing any more. It is over
/// when none of its calls is due or in flight.
pub trait Session {
    /// The session begins: adds the calls that are due.
    fn begin(&mut self, due: &mut Vec<DueCall>);

    /// Writes what the call says into `text`, whose content is lost. Asked again for a call that is sent again after a failure.
    ///
    /// # Errors
    ///
    /// It cannot be sent: what it repeats is not there. The session ends.
    fn compose(&mut self, call: u32, text: &mut String) -> Result<ComposedCall, Unsendable>;

    /// The call has its answer: adds the calls that are due now.
    fn answered(&mut self, call: u32, answer: Answer, due: &mut Vec<DueCall>);

    /// Calls that it never said were due: what the session ends without, when it ends now. Of a session that goes on in a log only
    /// those that [`Session::resumed`] was called for; the others are counted when the log comes to them.
    #[must_use]
    fn remaining(&self) -> u64;

    /// The log from which it comes had one more call of it: adds the calls that are due now. See [`LogEvent::GoesOn`].
    fn resumed(&mut self, due: &mut Vec<DueCall>) {
        let _ = due;
    }
}

/// A call of a session that is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DueCall {
    /// Its number in its session, from 0.
    pub call: u32,
    /// So long after what made it due: the beginning of the session, or the end of the answer that was the last it waited for.
    pub wait: Duration,
    /// Not before this, from the start of the load.
    pub not_before: Option<Duration>,
}

/// What was written of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ComposedCall {
    /// What the text is.
    pub form: TextForm,
    /// Tokens that the answer should have. `None`: the server decides.
    pub output_tokens: Option<u32>,
    /// Tokens that the input should have, chat template included. `None`: nobody knows.
    pub input_tokens: Option<u32>,
}

/// What a text is, that was written for a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TextForm {
    /// Plain text, not yet escaped for JSON.
    Text,
    /// The JSON array of a chat's messages.
    Messages,
    /// The JSON object of a whole request body, which is filled up with what it lacks.
    Payload,
}

/// What the server answered to a call, as far as a later one may repeat it. First choice.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Answer {
    /// The text, without reasoning.
    pub text: String,
    /// Tool calls, in their order.
    pub tool_calls: Vec<AnsweredToolCall>,
    /// Tokens of the output, by whoever counted them.
    pub output_tokens: Option<u32>,
    /// Tokens of the input, as the server counted them.
    pub input_tokens: Option<u32>,
}

/// Why a call cannot be sent. It is recorded as a failure of this kind, and nothing is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unsendable {
    /// The class.
    pub kind: FailureKind,
    /// What is missing, for people.
    pub message: String,
}
