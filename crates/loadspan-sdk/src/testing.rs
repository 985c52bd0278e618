//! What tests need: tracing whose spans stay in memory.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{SdkTracerProvider, SpanData};

use crate::builder::Attachment;
use crate::config::{Config, Environment, Propagators};
use crate::guard::FlushOutcome;
use crate::processor::{Processor, SpanSink};
use crate::sampling::Sampling;
use crate::state::{self, End, Parts, State, Surroundings};
use crate::trace::{TraceInfo, TraceRegistry};

/// There is one state in a process: tests that use it take turns.
static TURN: Mutex<()> = Mutex::new(());

/// Tracing whose spans stay in memory, while it is there.
#[derive(Debug)]
pub(crate) struct Memory {
    pub(crate) state: Arc<State>,
    spans: Arc<Spans>,
    _turn: MutexGuard<'static, ()>,
}

/// What a sink is given.
type Ended = (Arc<SpanData>, Option<Arc<TraceInfo>>);

#[derive(Debug, Default)]
struct Spans {
    ended: Mutex<Vec<Ended>>,
}

/// How tracing is set up for a test.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Setting {
    pub(crate) attachment: Attachment,
    pub(crate) sampling_ratio: f64,
    pub(crate) propagators: Propagators,
}

impl Default for Setting {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// Sets tracing up as it is by default.
pub(crate) fn state() -> Memory {
    Setting::default().state()
}

/// Keeps others from setting tracing up, and sets nothing up.
pub(crate) fn nothing_set_up() -> MutexGuard<'static, ()> {
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Setting {
    pub(crate) const DEFAULT: Self = Self {
        attachment: Attachment::Isolated,
        sampling_ratio: 1.0,
        propagators: Propagators::ALL,
    };

    pub(crate) fn state(self) -> Memory {
        Memory::install(|processor| {
            State::build(Parts {
                attachment: self.attachment,
                sampling: Sampling {
                    ratio: self.sampling_ratio,
                    ..Sampling::default()
                },
                propagators: self.propagators,
                limits: Config::resolve(&Environment::default()).unwrap().limits,
                resource: Resource::builder_empty().build(),
                processor,
                exports: None,
            })
        })
    }
}

/// Sets tracing up around a provider of the application.
pub(crate) fn state_around(provider: impl FnOnce(Processor) -> SdkTracerProvider) -> Memory {
    Memory::install(|processor| {
        let around = Surroundings {
            sampling: Sampling::default(),
            propagators: Propagators::default(),
            traces: Arc::clone(&processor.traces),
            exports: None,
            end: processor.end.clone(),
        };
        State::with_provider(provider(processor), around)
    })
}

impl Memory {
    fn install(build: impl FnOnce(Processor) -> Arc<State>) -> Self {
        let turn = nothing_set_up();
        let spans = Arc::new(Spans::default());
        let state = build(Processor {
            traces: Arc::new(TraceRegistry::default()),
            sink: spans.clone(),
            metrics: None,
            end: End::default(),
        });
        state::install(Arc::clone(&state)).unwrap();
        Self {
            state,
            spans,
            _turn: turn,
        }
    }

    /// The spans that have ended, in that order.
    pub(crate) fn spans(&self) -> Vec<Arc<SpanData>> {
        self.ended().iter().map(|(span, _)| Arc::clone(span)).collect()
    }

    /// The one span of this name that has ended.
    pub(crate) fn span(&self, name: &str) -> Arc<SpanData> {
        let mut named: Vec<_> = self.spans().into_iter().filter(|span| span.name == name).collect();
        assert_eq!(named.len(), 1, "spans named {name}");
        named.remove(0)
    }

    /// What the exporters were told of traces, with their roots.
    pub(crate) fn traces(&self) -> Vec<Arc<TraceInfo>> {
        self.ended().iter().filter_map(|(_, trace)| trace.clone()).collect()
    }

    fn ended(&self) -> MutexGuard<'_, Vec<Ended>> {
        self.spans.ended.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        state::uninstall(&self.state);
    }
}

impl SpanSink for Spans {
    fn submit(&self, span: Arc<SpanData>, trace: Option<Arc<TraceInfo>>) {
        self.ended
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push((span, trace));
    }

    fn flush(&self, _timeout: Duration) -> FlushOutcome {
        FlushOutcome::Complete
    }

    fn set_resource(&self, _resource: &Resource) {}
}

/// An attribute of a span that is a text.
pub(crate) fn text<'a>(span: &'a SpanData, key: &str) -> Option<&'a str> {
    let mut values = span.attributes.iter().filter(|attribute| attribute.key.as_str() == key);
    let value = values.next()?;
    assert!(values.next().is_none(), "{key} is there twice");
    match &value.value {
        opentelemetry::Value::String(text) => Some(text.as_str()),
        other => panic!("{key} is no text: {other:?}"),
    }
}
