//! JSON objects of which only some members matter. The others are passed over, and one that makes no sense disturbs no other.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::value::RawValue;

/// A JSON object, with its members as they were written.
#[derive(Debug, Default)]
pub(super) struct Object<'a> {
    members: BTreeMap<String, &'a RawValue>,
}

impl<'a> Object<'a> {
    /// `None`: it is no JSON object.
    pub(super) fn parse(text: &'a [u8]) -> Option<Self> {
        let members = serde_json::from_slice(text).ok()?;
        Some(Self { members })
    }

    /// A member that is an object.
    pub(super) fn object(&self, name: &str) -> Option<Object<'a>> {
        Self::parse(self.raw(name)?.get().as_bytes())
    }

    /// A member that is a list of objects. Empty: it is none.
    pub(super) fn objects(&self, name: &str) -> Vec<Object<'a>> {
        let items: Vec<&'a RawValue> = self.get(name).unwrap_or_default();
        items
            .into_iter()
            .filter_map(|item| Self::parse(item.get().as_bytes()))
            .collect()
    }

    /// A member as it was written. `None`: it is not there, or null.
    pub(super) fn raw(&self, name: &str) -> Option<&'a RawValue> {
        self.members.get(name).copied().filter(|value| value.get() != "null")
    }

    /// A member, if it is what it should be.
    pub(super) fn get<T: Deserialize<'a>>(&self, name: &str) -> Option<T> {
        serde_json::from_str(self.raw(name)?.get()).ok()
    }

    pub(super) fn text(&self, name: &str) -> Option<String> {
        self.get(name)
    }
}

/// JSON text, if it is JSON.
pub(super) fn raw(text: &[u8]) -> Option<&RawValue> {
    serde_json::from_slice(text).ok()
}
