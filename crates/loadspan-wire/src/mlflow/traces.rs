//! `traces/…`: what is known of a trace, its spans as this API has them, and assessments. Most of it is of version 3.0 of the API.

mod any_value;
mod assessment;
mod described;
mod span;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub use assessment::{
    Assessment, AssessmentAnswer, AssessmentError, AssessmentSource, Expectation, Feedback, IssueReference,
    SerializedValue,
};
pub use described::{described_attributes, described_value};
pub use span::{DescribedSpan, ProtoSpan, described_event, described_link};

/// `POST` of a [`TraceAnswer`] without spans: what the client knows of a trace that has ended. Answered with the same.
pub const START: &str = "traces";
/// `GET`, with `trace_id` and `allow_partial`: [`TraceAnswer`] with spans.
pub const GET: &str = "traces/get";
/// `GET`, with `trace_ids` and `experiment_ids`: [`Traces`].
pub const BATCH_GET: &str = "traces/batchGet";
/// `POST`, with `trace_ids` and `experiment_ids`: [`TraceInfos`].
pub const BATCH_GET_INFOS: &str = "traces/batchGetInfos";
/// `POST`, with `locations`, `filter`, `order_by`, `max_results` and `page_token`: [`FoundTraces`].
pub const SEARCH: &str = "traces/search";
/// `POST`, with `experiment_id` and either `request_ids` or `max_timestamp_millis`: [`DeletedTraces`].
pub const DELETE: &str = "traces/delete-traces";
/// `POST`, with `trace_ids` and `run_id`.
pub const LINK_TO_RUN: &str = "traces/link-to-run";
/// `POST`, with `trace_id` and `prompt_versions`.
pub const LINK_PROMPTS: &str = "traces/link-prompts";

/// A trace that is nothing but described.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct TraceAnswer {
    /// The trace.
    pub trace: DescribedTrace,
}

/// What is known of a trace, where a whole trace could be.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct DescribedTrace {
    /// What is known of it.
    pub trace_info: TraceInfo,
}

/// A trace with its spans.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Trace {
    /// What is known of it.
    pub trace_info: TraceInfo,
    /// Its spans.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub spans: Vec<ProtoSpan>,
}

/// The answer to [`GET`].
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct WholeTraceAnswer {
    /// The trace.
    pub trace: Trace,
}

/// The answer to [`BATCH_GET`].
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Traces {
    /// Those that exist, in the order in which they were asked for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub traces: Vec<Trace>,
}

/// The answer to [`BATCH_GET_INFOS`].
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct TraceInfos {
    /// Those that exist, in the order in which they were asked for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub trace_infos: Vec<TraceInfo>,
}

/// The answer to [`SEARCH`].
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct FoundTraces {
    /// In order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub traces: Vec<TraceInfo>,
    /// The token of the next page. `None`: there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_page_token: Option<String>,
}

/// The answer to [`DELETE`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct DeletedTraces {
    /// How many traces are gone.
    pub traces_deleted: usize,
}

/// What is known of a trace.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct TraceInfo {
    /// `tr-` and 32 hexadecimal digits.
    pub trace_id: String,
    /// The id that a client gave to its request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_request_id: Option<String>,
    /// Where it is.
    pub trace_location: TraceLocation,
    /// When it began, in RFC 3339. Empty: unknown.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub request_time: String,
    /// Seconds, such as `1.500s`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub execution_duration: Option<String>,
    /// The same in nanoseconds, as a text. Only loadspan says it; MLflow's clients pass over names that they do not know.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub execution_duration_ns: Option<String>,
    /// `OK`, `ERROR`, `IN_PROGRESS` or `STATE_UNSPECIFIED`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub state: String,
    /// What does not change.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub trace_metadata: BTreeMap<String, String>,
    /// What people and programs thought of it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub assessments: Vec<Assessment>,
    /// What may change.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub tags: BTreeMap<String, String>,
    /// The beginning of what went in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_preview: Option<String>,
    /// The beginning of what came out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub response_preview: Option<String>,
}

/// Where a trace is.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct TraceLocation {
    /// `MLFLOW_EXPERIMENT`.
    #[serde(rename = "type", skip_serializing_if = "String::is_empty")]
    pub kind: String,
    /// The experiment.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mlflow_experiment: Option<ExperimentLocation>,
}

impl TraceLocation {
    /// In an experiment.
    #[must_use]
    pub fn experiment(experiment_id: String) -> Self {
        Self {
            kind: "MLFLOW_EXPERIMENT".to_owned(),
            mlflow_experiment: Some(ExperimentLocation { experiment_id }),
        }
    }
}

/// An experiment as the place of a trace.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ExperimentLocation {
    /// Its id.
    pub experiment_id: String,
}

#[cfg(test)]
mod tests;
