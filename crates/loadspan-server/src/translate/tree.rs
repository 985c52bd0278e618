//! Texts of JSON as trees, as far as there is room for these.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

use crate::tree_room::TreeRoom;

/// Bytes that trees of one span, or of one text, take. What would take more stays a text: nobody reads it as anything else.
const BYTES: usize = 32 << 20;
/// What an object has memory for as soon as it has an entry: a node of a B-tree.
pub(super) const OBJECT: usize = 11 * ENTRY;
/// An entry of an object.
pub(super) const ENTRY: usize = size_of::<(String, Value)>();

/// Room for the trees of a span.
pub(super) fn room() -> TreeRoom {
    TreeRoom::new(BYTES)
}

/// A text as a tree. `None`: it is no JSON, or there is no room for it.
pub(super) fn parse(text: &str, room: &TreeRoom) -> Option<Value> {
    room.unless_in_vain(|| {
        let mut json = serde_json::Deserializer::from_str(text);
        let value = Tree(room).deserialize(&mut json).ok()?;
        json.end().ok()?;
        Some(value)
    })
}

/// Reads a value. How deep it may be, the deserializer knows.
#[derive(Debug, Clone, Copy)]
struct Tree<'a>(&'a TreeRoom);

impl<'de> DeserializeSeed<'de> for Tree<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Tree<'_> {
    type Value = Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a JSON value")
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E: Error>(self, flag: bool) -> Result<Value, E> {
        Ok(Value::Bool(flag))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Value, E> {
        Ok(Value::from(number))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Value, E> {
        Ok(Value::from(number))
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Value, E> {
        Ok(Value::from(number))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Value, E> {
        self.0.take_or_fail(text.len())?;
        Ok(Value::from(text))
    }

    fn visit_string<E: Error>(self, text: String) -> Result<Value, E> {
        self.0.take_or_fail(text.len())?;
        Ok(Value::from(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut values = Vec::new();
        while let Some(value) = items.next_element_seed(self)? {
            self.0.take_or_fail(size_of::<Value>())?;
            values.push(value);
        }
        Ok(Value::Array(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some(key) = entries.next_key::<String>()? {
            let node = if object.is_empty() { OBJECT } else { 0 };
            self.0.take_or_fail(node + ENTRY + key.len())?;
            let value = entries.next_value_seed(self)?;
            object.insert(key, value);
        }
        Ok(Value::Object(object))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_becomes_what_it_is() {
        for text in [
            r#"{"a":[1,-2,2.5,null,true,"x\n"],"b":{"a":{}}}"#,
            "[]",
            "18446744073709551615",
            "\"text\"",
            "1e300",
        ] {
            let expected: Value = serde_json::from_str(text).unwrap();
            assert_eq!(parse(text, &room()), Some(expected), "{text}");
        }
        for text in ["{", "[1] 2", "nothing", ""] {
            assert_eq!(parse(text, &room()), None, "{text}");
        }
    }

    #[test]
    fn what_would_take_too_much_memory_is_no_tree_and_leaves_its_room_to_others() {
        let room = room();
        let large = format!("[{}0]", r#"{"":0},"#.repeat(100_000));
        assert_eq!(parse(&large, &room), None);
        assert!(parse(r#"{"a": [1, 2, 3]}"#, &room).is_some());
        // Pictures are long, but just one value.
        let picture = Value::from(vec!["a".repeat(15 << 20)]).to_string();
        assert!(parse(&picture, &room).is_some());
    }
}
