//! The fields of a span of `tracing`, and what becomes of each.

use std::fmt;

use opentelemetry::trace::SpanKind;
use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::Value;
use tracing::field::{Field, Visit};
use tracing::span::Attributes;

use super::value::{Visitor, of_json, to_otel, to_text};
use crate::span::Span;

/// The field that says which side of a call a span is.
const KIND: &str = "otel.kind";

/// The fields of a span, sorted by what becomes of them.
#[derive(Debug, Default)]
pub(super) struct Fields {
    /// Those of the function, in their order.
    arguments: Vec<(&'static str, Value)>,
    /// Those with names of conventions.
    attributes: Vec<(&'static str, Value)>,
    span_type: Option<String>,
    inputs: Option<Value>,
    outputs: Option<Value>,
    name: Option<String>,
    /// There are arguments that the span does not have yet.
    is_new: bool,
}

impl Fields {
    pub(super) fn add(&mut self, record: impl FnOnce(&mut dyn Visit)) {
        record(&mut Visitor(|field: &Field, value| self.put(field.name(), value)));
    }

    pub(super) fn take_name(&mut self) -> Option<String> {
        self.name.take()
    }

    /// Writes what the span does not have yet. Arguments stay: with those that come later, they are written again as a whole.
    pub(super) fn write_on(&mut self, span: &Span) {
        if let Some(span_type) = self.span_type.take() {
            span.set_type(span_type);
        }
        for (name, value) in self.attributes.drain(..) {
            span.set_otel_attribute(name, to_otel(&value));
        }
        if let Some(outputs) = self.outputs.take() {
            span.set_outputs(outputs);
        }
        if !std::mem::take(&mut self.is_new) {
            return;
        }
        match &self.inputs {
            None => span.set_inputs(Members(&self.arguments)),
            Some(inputs) => {
                span.set_inputs(inputs);
                for (name, value) in &self.arguments {
                    span.set_attribute(*name, value);
                }
            }
        }
    }

    fn put(&mut self, name: &'static str, value: Value) {
        match name {
            "span_type" | "mlflow.span_type" => self.span_type = Some(to_text(&value)),
            "mlflow.outputs" => self.outputs = Some(of_json(value)),
            "otel.name" => self.name = Some(to_text(&value)),
            KIND => {}
            "mlflow.inputs" => {
                self.inputs = Some(of_json(value));
                self.is_new = true;
            }
            name if name.contains('.') => self.attributes.push((name, value)),
            name => {
                self.is_new = true;
                match self.arguments.iter_mut().find(|(known, _)| *known == name) {
                    Some((_, known)) => *known = value,
                    None => self.arguments.push((name, value)),
                }
            }
        }
    }
}

/// As the members of an object, in their order.
struct Members<'a>(&'a [(&'static str, Value)]);

impl Serialize for Members<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (name, value) in self.0 {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

/// Which side of a call it is, if a field says. It has to be known before the span begins, and looks at no other field.
pub(super) fn kind(attributes: &Attributes<'_>) -> Option<SpanKind> {
    attributes.metadata().fields().field(KIND)?;
    let mut found = KindVisitor(None);
    attributes.record(&mut found);
    found.0
}

struct KindVisitor(Option<SpanKind>);

impl Visit for KindVisitor {
    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == KIND {
            self.0 = parse_kind(value);
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if field.name() == KIND {
            self.0 = parse_kind(&format!("{value:?}"));
        }
    }
}

fn parse_kind(word: &str) -> Option<SpanKind> {
    let kinds = [
        ("internal", SpanKind::Internal),
        ("server", SpanKind::Server),
        ("client", SpanKind::Client),
        ("producer", SpanKind::Producer),
        ("consumer", SpanKind::Consumer),
    ];
    kinds
        .into_iter()
        .find_map(|(known, kind)| known.eq_ignore_ascii_case(word).then_some(kind))
}
