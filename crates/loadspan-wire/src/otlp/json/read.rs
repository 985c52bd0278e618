//! Reads OTLP/JSON as protobuf's JSON mapping wants it read: names in lowerCamelCase or as in the `.proto` files, 64-bit integers as
//! strings or numbers, enums as numbers or names, numbers that are not finite, `null` for what is absent, unknown fields skipped.
//!
//! It is written by hand because what serde makes of these types skips `resource_spans` as unknown, so that a whole request would be
//! lost in silence.

mod attributes;
mod budget;
mod logs;
mod points;
mod scalar;
mod spans;

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

pub(super) use self::budget::within;

/// A message that is read field by field.
pub(super) trait Fields: Default {
    /// Takes the value of a field, whose name is in lowerCamelCase; skips it by [`skip`] if there is no such field.
    fn field<'de, A: MapAccess<'de>>(&mut self, name: &str, json: &mut A) -> Result<(), A::Error>;
}

/// Reads a document of one message.
pub(super) fn document<T: Fields>(json: &[u8]) -> Result<T, serde_json::Error> {
    serde_json::from_slice::<Message<T>>(json).map(|message| message.0)
}

/// A message inside another.
fn object<'de, T: Fields, A: MapAccess<'de>>(json: &mut A) -> Result<Option<T>, A::Error> {
    Ok(json.next_value::<Option<Message<T>>>()?.map(|message| message.0))
}

/// Messages inside another.
fn objects<'de, T: Fields, A: MapAccess<'de>>(json: &mut A) -> Result<Vec<T>, A::Error> {
    Ok(list::<Message<T>, A>(json)?
        .into_iter()
        .map(|message| message.0)
        .collect())
}

/// A list, of which each element is taken from the budget.
fn list<'de, T: Deserialize<'de>, A: MapAccess<'de>>(json: &mut A) -> Result<Vec<T>, A::Error> {
    Ok(json
        .next_value::<Option<List<T>>>()?
        .map(|list| list.0)
        .unwrap_or_default())
}

/// Passes over a field that nothing is known of.
fn skip<'de, A: MapAccess<'de>>(json: &mut A) -> Result<(), A::Error> {
    json.next_value::<IgnoredAny>().map(drop)
}

struct Message<T>(T);

impl<'de, T: Fields> Deserialize<'de> for Message<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(MessageVisitor(PhantomData))
    }
}

struct MessageVisitor<T>(PhantomData<T>);

impl<'de, T: Fields> Visitor<'de> for MessageVisitor<T> {
    type Value = Message<T>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut json: A) -> Result<Message<T>, A::Error> {
        let mut message = T::default();
        while let Some(name) = json.next_key::<Cow<'_, str>>()? {
            message.field(&camel(&name), &mut json)?;
        }
        Ok(Message(message))
    }
}

struct List<T>(Vec<T>);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for List<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(ListVisitor(PhantomData))
    }
}

struct ListVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for ListVisitor<T> {
    type Value = List<T>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a JSON array")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut json: A) -> Result<List<T>, A::Error> {
        let mut elements = Vec::new();
        while let Some(element) = json.next_element()? {
            budget::take::<T, A::Error>()?;
            elements.push(element);
        }
        Ok(List(elements))
    }
}

/// `trace_id` as `traceId`; what has no underscore as it is.
fn camel(name: &str) -> Cow<'_, str> {
    if !name.contains('_') {
        return Cow::Borrowed(name);
    }
    let mut words = name.split('_');
    let mut camel = words.next().unwrap_or_default().to_owned();
    for word in words {
        let mut letters = word.chars();
        camel.extend(letters.next().map(|letter| letter.to_ascii_uppercase()));
        camel.push_str(letters.as_str());
    }
    Cow::Owned(camel)
}
