//! Traces of a tracking server, to be replayed: of MLflow or of `loadspan serve`, by the API that both have.
//!
//! ```text
//! experiment ─▶ search: ids, where their spans are, their session ─▶ spans, some traces at a time ─▶ requests of OTLP/JSON
//! ```

mod artifact;
mod otlp;
mod search;
mod spans;
#[cfg(test)]
mod tests;

use std::ops::ControlFlow;
use std::time::Duration;

use loadspan_wire::mlflow::ErrorCode;
use reqwest::Method;
use reqwest::header::CONTENT_TYPE;
use serde::Deserialize;
use serde_json::Value;
use thiserror::Error;

use super::CompletionLimit;
use super::client::{ApiError, MlflowClient};
use crate::config::MlflowServer;
use crate::export::ClientError;

/// The spans of all traces may take so many bytes, as JSON.
const MOST_BYTES: usize = 2 << 30;
/// How long is tried to get one answer, again and again.
const ONE_ANSWER: Duration = Duration::from_secs(300);

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
    /// The server says again and again that there are more, and gives none.
    #[error("its search has no end: {0} pages in a row with nothing new")]
    NothingNew(usize),
    /// There are more than fit, which is so many bytes.
    #[error("its spans take more than {} MiB; take less with a filter, or fewer traces", .0 >> 20)]
    TooMuch(usize),
    /// There can be no event loop.
    #[error("cannot start an event loop: {0}")]
    Runtime(#[from] std::io::Error),
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FetchedTraces {
    /// Traces that came.
    pub traces: usize,
    /// Those that the server has and does not give, and why not.
    pub failed: Vec<(String, String)>,
}

/// Fetches traces, a few at a time: what `take` gets is a request of OTLP/JSON, until it wants no more. Blocks, and is not to be called
/// from within an event loop.
///
/// # Errors
///
/// The server cannot be spoken to, has no such traces, or has too many.
pub fn fetch_traces(
    server: &MlflowServer,
    query: &TraceQuery<'_>,
    limit: &CompletionLimit,
    take: impl FnMut(&[u8]) -> ControlFlow<()>,
) -> Result<FetchedTraces, FetchError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let fetcher = Fetcher {
            client: MlflowClient::build(server)?,
            limit,
            most_bytes: MOST_BYTES,
        };
        fetcher.fetch(query, take).await
    })
}

struct Fetcher<'a> {
    client: MlflowClient,
    limit: &'a CompletionLimit,
    most_bytes: usize,
}

/// One thing that is asked of the server.
struct Question<'a> {
    method: Method,
    /// Relative to the tracking URI.
    path: String,
    query: &'a [(&'a str, &'a str)],
    body: Option<Value>,
    /// What a 500 means.
    internal: Internal,
}

/// What is made of an error that is the server's own fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Internal {
    /// It may go well another time, as MLflow's clients have it.
    Passes,
    /// It will not: that is how MLflow speaks of traces that it cannot read.
    Stays,
}

impl Internal {
    fn judge(self, error: ApiError) -> ApiError {
        match (self, error) {
            (
                Self::Stays,
                ApiError::Unavailable {
                    reason,
                    status: Some(500),
                    ..
                },
            ) => ApiError::Refused { reason },
            (_, other) => other,
        }
    }
}

impl Fetcher<'_> {
    async fn fetch(
        &self,
        query: &TraceQuery<'_>,
        take: impl FnMut(&[u8]) -> ControlFlow<()>,
    ) -> Result<FetchedTraces, FetchError> {
        let experiment = self.experiment_id(query.experiment).await?;
        let found = self.search(&experiment, query).await?;
        if found.is_empty() {
            return Err(FetchError::NoTraces);
        }
        self.documents(&found, take).await
    }

    /// An answer, which is asked for until it is there.
    async fn ask<A: for<'de> Deserialize<'de>>(&self, question: Question<'_>) -> Result<A, ApiError> {
        let mut url = self.client.url(&question.path);
        url.query_pairs_mut().extend_pairs(question.query);
        let body = question.body.map(|body| body.to_string());
        let attempt = || async {
            let mut request = self.client.http().request(question.method.clone(), url.clone());
            if let Some(body) = &body {
                request = request.header(CONTENT_TYPE, "application/json").body(body.clone());
            }
            let answer = self.client.send(request.timeout(self.client.server().timeout)).await;
            answer.map_err(|error| question.internal.judge(error))
        };
        let answer = self.client.patiently(&self.limit.at_most(ONE_ANSWER), attempt).await?;
        serde_json::from_slice(&answer).map_err(|error| ApiError::Refused {
            reason: format!("its answer cannot be read: {error}"),
        })
    }
}

impl From<ApiError> for FetchError {
    fn from(error: ApiError) -> Self {
        match error {
            error if error.is(ErrorCode::ResourceDoesNotExist) => Self::NoExperiment,
            error => Self::Server(error.to_string()),
        }
    }
}
