//! What `run.json` says of MLflow, so that `loadspan push` can make the run that was wanted. It holds no secret.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::super::Environment;
use super::super::environment::Settings;
use super::{
    ExperimentChoice, LiveMetrics, MlflowConfig, MlflowServer, ParentRun, StageRuns, TraceStore, globs, resolve,
};

/// A run in MLflow, as the user wanted it: [`MlflowConfig`] without the server, and so without credentials.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct MlflowPlan {
    /// In which experiment.
    pub experiment: ExperimentChoice,
    /// Its name. `None`: one is made.
    pub run_name: Option<String>,
    /// The user's tags.
    pub tags: Vec<(String, String)>,
    /// The run that it is nested under.
    pub parent: ParentRun,
    /// Which files of the run's folder become artifacts.
    pub artifact_globs: Vec<String>,
    /// What is logged of single requests.
    pub live: LiveMetrics,
    /// What becomes of several stages.
    #[serde(skip_serializing_if = "StageRuns::is_usual")]
    pub stages: StageRuns,
}

impl MlflowPlan {
    /// For a run that was not meant for MLflow when it was made: the experiment is that of the environment, the rest is what nobody
    /// has to say.
    #[must_use]
    pub fn of_environment(environment: &Environment) -> Self {
        Self {
            // A name that MLflow does not take is for the server to refuse.
            experiment: resolve::experiment_of(&mut Settings::new(environment)),
            ..Self::default()
        }
    }

    /// The plan, with the server that it is carried out on.
    #[must_use]
    pub fn on(self, server: MlflowServer, flush_timeout: Duration) -> MlflowConfig {
        MlflowConfig {
            server,
            experiment: self.experiment,
            run_name: self.run_name,
            tags: self.tags,
            parent: self.parent,
            artifact_globs: self.artifact_globs,
            live: self.live,
            stages: self.stages,
            traces: TraceStore::Off,
            flush_timeout,
        }
    }
}

impl Default for MlflowPlan {
    fn default() -> Self {
        Self {
            experiment: ExperimentChoice::default(),
            run_name: None,
            tags: Vec::new(),
            parent: ParentRun::None,
            artifact_globs: globs::defaults(),
            live: LiveMetrics::Auto,
            stages: StageRuns::default(),
        }
    }
}

impl ExperimentChoice {
    /// The experiment of runs for which nobody chose one.
    pub const USUAL: &str = "loadspan";
}

impl MlflowConfig {
    /// What has to be remembered of it.
    #[must_use]
    pub fn plan(&self) -> MlflowPlan {
        MlflowPlan {
            experiment: self.experiment.clone(),
            run_name: self.run_name.clone(),
            tags: self.tags.clone(),
            parent: self.parent.clone(),
            artifact_globs: self.artifact_globs.clone(),
            live: self.live,
            stages: self.stages,
        }
    }
}

impl StageRuns {
    fn is_usual(&self) -> bool {
        *self == Self::default()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn plan() -> MlflowPlan {
        MlflowPlan {
            experiment: ExperimentChoice::Id("7".to_owned()),
            run_name: Some("mine".to_owned()),
            tags: vec![("team".to_owned(), "perf".to_owned())],
            parent: ParentRun::Name("sweep".to_owned()),
            artifact_globs: vec!["*.json".to_owned()],
            live: LiveMetrics::Windows,
            stages: StageRuns::Child,
        }
    }

    #[test]
    fn a_plan_comes_back_from_its_file_as_it_was() {
        let written = serde_json::to_value(plan()).unwrap();
        let expected = json!({
            "experiment": { "id": "7" },
            "run_name": "mine",
            "tags": [["team", "perf"]],
            "parent": { "name": "sweep" },
            "artifact_globs": ["*.json"],
            "live": "windows",
            "stages": "child",
        });
        assert_eq!(written, expected);
        assert_eq!(serde_json::from_value::<MlflowPlan>(written).unwrap(), plan());
    }

    #[test]
    fn what_a_file_does_not_say_is_the_default() {
        let plan: MlflowPlan = serde_json::from_str("{}").unwrap();
        assert_eq!(plan, MlflowPlan::default());
        assert_eq!(plan.experiment, ExperimentChoice::Usual);
    }

    #[test]
    fn a_run_without_a_plan_goes_to_the_experiment_of_the_environment() {
        let plan = MlflowPlan::of_environment(&Environment::of(&[("MLFLOW_EXPERIMENT_NAME", "x")]));
        assert_eq!(plan.experiment, ExperimentChoice::Name("x".to_owned()));
    }
}
