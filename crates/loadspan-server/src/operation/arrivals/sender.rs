//! Who sends, as far as resources say.

use loadspan_wire::otlp::{Resource, any_value};

use super::visible::visible;

/// Who sends: a program, as its resource describes it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub(crate) struct Sender {
    pub(super) service: Option<String>,
    pub(super) sdk: Option<String>,
    pub(super) sdk_version: Option<String>,
}

impl Sender {
    /// Who a resource belongs to.
    pub(crate) fn of(resource: Option<&Resource>) -> Self {
        let attributes = resource.map_or(&[][..], |resource| &resource.attributes);
        let text = |key: &str| {
            let attribute = attributes.iter().find(|attribute| attribute.key == key)?;
            match attribute.value.as_ref()?.value.as_ref()? {
                any_value::Value::StringValue(text) if !text.is_empty() => Some(visible(text)),
                _ => None,
            }
        };
        let sdk = match (text("telemetry.sdk.name"), text("telemetry.sdk.language")) {
            (Some(name), Some(language)) => Some(visible(&format!("{name} ({language})"))),
            (name, language) => name.or(language),
        };
        Self {
            service: text("service.name"),
            sdk,
            sdk_version: text("telemetry.sdk.version"),
        }
    }
}
