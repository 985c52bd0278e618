//! Where a span comes from, decided before anything is built for it.

use std::sync::Arc;

use opentelemetry::Context;
use opentelemetry::trace::{SpanContext, TraceContextExt, TraceFlags, TraceState};
use opentelemetry_sdk::trace::{IdGenerator, RandomIdGenerator};

use super::with_current;
use crate::builder::Attachment;
use crate::span::{Handle, ParentKind, Span, Unsampled};
use crate::state::{self, State};
use crate::trace::LiveTrace;

/// Where a span comes from.
pub(crate) enum Origin {
    /// Nothing is set up, or telemetry is suppressed here.
    Off,
    Unsampled {
        trace: Unsampled,
        /// Whether children would find it in the current context.
        current: bool,
    },
    /// It begins a trace that is recorded.
    Root(Arc<State>),
    Below {
        state: Arc<State>,
        parent: SpanContext,
        /// `None`: the registry knows it.
        trace: Option<LiveTrace>,
    },
}

impl Origin {
    pub(crate) fn of(parent: &ParentKind) -> Self {
        if Context::is_current_telemetry_suppressed() {
            return Self::Off;
        }
        match parent {
            ParentKind::Current => Self::current(),
            ParentKind::Root => Self::root(),
            ParentKind::Span(span) => Self::below_span(span),
            ParentKind::Remote(remote) => match remote.span_context() {
                Some(context) => Self::below_context(context.clone()),
                None => Self::current(),
            },
        }
    }

    fn current() -> Self {
        Context::map_current(|context| {
            with_current(context, |current| match current {
                Some(current) => Self::below_current(&current.span),
                None => Self::below_active(context),
            })
        })
    }

    fn below_current(span: &Span) -> Self {
        match &span.handle {
            Handle::Unsampled(unsampled) => Self::Unsampled {
                trace: unsampled.clone(),
                current: true,
            },
            _ => Self::below_span(span),
        }
    }

    /// Below the active span of other instrumentation, where the provider is shared.
    fn below_active(context: &Context) -> Self {
        let Some(state) = state::current() else {
            return Self::Off;
        };
        let active = context.span().span_context().clone();
        if state.attachment == Attachment::Isolated || !active.is_valid() {
            return Self::new_trace(state);
        }
        if state.sampling.follows(&active) {
            Self::below(state, active)
        } else {
            Self::Unsampled {
                trace: Unsampled {
                    context: active,
                    attachment: state.attachment,
                },
                current: true,
            }
        }
    }

    fn below_span(span: &Span) -> Self {
        match &span.handle {
            // It was made before anything was set up.
            Handle::Off => Self::root(),
            Handle::Unsampled(unsampled) => Self::Unsampled {
                trace: unsampled.clone(),
                current: false,
            },
            Handle::Recording(recording) => Self::Below {
                state: Arc::clone(recording.state()),
                parent: recording.context().clone(),
                trace: Some(recording.trace()),
            },
            Handle::Foreign(context) => Self::below_context(context.span().span_context().clone()),
        }
    }

    fn below_context(parent: SpanContext) -> Self {
        match state::current() {
            Some(state) => Self::below(state, parent),
            None => Self::Off,
        }
    }

    /// The parent has decided whether the trace is recorded.
    fn below(state: Arc<State>, parent: SpanContext) -> Self {
        if state.sampling.follows(&parent) {
            Self::Below {
                state,
                parent,
                trace: None,
            }
        } else {
            Self::unsampled(&state, parent)
        }
    }

    fn root() -> Self {
        state::current().map_or(Self::Off, Self::new_trace)
    }

    fn new_trace(state: Arc<State>) -> Self {
        if state.sampling.draw() {
            Self::Root(state)
        } else {
            Self::unsampled(&state, new_ids())
        }
    }

    fn unsampled(state: &State, context: SpanContext) -> Self {
        Self::Unsampled {
            trace: Unsampled {
                context,
                attachment: state.attachment,
            },
            current: false,
        }
    }
}

/// Ids of a trace that is not recorded: services that are called learn from them that it is not.
fn new_ids() -> SpanContext {
    let ids = RandomIdGenerator::default();
    SpanContext::new(
        ids.new_trace_id(),
        ids.new_span_id(),
        TraceFlags::default(),
        false,
        TraceState::NONE,
    )
}
