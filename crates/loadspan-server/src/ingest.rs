//! What came over OTLP, on its way into the database. Nothing here knows whether it came over HTTP or gRPC.

mod attribute;
mod batch;
mod destination;
mod draft;
mod experiment;
mod expiry;
mod growth;
mod id;
mod log;
mod lookup;
mod metric;
mod once;
mod recount;
mod refusal;
mod root;
mod shared;
mod span;
mod stale;
mod tag;
pub(crate) mod trace;
mod used;

use loadspan_wire::otlp::{ExportLogsServiceRequest, ExportMetricsServiceRequest, ExportTraceServiceRequest};

use self::batch::Batch;
use self::log::LogBatch;
use self::metric::MetricBatch;
use self::refusal::Refusals;
use self::span::Maker;
use crate::app::App;
use crate::config::Limits;
use crate::error::{ApiError, Code, short};
use crate::operation::{Mistake, Signal, Trail};
use crate::translate::PriceTable;

pub(crate) use experiment::made as experiments_of_services;
pub(crate) use expiry::{delete_before, delete_unseen_since};
pub(crate) use metric::points_of;
pub(crate) use recount::Recount;
pub(crate) use refusal::{Flaw, Reason};
pub(crate) use stale::{complete, find_stale};
pub(crate) use tag::is_of_the_server;

/// Requests up to this size are decoded and prepared where they are; larger ones would hold up the event loop.
const SMALL: usize = 16 << 10;

/// Where items are to go, from the headers of a request. What is absent follows from the items themselves.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Routing {
    /// `x-mlflow-experiment-id`.
    pub(crate) experiment_id: Option<String>,
    /// `x-mlflow-experiment-name`.
    pub(crate) experiment_name: Option<String>,
    /// `x-mlflow-run-id`.
    pub(crate) run_id: Option<String>,
}

/// A request.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Incoming<T> {
    pub(crate) routing: Routing,
    pub(crate) request: T,
    /// Its size when it came, decompressed.
    pub(crate) bytes: usize,
    /// The servers that passed it on.
    pub(crate) trail: Trail,
}

/// Items of a request that could not even be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Unreadable {
    pub(crate) items: usize,
    /// What is the matter with the first of them.
    pub(crate) reason: String,
}

impl Unreadable {
    /// Puts them into the ledger, and beside what became of the others.
    pub(crate) fn beside(&self, app: &App, signal: Signal, others: Accepted) -> Accepted {
        let ledger = app.meters.ledger(signal);
        ledger.receive(self.items as u64);
        ledger.reject(self.items as u64);
        let message = format!("{} × cannot be read: {}", self.items, short(&self.reason));
        Accepted {
            rejected: others
                .rejected
                .saturating_add(i64::try_from(self.items).unwrap_or(i64::MAX)),
            message: match others.message.as_str() {
                "" => message,
                theirs => format!("{theirs}; {message}"),
            },
            refused: others.refused,
        }
    }
}

/// What became of a request that was taken.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Accepted {
    /// How many of its items were not.
    pub(crate) rejected: i64,
    /// Why the first of them was not, and how many others for which reasons.
    pub(crate) message: String,
    /// How many for which reason.
    pub(crate) refused: Vec<(Reason, u64)>,
}

/// Stores spans. When it returns they are durable.
///
/// # Errors
///
/// Nothing was stored: the request as a whole makes no sense, or the server is busy.
pub(crate) async fn traces(app: &App, incoming: Incoming<ExportTraceServiceRequest>) -> Result<Accepted, ApiError> {
    let Incoming {
        routing,
        request,
        bytes,
        trail: _,
    } = incoming;
    let scopes = request.resource_spans.iter().flat_map(|spans| &spans.scope_spans);
    let taken = Taken::new(app, Signal::Traces, scopes.map(|scope| scope.spans.len()).sum())?;
    let shared = app.clone();
    let batch = beside(bytes, move || {
        let maker = Maker {
            prices: &shared.prices,
            span_bytes: shared.limits.span_bytes,
        };
        Batch::prepare(request, &routing, maker)
    });
    let batch = batch.await??;
    if batch.drafts.is_empty() {
        return Ok(taken.stored(&batch.refusals));
    }
    growth::check(bytes, batch.copied())?;
    let limits = app.limits;
    let stored = app.store.write(batch.bytes(), move |connection| {
        trace::store(connection, &batch, &limits)
    });
    Ok(taken.stored(&stored.await?))
}

