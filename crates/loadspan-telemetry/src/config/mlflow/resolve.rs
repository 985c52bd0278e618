//! From flags and environment to the configuration of a run in MLflow: flag before environment before default.

use std::time::Duration;

use loadspan_wire::mlflow::limits::EXPERIMENT_NAME_CHARS;

use super::super::ConfigError;
use super::super::environment::{Settings, UNLIMITED};
use super::tracking_uri::TrackingUri;
use super::{ExperimentChoice, LiveMetrics, MlflowConfig, MlflowOptions, ParentRun, TraceStore, globs, server, tags};

pub(super) const URI_FLAG: &str = "--mlflow-tracking-uri";
pub(super) const URI_VARIABLE: &str = "MLFLOW_TRACKING_URI";
const EXPERIMENT_NAME: &str = "MLFLOW_EXPERIMENT_NAME";
const EXPERIMENT_ID: &str = "MLFLOW_EXPERIMENT_ID";
const DEFAULT_FLUSH_TIMEOUT: Duration = Duration::from_secs(30);

impl MlflowOptions {
    /// `None`: nothing names a tracking server.
    ///
    /// # Errors
    ///
    /// Names the flag or variable that is wrong or would have no effect, and says what to do.
    pub(in crate::config) fn resolve(&self, settings: &mut Settings<'_>) -> Result<Option<MlflowConfig>, ConfigError> {
        let uri = match self.named_uri()? {
            Some(uri) => Some(uri),
            None => uri_of(settings)?,
        };
        let Some(uri) = uri else {
            return self.check_unused().map(|()| None);
        };
        warn_of_run_id(settings);
        Ok(Some(MlflowConfig {
            server: server::resolve(uri, settings)?,
            experiment: self.experiment(settings)?,
            run_name: filled("--mlflow-run-name", self.run_name.as_deref())?,
            tags: tags::parse(&self.tags)?,
            parent: self.parent()?,
            artifact_globs: globs::parse(&self.artifact_globs)?,
            live: self.live.unwrap_or(LiveMetrics::Auto),
            stages: self.stages.unwrap_or_default(),
            traces: self.traces.unwrap_or(TraceStore::Off),
            flush_timeout: self.flush_timeout.unwrap_or(DEFAULT_FLUSH_TIMEOUT).min(UNLIMITED),
        }))
    }

    /// What `--mlflow-tracking-uri` says.
    pub(super) fn named_uri(&self) -> Result<Option<TrackingUri>, ConfigError> {
        let uri = self.tracking_uri.as_ref().map(loadspan_record::Secret::expose);
        let uri = filled(URI_FLAG, uri)?;
        uri.map(|uri| TrackingUri::parse(URI_FLAG, &uri)).transpose()
    }

    /// Without a tracking server, every other flag is in vain.
    fn check_unused(&self) -> Result<(), ConfigError> {
        let flags = [
            (self.experiment.is_some(), "--mlflow-experiment"),
            (self.run_name.is_some(), "--mlflow-run-name"),
            (!self.tags.is_empty(), "--mlflow-tag"),
            (self.parent_run_id.is_some(), "--mlflow-parent-run-id"),
            (self.parent_run_name.is_some(), "--mlflow-parent-run-name"),
            (!self.artifact_globs.is_empty(), "--mlflow-artifact-glob"),
            (self.live.is_some(), "--mlflow-live"),
            (self.stages.is_some(), "--mlflow-stages"),
            (self.traces.is_some(), "--mlflow-traces"),
            (self.flush_timeout.is_some(), "--mlflow-flush-timeout"),
        ];
        match flags.into_iter().find(|(given, _)| *given) {
            None => Ok(()),
            Some((_, flag)) => Err(ConfigError::new(
                format!("{flag} has no effect without a tracking server"),
                format!("add {URI_FLAG}, such as http://localhost:5000, or set {URI_VARIABLE}"),
            )),
        }
    }

    fn experiment(&self, settings: &mut Settings<'_>) -> Result<ExperimentChoice, ConfigError> {
        let (source, choice) = match filled("--mlflow-experiment", self.experiment.as_deref())? {
            Some(name) => ("--mlflow-experiment", ExperimentChoice::Name(name)),
            None => (EXPERIMENT_NAME, experiment_of(settings)),
        };
        match &choice {
            ExperimentChoice::Name(name) if name.chars().count() > EXPERIMENT_NAME_CHARS => Err(ConfigError::new(
                format!("{source}: the name of an experiment has {EXPERIMENT_NAME_CHARS} characters at most"),
                "choose a shorter one",
            )),
            _ => Ok(choice),
        }
    }

    fn parent(&self) -> Result<ParentRun, ConfigError> {
        let id = filled("--mlflow-parent-run-id", self.parent_run_id.as_deref())?;
        let name = filled("--mlflow-parent-run-name", self.parent_run_name.as_deref())?;
        match (id, name) {
            (Some(_), Some(_)) => Err(ConfigError::new(
                "--mlflow-parent-run-id and --mlflow-parent-run-name contradict each other",
                "leave one of them out",
            )),
            (Some(id), None) => Ok(ParentRun::Id(id)),
            (None, Some(name)) => Ok(ParentRun::Name(name)),
            (None, None) => Ok(ParentRun::None),
        }
    }
}

/// The server of the environment.
pub(super) fn uri_of(settings: &Settings<'_>) -> Result<Option<TrackingUri>, ConfigError> {
    let uri = settings.text(URI_VARIABLE);
    let uri = uri.map(|uri| TrackingUri::parse(URI_VARIABLE, uri)).transpose();
    uri.map_err(|error| ConfigError {
        advice: format!("{}, or unset it", error.advice),
        ..error
    })
}

/// The experiment of the environment: the name before the id, as in MLflow.
pub(super) fn experiment_of(settings: &mut Settings<'_>) -> ExperimentChoice {
    match (settings.text(EXPERIMENT_NAME), settings.text(EXPERIMENT_ID)) {
        (Some(name), id) => {
            if id.is_some() {
                settings.warn(
                    format!("{EXPERIMENT_ID} is ignored beside {EXPERIMENT_NAME}"),
                    "unset one of them",
                );
            }
            ExperimentChoice::Name(name.to_owned())
        }
        (None, Some(id)) => ExperimentChoice::Id(id.to_owned()),
        (None, None) => ExperimentChoice::default(),
    }
}

fn warn_of_run_id(settings: &mut Settings<'_>) {
    if settings.text("MLFLOW_RUN_ID").is_some() {
        settings.warn(
            "MLFLOW_RUN_ID is ignored: a benchmark is always a run of its own",
            "nest it under that run with --mlflow-parent-run-id",
        );
    }
}

/// What a flag says, without blanks around it. Saying nothing is no way to leave it out.
fn filled(flag: &str, value: Option<&str>) -> Result<Option<String>, ConfigError> {
    match value.map(str::trim) {
        Some("") => Err(ConfigError::new(
            format!("{flag} is empty"),
            "give it a value, or leave it out",
        )),
        value => Ok(value.map(str::to_owned)),
    }
}

#[cfg(test)]
mod tests;
