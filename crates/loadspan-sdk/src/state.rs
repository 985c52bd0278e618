//! What is set up in this process: one at a time.

use std::sync::{Arc, PoisonError, RwLock};

use opentelemetry::InstrumentationScope;
use opentelemetry::trace::TracerProvider;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{SdkTracer, SdkTracerProvider, SpanLimits};

use crate::builder::Attachment;
use crate::error::InitError;
use crate::export::Exports;
use crate::processor::Processor;
use crate::sampling;
use crate::trace::TraceRegistry;

/// Everything that spans need. Spans keep it alive, so that one that outlives the guard still ends well.
#[derive(Debug)]
pub(crate) struct State {
    /// Makes spans.
    pub(crate) tracer: SdkTracer,
    pub(crate) provider: SdkTracerProvider,
    pub(crate) attachment: Attachment,
    pub(crate) sampling_ratio: f64,
    /// Traces in progress.
    pub(crate) traces: Arc<TraceRegistry>,
    /// The queues to the destinations. `None`: in tests, which look at spans themselves.
    pub(crate) exports: Option<Arc<Exports>>,
}

/// What a [`State`] is made of.
#[derive(Debug)]
pub(crate) struct Parts {
    pub(crate) attachment: Attachment,
    pub(crate) sampling_ratio: f64,
    pub(crate) limits: SpanLimits,
    pub(crate) resource: Resource,
    pub(crate) processor: Processor,
    pub(crate) exports: Option<Arc<Exports>>,
}

static CURRENT: RwLock<Option<Arc<State>>> = RwLock::new(None);

/// What is set up. `None`: nothing, so that every span is a no-op.
pub(crate) fn current() -> Option<Arc<State>> {
    CURRENT.read().unwrap_or_else(PoisonError::into_inner).clone()
}

/// Sets it up.
///
/// # Errors
///
/// Something is set up already.
pub(crate) fn install(state: Arc<State>) -> Result<(), InitError> {
    let mut current = CURRENT.write().unwrap_or_else(PoisonError::into_inner);
    if current.is_some() {
        return Err(InitError::AlreadySetUp);
    }
    *current = Some(state);
    Ok(())
}

/// Takes it down, if it is this: new spans are no-ops from now on.
pub(crate) fn uninstall(state: &Arc<State>) {
    let mut current = CURRENT.write().unwrap_or_else(PoisonError::into_inner);
    if current.as_ref().is_some_and(|installed| Arc::ptr_eq(installed, state)) {
        *current = None;
    }
}

impl State {
    /// Builds it, with a provider of its own. Installs nothing.
    pub(crate) fn build(parts: Parts) -> Arc<Self> {
        let traces = Arc::clone(&parts.processor.traces);
        let provider = SdkTracerProvider::builder()
            .with_sampler(sampling::RootSampler::new(parts.sampling_ratio))
            .with_span_limits(parts.limits)
            .with_resource(parts.resource)
            .with_span_processor(parts.processor)
            .build();
        Arc::new(Self {
            tracer: provider.tracer_with_scope(scope()),
            provider,
            attachment: parts.attachment,
            sampling_ratio: parts.sampling_ratio,
            traces,
            exports: parts.exports,
        })
    }

    /// Builds it around a provider of the application, to which its processor was added.
    pub(crate) fn with_provider(
        provider: SdkTracerProvider,
        sampling_ratio: f64,
        traces: Arc<TraceRegistry>,
        exports: Arc<Exports>,
    ) -> Arc<Self> {
        Arc::new(Self {
            tracer: provider.tracer_with_scope(scope()),
            provider,
            attachment: Attachment::Global,
            sampling_ratio,
            traces,
            exports: Some(exports),
        })
    }
}

fn scope() -> InstrumentationScope {
    InstrumentationScope::builder(env!("CARGO_PKG_NAME"))
        .with_version(env!("CARGO_PKG_VERSION"))
        .build()
}
