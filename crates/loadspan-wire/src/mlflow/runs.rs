//! `runs/…` and `metrics/…`.

use serde::{Deserialize, Serialize};

use super::MetricValue;

/// `POST` of [`CreateRun`]: [`RunAnswer`].
pub const CREATE: &str = "runs/create";
/// `POST` of [`UpdateRun`].
pub const UPDATE: &str = "runs/update";
/// `POST` of [`DeleteRun`].
pub const DELETE: &str = "runs/delete";
/// `POST`, with `run_id`.
pub const RESTORE: &str = "runs/restore";
/// `GET`, with `run_id`: [`RunAnswer`].
pub const GET: &str = "runs/get";
/// `POST` of [`SearchRuns`]: [`FoundRuns`].
pub const SEARCH: &str = "runs/search";
/// `POST` of [`LogBatch`].
pub const LOG_BATCH: &str = "runs/log-batch";
/// `POST` of [`SetTag`].
pub const SET_TAG: &str = "runs/set-tag";
/// `POST`, with `run_id` and `key`.
pub const DELETE_TAG: &str = "runs/delete-tag";
/// `POST`, with `run_id` and the fields of a [`Metric`].
pub const LOG_METRIC: &str = "runs/log-metric";
/// `POST`, with `run_id` and the fields of a [`Param`].
pub const LOG_PARAM: &str = "runs/log-parameter";
/// `POST`, with `run_id`, `datasets` (of [`DatasetInput`]) and `models` (of [`ModelInput`]).
pub const LOG_INPUTS: &str = "runs/log-inputs";
/// `POST`, with `run_id` and `models` (of [`ModelOutput`]).
pub const LOG_OUTPUTS: &str = "runs/outputs";
/// `POST`, with `run_id` and `model_json`. Old clients.
pub const LOG_MODEL: &str = "runs/log-model";
/// `GET`, with `run_id`, `metric_key`, `max_results`, `page_token`: [`MetricHistory`].
pub const METRIC_HISTORY: &str = "metrics/get-history";
/// `GET`, with `run_id` as often as there are runs, `metric_key`, `max_results`: [`RunsMetricHistory`]. Pages have it, clients not.
pub const METRIC_HISTORY_BULK: &str = "metrics/get-history-bulk";
/// `GET`, with `run_ids` as often as there are runs, `metric_key`, `start_step`, `end_step`, `max_results`: [`RunsMetricHistory`],
/// thinned out.
pub const METRIC_HISTORY_BULK_INTERVAL: &str = "metrics/get-history-bulk-interval";

/// The state of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum RunStatus {
    /// It is going on.
    Running,
    /// It waits to be started.
    Scheduled,
    /// It ended well.
    Finished,
    /// It failed.
    Failed,
    /// Somebody ended it.
    Killed,
}

/// A tag.
#[derive(Debug, Clone, PartialEq, Eq, Default, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(default)]
pub struct Tag {
    /// Its key.
    pub key: String,
    /// Its value.
    pub value: String,
}

/// A parameter.
#[derive(Debug, Clone, PartialEq, Eq, Default, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(default)]
pub struct Param {
    /// Its key.
    pub key: String,
    /// Its value.
    pub value: String,
}

/// One point of a metric.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Metric {
    /// Its key.
    pub key: String,
    /// Its value.
    pub value: MetricValue,
    /// When, in milliseconds since 1970.
    pub timestamp: i64,
    /// Its place on the axis.
    pub step: i64,
}

/// The body of [`CREATE`].
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct CreateRun {
    /// Where it belongs.
    pub experiment_id: String,
    /// Who makes it. Deprecated, and still shown.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub user_id: String,
    /// Its name. Empty: the server makes one up.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub run_name: String,
    /// When it began, in milliseconds since 1970.
    pub start_time: i64,
    /// Its tags.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<Tag>,
}

/// The body of [`UPDATE`].
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct UpdateRun {
    /// Which.
    pub run_id: String,
    /// Its new state.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<RunStatus>,
    /// When it ended, in milliseconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub end_time: Option<i64>,
    /// Its new name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub run_name: Option<String>,
}

/// The body of [`DELETE`]. The run can be restored.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct DeleteRun {
    /// Which.
    pub run_id: String,
}

/// The body of [`LOG_BATCH`].
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct LogBatch {
    /// Which run.
    pub run_id: String,
    /// Points.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub metrics: Vec<Metric>,
    /// Parameters: none may change its value.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub params: Vec<Param>,
    /// Tags: the last value counts.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<Tag>,
}

/// The body of [`SET_TAG`].
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct SetTag {
    /// Which run.
    pub run_id: String,
    /// Its key.
    pub key: String,
    /// Its value.
    pub value: String,
}

/// The body of [`SEARCH`].
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct SearchRuns {
    /// Where to look.
    pub experiment_ids: Vec<String>,
    /// In MLflow's filter language: `tags.benchmark_id = 'x'`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub filter: String,
    /// Most runs of an answer.
    pub max_results: i64,
    /// Where the last answer ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub page_token: Option<String>,
}

/// The answer to [`SEARCH`].
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct FoundRuns {
    /// Those found.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub runs: Vec<Run>,
    /// Where to go on. `None`: that was all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_page_token: Option<String>,
}

/// The answer to [`CREATE`] and [`GET`].
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct RunAnswer {
    /// The run.
    pub run: Run,
}

/// A run.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Run {
    /// What it is.
    pub info: RunInfo,
    /// What was logged: of each metric the last point.
    pub data: RunData,
    /// What it took.
    pub inputs: RunInputs,
    /// What it made.
    pub outputs: RunOutputs,
}

