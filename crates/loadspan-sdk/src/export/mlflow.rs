//! The MLflow server: spans over OTLP, then, for each root, what is known of its trace over the REST API.

mod describe;
mod experiment;
mod fit;
mod preview;
mod trace_info;
mod usage;

use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use loadspan_wire::mlflow::{EXPERIMENT_ID_HEADER, OTLP_TRACES, RUN_ID_HEADER};
use loadspan_wire::otlp::Message;
use opentelemetry_sdk::trace::SpanData;
use tokio::time::{Instant, timeout_at};

use self::describe::{Address, Describer, Description};
use self::experiment::ExperimentId;
use self::usage::UsageTree;
use super::client::{Censor, Connection, Delivery, HttpClient};
use super::encode::{self, Style};
use super::queue::Item;
use super::{Shared, SharedResource};
use crate::config::MlflowDestination;
use crate::error::InitError;

/// Where traces are described.
const TRACES: &str = "api/3.0/mlflow/traces";

/// An MLflow server.
pub(super) struct MlflowServer {
    spans: HttpClient,
    describer: Describer,
    censor: Censor,
    style: Style,
    resource: SharedResource,
    timeout: Duration,
    run_id: Option<String>,
    experiment: ExperimentId,
    usage: Mutex<UsageTree>,
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
            describer: Describer::new(Address {
                client: client.clone(),
                url: join(TRACES)?,
                censor: Censor::new(&headers),
                timeout: config.timeout,
            }),
            experiment: ExperimentId::new(config, client, shared.experiment.clone()),
            censor: Censor::new(&headers),
            style,
            resource: shared.resource.clone(),
            timeout: config.timeout,
            run_id: config.run_id.clone(),
            usage: Mutex::default(),
        })
    }

    /// Takes note of the tokens of spans.
    pub(super) fn see(&self, items: &[Item]) {
        let mut usage = self.usage();
        items.iter().for_each(|item| usage.see(&item.span));
    }

    pub(super) fn encode<'a>(&self, spans: impl Iterator<Item = &'a SpanData>) -> Bytes {
        let mut request = encode::request(self.resource.get(), spans, &self.style);
        fit::fit(&mut request);
        request.encode_to_vec().into()
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

    /// Tells what is known of the traces of these roots, whose spans are there. The roots are let go before anything is waited for.
    pub(super) async fn describe(&self, roots: Vec<Item>, patience: Duration) {
        let deadline = Instant::now() + patience;
        // Known since the spans were sent.
        let Ok(Ok(experiment_id)) = timeout_at(deadline, self.experiment.get()).await else {
            return self.forget(&roots);
        };
        let descriptions = roots
            .iter()
            .filter_map(|root| self.description(root, &experiment_id))
            .collect();
        drop(roots);
        self.describer.send(descriptions, deadline).await;
    }

    fn description(&self, root: &Item, experiment_id: &str) -> Option<Description<'_>> {
        let usage = self.usage().take(root.span.span_context.trace_id());
        let place = self.describer.admit()?;
        let is_propagated = root.trace.as_ref().is_some_and(|trace| trace.is_propagated);
        let about = trace_info::About {
            experiment_id,
            run_id: self.run_id.as_deref(),
            // Tokens of the other services are not known here, and what is said here would be taken for the whole.
            usage: usage.filter(|_| !is_propagated),
        };
        Some(place.hold(trace_info::body(root, &about)))
    }

    /// The traces of these roots will not be described.
    pub(super) fn forget(&self, roots: &[Item]) {
        let mut usage = self.usage();
        for root in roots {
            usage.forget(root.span.span_context.trace_id());
        }
    }

    fn usage(&self) -> MutexGuard<'_, UsageTree> {
        self.usage.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for MlflowServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MlflowServer")
            .field("host", &self.describer.url().host_str())
            .finish_non_exhaustive()
    }
}
