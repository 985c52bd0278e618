//! What a model said, for those who asked to see it.

/// The text of an answer. Kept only where somebody asked for content: it may hold personal data.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct OutputText {
    /// Whatever is not reasoning: answer text, refusals, the arguments of tool calls.
    pub answer: String,
    /// Reasoning.
    pub reasoning: String,
    /// The body of the request, where it cannot be made again from its number: it repeats what the server said before.
    pub body: Vec<u8>,
}

impl OutputText {
    /// Whether nothing was said.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.answer.is_empty() && self.reasoning.is_empty() && self.body.is_empty()
    }
}