/// What a run took.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct RunInputs {
    /// Datasets.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub dataset_inputs: Vec<DatasetInput>,
    /// Models.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub model_inputs: Vec<ModelInput>,
}

/// What a run made.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct RunOutputs {
    /// Models.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub model_outputs: Vec<ModelOutput>,
}

/// A dataset that a run took.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct DatasetInput {
    /// What it was taken for: `mlflow.data.context`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<Tag>,
    /// The dataset.
    pub dataset: Dataset,
}

/// A dataset.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Dataset {
    /// Its name.
    pub name: String,
    /// What tells its versions apart.
    pub digest: String,
    /// What kind of source it has: `local`, `s3`, `http`, `code`, …
    pub source_type: String,
    /// The source, as its kind has it.
    pub source: String,
    /// Its columns.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub schema: Option<String>,
    /// Figures about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub profile: Option<String>,
}

/// A model that a run took.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ModelInput {
    /// Its id.
    pub model_id: String,
}

/// A model that a run made.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ModelOutput {
    /// Its id.
    pub model_id: String,
    /// The step at which it was made.
    pub step: i64,
}

/// What a run is.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct RunInfo {
    /// Its id.
    pub run_id: String,
    /// Its id under the name that old clients look for.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub run_uuid: String,
    /// Its name.
    pub run_name: String,
    /// Where it belongs.
    pub experiment_id: String,
    /// Who made it. Deprecated, and still shown.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub user_id: String,
    /// Its state.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<RunStatus>,
    /// When it began, in milliseconds since 1970.
    pub start_time: i64,
    /// When it ended. `None`: it has not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub end_time: Option<i64>,
    /// Where its artifacts go: `mlflow-artifacts:/…` is the proxy of the server.
    pub artifact_uri: String,
    /// `active` or `deleted`.
    pub lifecycle_stage: String,
}

/// What was logged to a run.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct RunData {
    /// The last point of each metric.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub metrics: Vec<Metric>,
    /// Parameters.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub params: Vec<Param>,
    /// Tags.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<Tag>,
}

/// The answer to [`UPDATE`].
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct UpdatedRun {
    /// What it is now.
    pub run_info: RunInfo,
}

/// The answer to [`METRIC_HISTORY_BULK`] and [`METRIC_HISTORY_BULK_INTERVAL`].
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct RunsMetricHistory {
    /// Points, run by run.
    pub metrics: Vec<RunMetric>,
}

/// One point of a metric of a run.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct RunMetric {
    /// The run.
    pub run_id: String,
    /// The point.
    #[serde(flatten)]
    pub metric: Metric,
}

/// The answer to [`METRIC_HISTORY`]. A metric that nobody logged has none.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct MetricHistory {
    /// Points, in the order of time stamps.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub metrics: Vec<Metric>,
    /// Where to go on. `None`: that was all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_page_token: Option<String>,
}

/// The same answer, of which nothing is read but the steps.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(default)]
pub struct HistorySteps {
    /// Points, in the order of time stamps.
    pub metrics: Vec<HistoryStep>,
    /// Where to go on. `None`: that was all.
    pub next_page_token: Option<String>,
}

/// The place of a point on the axis.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(default)]
pub struct HistoryStep {
    /// Its place on the axis.
    pub step: i64,
}

/// The answer to a request that answers nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Empty {}

impl RunInfo {
    /// Whether it was deleted: nothing can be logged to it.
    #[must_use]
    pub fn is_deleted(&self) -> bool {
        self.lifecycle_stage == "deleted"
    }
}

impl Tag {
    /// A tag.
    #[must_use]
    pub fn new(key: impl Into<String>, value: impl Into<String>) -> Self {
        Self {
            key: key.into(),
            value: value.into(),
        }
    }
}

impl Param {
    /// A parameter.
    #[must_use]
    pub fn new(key: impl Into<String>, value: impl Into<String>) -> Self {
        Self {
            key: key.into(),
            value: value.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies_are_as_mlflow_wants_them() {
        let batch = LogBatch {
            run_id: "r".to_owned(),
            metrics: vec![Metric {
                key: "a".to_owned(),
                value: MetricValue(f64::NAN),
                timestamp: 1_700_000_000_000,
                step: 0,
            }],
            ..LogBatch::default()
        };
        assert_eq!(
            serde_json::to_string(&batch).unwrap(),
            r#"{"run_id":"r","metrics":[{"key":"a","value":"NaN","timestamp":1700000000000,"step":0}]}"#
        );
        let update = UpdateRun {
            run_id: "r".to_owned(),
            status: Some(RunStatus::Killed),
            ..UpdateRun::default()
        };
        assert_eq!(
            serde_json::to_string(&update).unwrap(),
            r#"{"run_id":"r","status":"KILLED"}"#
        );
    }

    #[test]
    fn answers_are_read_whatever_they_leave_out_or_add() {
        let run: RunAnswer = serde_json::from_str(
            r#"{"run":{"info":{"run_id":"r","status":"RUNNING","user_id":"x"},"data":{"metrics":[{"key":"a","value":"-Infinity"}]},"inputs":{}}}"#,
        )
        .unwrap();
        assert_eq!(run.run.info.status, Some(RunStatus::Running));
        assert_eq!(run.run.data.metrics[0].value.0, f64::NEG_INFINITY);
        assert_eq!(serde_json::from_str::<FoundRuns>("{}").unwrap(), FoundRuns::default());
    }
}
