//! Where every sampled span passes twice, when it starts and when it ends: its trace is followed, what is known of the trace is
//! written on the root, and the span goes to the exports and the metrics, once.
//!
//! Spans of other instrumentation pass here, too, where the provider is shared.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use opentelemetry::Context;
use opentelemetry::trace::{SpanContext, SpanId, TraceContextExt};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::{OTelSdkError, OTelSdkResult};
use opentelemetry_sdk::trace::{Span, SpanData, SpanProcessor};

use crate::guard::FlushOutcome;
use crate::metrics::SpanMetrics;
use crate::state::End;
use crate::trace::{Root, TraceInfo, TraceRegistry};

/// Takes spans that have ended. Never waits.
pub(crate) trait SpanSink: fmt::Debug + Send + Sync {
    /// `trace` is there for a root: what is known of its trace at its end.
    fn submit(&self, span: Arc<SpanData>, trace: Option<Arc<TraceInfo>>);

    /// Brings what there is to where it goes, for so long at most.
    fn flush(&self, timeout: Duration) -> FlushOutcome;

    /// The provider says whose spans they are, before the first.
    fn set_resource(&self, resource: &Resource);
}

/// What an ended span is given to.
#[derive(Debug, Clone)]
pub(crate) struct Processor {
    pub(crate) traces: Arc<TraceRegistry>,
    pub(crate) sink: Arc<dyn SpanSink>,
    pub(crate) metrics: Option<Arc<SpanMetrics>>,
    pub(crate) end: End,
}

/// How long the provider waits when it is told to flush.
const PATIENCE: Duration = Duration::from_secs(5);

impl SpanProcessor for Processor {
    fn on_start(&self, span: &mut Span, cx: &Context) {
        let context = opentelemetry::trace::Span::span_context(span);
        if !context.is_sampled() || has_parent_here(cx.span().span_context()) || self.end.is_reached() {
            return;
        }
        let id = context.span_id();
        let trace = self.traces.begin(context.trace_id());
        // Only the metrics ask for the name, which costs a copy of the span.
        if self.metrics.is_some()
            && let Some(SpanData { name, .. }) = span.exported_data()
        {
            trace.set_root(Root { id, name });
        }
    }

    fn on_end(&self, mut span: SpanData) {
        if !span.span_context.is_sampled() {
            return;
        }
        let trace = self.trace_of(&span);
        let is_root = is_root(&span);
        if let (true, Some(trace)) = (is_root, &trace) {
            trace.write_on(&mut span);
        }
        if let Some(metrics) = &self.metrics
            && !self.end.is_reached()
        {
            metrics.record(&span, trace.as_deref());
        }
        self.sink.submit(Arc::new(span), trace.filter(|_| is_root));
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.sink.set_resource(resource);
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.flush(PATIENCE)
    }

    /// What is there is exported. The guard ends everything else.
    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.flush(timeout)
    }
}

impl Processor {
    fn flush(&self, timeout: Duration) -> OTelSdkResult {
        match self.sink.flush(timeout) {
            FlushOutcome::Complete => Ok(()),
            FlushOutcome::TimedOut => Err(OTelSdkError::Timeout(timeout)),
        }
    }

    fn trace_of(&self, span: &SpanData) -> Option<Arc<TraceInfo>> {
        let id = span.span_context.trace_id();
        if is_root(span) {
            return self.traces.end(id).map(|trace| trace.info());
        }
        // Only the metrics ask for the trace of a child.
        self.metrics.as_ref()?;
        self.traces.get(id).map(|trace| trace.info())
    }
}

fn has_parent_here(parent: &SpanContext) -> bool {
    parent.is_valid() && !parent.is_remote()
}

/// Whether it has no parent at all, here or in another process: a trace has one such span, and whoever has it speaks for the trace.
pub(crate) fn begins_trace(span: &SpanData) -> bool {
    span.parent_span_id == SpanId::INVALID
}

/// Whether its parent is not in this process.
pub(crate) fn is_root(span: &SpanData) -> bool {
    span.parent_span_id == SpanId::INVALID || span.parent_span_is_remote
}
