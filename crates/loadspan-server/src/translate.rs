//! What the attributes of a span mean, whatever convention they follow: MLflow's names, types, tokens, cost. Pure functions.
//!
//! MLflow's own attributes come first. What they leave open is asked of the other conventions, in a fixed order, each thing by itself:
//! the first that knows the type says the type, the first that knows the inputs says the inputs.

mod convention;
mod genai;
mod json;
mod messages;
mod native;
mod plain;
mod preview;
mod price;
mod source;
mod tree;
mod usage;

use std::collections::BTreeMap;

use loadspan_wire::mlflow::attributes as keys;
use loadspan_wire::otlp::trace::Span;

use self::convention::Voices;
use self::native::Native;
use self::source::Source;

pub(crate) use genai::genai;
pub(crate) use plain::unquoted;
pub(crate) use preview::{Side, preview};
pub(crate) use price::{Cost, PriceTable};
pub(crate) use usage::{TokenUsage, UsageNode, total};

/// What a span says, in MLflow's words.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Translated {
    /// Attributes that the span lacks, under MLflow's names, each value as JSON text. Those that it has are not here.
    pub(crate) added: BTreeMap<&'static str, String>,
    /// `LLM`, `CHAIN`, …, said by MLflow or by another convention.
    pub(crate) span_type: Option<String>,
    /// Inputs as JSON text, of whatever origin.
    pub(crate) inputs: Option<String>,
    /// Outputs as JSON text, of whatever origin.
    pub(crate) outputs: Option<String>,
    pub(crate) model: Option<String>,
    pub(crate) provider: Option<String>,
    pub(crate) usage: Option<TokenUsage>,
    /// Cost that the span itself says.
    pub(crate) cost: Option<Cost>,
    pub(crate) session: Option<String>,
    pub(crate) user: Option<String>,
}

/// The type of a span that nobody gave one.
const UNKNOWN: &str = "UNKNOWN";

/// What a span says.
pub(crate) fn span(span: &Span) -> Translated {
    let plain = plain::plain(span);
    let source = Source::of(&plain);
    let mut translated = Translated {
        session: source.any_text(&["session.id", "gen_ai.conversation.id"]),
        user: source.any_text(&["user.id"]),
        ..Translated::default()
    };
    if source.says_nothing() {
        return translated;
    }
    let native = Native::of(&source);
    translated.fill(native, &Voices::hear(&source));
    // A span that has one of MLflow's attributes keeps it, even if its value means nothing: all but a type that is unknown.
    translated
        .added
        .retain(|key, _| *key == keys::SPAN_TYPE || source.get(key).is_none());
    translated
}

impl Translated {
    fn fill(&mut self, native: Native, voices: &Voices<'_, '_>) {
        let known_type = native.span_type.filter(|span_type| span_type != UNKNOWN);
        let unknown = || native.says_unknown.then(|| UNKNOWN.to_owned());
        self.span_type = match known_type {
            Some(span_type) => Some(span_type),
            None => voices
                .span_type()
                .filter(|said| said != UNKNOWN || !native.says_unknown)
                .map(|said| self.add_text(keys::SPAN_TYPE, said))
                .or_else(unknown),
        };
        let mut formats = Vec::new();
        self.inputs = native.inputs.or_else(|| {
            let said = voices.inputs()?;
            formats.extend(said.format);
            Some(self.add(keys::SPAN_INPUTS, said.json))
        });
        self.outputs = native.outputs.or_else(|| {
            let said = voices.outputs()?;
            formats.extend(said.format);
            Some(self.add(keys::SPAN_OUTPUTS, said.json))
        });
        self.usage = native.usage.or_else(|| {
            let said = voices.usage()?;
            self.add(keys::CHAT_TOKEN_USAGE, said.to_json());
            Some(said)
        });
        self.model = native.model.or_else(|| {
            let said = voices.model().or_else(|| self.model_of_content())?;
            Some(self.add_text(keys::LLM_MODEL, said))
        });
        self.provider = native
            .provider
            .or_else(|| voices.provider().map(|said| self.add_text(keys::LLM_PROVIDER, said)));
        self.cost = native.cost.or_else(|| voices.cost());
        if !native.has_tools
            && let Some(tools) = voices.tools()
        {
            self.add(keys::CHAT_TOOLS, tools);
        }
        if !native.has_format
            && let Some(format) = formats.first()
        {
            self.add_text(keys::MESSAGE_FORMAT, (*format).to_owned());
        }
    }

    fn add(&mut self, key: &'static str, json: String) -> String {
        self.added.insert(key, json.clone());
        json
    }

    fn add_text(&mut self, key: &'static str, text: String) -> String {
        self.added.insert(key, json::quoted(&text));
        text
    }

    /// The model that inputs or outputs name, of spans that use tokens.
    fn model_of_content(&self) -> Option<String> {
        self.usage?;
        let sides = [self.inputs.as_deref(), self.outputs.as_deref()];
        sides.into_iter().flatten().find_map(json::model_of)
    }
}

#[cfg(test)]
mod tests;
