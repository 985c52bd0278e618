//! How messages of protobuf stand one after another in a file.
//!
//! A request by itself is nothing but fields of `ResourceSpans`, which are read one at a time. Of several, each has its length before
//! it: as four bytes, highest first, which is what the Collector's file exporter writes, or as a varint.

use std::io::{self, BufRead, Read};

use loadspan_wire::otlp::trace::ResourceSpans;
use loadspan_wire::otlp::{ExportTraceServiceRequest, Message, weight};

use super::budget::{BUDGET, too_heavy};
use super::problem::{Problems, SourceError};

/// The tag of `resource_spans` in a request.
const RESOURCE_SPANS: u8 = 0x0a;

/// A message of more bytes is refused rather than held.
const LONGEST: u64 = 512 << 20;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Framing {
    /// `resource_spans`, one after another.
    None,
    FourBytes,
    Varint,
}

/// Hands over all that is in a file. What is torn is a bad line, and the end of it.
pub(super) fn each<R: BufRead>(
    mut reader: R,
    problems: &mut Problems,
    mut take: impl FnMut(ResourceSpans) -> Result<(), SourceError>,
) -> Result<(), SourceError> {
    let framing = match first(&mut reader).map_err(|error| problems.read(error))? {
        None => return Ok(()),
        Some(RESOURCE_SPANS) => Framing::None,
        Some(0) => Framing::FourBytes,
        Some(_) => Framing::Varint,
    };
    let mut buffer = Vec::new();
    for number in 1.. {
        match next(&mut reader, framing, &mut buffer) {
            Ok(true) => {}
            Ok(false) => return Ok(()),
            Err(error) => return end(number, error, problems),
        }
        match decode(&buffer, framing) {
            Ok(spans) => spans.into_iter().try_for_each(&mut take)?,
            Err(reason) => problems.line(number, reason)?,
        }
    }
    Ok(())
}

/// What a message is, if it does not become too large: two bytes of it may become three hundred.
fn decode(message: &[u8], framing: Framing) -> Result<Vec<ResourceSpans>, String> {
    let weight = match framing {
        Framing::None => weight::of_resource_spans(message),
        _ => weight::of_traces(message),
    };
    if weight > BUDGET {
        return Err(too_heavy());
    }
    let decoded = match framing {
        Framing::None => ResourceSpans::decode(message).map(|spans| vec![spans]),
        _ => ExportTraceServiceRequest::decode(message).map(|request| request.resource_spans),
    };
    decoded.map_err(|error| error.to_string())
}

/// Where lengths are wrong, nothing behind them can be found.
fn end(number: u64, error: io::Error, problems: &mut Problems) -> Result<(), SourceError> {
    match error.kind() {
        io::ErrorKind::InvalidData => problems.line(number, error.to_string()),
        io::ErrorKind::UnexpectedEof => problems.line(number, "the file ends within it"),
        _ => Err(problems.read(error)),
    }
}

fn first<R: BufRead>(reader: &mut R) -> io::Result<Option<u8>> {
    reader.fill_buf().map(|bytes| bytes.first().copied())
}

/// Reads a message. `false`: there is none.
fn next<R: BufRead>(reader: &mut R, framing: Framing, buffer: &mut Vec<u8>) -> io::Result<bool> {
    let Some(tag) = first(reader)? else {
        return Ok(false);
    };
    let length = match framing {
        Framing::FourBytes => {
            let mut bytes = [0; 4];
            reader.read_exact(&mut bytes)?;
            u64::from(u32::from_be_bytes(bytes))
        }
        Framing::Varint => varint(reader)?,
        Framing::None if tag == RESOURCE_SPANS => {
            reader.consume(1);
            varint(reader)?
        }
        Framing::None => return Err(invalid("it is no request of OTLP")),
    };
    // Requests with nothing in them are none: a file of zeros would never end.
    if length > LONGEST || (length == 0 && framing != Framing::None) {
        return Err(invalid("it is no request of OTLP, or too long for one"));
    }
    buffer.clear();
    let read = reader.by_ref().take(length).read_to_end(buffer)?;
    if (read as u64) < length {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(true)
}

fn varint<R: Read>(reader: &mut R) -> io::Result<u64> {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let mut byte = [0];
        reader.read_exact(&mut byte)?;
        value |= u64::from(byte[0] & 0x7f) << shift;
        if byte[0] & 0x80 == 0 {
            return Ok(value);
        }
    }
    Err(invalid("it has no length"))
}

fn invalid(reason: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, reason)
}
