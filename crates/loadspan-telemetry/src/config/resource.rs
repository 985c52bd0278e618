//! The resource that telemetry is of, from flags and variables.

use percent_encoding::percent_decode_str;

use super::environment::Settings;
use super::{ConfigError, ResourceConfig, TelemetryOptions};

const SERVICE_NAME: &str = "service.name";
const DEFAULT_SERVICE_NAME: &str = "loadspan";

type Attribute = (String, String);

/// Flags beat variables; of these, `OTEL_SERVICE_NAME` beats `service.name` among the attributes.
pub(super) fn resolve(options: &TelemetryOptions, settings: &mut Settings<'_>) -> Result<ResourceConfig, ConfigError> {
    let mut attributes = from_variables(settings);
    for list in &options.otel_resource_attributes {
        let flags = parse_list(list).ok_or_else(|| {
            ConfigError::new(
                format!("--otel-resource-attributes: `{list}` is no attribute"),
                "write name=value, with a comma in a value as %2C",
            )
        })?;
        flags.into_iter().for_each(|flag| set(&mut attributes, flag));
    }
    let named = attributes.iter().position(|(name, _)| name == SERVICE_NAME);
    let service_name = named.map(|place| attributes.remove(place).1);
    Ok(ResourceConfig {
        service_name: service_name.unwrap_or_else(|| DEFAULT_SERVICE_NAME.to_owned()),
        attributes,
    })
}

fn from_variables(settings: &mut Settings<'_>) -> Vec<Attribute> {
    // The specification wants the whole list left out when part of it cannot be read.
    let expected = "expected name=value,name=value, with values percent-encoded";
    let mut attributes = Vec::new();
    for attribute in settings
        .read("OTEL_RESOURCE_ATTRIBUTES", expected, parse_list)
        .unwrap_or_default()
    {
        set(&mut attributes, attribute);
    }
    if let Some(name) = settings.text("OTEL_SERVICE_NAME") {
        set(&mut attributes, (SERVICE_NAME.to_owned(), name.to_owned()));
    }
    attributes
}

/// Sets an attribute, in place of an earlier one of that name.
fn set(attributes: &mut Vec<Attribute>, attribute: Attribute) {
    attributes.retain(|(name, _)| *name != attribute.0);
    attributes.push(attribute);
}

/// `a=1,b=2`, percent-encoded; `None` when part of it is something else.
fn parse_list(list: &str) -> Option<Vec<Attribute>> {
    let items = list.split(',').filter(|item| !item.trim().is_empty());
    let attributes: Vec<_> = items.map(parse_item).collect::<Option<_>>()?;
    (!attributes.is_empty()).then_some(attributes)
}

fn parse_item(item: &str) -> Option<Attribute> {
    let (name, value) = item.split_once('=')?;
    let decode = |text: &str| Some(percent_decode_str(text.trim()).decode_utf8().ok()?.into_owned());
    let (name, value) = (decode(name)?, decode(value)?);
    (!name.is_empty() && !value.is_empty()).then_some((name, value))
}

#[cfg(test)]
mod tests {
    use super::super::Environment;
    use super::*;

    fn resolved(flags: &[&str], environment: &[(&str, &str)]) -> Result<(ResourceConfig, usize), ConfigError> {
        let options = TelemetryOptions {
            otel_resource_attributes: flags.iter().map(|flag| (*flag).to_owned()).collect(),
            ..TelemetryOptions::default()
        };
        let environment = Environment::of(environment);
        let mut settings = Settings::new(&environment);
        let resource = resolve(&options, &mut settings)?;
        Ok((resource, settings.into_warnings().len()))
    }

    #[test]
    fn the_name_of_the_service_has_three_sources() {
        let in_attributes = ("OTEL_RESOURCE_ATTRIBUTES", "service.name=c");
        let own = ("OTEL_SERVICE_NAME", "b");
        let name = |flags: &[&str], environment: &[(&str, &str)]| resolved(flags, environment).unwrap().0.service_name;
        assert_eq!(name(&["service.name=a"], &[own, in_attributes]), "a");
        assert_eq!(name(&[], &[own, in_attributes]), "b");
        assert_eq!(name(&[], &[in_attributes]), "c");
        assert_eq!(name(&[], &[]), "loadspan");
    }

    #[test]
    fn flags_beat_variables_and_both_are_decoded() {
        let environment = [("OTEL_RESOURCE_ATTRIBUTES", "team=a,note=x%20y")];
        let (resource, warnings) = resolved(&["team=b,env=ci", "list=1%2C2"], &environment).unwrap();
        let expected = [("note", "x y"), ("team", "b"), ("env", "ci"), ("list", "1,2")];
        let expected: Vec<_> = expected.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        assert_eq!((resource.attributes, warnings), (expected, 0));
    }

    #[test]
    fn a_broken_list_is_an_error_in_a_flag_and_left_out_of_the_environment() {
        let (resource, warnings) = resolved(&[], &[("OTEL_RESOURCE_ATTRIBUTES", "a=1,b")]).unwrap();
        assert_eq!((resource.attributes.len(), warnings), (0, 1));
        for bad in ["b", "=1", "a=", ""] {
            assert!(resolved(&[bad], &[]).is_err(), "{bad}");
        }
    }
}
