//! The layer for `tracing-subscriber`.

mod entered;
mod events;
mod fields;
#[cfg(test)]
mod tests;
mod value;

use tracing::field::Visit;
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;
use tracing_subscriber::registry::LookupSpan;

use self::fields::Fields;
use crate::span::{Handle, Parent, Span, SpanBuilder, span};

/// A layer for [`tracing_subscriber`] that makes a span of MLflow of every span of [`tracing`]. Which ones is said with a filter:
///
/// ```
/// use tracing_subscriber::filter::{LevelFilter, Targets};
/// use tracing_subscriber::layer::{Layer, SubscriberExt};
///
/// let mine = Targets::new().with_target("my_app", LevelFilter::INFO);
/// let subscriber = tracing_subscriber::registry().with(loadspan_sdk::tracing_layer().with_filter(mine));
/// # tracing::subscriber::with_default(subscriber, || {
/// # #[allow(dead_code)]
/// #[tracing::instrument(ret, fields(span_type = "TOOL"))]
/// fn search(query: &str) -> usize {
///     query.len()
/// }
/// # });
/// ```
///
/// | of `tracing` | becomes |
/// |---|---|
/// | parent | parent; spans of `tracing` and those of this crate nest as they are entered |
/// | fields, those recorded later, too | members of the inputs |
/// | fields with a dot in their name, as `gen_ai.request.model` or `session.id` | attributes of that name |
/// | field `span_type` or `mlflow.span_type` | type |
/// | fields `mlflow.inputs`, `mlflow.outputs` | inputs and outputs; text that is JSON as such. Other fields are attributes beside these inputs |
/// | fields `otel.name`, `otel.kind` | name, kind |
/// | `#[instrument(ret)]` | outputs |
/// | event | event |
/// | event of level `ERROR`, so also `#[instrument(err)]` | exception, and the status `ERROR` |
/// | `follows_from` | link |
///
/// Values that `tracing` has as `Debug` text are taken apart where the text is JSON, as that of lists and strings is.
#[must_use]
pub fn tracing_layer() -> TracingLayer {
    TracingLayer { _private: () }
}

/// See [`tracing_layer`].
#[derive(Debug, Clone)]
pub struct TracingLayer {
    _private: (),
}

/// What is kept beside a span of `tracing`.
#[derive(Debug)]
struct Traced {
    span: Span,
    /// `None`: nothing is recorded. Most spans of a sampled application are such, and are moved about: they stay small.
    fields: Option<Box<Fields>>,
    /// A span that is made while the thread unwinds is not ended by the panic.
    unwinding: bool,
}

impl<S> Layer<S> for TracingLayer
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let Some(tracing_span) = context.span(id).filter(|_| !is_ours(attributes.metadata())) else {
            return;
        };
        let span = SpanBuilder::start_below(&parent(attributes, &context), || builder(attributes));
        // Nothing is set up, so that there is nothing to be a parent either.
        if matches!(span.handle, Handle::Off) {
            return;
        }
        let mut traced = Traced {
            fields: span.is_recorded().then(Box::default),
            span,
            unwinding: std::thread::panicking(),
        };
        traced.record(|visit| attributes.record(visit));
        tracing_span.extensions_mut().insert(traced);
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        let Some(tracing_span) = context.span(id) else {
            return;
        };
        if let Some(traced) = tracing_span.extensions_mut().get_mut::<Traced>() {
            traced.record(|visit| values.record(visit));
        }
    }

    fn on_follows_from(&self, id: &Id, follows: &Id, context: Context<'_, S>) {
        if let (Some(span), Some(cause)) = (span_of(id, &context), span_of(follows, &context)) {
            span.add_link(cause.span_context());
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        if is_ours(event.metadata()) || opentelemetry::Context::is_current_telemetry_suppressed() {
            return;
        }
        let span = match event.parent() {
            Some(parent) => span_of(parent, &context),
            None if event.is_contextual() => Some(crate::current_span()),
            None => None,
        };
        if let Some(span) = span.filter(Span::is_recording) {
            events::write(event, &span);
        }
    }

    fn on_enter(&self, id: &Id, context: Context<'_, S>) {
        if let Some(span) = span_of(id, &context) {
            entered::enter(id, &span);
        }
    }

    fn on_exit(&self, id: &Id, _context: Context<'_, S>) {
        entered::exit(id);
    }

    fn on_close(&self, id: Id, context: Context<'_, S>) {
        let traced = context
            .span(&id)
            .and_then(|tracing_span| tracing_span.extensions_mut().remove::<Traced>());
        if let Some(traced) = traced {
            traced.end();
        }
    }
}

impl Traced {
    /// Takes fields, if anybody wants them.
    fn record(&mut self, record: impl FnOnce(&mut dyn Visit)) {
        let Some(fields) = &mut self.fields else {
            return;
        };
        fields.add(record);
        fields.write_on(&self.span);
        if let Some(name) = fields.take_name() {
            self.span.set_name(name);
        }
    }

    fn end(self) {
        if !self.unwinding && std::thread::panicking() {
            self.span.record_panic("the thread panicked");
        }
        self.span.end();
    }
}

fn parent<S>(attributes: &Attributes<'_>, context: &Context<'_, S>) -> Parent
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    match attributes.parent() {
        // One that is not there was left out by a filter.
        Some(parent) => span_of(parent, context).map_or_else(Parent::default, Parent::from),
        None if attributes.is_root() => Parent::NONE,
        None => Parent::default(),
    }
}

fn builder(attributes: &Attributes<'_>) -> SpanBuilder {
    let builder = span(attributes.metadata().name());
    match fields::kind(attributes) {
        Some(kind) => builder.with_kind(kind),
        None => builder,
    }
}

fn span_of<S>(id: &Id, context: &Context<'_, S>) -> Option<Span>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    context
        .span(id)?
        .extensions()
        .get::<Traced>()
        .map(|traced| traced.span.clone())
}

/// What OpenTelemetry says of itself, possibly while it works on a span, is not about the application.
fn is_ours(metadata: &Metadata<'_>) -> bool {
    metadata.target().starts_with("opentelemetry")
}
