//! A span on its way into the database: checked, translated and encoded before a job is made of it.

use loadspan_wire::otlp::Message;
use loadspan_wire::otlp::trace::Span;
use loadspan_wire::otlp::trace::status::StatusCode;

use super::id::{self, SpanId, TraceId};
use super::refusal::Reason;
use super::root::Root;
use super::used::Used;
use crate::translate::{self, Cost, PriceTable, Translated};

/// Spans of this type sum up what their children cost, as MLflow sees it.
const AGENT: &str = "AGENT";

/// What is needed to make rows of spans.
#[derive(Debug, Clone, Copy)]
pub(super) struct Maker<'a> {
    pub(super) prices: &'a PriceTable,
    /// Bytes of a span, in protobuf.
    pub(super) span_bytes: usize,
}

/// A span, and what it says about its trace.
#[derive(Debug)]
pub(super) struct Prepared {
    pub(super) trace: TraceId,
    pub(super) row: SpanRow,
    /// What it says as the root of its trace.
    pub(super) root: Option<Root>,
    pub(super) session: Option<String>,
    pub(super) user: Option<String>,
}

/// A row of `spans`.
#[derive(Debug)]
pub(super) struct SpanRow {
    pub(super) id: SpanId,
    pub(super) parent: Option<SpanId>,
    pub(super) name: String,
    /// `LLM`, `CHAIN`, …
    pub(super) span_type: Option<String>,
    /// As OTLP numbers it.
    pub(super) kind: i64,
    pub(super) status: &'static str,
    pub(super) start_ns: i64,
    /// 0: it has not ended. It may be before the start.
    pub(super) end_ns: i64,
    /// Places in the request's pools.
    pub(super) resource: usize,
    pub(super) scope: usize,
    pub(super) model: Option<String>,
    pub(super) provider: Option<String>,
    pub(super) used: Used,
    /// How many.
    pub(super) events: i64,
    pub(super) links: i64,
    pub(super) content: Vec<u8>,
    pub(super) translated: Option<String>,
}

impl SpanRow {
    pub(super) fn is_finished(&self) -> bool {
        self.end_ns != 0
    }

    /// The last moment that is known of it.
    pub(super) fn extent_ns(&self) -> i64 {
        self.end_ns.max(self.start_ns)
    }
}

/// Where a span comes from: places in the request's pools.
#[derive(Debug, Clone, Copy)]
pub(super) struct Origin {
    pub(super) resource: usize,
    pub(super) scope: usize,
}

impl Maker<'_> {
    /// Makes a row; or says why there is none.
    pub(super) fn prepare(&self, span: Span, origin: Origin) -> Result<Prepared, Reason> {
        let trace = TraceId::parse(&span.trace_id)?;
        let id = id::span(&span.span_id)?;
        let parent = id::parent(&span.parent_span_id)?;
        let (start_ns, end_ns) = times(&span)?;
        let content = span.encode_to_vec();
        if content.len() > self.span_bytes {
            return Err(format!("the span has more than {} bytes", self.span_bytes).into());
        }
        let translated = translate::span(&span);
        let root = parent.is_none().then(|| Root::of(&span, &translated));
        let cost = self.cost(&translated);
        let added = (!translated.added.is_empty()).then(|| serde_json::to_string(&translated.added).ok());
        let row = SpanRow {
            id,
            parent,
            status: status(&span),
            kind: span.kind.into(),
            events: many(span.events.len()),
            links: many(span.links.len()),
            name: span.name,
            span_type: translated.span_type,
            start_ns,
            end_ns,
            resource: origin.resource,
            scope: origin.scope,
            model: translated.model,
            provider: translated.provider,
            used: Used {
                usage: translated.usage,
                cost,
            },
            content,
            translated: added.flatten(),
        };
        Ok(Prepared {
            trace,
            row,
            root,
            session: translated.session,
            user: translated.user,
        })
    }

    /// What the span says it cost, else what its tokens cost.
    fn cost(&self, translated: &Translated) -> Option<Cost> {
        translated.cost.or_else(|| {
            let usage = translated.usage.as_ref()?;
            let model = translated.model.as_deref()?;
            (translated.span_type.as_deref() != Some(AGENT))
                .then(|| self.prices.cost(translated.provider.as_deref(), model, usage))?
        })
    }
}

fn many(items: usize) -> i64 {
    i64::try_from(items).unwrap_or(i64::MAX)
}

/// Start and end, as it says them: where clocks are set while it runs, it ends before it starts.
fn times(span: &Span) -> Result<(i64, i64), Reason> {
    let time = |ns: u64| i64::try_from(ns).map_err(|_| "a time is out of range");
    Ok((time(span.start_time_unix_nano)?, time(span.end_time_unix_nano)?))
}

fn status(span: &Span) -> &'static str {
    match span.status.as_ref().map(|status| status.code()) {
        Some(StatusCode::Ok) => "OK",
        Some(StatusCode::Error) => "ERROR",
        Some(StatusCode::Unset) | None => "UNSET",
    }
}
