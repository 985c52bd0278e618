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
#[derive(Debug)]
pub(crate) struct Recording {
    context: SpanContext,
    state: Arc<State>,
    trace: LiveTrace,
    /// `None`: it has ended.
    live: Mutex<Option<Live>>,
}

/// What is known of a span that has not ended.
#[derive(Debug)]
pub(crate) struct Live {
    span: SdkSpan,
    /// Kept here until the end, since those of the SDK's span cannot be replaced.
    attributes: Vec<KeyValue>,
    status: Option<SpanStatus>,
    chunks: usize,
}

/// What a recording begins with.
#[derive(Debug)]
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
        Self {
            context: beginning.span.span_context().clone(),
            state: beginning.state,
            trace: beginning.trace,
            live: Mutex::new(Some(Live {
                span: beginning.span,
                attributes,
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
            live.end(at);
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
            None => self.attributes.push(KeyValue::new(key, value)),
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

    fn end(mut self, at: Option<SystemTime>) {
        if !self
            .attributes
            .iter()
            .any(|attribute| attribute.key.as_str() == attributes::SPAN_TYPE)
        {
            self.attributes
                .push(KeyValue::new(attributes::SPAN_TYPE, SpanType::Unknown.to_json()));
        }
        self.span.set_attributes(self.attributes);
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
