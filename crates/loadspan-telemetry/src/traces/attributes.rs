//! Attributes as they stand in a span, an event or a link, within the limits that the user has set.

use super::protobuf::{bytes_len, put_bytes, put_fixed64, put_length, put_varint, varint_len};

/// How long text may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TextLimit {
    /// In characters: the user's limit.
    pub(super) characters: Option<usize>,
    /// In bytes: ours, so that a span fits into a payload.
    pub(super) bytes: usize,
}

/// Encoded attributes. Those beyond the limit are left out and counted.
#[derive(Debug, Clone)]
pub(super) struct Attributes {
    field: u32,
    limit: usize,
    text_limit: TextLimit,
    bytes: Vec<u8>,
    /// Where each attribute ends in `bytes`.
    ends: Vec<usize>,
    dropped: u32,
}

// Fields of `KeyValue`, `AnyValue` and `ArrayValue`.
const KEY: u32 = 1;
const VALUE: u32 = 2;
const STRING: u32 = 1;
const BOOL: u32 = 2;
const INT: u32 = 3;
const DOUBLE: u32 = 4;
const ARRAY: u32 = 5;
const ELEMENTS: u32 = 1;

impl TextLimit {
    pub(super) const NONE: Self = Self {
        characters: None,
        bytes: usize::MAX,
    };

    /// As much of `text` as is within the limit, whole characters only.
    pub(super) fn cut(self, text: &str) -> &str {
        let text = match self.characters {
            // As many bytes cannot be more characters.
            Some(limit) if text.len() > limit => text.char_indices().nth(limit).map_or(text, |(end, _)| &text[..end]),
            _ => text,
        };
        cut_bytes(text, self.bytes)
    }
}

/// As much of `text` as fits into so many bytes, whole characters only.
pub(super) fn cut_bytes(text: &str, limit: usize) -> &str {
    if text.len() <= limit {
        return text;
    }
    let end = (0..=limit).rev().find(|end| text.is_char_boundary(*end));
    &text[..end.unwrap_or(0)]
}

impl Attributes {
    /// For at most `limit` attributes, each as the field `field` of what they belong to.
    pub(super) fn new(field: u32, limit: usize, text_limit: TextLimit) -> Self {
        Self {
            field,
            limit,
            text_limit,
            bytes: Vec::new(),
            ends: Vec::new(),
            dropped: 0,
        }
    }

    /// Starts again, keeping its memory.
    pub(super) fn clear(&mut self, limit: usize, text_limit: TextLimit) {
        (self.limit, self.text_limit, self.dropped) = (limit, text_limit, 0);
        self.bytes.clear();
        self.ends.clear();
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Attributes that were left out.
    pub(super) fn dropped(&self) -> u32 {
        self.dropped
    }

    pub(super) fn text(&mut self, key: &str, text: &str) {
        let text = self.text_limit.cut(text);
        if self.open(key, bytes_len(text.len())) {
            put_bytes(&mut self.bytes, STRING, text.as_bytes());
            self.close();
        }
    }

    pub(super) fn texts<'t>(&mut self, key: &str, texts: impl Iterator<Item = &'t str> + Clone) {
        let limit = self.text_limit;
        let texts = texts.map(|text| limit.cut(text));
        let element = |text: &str| bytes_len(text.len());
        let length = texts.clone().map(|text| bytes_len(element(text))).sum();
        if self.open(key, bytes_len(length)) {
            put_length(&mut self.bytes, ARRAY, length);
            for text in texts {
                put_length(&mut self.bytes, ELEMENTS, element(text));
                put_bytes(&mut self.bytes, STRING, text.as_bytes());
            }
            self.close();
        }
    }

    pub(super) fn int(&mut self, key: &str, value: i64) {
        // Negative numbers are their two's complement in 64 bits.
        if self.open(key, 1 + varint_len(value as u64)) {
            put_varint(&mut self.bytes, INT, value as u64);
            self.close();
        }
    }

    pub(super) fn float(&mut self, key: &str, value: f64) {
        if self.open(key, 9) {
            put_fixed64(&mut self.bytes, DOUBLE, value.to_bits());
            self.close();
        }
    }

    pub(super) fn boolean(&mut self, key: &str, value: bool) {
        if self.open(key, 2) {
            put_varint(&mut self.bytes, BOOL, u64::from(value));
            self.close();
        }
    }

    pub(super) fn optional_text(&mut self, key: &str, text: Option<&str>) {
        if let Some(text) = text {
            self.text(key, text);
        }
    }

    pub(super) fn optional_int(&mut self, key: &str, value: Option<i64>) {
        if let Some(value) = value {
            self.int(key, value);
        }
    }

    pub(super) fn optional_float(&mut self, key: &str, value: Option<f64>) {
        if let Some(value) = value {
            self.float(key, value);
        }
    }

    /// Adds attributes that were encoded before, with the same field and the same limit of text.
    pub(super) fn extend(&mut self, others: &Self) {
        let room = self.limit - self.ends.len();
        let taken = room.min(others.ends.len());
        let start = self.bytes.len();
        if let Some(end) = taken.checked_sub(1).map(|last| others.ends[last]) {
            self.bytes.extend_from_slice(&others.bytes[..end]);
        }
        self.ends.extend(others.ends[..taken].iter().map(|end| start + end));
        self.dropped += others.dropped + (others.ends.len() - taken) as u32;
    }

    /// Writes what stands before a value of `length` bytes. `false`: there is no room for it.
    fn open(&mut self, key: &str, length: usize) -> bool {
        if self.ends.len() >= self.limit {
            self.dropped += 1;
            return false;
        }
        put_length(&mut self.bytes, self.field, bytes_len(key.len()) + bytes_len(length));
        put_bytes(&mut self.bytes, KEY, key.as_bytes());
        put_length(&mut self.bytes, VALUE, length);
        true
    }

    fn close(&mut self) {
        self.ends.push(self.bytes.len());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limit(characters: usize) -> TextLimit {
        TextLimit {
            characters: Some(characters),
            bytes: usize::MAX,
        }
    }

    #[test]
    fn text_is_cut_between_characters() {
        assert_eq!(limit(3).cut("grün"), "grü");
        assert_eq!(limit(4).cut("grün"), "grün");
        assert_eq!(limit(0).cut("grün"), "");
        let bytes = TextLimit {
            characters: None,
            bytes: 3,
        };
        assert_eq!(bytes.cut("grün"), "gr");
    }

    #[test]
    fn a_block_is_cut_where_the_room_ends() {
        let mut block = Attributes::new(9, 128, TextLimit::NONE);
        block.text("a", "1");
        block.int("b", 2);
        block.boolean("c", true);
        let mut attributes = Attributes::new(9, 3, TextLimit::NONE);
        attributes.float("first", 0.5);
        attributes.extend(&block);
        attributes.text("last", "never");
        assert_eq!((attributes.ends.len(), attributes.dropped()), (3, 2));
        let head = attributes.ends[0];
        assert_eq!(attributes.bytes()[head..], block.bytes()[..block.ends[1]]);
    }
}
