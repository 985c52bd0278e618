//! Traces of a tracking server, to be replayed: of MLflow or of `loadspan serve`, by the API that both have.

use std::fmt::Write;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use loadspan_wire::mlflow::experiments::{self, ExperimentAnswer};
use loadspan_wire::mlflow::{ErrorCode, traces};
use reqwest::Method;
use reqwest::header::CONTENT_TYPE;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use thiserror::Error;

use super::CompletionLimit;
use super::client::{ApiError, MlflowClient};
use crate::config::MlflowServer;
use crate::export::ClientError;

/// Most paths of the API of traces are below this.
const API: &str = "api/3.0/mlflow";
/// Traces in an answer to a search: MLflow has no larger ones.
const PAGE: usize = 500;
/// Traces that are asked for at once, as MLflow's own client does.
const BATCH: usize = 10;
/// The spans of all traces may take so many bytes, as JSON.
const MOST_BYTES: usize = 2 << 30;

/// How long the server is waited for before it has answered anything: what does not answer at all is not there.
const FIRST_ANSWER: Duration = Duration::from_secs(10);

/// Which traces are fetched.
#[derive(Debug, Clone, Copy)]
pub struct TraceQuery<'a> {
    /// Name or id of the experiment.
    pub experiment: &'a str,
    /// A filter of MLflow's.
    pub filter: Option<&'a str>,
    /// So many at most, the latest.
    pub most: usize,
}

/// Why traces could not be fetched. Messages hold no secrets.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum FetchError {
    /// There can be no client for the server.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// The server does not give them.
    #[error("{0}")]
    Server(String),
    /// There is no such experiment.
    #[error("there is no experiment of this name or id")]
    NoExperiment,
    /// There are none.
    #[error("the experiment has no such traces")]
    NoTraces,
    /// There are more than fit.
    #[error("its spans take more than {} MiB; take less with a filter", MOST_BYTES >> 20)]
    TooMuch,
    /// There can be no event loop.
    #[error("cannot start an event loop: {0}")]
    Runtime(#[from] std::io::Error),
}

/// What a search has found.
#[derive(Deserialize, Default)]
#[serde(default)]
struct Found {
    traces: Vec<FoundTrace>,
    next_page_token: Option<String>,
}

#[derive(Deserialize)]
struct FoundTrace {
    trace_id: String,
}

/// Traces with spans.
#[derive(Deserialize, Default)]
#[serde(default)]
struct Whole {
    traces: Vec<WholeTrace>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct WholeTrace {
    spans: Vec<Value>,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FetchedTraces {
    /// Traces that came.
    pub traces: usize,
    /// Those that the server has and does not give, and why not.
    pub failed: Vec<(String, String)>,
}

/// Fetches traces, a few at a time: what `take` gets is a request of OTLP/JSON. Blocks, and is not to be called from within an event
/// loop.
///
/// # Errors
///
/// The server cannot be spoken to, has no such traces, or has too many.
pub fn fetch_traces(
    server: &MlflowServer,
    query: &TraceQuery<'_>,
    limit: &CompletionLimit,
    take: impl FnMut(&[u8]),
) -> Result<FetchedTraces, FetchError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let fetcher = Fetcher {
            client: MlflowClient::build(server)?,
            limit,
        };
        let experiment = fetcher.experiment_id(query.experiment).await?;
        let ids = fetcher.search(&experiment, query).await?;
        if ids.is_empty() {
            return Err(FetchError::NoTraces);
        }
        fetcher.documents(&ids, take).await
    })
}

struct Fetcher<'a> {
    client: MlflowClient,
    limit: &'a CompletionLimit,
}

