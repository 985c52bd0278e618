//! A span that is recorded: what its handles share.

use std::borrow::Cow;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use loadspan_wire::mlflow::attributes;
use opentelemetry::trace::{Span as _, SpanContext, Status};
use opentelemetry::{Key, KeyValue, Value};
use opentelemetry_sdk::trace::Span as SdkSpan;

use super::SpanStatus;
use crate::span_type::SpanType;
use crate::state::State;
use crate::trace::LiveTrace;

/// A span that is recorded.
pub(crate) struct Recording {
    context: SpanContext,
    state: Arc<State>,
    trace: LiveTrace,
    /// `None`: it has ended.
    live: Mutex<Option<Live>>,
}

/// What is known of a span that has not ended.
pub(crate) struct Live {
    span: SdkSpan,
    /// Kept here until the end, since those of the SDK's span cannot be replaced.
    attributes: Vec<KeyValue>,
    room: Room,
    status: Option<SpanStatus>,
    chunks: usize,
}

/// How many more attributes there may be. Those that MLflow knows do not count: they come last as often as not, and are what the span
/// is for.
struct Room {
    limit: usize,
    used: usize,
    /// There was no room for so many.
    refused: u32,
}

/// More than a provider of the application is expected to keep of a span: its own limit is not known.
const LARGEST_ROOM: usize = 1_024;

/// Attributes that there is always room for.
const RESERVED: [&str; 10] = [
    attributes::SPAN_TYPE,
    attributes::SPAN_INPUTS,
    attributes::SPAN_OUTPUTS,
    attributes::SPAN_FUNCTION_NAME,
    attributes::TRACE_REQUEST_ID,
    attributes::LLM_MODEL,
    attributes::LLM_PROVIDER,
    attributes::CHAT_TOKEN_USAGE,
    attributes::CHAT_TOOLS,
    attributes::MESSAGE_FORMAT,
];

fn is_reserved(key: &Key) -> bool {
    key.as_str().starts_with("mlflow.") && RESERVED.contains(&key.as_str())
}

/// What a recording begins with.
pub(crate) struct Beginning {
    pub(crate) state: Arc<State>,
    pub(crate) span: SdkSpan,
    pub(crate) trace: LiveTrace,
    pub(crate) attributes: Vec<KeyValue>,
}

impl Recording {
    pub(crate) fn begin(beginning: Beginning) -> Self {
        let mut attributes = beginning.attributes;
        attributes.push(KeyValue::new(
            attributes::TRACE_REQUEST_ID,
            beginning.trace.request_id(),
        ));
        let room = Room {
            limit: beginning.state.attribute_limit.unwrap_or(LARGEST_ROOM),
            used: 0,
            refused: 0,
        };
        Self {
            context: beginning.span.span_context().clone(),
            state: beginning.state,
            trace: beginning.trace,
            live: Mutex::new(Some(Live {
                span: beginning.span,
                attributes,
                room,
                status: None,
                chunks: 0,
            })),
        }
    }

    pub(crate) fn context(&self) -> &SpanContext {
        &self.context
    }

    pub(crate) fn state(&self) -> &Arc<State> {
        &self.state
    }

    pub(crate) fn trace(&self) -> LiveTrace {
        Arc::clone(&self.trace)
    }

    pub(crate) fn is_open(&self) -> bool {
        self.lock().is_some()
    }

    /// Changes it, if it has not ended.
    pub(crate) fn change<R>(&self, change: impl FnOnce(&mut Live) -> R) -> Option<R> {
        self.lock().as_mut().map(change)
    }

    pub(crate) fn put(&self, key: Key, value: Value) {
        self.change(|live| live.put(key, value));
    }

    /// Gives it another name, and its trace, too, if it is the root.
    pub(crate) fn rename(&self, name: Cow<'static, str>) {
        if self.change(|live| live.span.update_name(name.clone())).is_some() {
            self.trace.rename(self.context.span_id(), name);
        }
    }

    /// Ends it, the first time. The exporters take it outside of the lock.
    pub(crate) fn end(&self, at: Option<SystemTime>) {
        let live = self.lock().take();
        if let Some(live) = live {
            live.end(at, self.state.attribute_limit);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Option<Live>> {
        self.live.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Recording {
    fn drop(&mut self) {
        self.end(None);
    }
}

impl Live {
    pub(crate) fn put(&mut self, key: Key, value: Value) {
        match self.attributes.iter_mut().find(|attribute| attribute.key == key) {
            Some(attribute) => attribute.value = value,
            None if is_reserved(&key) || self.room.take() => self.attributes.push(KeyValue::new(key, value)),
            None => {}
        }
    }

    pub(crate) fn span(&mut self) -> &mut SdkSpan {
        &mut self.span
    }

    pub(crate) fn set_status(&mut self, status: SpanStatus) {
        self.status = Some(status);
    }

    pub(crate) fn has_status(&self) -> bool {
        self.status.is_some()
    }

    /// The index of the next chunk of a stream.
    pub(crate) fn next_chunk(&mut self) -> usize {
        let index = self.chunks;
        self.chunks += 1;
        index
    }

    /// `limit`: that of the provider, if it is known.
    fn end(mut self, at: Option<SystemTime>, limit: Option<usize>) {
        let is_typed = |attribute: &KeyValue| attribute.key.as_str() == attributes::SPAN_TYPE;
        if !self.attributes.iter().any(is_typed) {
            self.attributes
                .push(KeyValue::new(attributes::SPAN_TYPE, SpanType::Unknown.to_json()));
        }
        if self.room.used > 0 && limit.is_none_or(|limit| self.attributes.len() > limit) {
            // The provider keeps the first ones.
            self.attributes.sort_by_key(|attribute| !is_reserved(&attribute.key));
        }
        self.span.set_attributes(self.attributes);
        if limit.is_some() {
            // The span is full: it counts them, and keeps none.
            for _ in 0..self.room.refused {
                self.span.set_attribute(KeyValue::new("", false));
            }
        }
        self.span.set_status(match self.status {
            None | Some(SpanStatus::Ok) => Status::Ok,
            Some(SpanStatus::Unset) => Status::Unset,
            Some(SpanStatus::Error(message)) => Status::error(message),
        });
        match at {
            Some(time) => self.span.end_with_timestamp(time),
            None => self.span.end(),
        }
    }
}

impl Room {
    fn take(&mut self) -> bool {
        let is_there = self.used < self.limit;
        if is_there {
            self.used += 1;
        } else {
            self.refused = self.refused.saturating_add(1);
        }
        is_there
    }
}
