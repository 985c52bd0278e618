//! From ended spans to destinations: a queue for each, batches, several requests in flight, counts.

mod batch;
mod client;
mod deliver;
mod encode;
mod known_experiment;
mod lane;
mod ledger;
mod mlflow;
mod queue;
mod retry;
#[cfg(test)]
pub(crate) mod tests;
mod thread;

use std::sync::mpsc;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use loadspan_wire::otlp::Resource;
use opentelemetry_sdk::trace::SpanData;

use self::client::Client;
pub(crate) use self::client::{Client as OtlpClient, Delivery, Packed};
use self::deliver::{Destination, Otlp};
use self::encode::Style;
pub(crate) use self::encode::nanos;
pub(crate) use self::known_experiment::KnownExperiment;
use self::lane::Lane;
use self::mlflow::MlflowServer;
use self::queue::Offer;
pub(crate) use self::retry::wait_after;
use self::thread::{ExportThread, wait_for};
use crate::config::{Config, Signal, Vocabulary};
use crate::error::InitError;
use crate::guard::{DestinationCounts, FlushOutcome};
use crate::metrics::SpanMetrics;
use crate::processor::SpanSink;
use crate::state;
use crate::trace::TraceInfo;

/// The resource of the provider. It may come to be known after the start.
#[derive(Debug, Clone)]
pub(crate) struct SharedResource(Arc<RwLock<Resource>>);

impl SharedResource {
    fn new(config: &Config) -> Self {
        let attributes = config.resource.iter().cloned();
        let attributes = attributes.map(|(name, value)| opentelemetry::KeyValue::new(name, value));
        Self(Arc::new(RwLock::new(encode::resource(attributes))))
    }

    pub(crate) fn get(&self) -> Resource {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn set(&self, resource: Resource) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = resource;
    }
}

/// The queues to the destinations, and the thread that empties them. What is in the queues is not shown by `Debug`.
#[derive(Debug)]
pub(crate) struct Exports {
    lanes: Vec<Lane>,
    metrics: Option<Arc<SpanMetrics>>,
    resource: SharedResource,
    thread: Mutex<ExportThread>,
    /// The process that it is in: one that was forked from it has a copy of this, and nobody who exports.
    process: u32,
}

impl Exports {
    /// Starts the thread of the exports. Connects to nothing yet: a dead endpoint delays nobody.
    ///
    /// # Errors
    ///
    /// A certificate cannot be read, or the system refuses a thread.
    pub(crate) fn start(config: &Config) -> Result<Self, InitError> {
        let thread = ExportThread::start()?;
        let shared = Shared {
            runtime: thread.handle().clone(),
            resource: SharedResource::new(config),
            experiment: KnownExperiment::of(config),
        };
        let metrics = config
            .metrics
            .as_ref()
            .map(|metrics| SpanMetrics::start(metrics, &shared))
            .transpose()?;
        let lane = |destination| Lane::start(destination, config.batch, thread.handle());
        Ok(Self {
            lanes: destinations(config, &shared)?.into_iter().map(lane).collect(),
            metrics: metrics.map(Arc::new),
            resource: shared.resource,
            thread: Mutex::new(thread),
            process: std::process::id(),
        })
    }

    /// What records how long spans take.
    pub(crate) fn metrics(&self) -> Option<Arc<SpanMetrics>> {
        self.metrics.clone()
    }

    /// What became of the spans so far.
    pub(crate) fn counts(&self) -> Vec<DestinationCounts> {
        self.lanes.iter().map(Lane::counts).collect()
    }

    /// Whether this process was forked after the start.
    pub(crate) fn is_elsewhere(&self) -> bool {
        self.process != std::process::id()
    }

    /// Exports what there is, for so long at most. Blocks; works from any thread, also within an event loop.
    pub(crate) fn flush(&self, timeout: Duration) -> FlushOutcome {
        if self.is_elsewhere() {
            // Nothing will come of waiting.
            return FlushOutcome::TimedOut;
        }
        let (done, all_done) = mpsc::channel();
        self.lanes.iter().for_each(|lane| lane.flush(done.clone()));
        self.metrics.iter().for_each(|metrics| metrics.flush(done.clone()));
        drop(done);
        if wait_for(&all_done, timeout) {
            FlushOutcome::Complete
        } else {
            FlushOutcome::TimedOut
        }
    }

    /// Flushes and ends the thread. Spans that come later are counted as dropped.
    pub(crate) fn shut_down(&self, timeout: Duration) -> FlushOutcome {
        let outcome = self.flush(timeout);
        if self.is_elsewhere() {
            // Locks may be held for ever, by threads that were not forked.
            return outcome;
        }
        self.thread.lock().unwrap_or_else(PoisonError::into_inner).stop();
        self.lanes.iter().for_each(Lane::close);
        outcome
    }
}

/// Each destination that there is to be.
fn destinations(config: &Config, shared: &Shared) -> Result<Vec<Destination>, InitError> {
    let mut destinations = Vec::new();
    let style = |vocabulary| Style {
        vocabulary,
        value_length: config.value_length,
    };
    if let Some(otlp) = &config.otlp {
        destinations.push(Destination::Otlp(Otlp {
            client: Client::build(otlp, Signal::Traces)?,
            style: style(config.vocabulary),
            resource: shared.resource.clone(),
        }));
    }
    if let Some(mlflow) = &config.mlflow {
        let server = MlflowServer::build(mlflow, style(Vocabulary::Mlflow), shared)?;
        destinations.push(Destination::Mlflow(Arc::new(server)));
    }
    Ok(destinations)
}

/// What the metrics share with the exports.
#[derive(Debug, Clone)]
pub(crate) struct Shared {
    pub(crate) runtime: tokio::runtime::Handle,
    pub(crate) resource: SharedResource,
    pub(crate) experiment: KnownExperiment,
}

impl SpanSink for Exports {
    /// What there is no room for is counted as dropped.
    fn submit(&self, span: Arc<SpanData>, trace: Option<Arc<TraceInfo>>) {
        let Some((last, others)) = self.lanes.split_last() else {
            return;
        };
        let item = lane::item(span, trace);
        let mut is_batch = false;
        for lane in others {
            is_batch |= lane.offer(item.clone()) == Offer::TakenFullBatch;
        }
        is_batch |= last.offer(item) == Offer::TakenFullBatch;
        // Seldom: it is a question to the system.
        if is_batch && self.is_elsewhere() {
            state::leave(self);
        }
    }

    fn flush(&self, timeout: Duration) -> FlushOutcome {
        Self::flush(self, timeout)
    }

    fn set_resource(&self, resource: &opentelemetry_sdk::Resource) {
        let attributes = resource
            .iter()
            .map(|(key, value)| opentelemetry::KeyValue::new(key.clone(), value.clone()));
        self.resource.set(encode::resource(attributes));
    }
}
