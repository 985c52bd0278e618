//! The current span, and W3C context in and out.
//!
//! The current span lives in OpenTelemetry's `Context`, so that it follows wherever that is carried. Isolated, it is a value of our
//! own there, beside the active span of the application. With the global provider it is the active span as well.

mod origin;
mod w3c;

use opentelemetry::baggage::{BaggageExt, KeyValueMetadata};
use opentelemetry::trace::{SpanContext, TraceContextExt};
use opentelemetry::{Context, ContextGuard};

pub(crate) use self::origin::Origin;
pub use self::w3c::{RemoteParent, extract, extract_from, inject, inject_into};
use crate::builder::Attachment;
use crate::span::{ActiveSpan, Handle, ParentKind, Span, Unsampled};
use crate::state;

/// The current span of this crate, in a context.
struct Current {
    span: Span,
    attachment: Attachment,
}

/// The span that is current on this thread: of this crate, or of other instrumentation when the provider is shared. Where there is
/// none, a span of which every method is a no-op.
#[must_use]
pub fn current_span() -> Span {
    Context::map_current(span_of)
}

/// The id of the current trace as MLflow has it: `tr-` and 32 hexadecimal digits. `None`: nothing is current, or it is not recorded.
///
/// ```
/// let _span = loadspan_sdk::start_span("request");
/// match loadspan_sdk::current_trace_id() {
///     Some(id) => assert!(id.starts_with("tr-")),
///     None => assert!(!loadspan_sdk::current_span().is_recording()),
/// }
/// ```
#[must_use]
pub fn current_trace_id() -> Option<String> {
    current_span().trace_id()
}

/// The id of the trace whose root span ended last in this process. `None`: none has.
#[must_use]
pub fn last_active_trace_id() -> Option<String> {
    state::current()?.traces.last_active().map(crate::trace::request_id)
}

/// The current span of a context.
pub(crate) fn span_of(context: &Context) -> Span {
    with_current(context, |current| match current {
        Some(current) => current.span.clone(),
        None => foreign(context),
    })
}

/// Makes a span current on this thread. `None`: there is nothing to be current, or nothing would change.
pub(crate) fn attach(span: &Span) -> Option<ContextGuard> {
    if is_there_already(span) {
        return None;
    }
    attach_with(span, Vec::new())
}

/// Spans of a trace that is not sampled are all alike: with one of them in the context, children find what they need.
fn is_there_already(span: &Span) -> bool {
    let Handle::Unsampled(unsampled) = &span.handle else {
        return false;
    };
    Context::map_current(|context| match unsampled.attachment {
        Attachment::Global => is_same(context.span().span_context(), &unsampled.context),
        Attachment::Isolated => context
            .get::<Current>()
            .is_some_and(|current| is_same(&current.span.span_context(), &unsampled.context)),
    })
}

/// Makes a span current on this thread, with baggage that came with its parent.
pub(crate) fn attach_with(span: &Span, baggage: Vec<KeyValueMetadata>) -> Option<ContextGuard> {
    match span.handle {
        Handle::Off => None,
        _ => Some(containing(span, baggage).attach()),
    }
}

/// The current context with a span as the current one.
pub(crate) fn containing(span: &Span, baggage: Vec<KeyValueMetadata>) -> Context {
    let context = Context::map_current(|context| with_span(context, span));
    if baggage.is_empty() {
        return context;
    }
    context.with_baggage(baggage)
}

fn with_span(context: &Context, span: &Span) -> Context {
    let attachment = match &span.handle {
        Handle::Off => return context.clone(),
        Handle::Foreign(theirs) => return theirs.clone(),
        Handle::Unsampled(unsampled) => unsampled.attachment,
        Handle::Recording(recording) => recording.state().attachment,
    };
    let current = || Current {
        span: span.clone(),
        attachment,
    };
    match (&span.handle, attachment) {
        (_, Attachment::Isolated) => context.with_value(current()),
        // All that there is to know is in the active span.
        (Handle::Unsampled(unsampled), _) => context.with_remote_span_context(unsampled.context.clone()),
        (Handle::Recording(recording), _) => context.with_value(current()).with_span(ActiveSpan(recording.clone())),
        _ => context.clone(),
    }
}

/// Our current span, unless other instrumentation has made one below it.
fn with_current<R>(context: &Context, look: impl FnOnce(Option<&Current>) -> R) -> R {
    let current = context.get::<Current>().filter(|current| match current.attachment {
        Attachment::Isolated => true,
        Attachment::Global => is_same(context.span().span_context(), &current.span.span_context()),
    });
    look(current)
}

fn is_same(left: &SpanContext, right: &SpanContext) -> bool {
    left.span_id() == right.span_id() && left.trace_id() == right.trace_id()
}

/// The active span of other instrumentation, where the provider is shared.
fn foreign(context: &Context) -> Span {
    let is_shared = state::current().is_some_and(|state| state.attachment == Attachment::Global);
    let active = context.span().span_context().clone();
    let handle = match (is_shared && active.is_valid(), active.is_sampled()) {
        (false, _) => Handle::Off,
        (true, true) => Handle::Foreign(context.clone()),
        (true, false) => Handle::Unsampled(Unsampled {
            context: active,
            attachment: Attachment::Global,
        }),
    };
    Span { handle }
}

impl ParentKind {
    /// What came along with it.
    pub(crate) fn baggage(&self) -> Vec<KeyValueMetadata> {
        match self {
            Self::Remote(remote) => remote.baggage(),
            _ => Vec::new(),
        }
    }
}
