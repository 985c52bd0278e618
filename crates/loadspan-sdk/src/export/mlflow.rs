//! The MLflow server: spans over OTLP, then, for each root, what is known of its trace over the REST API.

mod experiment;
mod preview;
mod trace_info;
mod usage;

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::StatusCode;
use loadspan_wire::mlflow::{EXPERIMENT_ID_HEADER, OTLP_TRACES, RUN_ID_HEADER};
use loadspan_wire::otlp::Message;
use opentelemetry_sdk::trace::SpanData;
use tokio::sync::Semaphore;
use tokio::time::Instant;
use url::Url;

use self::experiment::ExperimentId;
use self::usage::UsageTree;
use super::client::{Censor, Connection, Delivery, HttpClient};
use super::encode::{self, Style};
use super::queue::Item;
use super::{Shared, SharedResource, retry};
use crate::config::MlflowDestination;
use crate::diagnostics::{self, Kind};
use crate::error::InitError;

/// Where traces are described.
const TRACES: &str = "api/3.0/mlflow/traces";
/// Requests about traces at a time.
const IN_FLIGHT: usize = 4;
/// Traces that may wait to be described: what is only there is lost for the others, their spans are not.
const WAITING: usize = 4_096;

/// An MLflow server.
pub(super) struct MlflowServer {
    client: reqwest::Client,
    spans: HttpClient,
    traces_url: Url,
    censor: Censor,
    style: Style,
    resource: SharedResource,
    timeout: Duration,
    run_id: Option<String>,
    experiment: ExperimentId,
    usage: Mutex<UsageTree>,
    in_flight: Semaphore,
    waiting: Semaphore,
}

impl MlflowServer {
    /// # Errors
    ///
    /// A certificate cannot be used.
    pub(super) fn build(config: &MlflowDestination, style: Style, shared: &Shared) -> Result<Self, InitError> {
        let authorization = config.authorization.clone();
        let headers: Vec<_> = authorization
            .into_iter()
            .map(|value| ("authorization".to_owned(), value))
            .collect();
        let connection = Connection {
            url: &config.tracking_uri,
            headers: &headers,
            tls: &config.tls,
        };
        let client = connection.build()?;
        let join = |path: &str| {
            config.tracking_uri.join(path).map_err(|error| InitError::Setting {
                name: "MLFLOW_TRACKING_URI".to_owned(),
                reason: error.to_string(),
                advice: "give the URL of an MLflow server".to_owned(),
            })
        };
        Ok(Self {
            spans: HttpClient::new(client.clone(), join(OTLP_TRACES)?),
            traces_url: join(TRACES)?,
            experiment: ExperimentId::new(config, client.clone(), Arc::clone(&shared.experiment_id)),
            client,
            censor: Censor::new(&headers),
            style,
            resource: shared.resource.clone(),
            timeout: config.timeout,
            run_id: config.run_id.clone(),
            usage: Mutex::default(),
            in_flight: Semaphore::new(IN_FLIGHT),
            waiting: Semaphore::new(WAITING),
        })
    }

    /// Takes note of the tokens of spans.
    pub(super) fn see(&self, items: &[Item]) {
        let mut usage = self.usage.lock().unwrap_or_else(PoisonError::into_inner);
        items.iter().for_each(|item| usage.see(&item.span));
    }

    pub(super) fn encode<'a>(&self, spans: impl Iterator<Item = &'a SpanData>) -> Bytes {
        encode::request(self.resource.get(), spans, &self.style)
            .encode_to_vec()
            .into()
    }

    /// Sends spans once. The first time the experiment is looked up.
    pub(super) async fn send(&self, body: Bytes) -> Delivery {
        let attempt = async {
            let experiment_id = match self.experiment.get().await {
                Ok(id) => id,
                Err(delivery) => return delivery,
            };
            let mut headers = vec![(EXPERIMENT_ID_HEADER, experiment_id.as_str())];
            headers.extend(self.run_id.as_deref().map(|run_id| (RUN_ID_HEADER, run_id)));
            self.spans.send(body, &headers).await
        };
        let delivery = tokio::time::timeout(self.timeout, attempt).await;
        self.censor.clean(delivery.unwrap_or_else(|_| Delivery::Retry {
            after: None,
            reason: format!("no answer within {:?}", self.timeout),
        }))
    }

    /// Tells what is known of the traces of these roots, whose spans are there.
    pub(super) async fn describe(&self, roots: &[Item], patience: Duration) {
        let Ok(experiment_id) = self.experiment.get().await else {
            return;
        };
        let described = roots.iter().map(|root| {
            let trace_id = root.span.span_context.trace_id();
            let usage = self.usage.lock().unwrap_or_else(PoisonError::into_inner).take(trace_id);
            let about = trace_info::About {
                experiment_id: &experiment_id,
                run_id: self.run_id.as_deref(),
                usage,
            };
            trace_info::body(root, &about)
        });
        let mut tasks = Vec::new();
        for body in described {
            tasks.push(Box::pin(self.describe_one(body, patience)));
        }
        all(tasks).await;
    }

    async fn describe_one(&self, body: Vec<u8>, patience: Duration) {
        let Ok(_waiting) = self.waiting.try_acquire() else {
            warn("too many traces wait to be described to the MLflow server: previews and metadata of some are lost");
            return;
        };
        let Ok(_slot) = self.in_flight.acquire().await else {
            return;
        };
        let deadline = Instant::now() + patience;
        let mut failures = 0;
        while let Some(after) = self.post(body.clone()).await {
            failures += 1;
            let again = Instant::now() + retry::wait_after(failures, after);
            if again >= deadline {
                warn("the MLflow server cannot be reached: previews and metadata of traces are lost");
                return;
            }
            tokio::time::sleep_until(again).await;
        }
    }

    /// `Some`: it may go well another time, after the given wait where the server says one.
    async fn post(&self, body: Vec<u8>) -> Option<Option<Duration>> {
        let request = self.client.post(self.traces_url.clone()).timeout(self.timeout);
        let request = request
            .header(http::header::CONTENT_TYPE, "application/json")
            .body(body);
        let Ok(response) = request.send().await else {
            return Some(None);
        };
        match response.status() {
            status if status.is_success() => None,
            StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED => {
                warn("the MLflow server has no API for traces: spans are there, previews and metadata are not");
                None
            }
            StatusCode::TOO_MANY_REQUESTS
            | StatusCode::BAD_GATEWAY
            | StatusCode::SERVICE_UNAVAILABLE
            | StatusCode::GATEWAY_TIMEOUT => Some(None),
            status => {
                warn(&format!(
                    "the MLflow server does not take what is known of traces: HTTP {status}"
                ));
                None
            }
        }
    }
}

impl fmt::Debug for MlflowServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MlflowServer")
            .field("host", &self.traces_url.host_str())
            .finish_non_exhaustive()
    }
}

/// Runs them beside each other.
async fn all<F: Future<Output = ()> + Unpin>(mut tasks: Vec<F>) {
    std::future::poll_fn(|cx| {
        tasks.retain_mut(|task| std::pin::Pin::new(task).poll(cx).is_pending());
        if tasks.is_empty() {
            std::task::Poll::Ready(())
        } else {
            std::task::Poll::Pending
        }
    })
    .await;
}

fn warn(message: &str) {
    diagnostics::warn(Kind::TraceInfoFailed, message);
}
