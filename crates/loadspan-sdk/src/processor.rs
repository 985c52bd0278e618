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
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{Span, SpanData, SpanProcessor};

use crate::metrics::SpanMetrics;
use crate::trace::{Root, TraceInfo, TraceRegistry};

/// Takes spans that have ended. Never waits.
pub(crate) trait SpanSink: fmt::Debug + Send + Sync {
    /// `trace` is there for a root: what is known of its trace at its end.
    fn submit(&self, span: Arc<SpanData>, trace: Option<Arc<TraceInfo>>);

    /// The provider says whose spans they are, before the first.
    fn set_resource(&self, resource: &Resource);
}

/// What an ended span is given to.
#[derive(Debug, Clone)]
pub(crate) struct Processor {
    pub(crate) traces: Arc<TraceRegistry>,
    pub(crate) sink: Arc<dyn SpanSink>,
    pub(crate) metrics: Option<Arc<SpanMetrics>>,
}

impl SpanProcessor for Processor {
    fn on_start(&self, span: &mut Span, cx: &Context) {
        let context = opentelemetry::trace::Span::span_context(span);
        if !context.is_sampled() || has_parent_here(cx.span().span_context()) {
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
        if let Some(metrics) = &self.metrics {
            metrics.record(&span, trace.as_deref());
        }
        self.sink.submit(Arc::new(span), trace.filter(|_| is_root));
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.sink.set_resource(resource);
    }

    /// The guard flushes: it knows for how long.
    fn force_flush(&self) -> OTelSdkResult {
        Ok(())
    }

    fn shutdown_with_timeout(&self, _timeout: Duration) -> OTelSdkResult {
        Ok(())
    }
}

impl Processor {
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

/// Whether its parent is not in this process.
pub(crate) fn is_root(span: &SpanData) -> bool {
    span.parent_span_id == SpanId::INVALID || span.parent_span_is_remote
}
