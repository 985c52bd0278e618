//! Spans that have not begun, and the ways to begin them.

use std::borrow::Cow;
use std::future::Future;
use std::sync::Arc;
use std::time::SystemTime;

use loadspan_wire::mlflow::attributes;
use opentelemetry::trace::{Link, SpanBuilder as OtelSpanBuilder, SpanContext, SpanKind, TraceContextExt, Tracer};
use opentelemetry::{Context, KeyValue};

use super::recording::Beginning;
use super::{Handle, InSpan, Recording, Span, SpanGuard, SpanScope, Unsampled, to_json};
use crate::context::{self, Origin, RemoteParent};
use crate::sampling;
use crate::span_type::SpanType;
use crate::trace::LiveTrace;

/// Attributes of a usual span: its type, the id of the trace, inputs, outputs, and a few more.
const USUAL_ATTRIBUTES: usize = 8;

/// A span that has not begun. It begins by one of [`start`](Self::start), [`enter`](Self::enter), [`in_scope`](Self::in_scope) and
/// [`in_future`](Self::in_future).
#[derive(Debug, Clone)]
#[must_use = "the span has not begun: call `start`, `enter`, `in_scope` or `in_future`"]
pub struct SpanBuilder {
    name: Cow<'static, str>,
    span_type: Option<SpanType>,
    function: Option<Cow<'static, str>>,
    kind: Option<SpanKind>,
    start_time: Option<SystemTime>,
    links: Vec<Link>,
    parent: Parent,
}

/// What a span is started below.
#[derive(Debug, Clone, Default)]
pub struct Parent(pub(crate) ParentKind);

#[derive(Debug, Clone, Default)]
pub(crate) enum ParentKind {
    /// The current span, if there is one.
    #[default]
    Current,
    /// Nothing: it begins a trace.
    Root,
    Span(Span),
    Remote(RemoteParent),
}

impl Parent {
    /// Nothing: the span begins a trace.
    #[cfg(feature = "tracing")]
    pub(crate) const NONE: Self = Self(ParentKind::Root);
}

impl From<Span> for Parent {
    fn from(span: Span) -> Self {
        Self(ParentKind::Span(span))
    }
}

impl From<&Span> for Parent {
    fn from(span: &Span) -> Self {
        Self(ParentKind::Span(span.clone()))
    }
}

impl From<&SpanGuard> for Parent {
    fn from(guard: &SpanGuard) -> Self {
        Self(ParentKind::Span(guard.span()))
    }
}

impl From<RemoteParent> for Parent {
    fn from(parent: RemoteParent) -> Self {
        Self(ParentKind::Remote(parent))
    }
}

/// Starts a span that is a child of the current one, and makes it the current one of this thread.
pub fn start_span(name: impl Into<Cow<'static, str>>) -> SpanGuard {
    span(name).enter()
}

/// A span to be started in one of the ways that [`SpanBuilder`] has.
pub fn span(name: impl Into<Cow<'static, str>>) -> SpanBuilder {
    SpanBuilder {
        name: name.into(),
        span_type: None,
        function: None,
        kind: None,
        start_time: None,
        links: Vec::new(),
        parent: Parent::default(),
    }
}

impl SpanBuilder {
    /// Says what it is.
    pub fn with_type(mut self, span_type: impl Into<SpanType>) -> Self {
        self.span_type = Some(span_type.into());
        self
    }

    /// The function that it is a call of.
    pub fn with_function_name(mut self, name: impl Into<Cow<'static, str>>) -> Self {
        self.function = Some(name.into());
        self
    }

    /// Which side of a call it is, in OpenTelemetry's words. Internal, if nobody says.
    pub fn with_kind(mut self, kind: SpanKind) -> Self {
        self.kind = Some(kind);
        self
    }

    /// It began at this time.
    pub fn with_start_time(mut self, time: SystemTime) -> Self {
        self.start_time = Some(time);
        self
    }

    /// Points to a span of another trace.
    pub fn with_link(mut self, to: SpanContext) -> Self {
        self.links.push(Link::with_context(to));
        self
    }

    /// Starts it below this span, or below the one that called this service ([`extract`](crate::extract)), in place of the current
    /// one. A remote parent that was not there or makes no sense changes nothing.
    pub fn with_parent(mut self, parent: impl Into<Parent>) -> Self {
        self.parent = parent.into();
        self
    }

    /// Starts it as the root of a new trace, whatever is current.
    pub fn as_root(mut self) -> Self {
        self.parent = Parent(ParentKind::Root);
        self
    }

    /// Starts it without making it current.
    ///
    /// ```
    /// let parent = loadspan_sdk::span("request").start();
    /// let child = loadspan_sdk::span("step").with_parent(&parent).start();
    /// child.end();
    /// parent.end();
    /// ```
    #[must_use = "the span ends when its last handle is dropped"]
    pub fn start(self) -> Span {
        let origin = Origin::of(&self.parent.0);
        self.begin(origin)
    }

