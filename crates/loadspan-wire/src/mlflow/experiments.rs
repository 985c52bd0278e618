//! `experiments/…`.

use serde::{Deserialize, Serialize};

use super::runs::Tag;

/// `POST`.
pub const CREATE: &str = "experiments/create";
/// `GET`, with `experiment_id`: [`ExperimentAnswer`].
pub const GET: &str = "experiments/get";
/// `GET`, with `experiment_name`: [`ExperimentAnswer`].
pub const GET_BY_NAME: &str = "experiments/get-by-name";

/// `GET` with a query, or `POST` of the same as a body: [`FoundExperiments`].
pub const SEARCH: &str = "experiments/search";
/// `POST`, with `experiment_id`.
pub const DELETE: &str = "experiments/delete";
/// `POST`, with `experiment_id`.
pub const RESTORE: &str = "experiments/restore";
/// `POST`, with `experiment_id` and `new_name`.
pub const UPDATE: &str = "experiments/update";
/// `POST`, with `experiment_id`, `key` and `value`.
pub const SET_TAG: &str = "experiments/set-experiment-tag";
/// `POST`, with `experiment_id` and `key`.
pub const DELETE_TAG: &str = "experiments/delete-experiment-tag";

/// The body of [`CREATE`].
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct CreateExperiment {
    /// Its name.
    pub name: String,
    /// Where its artifacts go. `None`: where the server wants them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub artifact_location: Option<String>,
    /// Its tags.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<Tag>,
}

/// The answer to [`CREATE`].
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct CreatedExperiment {
    /// Its id.
    pub experiment_id: String,
}

/// The answer to [`GET`] and [`GET_BY_NAME`].
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ExperimentAnswer {
    /// The experiment.
    pub experiment: Experiment,
}

/// An experiment.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Experiment {
    /// Its id.
    pub experiment_id: String,
    /// Its name.
    pub name: String,
    /// Where its artifacts go.
    pub artifact_location: String,
    /// `active` or `deleted`.
    pub lifecycle_stage: String,
    /// When it was made, in milliseconds since 1970.
    pub creation_time: i64,
    /// When it was changed last, in milliseconds since 1970.
    pub last_update_time: i64,
    /// Its tags.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<Tag>,
}

/// The answer to [`SEARCH`].
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct FoundExperiments {
    /// Those found.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub experiments: Vec<Experiment>,
    /// Where to go on. `None`: that was all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_page_token: Option<String>,
}

impl Experiment {
    /// Whether it was deleted: it keeps its name, and takes no runs.
    #[must_use]
    pub fn is_deleted(&self) -> bool {
        self.lifecycle_stage == "deleted"
    }
}
