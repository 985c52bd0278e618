//! Spans as an MLflow server takes them. It refuses a request as a whole for one value that is too long or not what it expects, and one
//! number that is too large breaks every later look at the trace: what would do that is cut here, on this path only.

use loadspan_wire::mlflow::{attributes, limits};
use loadspan_wire::otlp::any_value::Value as Any;
use loadspan_wire::otlp::{AnyValue, ExportTraceServiceRequest, KeyValue};
use loadspan_wire::semconv::attributes as names;
use serde_json::{Map, Value};

use super::super::encode;
use crate::scalar;

/// Longest session, in characters. A user is no longer.
pub(super) const MAX_SESSION: usize = 250;
/// Longest name of a trace, in characters.
pub(super) const MAX_NAME: usize = 4_096;
/// Longest type of a span, in characters.
const MAX_TYPE: usize = 500;
/// The most tokens that can be counted.
pub(super) const MOST_TOKENS: u64 = i64::MAX as u64;

/// What a resource has for a service that nobody named: the specification demands it, MLflow would make it a tag of every trace.
const UNNAMED_SERVICE: &str = "unknown_service";
/// Whole numbers with fewer digits fit into 64 bits with a sign.
const LONG_NUMBER: usize = 19;

/// Makes a request one that the server takes.
pub(super) fn fit(request: &mut ExportTraceServiceRequest) {
    for spans in &mut request.resource_spans {
        if let Some(resource) = &mut spans.resource {
            resource.attributes.retain(|attribute| !is_unnamed_service(attribute));
        }
        for scope in &mut spans.scope_spans {
            let is_ours = scope
                .scope
                .as_ref()
                .is_some_and(|scope| scope.name == env!("CARGO_PKG_NAME"));
            for span in &mut scope.spans {
                span.attributes
                    .retain_mut(|attribute| fit_attribute(attribute, is_ours));
            }
        }
    }
}

fn is_unnamed_service(attribute: &KeyValue) -> bool {
    attribute.key == "service.name" && text_of(attribute).is_some_and(|name| name.starts_with(UNNAMED_SERVICE))
}

fn text_of(attribute: &KeyValue) -> Option<&str> {
    match attribute.value.as_ref()?.value.as_ref()? {
        Any::StringValue(text) => Some(text),
        _ => None,
    }
}

/// `false`: it can only do harm.
fn fit_attribute(attribute: &mut KeyValue, is_ours: bool) -> bool {
    let Some(text) = text_of(attribute) else { return true };
    let fitting = match attribute.key.as_str() {
        attributes::SESSION_ID | attributes::USER_ID | names::GEN_AI_CONVERSATION_ID => {
            cut(text, MAX_SESSION).map(Any::StringValue)
        }
        key if key.strip_prefix(attributes::TRACE_TAG_PREFIX) == Some(attributes::TRACE_NAME_TAG) => {
            cut(text, MAX_NAME).map(Any::StringValue)
        }
        attributes::SPAN_TYPE => cut(text, MAX_TYPE).map(Any::StringValue),
        attributes::CHAT_TOKEN_USAGE => match tokens(text) {
            Some(tokens) => Some(Any::StringValue(tokens)),
            None => return false,
        },
        key if is_plain(key) => None,
        key => {
            if is_ours && text == "null" {
                attribute.value = Some(AnyValue::default());
                return true;
            }
            let typed = key.starts_with("mlflow.").then(|| scalar::of_json(text)).flatten();
            typed
                .and_then(|value| encode::any_value(&value))
                .or_else(|| without_large_numbers(text).map(Any::StringValue))
        }
    };
    if let Some(value) = fitting {
        attribute.value = Some(AnyValue { value: Some(value) });
    }
    true
}

/// Whether its value is no JSON, whatever it looks like.
fn is_plain(key: &str) -> bool {
    [attributes::TRACE_TAG_PREFIX, attributes::TRACE_METADATA_PREFIX]
        .iter()
        .any(|prefix| key.starts_with(prefix))
        || key == attributes::CLIENT_REQUEST_ID
}

/// What is left of a text, with or without the quotes of JSON, that is too long. `None`: it is not.
fn cut(text: &str, characters: usize) -> Option<String> {
    let quoted: Option<String> = serde_json::from_str(text).ok();
    let plain = quoted.as_deref().unwrap_or(text);
    let start = limits::truncated(plain, characters);
    if start.len() == plain.len() {
        return None;
    }
    Some(match quoted {
        Some(_) => Value::from(start).to_string(),
        None => start.to_owned(),
    })
}

/// Counts of tokens, those that are some. `None`: there are none.
fn tokens(text: &str) -> Option<String> {
    let counts: Map<String, Value> = serde_json::from_str(text).ok()?;
    let counts: Map<_, _> = counts
        .into_iter()
        .filter_map(|(name, count)| Some((name, count.as_u64()?.min(MOST_TOKENS).into())))
        .collect();
    (!counts.is_empty()).then(|| Value::Object(counts).to_string())
}

/// JSON with whole numbers of more than 64 bits with a sign as texts: the server stores them, and then cannot show the trace.
/// `None`: there are none, or it is no JSON.
fn without_large_numbers(text: &str) -> Option<String> {
    if !text.starts_with(['{', '[']) {
        return None;
    }
    let has_long_number = text
        .as_bytes()
        .chunk_by(|one, next| one.is_ascii_digit() == next.is_ascii_digit())
        .any(|run| run.len() >= LONG_NUMBER && run[0].is_ascii_digit());
    if !has_long_number {
        return None;
    }
    let mut value: Value = serde_json::from_str(text).ok()?;
    shrink(&mut value).then(|| value.to_string())
}

