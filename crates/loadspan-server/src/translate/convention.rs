//! The conventions, in the order in which they are asked.

mod claude_code;
mod gemini_cli;
mod genai;
mod genai_events;
mod google_adk;
mod laminar;
mod langfuse;
mod livekit;
mod openinference;
mod spring_ai;
mod traceloop;
mod vercel_ai;
mod voltagent;

use super::source::{Families, Source};
use super::{Cost, TokenUsage};

/// How one convention says things. Each function answers `None` where its attributes are not there.
struct Convention {
    /// Whose attributes it reads: without one of these it is not asked.
    families: Families,
    /// Whether a span is its own, of conventions that use names of others.
    speaks: fn(&Source<'_>) -> bool,
    span_type: fn(&Source<'_>) -> Option<String>,
    /// JSON text.
    inputs: fn(&Source<'_>) -> Option<String>,
    /// JSON text.
    outputs: fn(&Source<'_>) -> Option<String>,
    usage: fn(&Source<'_>) -> Tokens,
    /// In dollars, as the sender knows it.
    cost: fn(&Source<'_>) -> Option<Cost>,
    model: fn(&Source<'_>) -> Option<String>,
    provider: fn(&Source<'_>) -> Option<String>,
    /// JSON text.
    tools: fn(&Source<'_>) -> Option<String>,
    /// Whose shape its messages have.
    format: Option<&'static str>,
}

/// Tokens, as far as they are said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Tokens {
    input: Option<i64>,
    output: Option<i64>,
    total: Option<i64>,
    cache_read: Option<i64>,
    cache_write: Option<i64>,
}

impl Convention {
    /// One that says nothing.
    const SILENT: Self = Self {
        families: Families::MLFLOW,
        speaks: |_| true,
        span_type: |_| None,
        inputs: |_| None,
        outputs: |_| None,
        usage: |_| Tokens::NONE,
        cost: |_| None,
        model: |_| None,
        provider: |_| None,
        tools: |_| None,
        format: None,
    };

    fn content(&self, json: String) -> Content {
        let format = self.format;
        Content { json, format }
    }
}

/// A cost of which at least one part is said.
fn cost(input: Option<f64>, output: Option<f64>, total: Option<f64>) -> Option<Cost> {
    input.or(output).or(total)?;
    let (input, output) = (input.unwrap_or(0.0), output.unwrap_or(0.0));
    let total = total.unwrap_or(input + output);
    Some(Cost { input, output, total })
}

impl Tokens {
    const NONE: Self = Self {
        input: None,
        output: None,
        total: None,
        cache_read: None,
        cache_write: None,
    };

    fn usage(self) -> Option<TokenUsage> {
        self.input.or(self.output).or(self.total)?;
        let (input, output) = (self.input.unwrap_or(0), self.output.unwrap_or(0));
        Some(TokenUsage {
            input,
            output,
            total: self.total.unwrap_or(input.saturating_add(output)),
            cache_read: self.cache_read,
            cache_write: self.cache_write,
        })
    }
}

/// MLflow asks in this order, too; it has the last one before Laminar, whose types it hides.
static CONVENTIONS: [Convention; 13] = [
    openinference::CONVENTION,
    gemini_cli::CONVENTION,
    claude_code::CONVENTION,
    genai::CONVENTION,
    spring_ai::CONVENTION,
    traceloop::CONVENTION,
    google_adk::CONVENTION,
    vercel_ai::CONVENTION,
    voltagent::CONVENTION,
    livekit::CONVENTION,
    laminar::CONVENTION,
    langfuse::CONVENTION,
    genai_events::CONVENTION,
];

/// Inputs or outputs.
#[derive(Debug, PartialEq)]
pub(super) struct Content {
    /// JSON text.
    pub(super) json: String,
    /// Whose shape its messages have, if it is that of one convention.
    pub(super) format: Option<&'static str>,
}

/// The conventions that may have something to say about a span.
pub(super) struct Voices<'s, 'a> {
    source: &'s Source<'a>,
    heard: Vec<&'static Convention>,
}

impl<'s, 'a> Voices<'s, 'a> {
    pub(super) fn hear(source: &'s Source<'a>) -> Self {
        let heard = CONVENTIONS
            .iter()
            .filter(|convention| source.families().meets(convention.families) && (convention.speaks)(source));
        Self {
            source,
            heard: heard.collect(),
        }
    }

    pub(super) fn span_type(&self) -> Option<String> {
        self.first(|convention| (convention.span_type)(self.source))
    }

    pub(super) fn inputs(&self) -> Option<Content> {
        self.first(|convention| Some(convention.content((convention.inputs)(self.source)?)))
    }

    pub(super) fn outputs(&self) -> Option<Content> {
        self.first(|convention| Some(convention.content((convention.outputs)(self.source)?)))
    }

    pub(super) fn usage(&self) -> Option<TokenUsage> {
        self.first(|convention| (convention.usage)(self.source).usage())
    }

    pub(super) fn cost(&self) -> Option<Cost> {
        self.first(|convention| (convention.cost)(self.source))
    }

    pub(super) fn model(&self) -> Option<String> {
        self.first(|convention| (convention.model)(self.source))
    }

    pub(super) fn provider(&self) -> Option<String> {
        self.first(|convention| (convention.provider)(self.source))
    }

    pub(super) fn tools(&self) -> Option<String> {
        self.first(|convention| (convention.tools)(self.source))
    }

    fn first<T>(&self, ask: impl Fn(&Convention) -> Option<T>) -> Option<T> {
        self.heard.iter().find_map(|convention| {
            self.source.forget();
            ask(convention)
        })
    }
}
