//! A span, as it is asked for attributes.

use std::cell::RefCell;

use loadspan_wire::otlp::trace::Span;
use loadspan_wire::otlp::trace::span::Event;
use loadspan_wire::otlp::{KeyValue, any_value};

use super::json;

/// Whose attributes a span has: conventions that cannot have anything to say are not asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Families(u16);

impl Families {
    pub(super) const MLFLOW: Self = Self(1);
    pub(super) const OPENINFERENCE: Self = Self(1 << 1);
    pub(super) const GENAI: Self = Self(1 << 2);
    pub(super) const TYPED: Self = Self(1 << 3);
    pub(super) const TRACELOOP: Self = Self(1 << 4);
    pub(super) const ADK: Self = Self(1 << 5);
    pub(super) const VERCEL: Self = Self(1 << 6);
    pub(super) const LIVEKIT: Self = Self(1 << 7);
    pub(super) const LAMINAR: Self = Self(1 << 8);
    pub(super) const LANGFUSE: Self = Self(1 << 9);

    fn of_key(key: &str) -> Self {
        match key.split('.').next().unwrap_or_default() {
            "mlflow" => Self::MLFLOW,
            "openinference" | "llm" | "embedding" | "reranker" | "retrieval" => Self::OPENINFERENCE,
            "input" | "output" => Self::OPENINFERENCE.and(Self::TYPED),
            "gen_ai" => Self::GENAI,
            "span" | "entity" => Self::TYPED,
            "traceloop" => Self::TRACELOOP,
            "gcp" => Self::ADK,
            "ai" => Self::VERCEL,
            "lk" => Self::LIVEKIT,
            "lmnr" => Self::LAMINAR,
            "langfuse" => Self::LANGFUSE,
            _ => Self(0),
        }
    }

    pub(super) const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether the two have something in common.
    pub(super) const fn meets(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }
}

/// The names of the attributes that were read: who translates a span back wants to know where an answer comes from.
#[derive(Debug, Default)]
pub(super) struct Trail<'a>(RefCell<Vec<&'a str>>);

impl<'a> Trail<'a> {
    /// The names so far, which are forgotten.
    pub(super) fn take(&self) -> Vec<&'a str> {
        self.0.take()
    }

    fn note(&self, key: &'a str) {
        self.0.borrow_mut().push(key);
    }
}

/// A span, as it is asked for attributes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Source<'a> {
    attributes: &'a [KeyValue],
    events: &'a [Event],
    families: Families,
    trail: Option<&'a Trail<'a>>,
}

impl<'a> Source<'a> {
    /// One that leaves a trail.
    pub(super) fn watched(span: &'a Span, trail: &'a Trail<'a>) -> Self {
        Self {
            trail: Some(trail),
            ..Self::of(span)
        }
    }

    pub(super) fn of(span: &'a Span) -> Self {
        let events = span.events.iter().map(|event| event.name.as_str());
        let keys = span.attributes.iter().map(|attribute| attribute.key.as_str());
        let families = keys
            .chain(events)
            .map(Families::of_key)
            .fold(Families::default(), Families::and);
        Self {
            attributes: &span.attributes,
            events: &span.events,
            families,
            trail: None,
        }
    }

    pub(super) fn families(&self) -> Families {
        self.families
    }

    /// Whether no convention is heard.
    pub(super) fn says_nothing(&self) -> bool {
        self.families == Families::default()
    }

    /// The value of an attribute.
    pub(super) fn get(&self, key: &str) -> Option<&'a any_value::Value> {
        let (key, value) = self.attributes.iter().filter(|pair| pair.key == key).find_map(said)?;
        self.note(key);
        Some(value)
    }

    /// All attributes below a prefix, by what follows it.
    pub(super) fn below(&self, prefix: &str) -> impl Iterator<Item = (&'a str, &'a any_value::Value)> {
        let pairs = self.attributes.iter().filter_map(said);
        pairs.filter_map(move |(key, value)| {
            let field = key.strip_prefix(prefix)?;
            self.note(key);
            Some((field, value))
        })
    }

    /// Whatever was read so far is not what the next question is about.
    pub(super) fn forget(&self) {
        if let Some(trail) = self.trail {
            trail.take();
        }
    }

    fn note(&self, key: &'a str) {
        if let Some(trail) = self.trail {
            trail.note(key);
        }
    }

    /// An attribute of the first event of a name.
    pub(super) fn event(&self, name: &str, key: &str) -> Option<&'a any_value::Value> {
        let event = self.events.iter().find(|event| event.name == name)?;
        value(&event.attributes, key)
    }

    pub(super) fn events(&self) -> &'a [Event] {
        self.events
    }

    /// A text that is not empty.
    pub(super) fn text(&self, key: &str) -> Option<&'a str> {
        match self.get(key)? {
            any_value::Value::StringValue(text) => Some(text.as_str()).filter(|text| !text.is_empty()),
            _ => None,
        }
    }

    /// The first of several attributes that is there, as text; numbers and lists as JSON.
    pub(super) fn any_text(&self, keys: &[&str]) -> Option<String> {
        keys.iter().find_map(|key| match self.get(key)? {
            any_value::Value::StringValue(text) => (!text.is_empty()).then(|| text.clone()),
            value => Some(json::of_value(value)),
        })
    }

    /// The first of several attributes that has content, as JSON text.
    pub(super) fn json(&self, keys: &[&str]) -> Option<String> {
        keys.iter().find_map(|key| json::content(self.get(key)?))
    }

    /// The first of several attributes that is a whole number, or reads like one.
    pub(super) fn int(&self, keys: &[&str]) -> Option<i64> {
        keys.iter().find_map(|key| whole(self.get(key)?))
    }
}

/// A number, or a text that reads like one.
pub(super) fn real(value: &any_value::Value) -> Option<f64> {
    let number = match value {
        #[expect(clippy::cast_precision_loss, reason = "so many dollars are not counted in cents")]
        any_value::Value::IntValue(number) => Some(*number as f64),
        any_value::Value::DoubleValue(number) => Some(*number),
        any_value::Value::StringValue(text) => text.trim().parse().ok(),
        _ => None,
    };
    number.filter(|number: &f64| number.is_finite())
}

/// A number that is whole, or a text that reads like one. Tokens are never negative.
fn whole(value: &any_value::Value) -> Option<i64> {
    let number = match value {
        any_value::Value::IntValue(number) => Some(*number),
        #[expect(
            clippy::cast_possible_truncation,
            reason = "as long as it is whole and small, nothing is cut"
        )]
        any_value::Value::DoubleValue(number) if number.fract() == 0.0 && number.abs() < 1e15 => Some(*number as i64),
        any_value::Value::StringValue(text) => text.trim().parse().ok(),
        _ => None,
    };
    number.filter(|number| *number >= 0)
}

fn said(pair: &KeyValue) -> Option<(&str, &any_value::Value)> {
    Some((pair.key.as_str(), pair.value.as_ref()?.value.as_ref()?))
}

pub(super) fn value<'a>(attributes: &'a [KeyValue], key: &str) -> Option<&'a any_value::Value> {
    let pair = attributes.iter().find(|pair| pair.key == key)?;
    pair.value.as_ref()?.value.as_ref()
}
