//! What a model said, for those who asked to see it.

/// The text of an answer. Kept only where somebody asked for content: it may hold personal data.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct OutputText {
    /// Whatever is neither reasoning nor a tool call: answer text, refusals.
    pub answer: String,
    /// Reasoning.
    pub reasoning: String,
    /// Tool calls, in their order.
    pub tool_calls: Vec<AnsweredToolCall>,
    /// The body of the request, where it cannot be made again from its number: it repeats what the server said before.
    pub body: Vec<u8>,
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

impl OutputText {
    /// Whether nothing was said.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.answer.is_empty() && self.reasoning.is_empty() && self.tool_calls.is_empty() && self.body.is_empty()
    }
}
