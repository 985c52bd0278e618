//! Texts of JSON as values of OTLP: MLflow's SDKs write attributes so, and its clients want them back as what they were.

use std::fmt;

use loadspan_wire::otlp::any_value::Value;
use loadspan_wire::otlp::{AnyValue, ArrayValue, KeyValue, KeyValueList};
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use crate::tree_room::TreeRoom;

/// How deep values may be nested: protobuf's parsers take 100 messages within each other, of which an object has three.
const DEPTH: usize = 24;

/// What a text is as JSON, if that is an object, a list or a text in quotes. `None`: it is just a text, or there is no room for more.
pub(super) fn structured(text: &str, room: &TreeRoom) -> Option<Value> {
    match text.trim_start().as_bytes().first() {
        Some(b'{' | b'[' | b'"') => of_json(text, room),
        _ => None,
    }
}

/// A JSON value. `None`: it is none, too deep, or too large for the room that is left.
pub(super) fn of_json(text: &str, room: &TreeRoom) -> Option<Value> {
    room.unless_in_vain(|| {
        let mut json = serde_json::Deserializer::from_str(text);
        let value = Typed { depth: DEPTH, room }.deserialize(&mut json).ok()?;
        json.end().ok()?;
        value.value
    })
}

/// Whether a value is nested deeper than clients can read.
pub(super) fn is_too_deep(value: &Value) -> bool {
    is_deeper(value, DEPTH)
}

fn is_deeper(value: &Value, room: usize) -> bool {
    let below = |value: &AnyValue| match (&value.value, room.checked_sub(1)) {
        (Some(value), Some(room)) => is_deeper(value, room),
        (None, _) => false,
        (Some(_), None) => true,
    };
    match value {
        Value::ArrayValue(array) => array.values.iter().any(below),
        Value::KvlistValue(list) => list.values.iter().filter_map(|entry| entry.value.as_ref()).any(below),
        _ => false,
    }
}

/// Reads a value.
#[derive(Debug, Clone, Copy)]
struct Typed<'a> {
    /// How deep what is nested in it may be.
    depth: usize,
    room: &'a TreeRoom,
}

impl Typed<'_> {
    /// For what is nested in a list or an object, which has memory for four of them as soon as it has one.
    fn within<E: Error>(self) -> Result<Self, E> {
        self.room.take_or_fail(4 * size_of::<KeyValue>())?;
        let depth = self.depth.checked_sub(1).ok_or_else(|| E::custom("too deep"))?;
        Ok(Self { depth, ..self })
    }

    /// For a thing in a list or an object, and its texts.
    fn take<E: Error>(self, texts: usize) -> Result<(), E> {
        self.room.take_or_fail(size_of::<KeyValue>() + texts)
    }
}

impl<'de> DeserializeSeed<'de> for Typed<'_> {
    type Value = AnyValue;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<AnyValue, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Typed<'_> {
    type Value = AnyValue;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a JSON value")
    }

    fn visit_unit<E: Error>(self) -> Result<AnyValue, E> {
        Ok(AnyValue::default())
    }

    fn visit_bool<E: Error>(self, flag: bool) -> Result<AnyValue, E> {
        Ok(any(Value::BoolValue(flag)))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<AnyValue, E> {
        Ok(any(Value::IntValue(number)))
    }

    #[expect(clippy::cast_precision_loss, reason = "OTLP has no whole numbers that large")]
    fn visit_u64<E: Error>(self, number: u64) -> Result<AnyValue, E> {
        let value = i64::try_from(number).map_or(Value::DoubleValue(number as f64), Value::IntValue);
        Ok(any(value))
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<AnyValue, E> {
        Ok(any(Value::DoubleValue(number)))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<AnyValue, E> {
        self.room.take_or_fail(text.len())?;
        Ok(any(Value::StringValue(text.to_owned())))
    }

    fn visit_string<E: Error>(self, text: String) -> Result<AnyValue, E> {
        self.room.take_or_fail(text.len())?;
        Ok(any(Value::StringValue(text)))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<AnyValue, A::Error> {
        let within = self.within()?;
        let mut values = Vec::new();
        while let Some(value) = items.next_element_seed(within)? {
            self.take(0)?;
            values.push(value);
        }
        Ok(any(Value::ArrayValue(ArrayValue { values })))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<AnyValue, A::Error> {
        let within = self.within()?;
        let mut values = Vec::new();
        while let Some(key) = entries.next_key::<String>()? {
            self.take(key.len())?;
            values.push(KeyValue {
                key,
                value: Some(entries.next_value_seed(within)?),
                ..KeyValue::default()
            });
        }
        Ok(any(Value::KvlistValue(KeyValueList { values })))
    }
}

fn any(value: Value) -> AnyValue {
    AnyValue { value: Some(value) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn structured(text: &str) -> Option<Value> {
        super::structured(text, &TreeRoom::new(1 << 20))
    }

    #[test]
    fn what_takes_too_much_memory_stays_a_text_and_leaves_its_room_to_others() {
        let room = TreeRoom::new(1 << 20);
        let large = format!("[{}0]", "{\"\":0},".repeat(10_000));
        assert_eq!(super::structured(&large, &room), None);
        for _ in 0..100 {
            assert!(super::structured("[1, {\"a\": \"b\"}]", &room).is_some());
        }
        // Pictures are long, but just one value.
        let picture = format!("{{\"image\": \"{}\"}}", "a".repeat(500_000));
        assert!(super::structured(&picture, &room).is_some());
        assert_eq!(super::structured(&picture, &room), None, "the first one has the room");
    }

    #[test]
    fn objects_lists_and_quoted_texts_are_read_and_all_else_is_text() {
        assert_eq!(structured("\"CHAIN\""), Some(Value::StringValue("CHAIN".to_owned())));
        assert!(matches!(structured("[1, 2.5, null]"), Some(Value::ArrayValue(array)) if array.values.len() == 3));
        for text in ["12", "true", "null", "text", "{broken", "\"a\" b", ""] {
            assert_eq!(structured(text), None, "{text}");
        }
    }

    #[test]
    fn names_of_an_object_keep_their_order() {
        let Some(Value::KvlistValue(list)) = structured(r#"{"b": 1, "a": {"c": 18446744073709551615}}"#) else {
            panic!("an object");
        };
        let names: Vec<_> = list.values.iter().map(|entry| entry.key.as_str()).collect();
        assert_eq!(names, ["b", "a"]);
    }

    #[test]
    fn what_is_too_deep_for_clients_stays_a_text() {
        let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        let deepest = structured(&nested(DEPTH)).expect("not too deep");
        assert!(!is_too_deep(&deepest));
        assert_eq!(structured(&nested(DEPTH + 1)), None);
        let deeper = Value::ArrayValue(ArrayValue {
            values: vec![any(deepest), any(Value::IntValue(1))],
        });
        assert!(!is_too_deep(&deeper), "an empty list takes no room");
        let deepest = Value::ArrayValue(ArrayValue {
            values: vec![any(deeper)],
        });
        assert!(is_too_deep(&deepest));
    }
}
