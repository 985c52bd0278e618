//! Which experiment a trace belongs to: what the request says, else its resource, else its service.

use std::collections::HashMap;

use loadspan_wire::otlp::KeyValue;

use super::Routing;
use super::attribute::find_text;
use super::experiment;
use super::refusal::Reason;
use crate::database::Connection;
use crate::error::ApiError;
use crate::tracking::experiments::find;

/// The experiment of a resource, by name.
const EXPERIMENT_NAME: &str = "mlflow.experiment.name";
/// What SDKs call a service that has no name; some add the name of a program.
const NO_SERVICE: &str = "unknown_service";

/// Where traces are to go.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Destination {
    /// The experiment that the request names by id.
    Id(i64),
    /// The experiment of this name, which is made if it is not there.
    Named(String),
    /// The experiment of the service, unless the trace is somewhere else already: a service takes part in traces of others.
    Service(String),
    /// The experiment that is always there, unless the trace is somewhere else already.
    Default,
}

impl Destination {
    /// Where the items of a resource go. Fails if the request's own header makes no sense.
    pub(super) fn of(routing: &Routing, resource: &[KeyValue]) -> Result<Self, ApiError> {
        if let Some(id) = routing.experiment_id.as_deref().filter(|id| !id.is_empty()) {
            return experiment::parse_id(id).map(Self::Id);
        }
        let header = routing.experiment_name.as_deref().filter(|name| !name.is_empty());
        let name = header
            .map(str::to_owned)
            .or_else(|| owned(find_text(resource, EXPERIMENT_NAME)));
        Ok(match (name, owned(find_text(resource, "service.name"))) {
            (Some(name), _) => Self::Named(name),
            (None, Some(service)) if !service.starts_with(NO_SERVICE) => Self::Service(service),
            (None, _) => Self::Default,
        })
    }

    /// Whether the sender has asked for it, so that another one is an error.
    pub(super) fn is_explicit(&self) -> bool {
        matches!(self, Self::Id(_) | Self::Named(_))
    }
}

fn owned(text: Option<std::borrow::Cow<'_, str>>) -> Option<String> {
    text.map(std::borrow::Cow::into_owned)
}

/// Destinations that were looked up already.
#[derive(Debug)]
pub(super) struct Experiments {
    found: HashMap<Destination, Result<i64, Reason>>,
    of_services: usize,
}

impl Experiments {
    /// At most so many are made for services.
    pub(super) fn new(of_services: usize) -> Self {
        let found = HashMap::new();
        Self { found, of_services }
    }

    /// The experiment of a destination, made if need be; or why its items are not stored.
    ///
    /// # Errors
    ///
    /// The request names an experiment that does not exist.
    pub(super) fn find(
        &mut self,
        connection: &mut dyn Connection,
        destination: &Destination,
    ) -> Result<Result<i64, Reason>, ApiError> {
        if let Some(found) = self.found.get(destination) {
            return Ok(found.clone());
        }
        let found = match destination {
            Destination::Id(id) => experiment::by_id(connection, *id)?,
            Destination::Default => experiment::by_id(connection, experiment::DEFAULT)?,
            Destination::Named(name) => experiment::by_name(connection, name)?,
            Destination::Service(name) => experiment::of_service(connection, name, self.of_services)?,
        };
        self.found.insert(destination.clone(), found.clone());
        Ok(found)
    }

    /// Whether a destination is this experiment. None is made to find out.
    ///
    /// # Errors
    ///
    /// The request names an experiment that does not exist.
    pub(super) fn is(
        &mut self,
        connection: &mut dyn Connection,
        (destination, experiment): (&Destination, i64),
    ) -> Result<bool, ApiError> {
        if let Destination::Named(name) = destination
            && !self.found.contains_key(destination)
        {
            return Ok(find(connection, name)? == Some(experiment));
        }
        Ok(self.find(connection, destination)? == Ok(experiment))
    }
}

#[cfg(test)]
mod tests {
    use loadspan_wire::otlp::attribute;

    use super::*;

    fn of(resource: &[KeyValue]) -> Destination {
        Destination::of(&Routing::default(), resource).unwrap()
    }

    #[test]
    fn the_request_beats_the_resource_and_the_resource_its_service() {
        let resource = [
            attribute("service.name", "api"),
            attribute(EXPERIMENT_NAME, "evaluation"),
        ];
        let routing = Routing {
            experiment_id: Some("7".to_owned()),
            experiment_name: Some("named".to_owned()),
            run_id: None,
        };
        assert_eq!(Destination::of(&routing, &resource).unwrap(), Destination::Id(7));
        let routing = Routing {
            experiment_id: None,
            ..routing
        };
        assert_eq!(
            Destination::of(&routing, &resource).unwrap(),
            Destination::Named("named".to_owned())
        );
        assert_eq!(of(&resource), Destination::Named("evaluation".to_owned()));
        assert_eq!(of(&resource[..1]), Destination::Service("api".to_owned()));
    }

    #[test]
    fn a_service_without_a_name_has_no_experiment_of_its_own() {
        assert_eq!(of(&[]), Destination::Default);
        assert_eq!(
            of(&[attribute("service.name", "unknown_service:python")]),
            Destination::Default
        );
        assert_eq!(of(&[attribute("service.name", "")]), Destination::Default);
    }
}
