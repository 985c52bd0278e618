//! The resource that all telemetry of a run is of.

use loadspan_wire::otlp::{Resource, attribute};
use uuid::Uuid;

use crate::config::ResourceConfig;
use crate::identity::RunIdentity;

/// The run's own attributes, with the user's in their place where they have the same name.
///
/// `service.instance.id` is new for each run: counters of two runs are two series, not one that is reset.
pub(crate) fn describe(config: &ResourceConfig, run: &RunIdentity) -> Resource {
    let own = [
        ("service.name", config.service_name.clone()),
        ("service.version", run.version.to_owned()),
        ("service.instance.id", Uuid::new_v4().to_string()),
        ("telemetry.sdk.language", "rust".to_owned()),
        ("telemetry.sdk.name", "loadspan".to_owned()),
        ("telemetry.sdk.version", run.version.to_owned()),
        ("loadspan.run.id", run.run_id.clone()),
        ("loadspan.run.name", run.name.clone()),
    ];
    let mut attributes: Vec<(String, String)> = own.map(|(name, value)| (name.to_owned(), value)).into();
    for (name, value) in &config.attributes {
        match attributes.iter_mut().find(|(own, _)| own == name) {
            Some((_, own)) => own.clone_from(value),
            None => attributes.push((name.clone(), value.clone())),
        }
    }
    Resource {
        attributes: attributes
            .into_iter()
            .map(|(name, value)| attribute(name, value))
            .collect(),
        ..Resource::default()
    }
}
