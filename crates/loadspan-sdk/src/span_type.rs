//! What a span is.

use std::borrow::Cow;
use std::fmt;

use crate::span::{JsonText, to_json};

/// What a span is, in MLflow's words. Its page shows types with symbols of their own, and searches by them.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum SpanType {
    /// A call of a language model.
    Llm,
    /// A sequence of steps.
    Chain,
    /// An agent.
    Agent,
    /// A call of a tool.
    Tool,
    /// A call of a chat model.
    ChatModel,
    /// A search for documents.
    Retriever,
    /// The reading of something that a model wrote.
    Parser,
    /// A call of an embedding model.
    Embedding,
    /// The ordering of documents.
    Reranker,
    /// An access to memory.
    Memory,
    /// A workflow.
    Workflow,
    /// A task.
    Task,
    /// A guardrail.
    Guardrail,
    /// An evaluation.
    Evaluator,
    /// Nobody said.
    #[default]
    Unknown,
    /// Any other word.
    Other(Cow<'static, str>),
}

impl SpanType {
    /// The word on the wire.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Llm => "LLM",
            Self::Chain => "CHAIN",
            Self::Agent => "AGENT",
            Self::Tool => "TOOL",
            Self::ChatModel => "CHAT_MODEL",
            Self::Retriever => "RETRIEVER",
            Self::Parser => "PARSER",
            Self::Embedding => "EMBEDDING",
            Self::Reranker => "RERANKER",
            Self::Memory => "MEMORY",
            Self::Workflow => "WORKFLOW",
            Self::Task => "TASK",
            Self::Guardrail => "GUARDRAIL",
            Self::Evaluator => "EVALUATOR",
            Self::Unknown => "UNKNOWN",
            Self::Other(word) => word,
        }
    }
}

impl From<&'static str> for SpanType {
    fn from(word: &'static str) -> Self {
        Self::Other(Cow::Borrowed(word)).known()
    }
}

impl From<String> for SpanType {
    fn from(word: String) -> Self {
        Self::Other(Cow::Owned(word)).known()
    }
}

impl SpanType {
    /// Its value as MLflow keeps it.
    pub(crate) fn to_json(&self) -> JsonText {
        to_json(self.as_str())
    }

    /// One of MLflow's own, where the word is.
    fn known(self) -> Self {
        const KNOWN: [SpanType; 15] = [
            SpanType::Llm,
            SpanType::Chain,
            SpanType::Agent,
            SpanType::Tool,
            SpanType::ChatModel,
            SpanType::Retriever,
            SpanType::Parser,
            SpanType::Embedding,
            SpanType::Reranker,
            SpanType::Memory,
            SpanType::Workflow,
            SpanType::Task,
            SpanType::Guardrail,
            SpanType::Evaluator,
            SpanType::Unknown,
        ];
        KNOWN
            .into_iter()
            .find(|known| known.as_str() == self.as_str())
            .unwrap_or(self)
    }
}

impl fmt::Display for SpanType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