/// `false`: nothing had to change. What no 64 bits hold is read as a fraction, which is not whole for the server either.
fn shrink(value: &mut Value) -> bool {
    match value {
        Value::Number(number) if number.is_u64() && number.as_i64().is_none() => {
            *value = Value::String(number.to_string());
            true
        }
        // It was written with more digits than 64 bits have.
        Value::Number(number) => {
            number.is_f64() && number.as_f64().is_some_and(|number| number.abs() >= i64::MAX as f64)
        }
        Value::Array(values) => values.iter_mut().fold(false, |changed, value| shrink(value) | changed),
        Value::Object(members) => members
            .values_mut()
            .fold(false, |changed, value| shrink(value) | changed),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use loadspan_wire::otlp::trace::{ResourceSpans, ScopeSpans, Span};
    use loadspan_wire::otlp::{InstrumentationScope, Resource, attribute};

    use super::*;

    /// What becomes of an attribute of a span of ours.
    fn fitted(key: &str, value: &str) -> Option<Any> {
        let mut request = request(vec![attribute(key, value)], Resource::default());
        fit(&mut request);
        let attributes = &request.resource_spans[0].scope_spans[0].spans[0].attributes;
        attributes.first().and_then(|attribute| attribute.value.clone()?.value)
    }

    fn request(attributes: Vec<KeyValue>, resource: Resource) -> ExportTraceServiceRequest {
        ExportTraceServiceRequest {
            resource_spans: vec![ResourceSpans {
                resource: Some(resource),
                scope_spans: vec![ScopeSpans {
                    scope: Some(InstrumentationScope {
                        name: "loadspan-sdk".to_owned(),
                        ..InstrumentationScope::default()
                    }),
                    spans: vec![Span {
                        attributes,
                        ..Span::default()
                    }],
                    ..ScopeSpans::default()
                }],
                ..ResourceSpans::default()
            }],
        }
    }

    fn text(value: impl Into<String>) -> Option<Any> {
        Some(Any::StringValue(value.into()))
    }

    #[test]
    fn what_is_too_long_for_the_server_is_cut() {
        let long = "ä".repeat(5_000);
        for key in ["session.id", "user.id", "gen_ai.conversation.id"] {
            assert_eq!(fitted(key, &long), text("ä".repeat(250)), "{key}");
            assert_eq!(fitted(key, "short"), text("short"), "{key}");
            let quoted = format!("\"{long}\"");
            assert_eq!(fitted(key, &quoted), text(format!("\"{}\"", "ä".repeat(250))), "{key}");
        }
        assert_eq!(
            fitted("mlflow.spanType", &format!("\"{long}\"")),
            text(format!("\"{}\"", "ä".repeat(500)))
        );
        assert_eq!(
            fitted("mlflow.traceTag.mlflow.traceName", &long),
            text("ä".repeat(4_096))
        );
        assert_eq!(
            fitted("mlflow.spanInputs", &format!("\"{long}\"")),
            text(format!("\"{long}\""))
        );
    }

    #[test]
    fn tokens_are_counts_or_they_are_not_there() {
        let usage = |given| fitted("mlflow.chat.tokenUsage", given);
        assert_eq!(
            usage(r#"{"input_tokens":3,"output_tokens":18446744073709551615,"total_tokens":"7"}"#),
            text(r#"{"input_tokens":3,"output_tokens":9223372036854775807}"#)
        );
        for given in ["7", "\"many\"", "[]", "{}", r#"{"input_tokens":"x"}"#, "{"] {
            assert_eq!(usage(given), None, "{given}");
        }
    }

    #[test]
    fn scalars_have_their_types_and_structures_are_text() {
        let inputs = |given| fitted("mlflow.spanInputs", given);
        assert_eq!(inputs("7"), Some(Any::IntValue(7)));
        assert_eq!(inputs("1.5"), Some(Any::DoubleValue(1.5)));
        assert_eq!(inputs("true"), Some(Any::BoolValue(true)));
        assert_eq!(inputs("null"), None, "a value that is none");
        for given in ["\"7\"", r#"{"a":7}"#, "[7]"] {
            assert_eq!(inputs(given), text(given));
        }
        assert_eq!(fitted("note", "7"), text("7"), "a text of OpenTelemetry");
        assert_eq!(fitted("mlflow.traceTag.version", "7"), text("7"));
        assert_eq!(fitted("session.id", "null"), text("null"));
        assert_eq!(fitted("user.id", "true"), text("true"));
    }

    #[test]
    fn whole_numbers_that_the_server_cannot_show_become_texts() {
        assert_eq!(
            fitted("mlflow.spanInputs", r#"{"seed":[18446744073709551615,7]}"#),
            text(r#"{"seed":["18446744073709551615",7]}"#)
        );
        let digits = r#"{"z": "18446744073709551615", "n": 9223372036854775807}"#;
        assert_eq!(
            fitted("mlflow.spanInputs", digits),
            text(digits),
            "it is left as it was written"
        );
    }

    #[test]
    fn a_service_that_nobody_named_has_no_name() {
        let names = |name: &str| {
            let mut request = request(
                Vec::new(),
                Resource {
                    attributes: vec![attribute("service.name", name), attribute("k", "v")],
                    ..Resource::default()
                },
            );
            fit(&mut request);
            request.resource_spans[0]
                .resource
                .as_ref()
                .map(|resource| resource.attributes.len())
        };
        assert_eq!(names("unknown_service:shop"), Some(1));
        assert_eq!(names("shop"), Some(2));
    }
}
