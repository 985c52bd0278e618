//! What the root span says about its trace.

use std::borrow::Cow;

use loadspan_wire::otlp::trace::Span;

use super::attribute::{cut, find_text, text, unquoted};
use super::tag::{self, Tag};
use crate::translate::{Side, Translated, preview};

/// Attributes with this before their name are tags of the trace.
const TAG: &str = "mlflow.traceTag.";
/// The run that made the trace.
const SOURCE_RUN: &str = "mlflow.sourceRun";
/// The name of a trace, among its tags.
pub(super) const TRACE_NAME: &str = "mlflow.traceName";
/// As MLflow has it.
const NAME_CHARACTERS: usize = 4096;
/// More is no id of a run.
const RUN_CHARACTERS: usize = 250;

/// What the root span says about its trace.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Root {
    pub(super) name: String,
    pub(super) request_preview: Option<String>,
    pub(super) response_preview: Option<String>,
    pub(super) tags: Vec<Tag>,
    pub(super) source_run: Option<String>,
}

impl Root {
    pub(super) fn of(span: &Span, translated: &Translated) -> Self {
        let mut tags = tags(span);
        let named = tags
            .iter()
            .find(|(key, _)| key == TRACE_NAME)
            .map(|(_, name)| name.clone());
        let name = named.unwrap_or_else(|| cut(&span.name, NAME_CHARACTERS).to_owned());
        tags.retain(|(key, _)| key != TRACE_NAME);
        Self {
            name,
            request_preview: translated
                .inputs
                .as_deref()
                .and_then(|json| preview(json, Side::Request)),
            response_preview: translated
                .outputs
                .as_deref()
                .and_then(|json| preview(json, Side::Response)),
            tags,
            source_run: find_text(&span.attributes, SOURCE_RUN)
                .filter(|run| cut(run, RUN_CHARACTERS) == run)
                .map(Cow::into_owned),
        }
    }
}

fn tags(span: &Span) -> Vec<Tag> {
    let tags = span.attributes.iter().filter_map(|attribute| {
        let key = attribute.key.strip_prefix(TAG)?;
        let value = text(attribute.value.as_ref()?.value.as_ref()?);
        (!tag::is_of_the_server(key)).then(|| tag::tag(key, &unquoted(&value)))?
    });
    tags.collect()
}

#[cfg(test)]
mod tests {
    use loadspan_wire::otlp::attribute;

    use super::*;

    #[test]
    fn tags_come_as_text_and_as_json() {
        let span = Span {
            name: "span".to_owned(),
            attributes: vec![
                attribute("mlflow.traceTag.plain", "a"),
                attribute("mlflow.traceTag.quoted", "\"b\""),
                attribute("mlflow.traceTag.number", 7_i64),
                attribute("mlflow.traceTag.bad:key?", "c"),
                attribute("mlflow.traceTag.mlflow.artifactLocation", "/etc"),
                attribute("mlflow.traceTag.mlflow.traceName", "\"trace\""),
                attribute("mlflow.sourceRun", "\"0123\""),
            ],
            ..Span::default()
        };
        let root = Root::of(&span, &Translated::default());
        assert_eq!(root.name, "trace");
        assert_eq!(root.source_run.as_deref(), Some("0123"));
        let tags: Vec<_> = root.tags.iter().map(|(key, value)| format!("{key}={value}")).collect();
        assert_eq!(tags, ["plain=a", "quoted=b", "number=7"]);
    }
}
