//! What a request takes in memory once it is decoded. A message of two bytes on the wire may be three hundred in memory, so that the size
//! of a request says little about it; one pass over its tags, which takes no memory, says it before anything is decoded.
//!
//! The figure is an estimate from above: what lists take while they grow, and what an allocator adds to short texts, is in it.

mod shape;
#[cfg(test)]
mod tests;

use self::shape::{Content, Field, Shape};
use super::logs::LogRecord;
use super::trace::{ResourceSpans, Span};

/// What an allocator takes for the shortest text.
const ALLOCATION: usize = 32;
/// What a list has room for from its first element on.
const FIRST: usize = 4;
/// Messages inside one another, which the decoder does not go beyond either.
const DEPTH: usize = 100;

/// Bytes that a request with spans takes in memory.
#[must_use]
pub fn of_traces(protobuf: &[u8]) -> usize {
    Walk::through(protobuf, &shape::TRACES)
}

/// Bytes that the spans of one resource take in memory.
#[must_use]
pub fn of_resource_spans(protobuf: &[u8]) -> usize {
    size_of::<ResourceSpans>() + Walk::through(protobuf, &shape::RESOURCE_SPANS)
}

/// Bytes that a request with metrics takes in memory.
#[must_use]
pub fn of_metrics(protobuf: &[u8]) -> usize {
    Walk::through(protobuf, &shape::METRICS)
}

/// Bytes that a request with log records takes in memory.
#[must_use]
pub fn of_logs(protobuf: &[u8]) -> usize {
    Walk::through(protobuf, &shape::LOGS)
}

/// Bytes that a span takes in memory.
#[must_use]
pub fn of_span(protobuf: &[u8]) -> usize {
    size_of::<Span>() + Walk::through(protobuf, &shape::SPAN)
}

/// Bytes that a log record takes in memory.
#[must_use]
pub fn of_log_record(protobuf: &[u8]) -> usize {
    size_of::<LogRecord>() + Walk::through(protobuf, &shape::LOG_RECORD)
}

/// A pass over tags. It reads as the decoder does, which looks at the end of a message only after each of its fields: a field that is
/// longer than the message that it is in is decoded before it is refused, and must be counted.
struct Walk<'p> {
    rest: &'p [u8],
    weight: usize,
}

/// A list that grows: how many elements of one field came one after the other.
#[derive(Default)]
struct Run {
    field: u64,
    length: usize,
}

impl Walk<'_> {
    fn through(protobuf: &[u8], shape: &Shape) -> usize {
        let mut walk = Walk {
            rest: protobuf,
            weight: protobuf.len(),
        };
        // What is broken is refused by the decoder, at the same place: it takes no more than what was counted.
        let _ = walk.message(shape, 0, DEPTH);
        walk.weight
    }

    /// Reads fields until only `end` bytes are left. `None`: it is broken.
    fn message(&mut self, shape: &Shape, end: usize, depth: usize) -> Option<()> {
        let mut run = Run::default();
        while self.rest.len() > end {
            let tag = self.varint()?;
            let field = shape.field(tag >> 3);
            match tag & 7 {
                0 => drop(self.varint()?),
                1 => self.skip(8)?,
                5 => self.skip(4)?,
                2 => {
                    let length = usize::try_from(self.varint()?)
                        .ok()
                        .filter(|&length| length <= self.rest.len())?;
                    self.delimited(field, length, &mut run, depth)?;
                    continue;
                }
                // Groups are passed over: what is in them is counted as if it were not.
                3 | 4 => {}
                _ => return None,
            }
            self.weight += field.map_or(0, |field| field.bytes);
        }
        (self.rest.len() == end).then_some(())
    }

    fn delimited(&mut self, field: Option<&Field>, length: usize, run: &mut Run, depth: usize) -> Option<()> {
        let Some(field) = field else {
            self.weight += ALLOCATION;
            return self.skip(length);
        };
        match field.content {
            Content::Message(shape) => {
                self.weight += run.grown_by(field);
                let end = self.rest.len() - length;
                self.message(shape, end, depth.checked_sub(1)?)
            }
            Content::Text => {
                self.weight += run.grown_by(field) + ALLOCATION;
                self.skip(length)
            }
            Content::Numbers { shortest } => {
                self.weight += length / shortest * field.bytes;
                self.skip(length)
            }
        }
    }

    fn skip(&mut self, bytes: usize) -> Option<()> {
        self.rest = self.rest.get(bytes..)?;
        Some(())
    }

    #[inline]
    fn varint(&mut self) -> Option<u64> {
        let (&first, rest) = self.rest.split_first()?;
        if first < 0x80 {
            self.rest = rest;
            return Some(u64::from(first));
        }
        self.long_varint()
    }

    fn long_varint(&mut self) -> Option<u64> {
        let mut value = 0_u64;
        for (place, &byte) in self.rest.iter().take(10).enumerate() {
            value |= u64::from(byte & 0x7f) << (7 * place);
            if byte < 0x80 {
                self.rest = &self.rest[place + 1..];
                return Some(value);
            }
        }
        None
    }
}

impl Run {
    /// What one more element takes: a list begins with room for some, and doubles when it is full.
    fn grown_by(&mut self, field: &Field) -> usize {
        if self.field != field.number {
            *self = Self {
                field: field.number,
                length: 0,
            };
        }
        self.length += 1;
        match self.length {
            1 => FIRST * field.bytes,
            2..=FIRST => 0,
            _ => 2 * field.bytes,
        }
    }
}
