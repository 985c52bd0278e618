//! Tags of traces that come with spans. What makes no tag is left out: no span is refused for it.

use loadspan_wire::otlp::KeyValue;

use super::attribute::{cut, text};

/// Key and value.
pub(super) type Tag = (String, String);

/// As MLflow has it.
const KEY_CHARACTERS: usize = 250;
const VALUE_CHARACTERS: usize = 8000;
/// Tags of one resource or span: more is nothing that anybody reads.
const TAGS: usize = 128;

/// A tag, its value cut to what MLflow takes; `None` if it takes no such key.
pub(super) fn tag(key: &str, value: &str) -> Option<Tag> {
    let fits = !key.is_empty() && cut(key, KEY_CHARACTERS) == key && key.chars().all(is_for_keys);
    fits.then(|| (key.to_owned(), cut(value, VALUE_CHARACTERS).to_owned()))
}

/// Tags that say where the server keeps things: no client sets them.
pub(crate) fn is_of_the_server(key: &str) -> bool {
    matches!(
        key,
        "mlflow.artifactLocation"
            | "mlflow.trace.spansLocation"
            | "mlflow.trace.archiveLocation"
            | "mlflow.trace.archivalFailure"
    )
}

/// Of values that every trace of a resource has a copy of. All of it is in the resource of the spans.
const RESOURCE_VALUE_CHARACTERS: usize = 250;

/// The attributes of a resource as tags.
pub(super) fn of_resource(attributes: &[KeyValue]) -> Vec<Tag> {
    let tags = attributes.iter().filter_map(|attribute| {
        let key = attribute.key.as_str();
        if key.starts_with("telemetry.sdk.") || key.starts_with("mlflow.") {
            return None;
        }
        let value = text(attribute.value.as_ref()?.value.as_ref()?);
        tag(key, cut(&value, RESOURCE_VALUE_CHARACTERS))
    });
    tags.take(TAGS).collect()
}

fn is_for_keys(character: char) -> bool {
    character.is_alphanumeric() || "/_.- :".contains(character)
}

#[cfg(test)]
mod tests {
    use loadspan_wire::otlp::attribute;

    use super::*;

    #[test]
    fn a_resource_says_what_its_traces_are_tagged_with() {
        let resource = [
            attribute("service.name", "api"),
            attribute("telemetry.sdk.language", "rust"),
            attribute("mlflow.experiment.name", "x"),
            attribute("process.command_args", vec!["a".to_owned(), "b".to_owned()]),
            attribute("what?", "no"),
        ];
        let tags: Vec<_> = of_resource(&resource)
            .into_iter()
            .map(|(key, value)| format!("{key}={value}"))
            .collect();
        assert_eq!(tags, ["service.name=api", r#"process.command_args=["a","b"]"#]);
        let long = of_resource(&[attribute("k", "ü".repeat(300))]);
        assert_eq!(long[0].1, "ü".repeat(250));
    }

    #[test]
    fn long_values_are_cut_and_long_keys_left_out() {
        assert_eq!(tag("k", &"ü".repeat(9000)).unwrap().1.chars().count(), 8000);
        assert_eq!(tag(&"k".repeat(251), "v"), None);
    }
}
