//! MLflow's SDK sends every attribute over OTLP as JSON, so that a text comes with its quotes, whatever convention it belongs to.

use std::borrow::Cow;

use loadspan_wire::otlp::trace::Span;
use loadspan_wire::otlp::{KeyValue, any_value};

/// A span whose texts have no quotes, as other SDKs send it. MLflow's own attributes are JSON in any case.
pub(super) fn plain(span: &Span) -> Cow<'_, Span> {
    if !all(span).any(|attribute| text(attribute).is_some()) {
        return Cow::Borrowed(span);
    }
    let mut span = span.clone();
    let of_events = span.events.iter_mut().flat_map(|event| &mut event.attributes);
    for attribute in span.attributes.iter_mut().chain(of_events) {
        if let Some(text) = text(attribute)
            && let Some(value) = &mut attribute.value
        {
            value.value = Some(any_value::Value::StringValue(text));
        }
    }
    Cow::Owned(span)
}

fn all(span: &Span) -> impl Iterator<Item = &KeyValue> {
    let of_events = span.events.iter().flat_map(|event| &event.attributes);
    span.attributes.iter().chain(of_events)
}

/// What stands between quotes.
fn text(attribute: &KeyValue) -> Option<String> {
    match attribute.value.as_ref()?.value.as_ref()? {
        any_value::Value::StringValue(text) if !attribute.key.starts_with("mlflow.") => unquoted(text),
        _ => None,
    }
}

/// The text that is meant by one that is JSON. `None`: it is a text already.
pub(crate) fn unquoted(text: &str) -> Option<String> {
    let is_quoted = text.len() > 1 && text.starts_with('"') && text.ends_with('"');
    is_quoted.then(|| serde_json::from_str(text).ok())?
}
