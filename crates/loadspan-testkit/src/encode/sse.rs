//! Server-sent events, in the style the script wants.

use std::mem;

use crate::Script;
use crate::script::DataSpace;

/// Events that were written and not yet taken.
#[derive(Debug)]
pub(crate) struct Events {
    bytes: Vec<u8>,
    /// Where each event ends.
    ends: Vec<usize>,
    line_ending: &'static [u8],
    data: &'static [u8],
}

impl Events {
    pub(crate) fn new(script: &Script) -> Self {
        Self {
            bytes: Vec::with_capacity(512),
            ends: Vec::with_capacity(4),
            line_ending: script.line_ending.bytes(),
            data: match script.data_space {
                DataSpace::One => b"data: ",
                DataSpace::Absent => b"data:",
            },
        }
    }

    /// Begins an event, which must be ended.
    pub(crate) fn begin(&mut self, name: Option<&str>) {
        if let Some(name) = name {
            self.bytes.extend_from_slice(b"event: ");
            self.bytes.extend_from_slice(name.as_bytes());
            self.bytes.extend_from_slice(self.line_ending);
        }
        self.bytes.extend_from_slice(self.data);
    }

    /// Appends to the data of the event, which has no line breaks.
    pub(crate) fn write(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// Where the data of the event can be appended to.
    pub(crate) fn buffer(&mut self) -> &mut Vec<u8> {
        &mut self.bytes
    }

    pub(crate) fn end(&mut self) {
        self.bytes.extend_from_slice(self.line_ending);
        self.bytes.extend_from_slice(self.line_ending);
        self.ends.push(self.bytes.len());
    }

    /// A comment, which clients must skip.
    pub(crate) fn comment(&mut self, text: &str) {
        self.bytes.extend_from_slice(b": ");
        self.bytes.extend_from_slice(text.as_bytes());
        self.end();
    }

    /// The events written since the last call of [`Events::clear`], each with the empty line that ends it.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &[u8]> {
        let mut start = 0;
        self.ends
            .iter()
            .map(move |&end| &self.bytes[mem::replace(&mut start, end)..end])
    }

    pub(crate) fn clear(&mut self) {
        self.bytes.clear();
        self.ends.clear();
    }
}
