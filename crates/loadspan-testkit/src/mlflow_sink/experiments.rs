//! Experiments.

use loadspan_wire::mlflow::experiments::{CreateExperiment, CreatedExperiment, Experiment, ExperimentAnswer};
use loadspan_wire::mlflow::limits::EXPERIMENT_NAME_CHARS;

use super::reply::{Failure, Reply};
use super::store::World;

impl World {
    pub(super) fn create_experiment(&mut self, wanted: CreateExperiment) -> Result<Reply, Failure> {
        if wanted.name.is_empty() {
            return Err(Failure::missing("name"));
        }
        if wanted.name.chars().count() > EXPERIMENT_NAME_CHARS {
            return Err(Failure::invalid(format!(
                "'name' exceeds the maximum length of {EXPERIMENT_NAME_CHARS} characters"
            )));
        }
        // A deleted experiment keeps its name, too.
        if self.experiments.iter().any(|experiment| experiment.name == wanted.name) {
            let message = format!("Experiment(name={}) already exists.", wanted.name);
            return Err(Failure::already_exists(message));
        }
        let experiment_id = self.add_experiment(wanted);
        Ok(Reply::json(&CreatedExperiment { experiment_id }))
    }

    pub(super) fn experiment(&self, id: &str) -> Result<Reply, Failure> {
        let experiment = self.known_experiment(id)?.clone();
        Ok(Reply::json(&ExperimentAnswer { experiment }))
    }

    pub(super) fn experiment_named(&self, name: &str) -> Result<Reply, Failure> {
        let found = self.experiments.iter().find(|experiment| experiment.name == name);
        let missing = || Failure::not_found(format!("Could not find experiment with name '{name}'"));
        let experiment = found.ok_or_else(missing)?.clone();
        Ok(Reply::json(&ExperimentAnswer { experiment }))
    }

    pub(super) fn known_experiment(&self, id: &str) -> Result<&Experiment, Failure> {
        if id.parse::<i64>().is_err() {
            let message = format!("Invalid experiment ID '{id}'. Experiment ID must be a valid integer.");
            return Err(Failure::invalid(message));
        }
        let found = self
            .experiments
            .iter()
            .find(|experiment| experiment.experiment_id == id);
        found.ok_or_else(|| Failure::not_found(format!("No Experiment with id={id} exists")))
    }

    pub(super) fn delete_experiment(&mut self, name: &str) {
        let Some(experiment) = self.experiments.iter_mut().find(|experiment| experiment.name == name) else {
            return;
        };
        "deleted".clone_into(&mut experiment.lifecycle_stage);
        let runs = self.runs.iter_mut();
        for run in runs.filter(|run| run.seen.experiment_id == experiment.experiment_id) {
            run.seen.deleted = true;
        }
    }

    /// The id of the new experiment.
    pub(super) fn add_experiment(&mut self, wanted: CreateExperiment) -> String {
        let experiment_id = (self.experiments.len() + 1).to_string();
        let root = self.settings.artifact_root.trim_end_matches('/');
        let location = || format!("{root}/{experiment_id}");
        self.experiments.push(Experiment {
            artifact_location: wanted.artifact_location.unwrap_or_else(location),
            experiment_id: experiment_id.clone(),
            name: wanted.name,
            lifecycle_stage: "active".to_owned(),
            ..Experiment::default()
        });
        experiment_id
    }
}
