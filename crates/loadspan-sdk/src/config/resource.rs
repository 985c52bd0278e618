//! Attributes of the resource.

use super::{Environment, percent};
use crate::error::InitError;

type Attribute = (String, String);

const SERVICE_NAME: &str = "service.name";

/// Those of the variables, and what tells this SDK from others.
pub(super) fn resolve(environment: &Environment) -> Result<Vec<Attribute>, InitError> {
    let mut attributes = vec![
        ("telemetry.sdk.language".to_owned(), "rust".to_owned()),
        ("telemetry.sdk.name".to_owned(), env!("CARGO_PKG_NAME").to_owned()),
        ("telemetry.sdk.version".to_owned(), env!("CARGO_PKG_VERSION").to_owned()),
        (SERVICE_NAME.to_owned(), unknown_service()),
    ];
    let expected = "name=value,name=value, with values percent-encoded";
    for attribute in environment
        .read("OTEL_RESOURCE_ATTRIBUTES", expected, parse)?
        .unwrap_or_default()
    {
        set(&mut attributes, attribute);
    }
    if let Some(name) = environment.text("OTEL_SERVICE_NAME") {
        set(&mut attributes, (SERVICE_NAME.to_owned(), name.to_owned()));
    }
    Ok(attributes)
}

/// The default of the specification.
fn unknown_service() -> String {
    let executable = std::env::current_exe().ok();
    let name = executable.as_deref().and_then(|path| path.file_name());
    name.map_or_else(
        || "unknown_service".to_owned(),
        |name| format!("unknown_service:{}", name.to_string_lossy()),
    )
}

fn set(attributes: &mut Vec<Attribute>, attribute: Attribute) {
    attributes.retain(|(name, _)| *name != attribute.0);
    attributes.push(attribute);
}

fn parse(list: &str) -> Option<Vec<Attribute>> {
    list.split(',')
        .filter(|item| !item.trim().is_empty())
        .map(parse_item)
        .collect()
}

fn parse_item(item: &str) -> Option<Attribute> {
    let (name, value) = item.split_once('=')?;
    let decode = |text: &str| percent::decode(text.trim());
    Some((decode(name)?, decode(value)?)).filter(|(name, _)| !name.is_empty())
}
