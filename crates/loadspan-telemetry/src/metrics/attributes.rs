//! What the keys of series mean, in attributes.

use std::collections::HashMap;

use loadspan_wire::otlp::{KeyValue, attribute};
use loadspan_wire::semconv::attributes::{
    ERROR_TYPE, GEN_AI_OPERATION_NAME, GEN_AI_PROVIDER_NAME, GEN_AI_REQUEST_MODEL, GEN_AI_RESPONSE_MODEL,
    LOADSPAN_PHASE, LOADSPAN_SESSION_OUTCOME, LOADSPAN_STAGE, SERVER_ADDRESS, SERVER_PORT,
};
use loadspan_wire::semconv::metrics::attribute::{FATE, OVERFLOW, SIGNAL, SINK, TOKEN_MODALITY, TOKEN_TYPE};

use super::series::{About, Detail, ErrorType, MAX_SERIES, ModelName, SeriesKey};
use crate::identity::{RunIdentity, ServerAddress};

/// Longer names of models are none: they come from the server, and are kept as long as the run lasts.
const MAX_MODEL_NAME: usize = 256;

/// What a run's series have in common, and the names that their keys stand for.
#[derive(Debug)]
pub(super) struct Attributes {
    operation: &'static str,
    provider: String,
    servers: Vec<ServerAddress>,
    models: Vec<Box<str>>,
    known_models: HashMap<Box<str>, ModelName>,
}

impl Attributes {
    /// The model that requests name unless their own body names another.
    pub(super) const RUN_MODEL: ModelName = ModelName(0);

    pub(super) fn new(run: &RunIdentity, provider: String) -> Self {
        let model: Box<str> = run.model.as_str().into();
        Self {
            operation: run.operation.gen_ai_name(),
            provider,
            servers: run.servers.clone(),
            models: vec![model.clone()],
            known_models: HashMap::from([(model, Self::RUN_MODEL)]),
        }
    }

    /// The name in keys for a model. `None` when there are too many or it is too long.
    pub(super) fn model(&mut self, model: &str) -> Option<ModelName> {
        // Most runs have one model, and most servers answer with its name.
        if *self.models[0] == *model {
            return Some(Self::RUN_MODEL);
        }
        if let Some(known) = self.known_models.get(model) {
            return Some(*known);
        }
        if self.models.len() >= MAX_SERIES || model.len() > MAX_MODEL_NAME {
            return None;
        }
        let name = ModelName(u16::try_from(self.models.len()).ok()?);
        self.models.push(model.into());
        self.known_models.insert(model.into(), name);
        Some(name)
    }

    /// The attributes of a series.
    pub(super) fn of(&self, key: SeriesKey) -> Vec<KeyValue> {
        let mut attributes = Vec::with_capacity(8);
        self.add_about(key.about, &mut attributes);
        if let Some(stage) = key.stage {
            attributes.push(attribute(LOADSPAN_STAGE, i64::from(stage)));
        }
        if let Some(error) = key.error {
            attributes.push(attribute(ERROR_TYPE, error_text(error)));
        }
        if let Some(detail) = key.detail {
            add_detail(detail, &mut attributes);
        }
        attributes
    }

    fn add_about(&self, about: About, attributes: &mut Vec<KeyValue>) {
        match about {
            About::Client => {}
            About::Overflow => attributes.push(attribute(OVERFLOW, true)),
            About::Run => self.add_operation(&self.provider, attributes),
            About::Server { target, model } => {
                self.add_operation(self.provider_of(target), attributes);
                self.add_server(target, model, attributes);
            }
            About::Response {
                target,
                model,
                response_model,
            } => {
                self.add_operation(self.provider_of(target), attributes);
                self.add_server(target, model, attributes);
                if let Some(model) = response_model {
                    attributes.push(attribute(GEN_AI_RESPONSE_MODEL, self.model_text(model)));
                }
            }
        }
    }

    fn add_operation(&self, provider: &str, attributes: &mut Vec<KeyValue>) {
        attributes.push(attribute(GEN_AI_OPERATION_NAME, self.operation));
        attributes.push(attribute(GEN_AI_PROVIDER_NAME, provider));
    }

    fn provider_of(&self, target: u16) -> &str {
        let server = self.servers.get(usize::from(target));
        server
            .and_then(|server| server.provider.as_deref())
            .unwrap_or(&self.provider)
    }

    fn add_server(&self, target: u16, model: ModelName, attributes: &mut Vec<KeyValue>) {
        attributes.push(attribute(GEN_AI_REQUEST_MODEL, self.model_text(model)));
        if let Some(server) = self.servers.get(usize::from(target)) {
            attributes.push(attribute(SERVER_ADDRESS, server.host.as_str()));
            attributes.push(attribute(SERVER_PORT, server.port));
        }
    }

    fn model_text(&self, model: ModelName) -> &str {
        &self.models[usize::from(model.0)]
    }
}

fn error_text(error: ErrorType) -> String {
    match error {
        ErrorType::Failure(kind) => kind.to_string(),
        ErrorType::Cancelled => "cancelled".to_owned(),
        ErrorType::Other => "_OTHER".to_owned(),
    }
}

fn add_detail(detail: Detail, attributes: &mut Vec<KeyValue>) {
    match detail {
        Detail::InputTokens => attributes.push(attribute(TOKEN_TYPE, "input")),
        Detail::OutputTokens => attributes.push(attribute(TOKEN_TYPE, "output")),
        Detail::TextTokens => attributes.push(attribute(TOKEN_MODALITY, "text")),
        Detail::Phase(phase) => attributes.push(attribute(LOADSPAN_PHASE, phase.as_str())),
        Detail::SessionOutcome(outcome) => attributes.push(attribute(LOADSPAN_SESSION_OUTCOME, outcome.as_str())),
        Detail::Sink { sink, signal } => {
            attributes.extend([attribute(SIGNAL, signal.as_str()), attribute(SINK, sink.as_str())])
        }
        Detail::Fate { sink, signal, fate } => attributes.extend([
            attribute(SIGNAL, signal.as_str()),
            attribute(SINK, sink.as_str()),
            attribute(FATE, fate),
        ]),
    }
}
