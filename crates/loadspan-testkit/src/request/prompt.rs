//! How much text a request carries.

use std::fmt;

use serde::de::{IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

/// The size of a prompt: a string, token ids, messages, content parts, or lists of these. Everything else in it counts nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct PromptSize {
    /// Words between white space, over all texts.
    pub(crate) words: u64,
    /// Token ids, which are counted one by one.
    pub(crate) ids: u64,
    /// How many prompts: the strings, or lists of ids, of a list; otherwise 1.
    pub(crate) prompts: u32,
}

impl PromptSize {
    fn words(text: &str) -> Self {
        Self {
            words: count_words(text),
            ids: 0,
            prompts: 1,
        }
    }

    fn id() -> Self {
        Self {
            words: 0,
            ids: 1,
            prompts: 0,
        }
    }

    fn add(&mut self, part: Self) {
        self.words = self.words.saturating_add(part.words);
        self.ids = self.ids.saturating_add(part.ids);
        self.prompts = self.prompts.saturating_add(part.prompts);
    }
}

/// Words between ASCII white space.
fn count_words(text: &str) -> u64 {
    let mut words = 0;
    let mut in_space = true;
    for byte in text.bytes() {
        let space = matches!(byte, b' ' | b'\n' | b'\t' | b'\r');
        words += u64::from(in_space && !space);
        in_space = space;
    }
    words
}

impl<'de> Deserialize<'de> for PromptSize {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(PromptVisitor)
    }
}

struct PromptVisitor;

/// The keys of a message or content part that lead to text.
#[derive(Deserialize)]
#[serde(field_identifier, rename_all = "snake_case")]
enum Key {
    Content,
    Text,
    #[serde(other)]
    Other,
}

impl<'de> Visitor<'de> for PromptVisitor {
    type Value = PromptSize;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text, token ids, messages, or a list of texts")
    }

    fn visit_str<E>(self, text: &str) -> Result<PromptSize, E> {
        Ok(PromptSize::words(text))
    }

    fn visit_u64<E>(self, _: u64) -> Result<PromptSize, E> {
        Ok(PromptSize::id())
    }

    fn visit_i64<E>(self, _: i64) -> Result<PromptSize, E> {
        Ok(PromptSize::id())
    }

    fn visit_unit<E>(self) -> Result<PromptSize, E> {
        Ok(PromptSize::default())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<PromptSize, A::Error> {
        let mut size = PromptSize::default();
        while let Some(part) = list.next_element()? {
            size.add(part);
        }
        size.prompts = size.prompts.max(1);
        Ok(size)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<PromptSize, A::Error> {
        let mut size = PromptSize::default();
        while let Some(key) = fields.next_key()? {
            match key {
                Key::Content | Key::Text => size.add(fields.next_value::<Option<PromptSize>>()?.unwrap_or_default()),
                Key::Other => {
                    fields.next_value::<IgnoredAny>()?;
                }
            }
        }
        size.prompts = 1;
        Ok(size)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn size(json: &str) -> (u64, u64, u32) {
        let size: PromptSize = serde_json::from_str(json).unwrap();
        (size.words, size.ids, size.prompts)
    }

    #[test]
    fn texts_are_counted_in_words() {
        assert_eq!(size(r#""one two  three\n four""#), (4, 0, 1));
        assert_eq!(size(r#""  ""#), (0, 0, 1));
    }

    #[test]
    fn lists_of_texts_and_ids_are_several_prompts() {
        assert_eq!(size(r#"["a b", "c"]"#), (3, 0, 2));
        assert_eq!(size("[1, 2, 3]"), (0, 3, 1));
        assert_eq!(size("[[1, 2], [3]]"), (0, 3, 2));
    }

    #[test]
    fn only_the_text_of_messages_counts() {
        let messages = r#"[
            {"role": "system", "content": "be brief please"},
            {"role": "user", "content": [{"type": "text", "text": "what is\nthis"}, {"type": "image_url", "image_url": {"url": "a b"}}]},
            {"role": "assistant", "content": null, "tool_calls": [{"id": "x y"}]}
        ]"#;
        assert_eq!(size(messages).0, 6);
    }
}