/// How many rows of spans a request makes, without storing them. `None`: its headers or its resources make no sense.
pub(crate) fn rows(request: ExportTraceServiceRequest, prices: &PriceTable, limits: &Limits) -> Option<usize> {
    let maker = Maker {
        prices,
        span_bytes: limits.span_bytes,
    };
    let batch = Batch::prepare(request, &Routing::default(), maker).ok()?;
    Some(batch.drafts.iter().map(|draft| draft.spans.len()).sum())
}

/// Stores points of metrics. When it returns they are durable.
///
/// # Errors
///
/// Nothing was stored: the request as a whole makes no sense, or the server is busy.
pub(crate) async fn metrics(app: &App, incoming: Incoming<ExportMetricsServiceRequest>) -> Result<Accepted, ApiError> {
    let request = incoming.request;
    let taken = Taken::new(app, Signal::Metrics, metric::points(&request))?;
    let most = app.limits.span_bytes;
    let batch = beside(incoming.bytes, move || MetricBatch::prepare(request, most)).await?;
    let refusals = batch.refusals.clone();
    if !batch.is_empty() {
        let stored = app.store.write(batch.bytes(), move |connection| {
            batch.store(connection).map_err(ApiError::from)
        });
        stored.await?;
    }
    Ok(taken.stored(&refusals))
}

/// Stores log records. When it returns they are durable.
///
/// # Errors
///
/// Nothing was stored: the request as a whole makes no sense, or the server is busy.
pub(crate) async fn logs(app: &App, incoming: Incoming<ExportLogsServiceRequest>) -> Result<Accepted, ApiError> {
    let request = incoming.request;
    let scopes = request.resource_logs.iter().flat_map(|logs| &logs.scope_logs);
    let taken = Taken::new(app, Signal::Logs, scopes.map(|scope| scope.log_records.len()).sum())?;
    let most = app.limits.span_bytes;
    let batch = beside(incoming.bytes, move || LogBatch::prepare(request, most)).await?;
    let refusals = batch.refusals.clone();
    if !batch.is_empty() {
        let stored = app.store.write(batch.bytes(), move |connection| {
            batch.store(connection).map_err(ApiError::from)
        });
        stored.await?;
    }
    Ok(taken.stored(&refusals))
}

/// Goes on when the client has gone: what is stored then is counted as stored, and what it takes in memory is still accounted for.
pub(crate) async fn to_the_end<T: Send + 'static>(
    work: impl Future<Output = Result<T, ApiError>> + Send + 'static,
) -> Result<T, ApiError> {
    tokio::spawn(work).await.map_err(|_| failed())?
}

/// Runs what takes long for large requests beside the event loop.
pub(crate) async fn beside<T: Send + 'static>(
    bytes: usize,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, ApiError> {
    if bytes <= SMALL {
        return Ok(work());
    }
    tokio::task::spawn_blocking(work).await.map_err(|_| failed())
}

/// It panicked, which is said on the standard error stream.
fn failed() -> ApiError {
    let message = "the request could not be worked on: see the messages of the server";
    ApiError::new(Code::InternalError, message)
}

/// The entry of a request in the ledger. What is not said to be stored is rejected, whatever happens to the request.
struct Taken {
    app: App,
    signal: Signal,
    items: u64,
    stored: bool,
}

impl Taken {
    /// Fails if the request has more items than are taken.
    fn new(app: &App, signal: Signal, items: usize) -> Result<Self, ApiError> {
        app.meters.ledger(signal).receive(items as u64);
        let taken = Self {
            app: app.clone(),
            signal,
            items: items as u64,
            stored: false,
        };
        let limit = app.limits.items;
        if items > limit {
            let message = format!("the request has {items} items and at most {limit} are taken: send smaller batches");
            return Err(ApiError::new(Code::RequestTooLarge, message).because(Mistake::TooLarge));
        }
        Ok(taken)
    }

    /// All items are stored but those that were refused.
    fn stored(mut self, refusals: &Refusals) -> Accepted {
        let ledger = self.app.meters.ledger(self.signal);
        ledger.reject(refusals.items());
        ledger.store(self.items.saturating_sub(refusals.items()));
        self.stored = true;
        refusals.accepted()
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        if !self.stored {
            self.app.meters.ledger(self.signal).reject(self.items);
        }
    }
}
