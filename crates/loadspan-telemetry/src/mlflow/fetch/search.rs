//! Which traces there are.

use std::collections::{BTreeMap, HashSet};
use std::time::Duration;

use loadspan_wire::mlflow::attributes::{SESSION_METADATA, SPANS_LOCATION_TAG, TRACKING_STORE};
use loadspan_wire::mlflow::experiments::{self, ExperimentAnswer};
use loadspan_wire::mlflow::{ErrorCode, traces};
use reqwest::Method;
use serde::Deserialize;
use serde_json::json;

use super::{FetchError, Fetcher, Internal, Question, TraceQuery};

/// Most paths of the API of traces are below this.
pub(super) const API: &str = "api/3.0/mlflow";
/// Traces in an answer to a search: MLflow has no larger ones.
const PAGE: usize = 500;
/// Pages in a row on which there may be nothing new. A search that looks through much and finds little may have empty ones.
const EMPTY_PAGES: usize = 100;
/// How long the server is waited for before it has answered anything: what does not answer at all is not there.
const FIRST_ANSWER: Duration = Duration::from_secs(10);
/// Values of [`SPANS_LOCATION_TAG`] of traces that the API gives with their spans: MLflow fetches them itself from its archive.
const IN_STORE: [&str; 2] = [TRACKING_STORE, "ARCHIVE_REPO"];

/// What is known of a trace before its spans are.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(default)]
pub(super) struct FoundTrace {
    pub(super) trace_id: String,
    tags: BTreeMap<String, String>,
    trace_metadata: BTreeMap<String, String>,
}

/// A page of an answer.
#[derive(Deserialize, Default)]
#[serde(default)]
struct Found {
    traces: Vec<FoundTrace>,
    next_page_token: Option<String>,
}

impl FoundTrace {
    /// Whether its spans are in a file among the artifacts, as with stores that keep none: older ones, and folders.
    pub(super) fn is_in_artifacts(&self) -> bool {
        let location = self.tags.get(SPANS_LOCATION_TAG);
        !location.is_some_and(|location| IN_STORE.contains(&location.as_str()))
    }

    /// Without what nobody asks for.
    fn trimmed(mut self) -> Self {
        self.tags.retain(|name, _| name == SPANS_LOCATION_TAG);
        self.trace_metadata.retain(|name, _| name == SESSION_METADATA);
        self
    }

    /// Bytes of its texts.
    fn bytes(&self) -> usize {
        let texts = self.tags.values().chain(self.trace_metadata.values());
        self.trace_id.len() + texts.map(String::len).sum::<usize>()
    }

    /// The session that it says it is of: its spans need not know.
    pub(super) fn session(&self) -> Option<&str> {
        self.trace_metadata.get(SESSION_METADATA).map(String::as_str)
    }
}

impl Fetcher<'_> {
    pub(super) async fn experiment_id(&self, name: &str) -> Result<String, FetchError> {
        let query = [("experiment_name", name)];
        let by_name = || self.client.get::<ExperimentAnswer>(experiments::GET_BY_NAME, &query);
        match self.client.patiently(&self.limit.at_most(FIRST_ANSWER), by_name).await {
            Ok(found) => Ok(found.experiment.experiment_id),
            Err(error) if error.is(ErrorCode::ResourceDoesNotExist) => self.named_by_id(name).await,
            Err(error) => Err(error.into()),
        }
    }

    /// What is no name may be an id. MLflow finds nothing in an experiment that does not exist, and does not say why.
    async fn named_by_id(&self, id: &str) -> Result<String, FetchError> {
        if id.is_empty() || !id.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(FetchError::NoExperiment);
        }
        let query = [("experiment_id", id)];
        let by_id = || self.client.get::<ExperimentAnswer>(experiments::GET, &query);
        let found = self.client.patiently(&self.limit.at_most(FIRST_ANSWER), by_id).await?;
        Ok(found.experiment.experiment_id)
    }

    /// The latest traces, each once: while pages are read, new traces push others from one page to the next.
    pub(super) async fn search(&self, experiment: &str, query: &TraceQuery<'_>) -> Result<Vec<FoundTrace>, FetchError> {
        let (mut all, mut seen, mut token) = (Vec::new(), HashSet::new(), None);
        let (mut bytes, mut empty_pages) = (0, 0);
        loop {
            let limit = PAGE.min(query.most - all.len());
            let found = self.page((experiment, query.filter), limit, token.as_deref()).await?;
            let before = all.len();
            for trace in found.traces.into_iter().map(FoundTrace::trimmed) {
                bytes += trace.bytes();
                if seen.insert(trace.trace_id.clone()) {
                    all.push(trace);
                }
            }
            if bytes > self.most_bytes {
                return Err(FetchError::TooMuch(self.most_bytes));
            }
            empty_pages = if all.len() > before { 0 } else { empty_pages + 1 };
            let next = found.next_page_token.filter(|token| !token.is_empty());
            if next.is_none() || next == token || all.len() >= query.most {
                all.truncate(query.most);
                return Ok(all);
            }
            if empty_pages == EMPTY_PAGES {
                return Err(FetchError::NothingNew(EMPTY_PAGES));
            }
            token = next;
        }
    }

    /// A page of the traces of an experiment that a filter lets through.
    async fn page(
        &self,
        (experiment, filter): (&str, Option<&str>),
        limit: usize,
        token: Option<&str>,
    ) -> Result<Found, FetchError> {
        let body = json!({
            "locations": [{"type": "MLFLOW_EXPERIMENT", "mlflow_experiment": {"experiment_id": experiment}}],
            "filter": filter,
            "max_results": limit,
            "order_by": ["timestamp_ms DESC"],
            "page_token": token,
        });
        let question = Question {
            method: Method::POST,
            path: format!("{API}/{}", traces::SEARCH),
            query: &[],
            body: Some(body),
            internal: Internal::Passes,
        };
        Ok(self.ask(question).await?)
    }
}
