//! MLflow's own attributes: JSON texts as its SDKs export them over OTLP, or typed values as they send them to an MLflow server.

use loadspan_wire::mlflow::attributes as keys;
use serde_json::Value;

use super::source::{Families, Source};
use super::{Cost, TokenUsage, UNKNOWN, json};

/// What a span says in MLflow's words.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Native {
    pub(super) span_type: Option<String>,
    /// Whether the span says that its type is unknown, which is to say that another convention may know it.
    pub(super) says_unknown: bool,
    pub(super) inputs: Option<String>,
    pub(super) outputs: Option<String>,
    pub(super) usage: Option<TokenUsage>,
    pub(super) cost: Option<Cost>,
    pub(super) model: Option<String>,
    pub(super) provider: Option<String>,
    pub(super) has_tools: bool,
    pub(super) has_format: bool,
}

impl Native {
    pub(super) fn of(source: &Source<'_>) -> Self {
        if !source.families().meets(Families::MLFLOW) {
            return Self::default();
        }
        let text = |key| source.get(key).map(json::tree_of).as_ref().and_then(plain);
        let span_type = text(keys::SPAN_TYPE);
        Self {
            says_unknown: span_type.as_deref() == Some(UNKNOWN),
            span_type,
            inputs: source.get(keys::SPAN_INPUTS).map(json::of_value),
            outputs: source.get(keys::SPAN_OUTPUTS).map(json::of_value),
            usage: source
                .get(keys::CHAT_TOKEN_USAGE)
                .map(json::tree_of)
                .as_ref()
                .and_then(usage),
            cost: source.get(keys::LLM_COST).map(json::tree_of).as_ref().and_then(cost),
            model: text(keys::LLM_MODEL),
            provider: text(keys::LLM_PROVIDER),
            has_tools: source.get(keys::CHAT_TOOLS).is_some(),
            has_format: source.get(keys::MESSAGE_FORMAT).is_some(),
        }
    }
}

fn plain(value: &Value) -> Option<String> {
    value.as_str().filter(|text| !text.is_empty()).map(str::to_owned)
}

fn usage(value: &Value) -> Option<TokenUsage> {
    let tokens = |name: &str| value.get(name)?.as_i64().filter(|tokens| *tokens >= 0);
    let (input, output) = (tokens("input_tokens"), tokens("output_tokens"));
    let total = tokens("total_tokens");
    input.or(output).or(total)?;
    let (input, output) = (input.unwrap_or(0), output.unwrap_or(0));
    Some(TokenUsage {
        input,
        output,
        total: total.unwrap_or(input.saturating_add(output)),
        cache_read: tokens("cache_read_input_tokens"),
        cache_write: tokens("cache_creation_input_tokens"),
    })
}

fn cost(value: &Value) -> Option<Cost> {
    let dollars = |name: &str| value.get(name)?.as_f64().filter(|dollars| dollars.is_finite());
    let (input, output) = (
        dollars("input_cost").unwrap_or(0.0),
        dollars("output_cost").unwrap_or(0.0),
    );
    let total = dollars("total_cost").unwrap_or(input + output);
    (total != 0.0 || value.get("total_cost").is_some()).then_some(Cost { input, output, total })
}
