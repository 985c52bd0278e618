//! The id of the experiment, for the metrics: said, or learned from the MLflow server when it takes the first spans.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::SetOnce;

use crate::config::{Config, Experiment};

/// Longest time that the first report of the metrics waits for an MLflow server.
const PATIENCE: Duration = Duration::from_secs(1);

/// The id, once it is known.
#[derive(Debug, Clone)]
pub(crate) struct KnownExperiment {
    id: Arc<SetOnce<String>>,
    /// Zero: without an MLflow server nobody can ask for the id of a name.
    patience: Duration,
}

impl KnownExperiment {
    pub(super) fn of(config: &Config) -> Self {
        let said = match &config.experiment {
            Experiment::Id(id) => Some(id.clone()),
            Experiment::Name(_) => None,
        };
        let patience = match config.mlflow {
            Some(_) => PATIENCE,
            None => Duration::ZERO,
        };
        Self {
            id: Arc::new(SetOnce::new_with(said)),
            patience,
        }
    }

    pub(super) fn get(&self) -> Option<&String> {
        self.id.get()
    }

    /// The first one counts.
    pub(super) fn learn(&self, id: &str) {
        let _ = self.id.set(id.to_owned());
    }

    /// What it is, or comes to be soon. A program may be over before the server has answered.
    pub(crate) async fn wait(&self) -> Option<String> {
        tokio::time::timeout(self.patience, self.id.wait()).await.ok().cloned()
    }
}