    /// Starts it and makes it current on this thread.
    ///
    /// ```
    /// let request = loadspan_sdk::span("request").enter();
    /// let step = loadspan_sdk::span("step").enter(); // a child of `request`
    /// ```
    pub fn enter(self) -> SpanGuard {
        let origin = Origin::of(&self.parent.0);
        let baggage = self.parent.0.baggage();
        // Children of a span that is not sampled find what they need in the context already.
        let is_current_already = matches!(origin, Origin::Unsampled { current: true, .. });
        let span = self.begin(origin);
        let attached = (!is_current_already)
            .then(|| context::attach_with(&span, baggage))
            .flatten();
        SpanGuard::new(span, SpanScope::from_context(attached))
    }

    /// Starts it, calls a closure within it, and ends it. A panic ends it with an error, and goes on.
    ///
    /// ```
    /// let sum = loadspan_sdk::span("add").in_scope(|span| {
    ///     span.set_inputs((1, 2));
    ///     1 + 2
    /// });
    /// assert_eq!(sum, 3);
    /// ```
    pub fn in_scope<R>(self, call: impl FnOnce(&Span) -> R) -> R {
        let guard = self.enter();
        guard.watch(|| call(&guard))
    }

    /// Starts it now, and ends it when the future is done. The span is current whenever the future is polled, on whatever thread.
    /// A panic ends it with an error, and goes on; a future that is dropped before it is done ends it with
    /// [`SpanStatus::Unset`](crate::SpanStatus::Unset).
    ///
    /// ```
    /// # async fn ask(question: &str) -> String { question.to_owned() }
    /// # async fn example() {
    /// let answer = loadspan_sdk::span("ask")
    ///     .in_future(|span| async move {
    ///         span.set_inputs("What is MLflow?");
    ///         let answer = ask("What is MLflow?").await;
    ///         span.set_outputs(&answer);
    ///         answer
    ///     })
    ///     .await;
    /// # }
    /// ```
    pub fn in_future<F: Future>(self, make: impl FnOnce(Span) -> F) -> InSpan<F> {
        let baggage = self.parent.0.baggage();
        let span = self.start();
        let context = context::containing(&span, baggage);
        let future = {
            let _scope = context.clone().attach();
            span.watch(|| make(span.clone()))
        };
        InSpan::new(future, span, context)
    }

    /// Starts the span that `build` makes below this parent. Where nothing is recorded, nothing is built.
    #[cfg(feature = "tracing")]
    pub(crate) fn start_below(parent: &Parent, build: impl FnOnce() -> Self) -> Span {
        match Origin::of(&parent.0) {
            Origin::Off => Span { handle: Handle::Off },
            Origin::Unsampled { trace, .. } => Span {
                handle: Handle::Unsampled(trace),
            },
            origin => build().begin(origin),
        }
    }

    fn begin(self, origin: Origin) -> Span {
        let handle = match origin {
            Origin::Off => Handle::Off,
            Origin::Unsampled { trace, .. } => Handle::Unsampled(trace),
            Origin::Root(state) => {
                let parent = sampling::decided();
                self.record(Place {
                    state,
                    parent,
                    trace: None,
                })
            }
            Origin::Below { state, parent, trace } => {
                let parent = &Context::map_current(|current| current.with_remote_span_context(parent));
                self.record(Place { state, parent, trace })
            }
        };
        Span { handle }
    }

    fn record(self, place: Place<'_>) -> Handle {
        let attributes = self.first_attributes();
        let span = place.state.tracer.build_with_context(self.for_sdk(), place.parent);
        let context = opentelemetry::trace::Span::span_context(&span);
        if !context.is_valid() {
            // The provider was shut down meanwhile.
            return Handle::Off;
        }
        if !context.is_sampled() {
            // The sampler of the application's own provider has the last word.
            return Handle::Unsampled(Unsampled {
                context: context.clone(),
                attachment: place.state.attachment,
            });
        }
        let trace_id = context.trace_id();
        let known = place.trace;
        let trace = known.unwrap_or_else(|| place.state.traces.get_or_detached(trace_id));
        Handle::Recording(Arc::new(Recording::begin(Beginning {
            state: place.state,
            span,
            trace,
            attributes,
        })))
    }

    fn first_attributes(&self) -> Vec<KeyValue> {
        let mut attributes = Vec::with_capacity(USUAL_ATTRIBUTES);
        if let Some(span_type) = &self.span_type {
            attributes.push(KeyValue::new(attributes::SPAN_TYPE, span_type.to_json()));
        }
        if let Some(function) = &self.function {
            attributes.push(KeyValue::new(attributes::SPAN_FUNCTION_NAME, to_json(&**function)));
        }
        attributes
    }

    fn for_sdk(self) -> OtelSpanBuilder {
        let mut builder = OtelSpanBuilder::from_name(self.name);
        builder.span_kind = self.kind;
        builder.start_time = self.start_time;
        builder.links = (!self.links.is_empty()).then_some(self.links);
        // Room only: they are written when the span ends.
        builder.attributes = Some(Vec::with_capacity(USUAL_ATTRIBUTES));
        builder
    }
}

/// Where a recorded span comes to be.
struct Place<'a> {
    state: Arc<crate::state::State>,
    parent: &'a Context,
    /// `None`: the registry knows it.
    trace: Option<LiveTrace>,
}
