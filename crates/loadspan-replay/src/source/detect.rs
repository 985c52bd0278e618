//! What a file is, from how it begins.

use std::io::{BufRead, Chain, Cursor, Read};

use super::problem::{Problems, SourceError, Strictness};

/// A format of recorded workloads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    /// OTLP as JSON: one request, or one a line as the Collector's file exporter writes them.
    OtlpJson,
    /// OTLP as protobuf: one request, or several with their lengths before them, as four bytes or as varints.
    OtlpProtobuf,
    /// `{"spans": [...]}` with times in ISO 8601, as inference-perf reads them.
    InferencePerf,
    /// Lines of JSON with `timestamp`, `input_length`, `output_length`, `hash_ids`.
    Mooncake,
    /// Times and lengths as CSV: Azure's traces of LLMs, BurstGPT, or any with such columns.
    Csv,
    /// Conversations as JSON.
    ShareGpt,
}

/// A format, and all of the file.
#[derive(Debug)]
pub struct Detected<R> {
    /// What was said, or found.
    pub format: Format,
    /// The file from its start.
    pub reader: Peeked<R>,
}

/// A file of which the start was looked at. It reads from the start.
pub type Peeked<R> = Chain<Cursor<Vec<u8>>, R>;

/// How much is looked at.
const START: u64 = 64 * 1024;

impl Format {
    /// All of them, in the order of the documentation.
    pub const ALL: [Self; 6] = [
        Self::OtlpJson,
        Self::OtlpProtobuf,
        Self::InferencePerf,
        Self::Mooncake,
        Self::Csv,
        Self::ShareGpt,
    ];

    /// The name in flags and files.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::OtlpJson => "otlp-json",
            Self::OtlpProtobuf => "otlp-protobuf",
            Self::InferencePerf => "inference-perf",
            Self::Mooncake => "mooncake",
            Self::Csv => "csv",
            Self::ShareGpt => "sharegpt",
        }
    }
}

/// Finds what a file is, unless `format` says it.
///
/// # Errors
///
/// It cannot be read, or is nothing that is known.
pub fn detect<R: BufRead>(name: &str, mut reader: R, format: Option<Format>) -> Result<Detected<R>, SourceError> {
    let problems = Problems::new(name, Strictness::Fail);
    let mut start = Vec::new();
    let read = reader.by_ref().take(START).read_to_end(&mut start);
    read.map_err(|error| problems.read(error))?;
    let format = match format {
        Some(format) => format,
        None => format_of(&start).map_err(|problem| problems.format(problem))?,
    };
    let reader = Cursor::new(start).chain(reader);
    Ok(Detected { format, reader })
}

fn format_of(start: &[u8]) -> Result<Format, String> {
    if start.is_empty() {
        return Err("it is empty".to_owned());
    }
    if start.starts_with(b"\x1f\x8b") || start.starts_with(b"\x28\xb5\x2f\xfd") {
        return Err("it is compressed: unpack it first".to_owned());
    }
    // No text has these, and spans as protobuf have them in their lengths and tags.
    if start.iter().any(|byte| *byte < 0x09) {
        return Ok(Format::OtlpProtobuf);
    }
    let text = start.strip_prefix(b"\xef\xbb\xbf").unwrap_or(start).trim_ascii_start();
    let unknown = || {
        let formats = Format::ALL.map(Format::as_str).join(", ");
        format!("cannot tell what it is: say which of {formats} (--replay-format)")
    };
    match text.first() {
        Some(b'{' | b'[') => of_keys(text).ok_or_else(unknown),
        Some(_) => {
            let line = text.split(|byte| *byte == b'\n').next().unwrap_or_default();
            line.contains(&b',').then_some(Format::Csv).ok_or_else(unknown)
        }
        None => Err("it is empty".to_owned()),
    }
}