impl Fetcher<'_> {
    async fn experiment_id(&self, name: &str) -> Result<String, FetchError> {
        let query = [("experiment_name", name)];
        let by_name = || self.client.get::<ExperimentAnswer>(experiments::GET_BY_NAME, &query);
        match self.client.patiently(&self.limit.at_most(FIRST_ANSWER), by_name).await {
            Ok(found) => Ok(found.experiment.experiment_id),
            // What is no name may be an id: the search says so if it is not.
            Err(error) if error.is(ErrorCode::ResourceDoesNotExist) => {
                let is_id = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_digit());
                is_id.then(|| name.to_owned()).ok_or(FetchError::NoExperiment)
            }
            Err(error) => Err(FetchError::Server(error.to_string())),
        }
    }

    /// The ids of the latest traces.
    async fn search(&self, experiment: &str, query: &TraceQuery<'_>) -> Result<Vec<String>, FetchError> {
        let (mut ids, mut page) = (Vec::new(), None);
        loop {
            let body = json!({
                "locations": [{"type": "MLFLOW_EXPERIMENT", "mlflow_experiment": {"experiment_id": experiment}}],
                "filter": query.filter,
                "max_results": PAGE.min(query.most - ids.len()),
                "order_by": ["timestamp_ms DESC"],
                "page_token": page,
            });
            let found: Found = self.ask(Method::POST, traces::SEARCH, (&[], Some(body))).await?;
            ids.extend(found.traces.into_iter().map(|trace| trace.trace_id));
            page = found.next_page_token.filter(|token| !token.is_empty());
            if page.is_none() || ids.len() >= query.most {
                ids.truncate(query.most);
                return Ok(ids);
            }
        }
    }

    async fn documents(&self, ids: &[String], mut take: impl FnMut(&[u8])) -> Result<FetchedTraces, FetchError> {
        let (mut fetched, mut bytes) = (FetchedTraces::default(), 0);
        for ids in ids.chunks(BATCH) {
            let whole = match self.whole(ids).await {
                Ok(whole) => whole,
                // Together they may be too much for the server, or one of them may be broken.
                Err(_) => self.one_by_one(ids, &mut fetched).await?,
            };
            fetched.traces += whole.traces.len();
            let spans: Vec<Value> = whole.traces.into_iter().flat_map(|trace| trace.spans).collect();
            let document = document(spans).to_string();
            bytes += document.len();
            if bytes > MOST_BYTES {
                return Err(FetchError::TooMuch);
            }
            take(document.as_bytes());
        }
        Ok(fetched)
    }

    async fn whole(&self, ids: &[String]) -> Result<Whole, FetchError> {
        let query: Vec<_> = ids.iter().map(|id| ("trace_ids", id.as_str())).collect();
        self.ask(Method::GET, traces::BATCH_GET, (&query, None)).await
    }

    /// A server that gives none at all is no use.
    async fn one_by_one(&self, ids: &[String], fetched: &mut FetchedTraces) -> Result<Whole, FetchError> {
        let mut whole = Whole::default();
        for id in ids {
            match self.whole(std::slice::from_ref(id)).await {
                Ok(one) => whole.traces.extend(one.traces),
                Err(error) if self.limit.is_over() => return Err(error),
                Err(error) => fetched.failed.push((id.clone(), error.to_string())),
            }
        }
        if fetched.traces + whole.traces.len() == 0 {
            let reason = fetched.failed.first().map(|(_, reason)| reason.clone());
            return Err(reason.map_or(FetchError::NoTraces, FetchError::Server));
        }
        Ok(whole)
    }

    async fn ask<A: for<'de> Deserialize<'de>>(
        &self,
        method: Method,
        path: &str,
        (query, body): (&[(&str, &str)], Option<Value>),
    ) -> Result<A, FetchError> {
        let mut url = self.client.url(&format!("{API}/{path}"));
        url.query_pairs_mut().extend_pairs(query);
        let attempt = || {
            let mut request = self.client.http().request(method.clone(), url.clone());
            if let Some(body) = &body {
                request = request.header(CONTENT_TYPE, "application/json").body(body.to_string());
            }
            self.client.send(request.timeout(self.client.server().timeout))
        };
        let answer = self.client.patiently(self.limit, attempt).await;
        let answer = answer.map_err(|error: ApiError| FetchError::Server(error.to_string()))?;
        serde_json::from_slice(&answer)
            .map_err(|error| FetchError::Server(format!("its answer cannot be read: {error}")))
    }
}

/// Spans of the API, which are OTLP in another spelling: names with underscores, ids in base64.
fn document(spans: Vec<Value>) -> Value {
    let spans: Vec<Value> = spans.into_iter().map(otlp).collect();
    json!({"resourceSpans": [{"scopeSpans": [{"spans": spans}]}]})
}

fn otlp(value: Value) -> Value {
    match value {
        Value::Object(fields) => Value::Object(fields.into_iter().map(field).collect::<Map<_, _>>()),
        Value::Array(values) => values.into_iter().map(otlp).collect(),
        other => other,
    }
}

/// All names within a span are of the protocol: those of attributes are values of `key`.
fn field((name, value): (String, Value)) -> (String, Value) {
    let value = match (name.as_str(), &value) {
        ("trace_id" | "span_id" | "parent_span_id", Value::String(id)) => hex(id).into(),
        _ => otlp(value),
    };
    (camel_case(&name), value)
}

fn hex(id: &str) -> String {
    let Ok(bytes) = STANDARD.decode(id) else {
        return id.to_owned();
    };
    bytes.iter().fold(String::new(), |mut digits, byte| {
        // Writing to a `String` cannot fail.
        let _ = write!(digits, "{byte:02x}");
        digits
    })
}

fn camel_case(name: &str) -> String {
    let mut words = name.split('_');
    let mut joined = words.next().unwrap_or_default().to_owned();
    for word in words {
        let mut letters = word.chars();
        joined.extend(letters.next().map(|first| first.to_ascii_uppercase()));
        joined.push_str(letters.as_str());
    }
    joined
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_of_the_api_are_spelled_as_in_otlp() {
        let span = json!({
            "trace_id": "AAECAwQFBgcICQoLDA0ODw==", "parent_span_id": "", "start_time_unix_nano": 5,
            "attributes": [{"key": "a_b", "value": {"kvlist_value": {"values": [
                {"key": "c_d", "value": {"string_value": "e_f"}},
            ]}}}],
        });
        let spelled = &document(vec![span])["resourceSpans"][0]["scopeSpans"][0]["spans"][0];
        assert_eq!(
            spelled,
            &json!({
                "traceId": "000102030405060708090a0b0c0d0e0f", "parentSpanId": "", "startTimeUnixNano": 5,
                "attributes": [{"key": "a_b", "value": {"kvlistValue": {"values": [
                    {"key": "c_d", "value": {"stringValue": "e_f"}},
                ]}}}],
            })
        );
    }
}
