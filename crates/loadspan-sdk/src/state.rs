//! What is set up in this process: one at a time.

use std::fmt;
use std::ptr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use opentelemetry::InstrumentationScope;
use opentelemetry::trace::TracerProvider;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{SdkTracer, SdkTracerProvider, SpanLimits};

use crate::builder::Attachment;
use crate::config::Propagators;
use crate::diagnostics::{self, Kind};
use crate::error::InitError;
use crate::export::Exports;
use crate::processor::Processor;
use crate::sampling::{RootSampler, Sampling};
use crate::trace::TraceRegistry;

/// Everything that spans need. Spans keep it alive, so that one that outlives the guard still ends well.
pub(crate) struct State {
    /// Makes spans.
    pub(crate) tracer: SdkTracer,
    pub(crate) provider: SdkTracerProvider,
    pub(crate) attachment: Attachment,
    pub(crate) sampling: Sampling,
    pub(crate) propagators: Propagators,
    /// Most attributes of a span. `None`: the provider is the application's, and has a limit of its own.
    pub(crate) attribute_limit: Option<usize>,
    /// Traces in progress.
    pub(crate) traces: Arc<TraceRegistry>,
    /// The queues to the destinations. `None`: in tests, which look at spans themselves.
    pub(crate) exports: Option<Arc<Exports>>,
    pub(crate) end: End,
}

/// The end of a set-up, which spans and samplers may outlive. Its clones are one.
#[derive(Debug, Clone, Default)]
pub(crate) struct End(Arc<AtomicBool>);

impl End {
    pub(crate) fn is_reached(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    pub(crate) fn reach(&self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// What a [`State`] is made of.
pub(crate) struct Parts {
    pub(crate) attachment: Attachment,
    pub(crate) sampling: Sampling,
    pub(crate) propagators: Propagators,
    pub(crate) limits: SpanLimits,
    pub(crate) resource: Resource,
    pub(crate) processor: Processor,
    pub(crate) exports: Option<Arc<Exports>>,
}

/// What surrounds a provider of the application.
pub(crate) struct Surroundings {
    pub(crate) sampling: Sampling,
    pub(crate) propagators: Propagators,
    pub(crate) traces: Arc<TraceRegistry>,
    pub(crate) exports: Option<Arc<Exports>>,
    pub(crate) end: End,
}

static CURRENT: RwLock<Option<Arc<State>>> = RwLock::new(None);
/// The exports of the last set-up: their counts are asked for when it is over.
static LAST: RwLock<Option<Arc<Exports>>> = RwLock::new(None);

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
    if current.as_ref().is_some_and(|state| state.is_here()) {
        return Err(InitError::AlreadySetUp);
    }
    remember(state.exports.clone());
    *current = Some(state);
    Ok(())
}

/// This process was forked from the one with these exports: spans are no-ops from now on.
pub(crate) fn leave(exports: &Exports) {
    let state = current().filter(|state| state.exports.as_deref().is_some_and(|other| ptr::eq(other, exports)));
    if let Some(state) = state {
        uninstall(&state);
        diagnostics::warn(
            Kind::Forked,
            "this process was forked after tracing was set up: its spans are lost; set tracing up after the fork",
        );
    }
}

/// Whether something is set up, by this process.
pub(crate) fn is_set_up() -> bool {
    current().is_some_and(|state| state.is_here())
}

/// What is counted from now on.
pub(crate) fn remember(exports: Option<Arc<Exports>>) {
    *LAST.write().unwrap_or_else(PoisonError::into_inner) = exports;
}

/// The exports of the last set-up, also if it is over.
pub(crate) fn last_exports() -> Option<Arc<Exports>> {
    LAST.read().unwrap_or_else(PoisonError::into_inner).clone()
}

/// Takes it down, if it is this: new spans are no-ops from now on.
pub(crate) fn uninstall(state: &Arc<State>) {
    state.end.reach();
    let mut current = CURRENT.write().unwrap_or_else(PoisonError::into_inner);
    if current.as_ref().is_some_and(|installed| Arc::ptr_eq(installed, state)) {
        *current = None;
    }
}

impl State {
    /// Builds it, with a provider of its own. Installs nothing.
    pub(crate) fn build(parts: Parts) -> Arc<Self> {
        let traces = Arc::clone(&parts.processor.traces);
        let end = parts.processor.end.clone();
        let attribute_limit = usize::try_from(parts.limits.max_attributes_per_span).ok();
        let provider = SdkTracerProvider::builder()
            .with_sampler(RootSampler::new(parts.sampling, end.clone()))
            .with_span_limits(parts.limits)
            .with_resource(parts.resource)
            .with_span_processor(parts.processor)
            .build();
        Arc::new(Self {
            tracer: provider.tracer_with_scope(scope()),
            provider,
            attachment: parts.attachment,
            sampling: parts.sampling,
            propagators: parts.propagators,
            attribute_limit,
            traces,
            exports: parts.exports,
            end,
        })
    }

    /// Builds it around a provider of the application, to which its processor was added.
    pub(crate) fn with_provider(provider: SdkTracerProvider, around: Surroundings) -> Arc<Self> {
        Arc::new(Self {
            tracer: provider.tracer_with_scope(scope()),
            provider,
            attachment: Attachment::Global,
            sampling: around.sampling,
            propagators: around.propagators,
            attribute_limit: None,
            traces: around.traces,
            exports: around.exports,
            end: around.end,
        })
    }

    /// Whether this process has set it up, rather than the one that it was forked from.
    fn is_here(&self) -> bool {
        self.exports.as_ref().is_none_or(|exports| !exports.is_elsewhere())
    }
}

impl fmt::Debug for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("State")
            .field("attachment", &self.attachment)
            .field("exports", &self.exports)
            .finish_non_exhaustive()
    }
}

fn scope() -> InstrumentationScope {
    InstrumentationScope::builder(env!("CARGO_PKG_NAME"))
        .with_version(env!("CARGO_PKG_VERSION"))
        .build()
}