/// Whether a line begins a document of spans, rather than going on with one.
pub(super) fn begins_document(line: &[u8]) -> bool {
    line.starts_with(b"{") && matches!(of_keys(line), Some(Format::OtlpJson | Format::InferencePerf))
}

fn of_keys(text: &[u8]) -> Option<Format> {
    Keys::new(text).find_map(|key| match key {
        b"resourceSpans" | b"resource_spans" => Some(Format::OtlpJson),
        b"spans" => Some(Format::InferencePerf),
        b"conversations" => Some(Format::ShareGpt),
        b"input_length" | b"output_length" | b"hash_ids" => Some(Format::Mooncake),
        _ => None,
    })
}

/// The keys of the first object, itself or in an array, as far as it is there.
struct Keys<'a> {
    text: &'a [u8],
    at: usize,
    depth: usize,
    /// The depth within that object.
    inside: Option<usize>,
}

impl<'a> Keys<'a> {
    const fn new(text: &'a [u8]) -> Self {
        Self {
            text,
            at: 0,
            depth: 0,
            inside: None,
        }
    }

    /// The text after an opening quotation mark, up to the closing one.
    fn string(&mut self) -> Option<&'a [u8]> {
        let start = self.at;
        loop {
            match self.text.get(self.at)? {
                b'"' => break,
                b'\\' => self.at += 2,
                _ => self.at += 1,
            }
        }
        self.at += 1;
        self.text.get(start..self.at - 1)
    }
}

impl<'a> Iterator for Keys<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        loop {
            let byte = *self.text.get(self.at)?;
            self.at += 1;
            match byte {
                b'{' | b'[' => {
                    self.depth += 1;
                    if byte == b'{' && self.inside.is_none() {
                        self.inside = Some(self.depth);
                    }
                }
                b'}' | b']' => {
                    if self.inside == Some(self.depth) {
                        return None;
                    }
                    self.depth = self.depth.saturating_sub(1);
                }
                b'"' => {
                    let string = self.string()?;
                    let after = self.text.get(self.at..).unwrap_or_default().trim_ascii_start();
                    if self.inside == Some(self.depth) && after.first() == Some(&b':') {
                        return Some(string);
                    }
                }
                _ => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(start: &str) -> Result<Format, String> {
        format_of(start.as_bytes())
    }

    #[test]
    fn a_format_shows_in_the_first_object() {
        assert_eq!(found(r#"{"resourceSpans":[{"sco"#), Ok(Format::OtlpJson));
        assert_eq!(found("\u{feff} {\n \"resource_spans\" : []}"), Ok(Format::OtlpJson));
        assert_eq!(
            found(r#"{"trace":{"resourceSpans":1},"spans":[]}"#),
            Ok(Format::InferencePerf)
        );
        let log = r#"{"timestamp": 1, "input_length": 2, "output_length": 3, "hash_ids": [1]}"#;
        assert_eq!(found(log), Ok(Format::Mooncake));
        let conversations = r#"[{"id":"\"spans\":","conversations":[{"from":"human"}]}]"#;
        assert_eq!(found(conversations), Ok(Format::ShareGpt));
        assert_eq!(found("TIMESTAMP,ContextTokens,GeneratedTokens\n"), Ok(Format::Csv));
        assert_eq!(format_of(b"\n\x05\x12\x03\n\x01a"), Ok(Format::OtlpProtobuf));
    }

    #[test]
    fn what_is_unknown_is_said() {
        assert_eq!(found(""), Err("it is empty".to_owned()));
        assert_eq!(found(" \n"), Err("it is empty".to_owned()));
        assert_eq!(
            format_of(b"\x1f\x8b\x08\0"),
            Err("it is compressed: unpack it first".to_owned())
        );
        for unknown in [
            "{}",
            "[",
            r#"{"a":"spans""#,
            r#"[{"a":1},{"spans":1}]"#,
            "words",
            "{\"a\\",
        ] {
            assert!(found(unknown).unwrap_err().starts_with("cannot tell"), "{unknown}");
        }
    }
}
