//! The spans of traces that were found.

use std::collections::HashMap;
use std::ops::ControlFlow;

use loadspan_wire::mlflow::traces;
use reqwest::Method;
use serde::Deserialize;
use serde_json::{Value, json};

use super::search::{API, FoundTrace};
use super::{ApiError, FetchError, FetchedTraces, Fetcher, Internal, Question, artifact, otlp};

/// Traces that are asked for at once, as MLflow's own client does.
const BATCH: usize = 10;
/// Where MLflow's page has the spans of a trace from, wherever they lie.
const ARTIFACT: &str = "ajax-api/3.0/mlflow/get-trace-artifact";

/// Traces with spans.
#[derive(Deserialize, Default)]
#[serde(default)]
struct Whole {
    traces: Vec<WholeTrace>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct WholeTrace {
    trace_info: FoundTrace,
    spans: Vec<Value>,
}

/// Spans of a trace, in the words of OTLP.
type Spans = Vec<Value>;

impl Fetcher<'_> {
    pub(super) async fn documents(
        &self,
        found: &[FoundTrace],
        mut take: impl FnMut(&[u8]) -> ControlFlow<()>,
    ) -> Result<FetchedTraces, FetchError> {
        let (mut fetched, mut bytes) = (FetchedTraces::default(), 0);
        for batch in found.chunks(BATCH) {
            let mut of_batch = self.batch(batch, &mut fetched).await?;
            fetched.traces += of_batch.len();
            let mut spans = Vec::new();
            for trace in batch {
                let mut of_trace = of_batch.remove(trace.trace_id.as_str()).unwrap_or_default();
                if let Some(session) = trace.session() {
                    otlp::put_session(&mut of_trace, session);
                }
                spans.append(&mut of_trace);
            }
            let document = json!({"resourceSpans": [{"scopeSpans": [{"spans": spans}]}]}).to_string();
            bytes += document.len();
            if bytes > self.most_bytes {
                return Err(FetchError::TooMuch(self.most_bytes));
            }
            if take(document.as_bytes()).is_break() {
                return Ok(fetched);
            }
        }
        // A server that gives none at all is no use.
        match fetched.failed.first() {
            Some((_, reason)) if fetched.traces == 0 => Err(FetchError::Server(reason.clone())),
            _ => Ok(fetched),
        }
    }

    async fn batch<'a>(
        &self,
        batch: &'a [FoundTrace],
        fetched: &mut FetchedTraces,
    ) -> Result<HashMap<&'a str, Spans>, FetchError> {
        let (in_artifacts, in_store): (Vec<_>, Vec<_>) = batch.iter().partition(|trace| trace.is_in_artifacts());
        let ids: Vec<&str> = in_store.iter().map(|trace| trace.trace_id.as_str()).collect();
        let mut spans = match self.stored_spans(&ids, &mut fetched.failed).await {
            Ok(spans) => spans,
            Err(error @ ApiError::Unavailable { .. }) => return Err(error.into()),
            // Together they may be too much for the server, or one of them may be broken.
            Err(_) => self.one_by_one(&ids, fetched).await?,
        };
        for FoundTrace { trace_id: id, .. } in in_artifacts {
            let one = self.spans_in_artifacts(id).await;
            spans.extend(given(id, one, fetched)?.map(|found| (id.as_str(), found)));
        }
        Ok(spans)
    }

    async fn one_by_one<'a>(
        &self,
        ids: &[&'a str],
        fetched: &mut FetchedTraces,
    ) -> Result<HashMap<&'a str, Spans>, FetchError> {
        let mut spans = HashMap::new();
        for id in ids {
            let one = self.stored_spans(&[*id], &mut fetched.failed).await;
            spans.extend(given(id, one, fetched)?.unwrap_or_default());
        }
        Ok(spans)
    }

    /// Spans by trace. A server may give more than was asked for, and leaves out what is not complete.
    async fn stored_spans<'a>(
        &self,
        ids: &[&'a str],
        failed: &mut Vec<(String, String)>,
    ) -> Result<HashMap<&'a str, Spans>, ApiError> {
        if ids.is_empty() {
            return Ok(HashMap::new());
        }
        let query: Vec<_> = ids.iter().map(|id| ("trace_ids", *id)).collect();
        let question = Question {
            method: Method::GET,
            path: format!("{API}/{}", traces::BATCH_GET),
            query: &query,
            body: None,
            internal: Internal::Stays,
        };
        let whole: Whole = self.ask(question).await?;
        let mut spans = HashMap::new();
        for trace in whole.traces {
            if let Some(id) = ids.iter().find(|id| **id == trace.trace_info.trace_id) {
                spans.insert(*id, trace.spans.into_iter().map(otlp::span).collect());
            }
        }
        let missing = ids.iter().filter(|id| !spans.contains_key(*id));
        failed.extend(missing.map(|id| ((*id).to_owned(), "the server has not all of its spans".to_owned())));
        Ok(spans)
    }

    async fn spans_in_artifacts(&self, id: &str) -> Result<Spans, ApiError> {
        let question = Question {
            method: Method::GET,
            path: ARTIFACT.to_owned(),
            query: &[("request_id", id)],
            body: None,
            internal: Internal::Stays,
        };
        let file: artifact::TraceFile = self.ask(question).await?;
        Ok(file.spans.iter().map(artifact::span).collect())
    }
}

/// What was given. A trace that the server does not want to give is noted; one that does not answer any more is an error.
fn given<T>(id: &str, answer: Result<T, ApiError>, fetched: &mut FetchedTraces) -> Result<Option<T>, FetchError> {
    match answer {
        Ok(spans) => Ok(Some(spans)),
        Err(error @ ApiError::Unavailable { .. }) => Err(error.into()),
        Err(error) => {
            fetched.failed.push((id.to_owned(), error.to_string()));
            Ok(None)
        }
    }
}
