//! What a span does, in the words of the conventions.

use super::{Attributes, genai, names};

/// What the conventions call an operation, as far as spans of applications have them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    /// A conversation with a model.
    Chat,
    /// A model goes on with a text.
    TextCompletion,
    /// A model makes something of something.
    GenerateContent,
    /// Vectors of texts.
    Embeddings,
    /// A tool runs.
    ExecuteTool,
    /// An agent is made.
    CreateAgent,
    /// An agent runs.
    InvokeAgent,
    /// A workflow runs.
    InvokeWorkflow,
    /// A search for documents.
    Retrieval,
}

const ALL: [Operation; 9] = [
    Operation::Chat,
    Operation::TextCompletion,
    Operation::GenerateContent,
    Operation::Embeddings,
    Operation::ExecuteTool,
    Operation::CreateAgent,
    Operation::InvokeAgent,
    Operation::InvokeWorkflow,
    Operation::Retrieval,
];

impl Operation {
    /// The operation of a word. `None`: it is none of these.
    #[must_use]
    pub fn of_word(word: &str) -> Option<Self> {
        ALL.into_iter().find(|operation| operation.word() == word)
    }

    /// What spans of one of MLflow's types do. `None` where the conventions have no word for it.
    #[must_use]
    pub fn of_type(span_type: &str) -> Option<Self> {
        match span_type {
            "CHAT_MODEL" => Some(Self::Chat),
            "LLM" => Some(Self::GenerateContent),
            "EMBEDDING" => Some(Self::Embeddings),
            "TOOL" => Some(Self::ExecuteTool),
            "AGENT" => Some(Self::InvokeAgent),
            "WORKFLOW" => Some(Self::InvokeWorkflow),
            "RETRIEVER" => Some(Self::Retrieval),
            _ => None,
        }
    }

    /// `gen_ai.operation.name`.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Chat => "chat",
            Self::TextCompletion => "text_completion",
            Self::GenerateContent => "generate_content",
            Self::Embeddings => "embeddings",
            Self::ExecuteTool => "execute_tool",
            Self::CreateAgent => "create_agent",
            Self::InvokeAgent => "invoke_agent",
            Self::InvokeWorkflow => "invoke_workflow",
            Self::Retrieval => "retrieval",
        }
    }

    /// Whether the span is of kind CLIENT. The others may run within the application.
    pub(super) const fn is_call_of_service(self) -> bool {
        matches!(
            self,
            Self::Chat | Self::TextCompletion | Self::GenerateContent | Self::Embeddings | Self::Retrieval
        )
    }

    /// What a span is about that is named as the conventions name it, or otherwise.
    pub(super) fn without_word(self, name: &str) -> &str {
        let rest = name.strip_prefix(self.word()).map(str::trim_start);
        rest.filter(|rest| !rest.is_empty()).unwrap_or(name)
    }

    /// Operation and subject: the model, the tool, the agent, the workflow, else what the span was called.
    pub(super) fn name(self, was: &str, span: &Attributes<'_>) -> String {
        let subject = match self {
            Self::Chat | Self::TextCompletion | Self::GenerateContent | Self::Embeddings => {
                let models = [genai::GEN_AI_REQUEST_MODEL, genai::GEN_AI_RESPONSE_MODEL];
                models.iter().find_map(|name| span.text(name))
            }
            Self::ExecuteTool => span.text(names::GEN_AI_TOOL_NAME),
            Self::CreateAgent | Self::InvokeAgent => span.text(names::GEN_AI_AGENT_NAME),
            Self::InvokeWorkflow => span.text(names::GEN_AI_WORKFLOW_NAME),
            Self::Retrieval => Some(was),
        };
        match subject {
            Some(subject) if subject.starts_with(self.word()) => subject.to_owned(),
            Some(subject) => format!("{} {subject}", self.word()),
            None => self.word().to_owned(),
        }
    }
}
