//! Spans: handles, guards, closures, futures.

mod active;
mod builder;
mod content;
mod debug;
mod events;
mod future;
mod guard;
mod json;
mod panic;
mod recording;
mod status;
#[cfg(test)]
mod tests;
mod usage;

use std::borrow::Cow;
use std::sync::Arc;
use std::time::SystemTime;

use opentelemetry::trace::{SpanContext, SpanId, TraceContextExt};
use opentelemetry::{Context, Key, Value};

pub(crate) use self::active::ActiveSpan;
pub(crate) use self::builder::ParentKind;
pub use self::builder::{Parent, SpanBuilder, span, start_span};
pub use self::future::{InContext, InSpan, TracedFuture};
pub use self::guard::{SpanGuard, SpanScope};
pub(crate) use self::json::{JsonText, to_json};
#[cfg(feature = "macros")]
pub(crate) use self::json::{with_buffer, write_json};
pub(crate) use self::recording::Recording;
pub use self::status::SpanStatus;
pub use self::usage::TokenUsage;
use crate::builder::Attachment;
use crate::trace::{LiveTrace, TraceUpdate, request_id};

/// A span. Cheap to clone; may be sent to other threads. It ends when [`Span::end`] is called or its last clone is dropped. Of a
/// trace that is not sampled, or while nothing is set up, every method is a no-op: nothing is serialised.
///
/// A span that nobody gave a status ends as [`SpanStatus::Ok`].
///
/// ```
/// use loadspan_sdk::{SpanType, TokenUsage};
/// use serde_json::json;
///
/// let span = loadspan_sdk::span("answer").with_type(SpanType::ChatModel).start();
/// span.set_inputs(json!({"messages": [{"role": "user", "content": "What is MLflow?"}]}));
/// span.set_model("gpt-5");
/// span.set_token_usage(TokenUsage::new(12, 34));
/// std::thread::spawn(move || span.set_outputs("An open source platform"));
/// ```
///
/// `Debug` and `Serialize` give its ids, nothing of what it carries: it may be an input of another span.
#[derive(Clone)]
pub struct Span {
    pub(crate) handle: Handle,
}

/// What a [`Span`] stands for.
#[derive(Clone)]
pub(crate) enum Handle {
    /// Nothing is set up, or it was shut down.
    Off,
    /// The trace is not sampled: only its ids are kept, so that services that are called know.
    Unsampled(Unsampled),
    Recording(Arc<Recording>),
    /// The active span of this context, made by other instrumentation: it can be written to, but ends without us.
    Foreign(Context),
}

/// A trace that is not sampled.
#[derive(Debug, Clone)]
pub(crate) struct Unsampled {
    pub(crate) context: SpanContext,
    pub(crate) attachment: Attachment,
}

impl Span {
    /// Whether what is set on it is kept: it is sampled and has not ended. Asking pays before something costly is computed for it.
    #[must_use]
    pub fn is_recording(&self) -> bool {
        match &self.handle {
            Handle::Off | Handle::Unsampled(_) => false,
            Handle::Recording(recording) => recording.is_open(),
            Handle::Foreign(context) => context.span().is_recording(),
        }
    }

    /// The id of its trace as MLflow has it: `tr-` and 32 hexadecimal digits. `None`: it is not recorded.
    #[must_use]
    pub fn trace_id(&self) -> Option<String> {
        self.recorded_context().map(|context| request_id(context.trace_id()))
    }

    /// Its id, in 16 hexadecimal digits. `None`: it is not recorded.
    #[must_use]
    pub fn span_id(&self) -> Option<String> {
        self.recorded_context().map(|context| context.span_id().to_string())
    }

    /// Its ids as OpenTelemetry has them; also those of a trace that is not sampled. Invalid: nothing is set up.
    #[must_use]
    pub fn span_context(&self) -> SpanContext {
        match &self.handle {
            Handle::Off => SpanContext::NONE,
            Handle::Unsampled(unsampled) => unsampled.context.clone(),
            Handle::Recording(recording) => recording.context().clone(),
            Handle::Foreign(context) => context.span().span_context().clone(),
        }
    }

    /// Gives it another name.
    pub fn set_name(&self, name: impl Into<Cow<'static, str>>) {
        match &self.handle {
            Handle::Off | Handle::Unsampled(_) => {}
            Handle::Recording(recording) => recording.rename(name.into()),
            Handle::Foreign(context) => context.span().update_name(name),
        }
    }

    /// Ends it now. Everything that is set later is lost.
    pub fn end(&self) {
        if let Handle::Recording(recording) = &self.handle {
            recording.end(None);
        }
    }

    /// Ends it at this time.
    pub fn end_at(&self, time: SystemTime) {
        if let Handle::Recording(recording) = &self.handle {
            recording.end(Some(time));
        }
    }

    /// Adds to its trace: tags, metadata, session, user. They travel on the root span.
    #[must_use = "says nothing yet: call its methods"]
    pub fn update_trace(&self) -> TraceUpdate {
        TraceUpdate::of(self.trace())
    }

    /// Makes it current on this thread until the scope is dropped, which does not end it.
    ///
    /// ```
    /// let span = loadspan_sdk::span("crawl").start();
    /// std::thread::scope(|threads| {
    ///     for _ in 0..2 {
    ///         threads.spawn(|| {
    ///             let _scope = span.enter();
    ///             let _child = loadspan_sdk::start_span("page");
    ///         });
    ///     }
    /// });
    /// ```
    pub fn enter(&self) -> SpanScope {
        SpanScope::of(self)
    }

    /// What its trace has beside spans. `None`: it is not recorded.
    pub(crate) fn trace(&self) -> Option<LiveTrace> {
        match &self.handle {
            Handle::Off | Handle::Unsampled(_) => None,
            Handle::Recording(recording) => Some(recording.trace()),
            Handle::Foreign(context) => {
                let id = context.span().span_context().trace_id();
                crate::state::current().and_then(|state| state.traces.get(id))
            }
        }
    }

    /// Whether it is worth to serialise something for it. Takes no lock.
    pub(crate) fn is_recorded(&self) -> bool {
        matches!(self.handle, Handle::Recording(_) | Handle::Foreign(_))
    }

    fn recorded_context(&self) -> Option<SpanContext> {
        let context = self.is_recorded().then(|| self.span_context())?;
        (context.span_id() != SpanId::INVALID).then_some(context)
    }

    /// Sets an attribute; the last value counts.
    pub(crate) fn put(&self, key: impl Into<Key>, value: impl Into<Value>) {
        match &self.handle {
            Handle::Off | Handle::Unsampled(_) => {}
            Handle::Recording(recording) => recording.put(key.into(), value.into()),
            Handle::Foreign(context) => context.span().set_attribute(opentelemetry::KeyValue::new(key, value)),
        }
    }
}
