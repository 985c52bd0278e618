//! Sessions: requests that belong together, of which later ones wait for earlier ones and may repeat what the server answered.
//!
//! The runner asks a session what is due, sends it, tells it what came back, and asks again. A session knows nothing of clocks,
//! connections or other sessions.

use std::fmt;
use std::time::Duration;

use loadspan_record::FailureKind;

/// The sessions of a load, by number. Workers share it.
pub trait Sessions: fmt::Debug + Send + Sync {
    /// Session number `number`, from 0. `None`: there are no more, from here on.
    fn session(&self, number: u64) -> Option<Box<dyn Session>>;

    /// When session number `number` begins, from the start of the load, where that is part of what it is: in recordings. Never
    /// before an earlier one.
    fn arrival(&self, number: u64) -> Option<Duration>;

    /// How many there are. `None`: as many as are asked for.
    #[must_use]
    fn count(&self) -> Option<u64>;

    /// What a run records of it.
    #[must_use]
    fn description(&self) -> serde_json::Value;
}

/// One session, while it lasts. It belongs to one worker.
pub trait Session {
    /// The session begins: adds the calls that are due.
    fn begin(&mut self, due: &mut Vec<DueCall>);

    /// Writes what the call says into `text`, whose content is lost.
    ///
    /// # Errors
    ///
    /// It cannot be sent: what it repeats is not there. The session ends.
    fn compose(&mut self, call: u32, text: &mut String) -> Result<ComposedCall, Unsendable>;

    /// The call has its answer: adds the calls that are due now.
    fn answered(&mut self, call: u32, answer: Answer, due: &mut Vec<DueCall>);

    /// Calls that were not due yet: the session ends without them.
    #[must_use]
    fn remaining(&self) -> u64;
}

/// A call of a session that is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DueCall {
    /// Its number in its session, from 0.
    pub call: u32,
    /// So long from now.
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

/// A tool call of an answer.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AnsweredToolCall {
    /// Its id.
    pub id: String,
    /// The function.
    pub name: String,
    /// Its arguments: a text, as a rule JSON.
    pub arguments: String,
}

/// Why a call cannot be sent. It is recorded as a failure of this kind, and nothing is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unsendable {
    /// The class.
    pub kind: FailureKind,
    /// What is missing, for people.
    pub message: String,
}
