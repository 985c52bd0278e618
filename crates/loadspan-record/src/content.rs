//! What a model said, for those who asked to see it.

/// The text of an answer. Kept only where somebody asked for content: it may hold personal data.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct OutputText {
    /// Whatever is not reasoning: answer text, refusals, the arguments of tool calls.
    pub answer: String,
    /// Reasoning.
    pub reasoning: String,
}

impl OutputText {
    /// Whether nothing was said.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.answer.is_empty() && self.reasoning.is_empty()
    }
}
