//! Datasets of one JSON object a line.

use std::{
    fmt,
    io::{self, BufRead, Read},
    num::NonZeroU32,
    path::Path,
};

use serde::{
    Deserialize, Deserializer,
    de::{Error, MapAccess, Visitor},
};
use serde_json::value::RawValue;

use super::{
    dataset::{ContentKind, Entries, EntryLengths, read_error},
    error::{WorkloadError, shortened},
};

/// The longest line that is read, in bytes. A longer one is a mistake, and must not fill memory.
const MAX_LINE_BYTES: u64 = 64 << 20;

/// Keys that AIPerf's files may have and that would change what is sent. Leaving them out in silence would benchmark
/// something else than the file says.
const NOT_SUPPORTED: [&str; 17] = [
    "texts",
    "image",
    "images",
    "image_uuids",
    "audio",
    "audios",
    "video",
    "videos",
    "timestamp",
    "delay",
    "role",
    "session_id",
    "extra",
    "turns",
    "text_input",
    "tools",
    "hash_ids",
];

/// What came of reading a line.
#[derive(Debug, PartialEq, Eq)]
enum ReadLine {
    Whole,
    TooLong,
    End,
}

/// One line.
struct Row<'a> {
    content: RowContent<'a>,
    lengths: EntryLengths,
}

/// JSON is kept as it stands in the file: the order of keys and the form of numbers are the user's.
enum RowContent<'a> {
    Text(String),
    Messages(&'a RawValue),
    Payload(&'a RawValue),
}

/// The part of a message that must be there. What else it needs, the server knows better.
#[derive(Deserialize)]
struct Message {
    #[serde(rename = "role")]
    _role: String,
}

/// Reads all lines. Blank ones are passed over, but counted.
pub(super) fn read(path: &Path, reader: &mut impl BufRead) -> Result<Entries, WorkloadError> {
    let mut entries = Entries::default();
    each_line(path, reader, |line| add_line(&mut entries, line))?;
    Ok(entries)
}

/// Calls `add` with each line that is not blank. What it says is wrong is an error with the number of the line.
pub(crate) fn each_line(
    path: &Path,
    reader: &mut impl BufRead,
    mut add: impl FnMut(&str) -> Result<(), String>,
) -> Result<(), WorkloadError> {
    let mut line = Vec::new();
    for number in 1.. {
        let problem = match read_line(reader, &mut line, MAX_LINE_BYTES).map_err(|source| read_error(path, source))? {
            ReadLine::End => break,
            ReadLine::TooLong => Err(format!("the line is longer than {} MiB", MAX_LINE_BYTES >> 20)),
            ReadLine::Whole => as_text(&line).and_then(|line| if line.is_empty() { Ok(()) } else { add(line) }),
        };
        problem.map_err(|problem| WorkloadError::Line {
            path: path.to_owned(),
            line: number,
            problem,
        })?;
    }
    Ok(())
}

/// Replaces `line` by the next line of at most `max` bytes.
fn read_line(reader: &mut impl BufRead, line: &mut Vec<u8>, max: u64) -> io::Result<ReadLine> {
    line.clear();
    let count = reader.by_ref().take(max + 1).read_until(b'\n', line)? as u64;
    Ok(match count {
        0 => ReadLine::End,
        _ if count > max => ReadLine::TooLong,
        _ => ReadLine::Whole,
    })
}

/// A line without what ends it.
fn as_text(line: &[u8]) -> Result<&str, String> {
    let text = std::str::from_utf8(line).map_err(|error| {
        format!(
            "not UTF-8 at column {}; save the file as UTF-8",
            error.valid_up_to() + 1
        )
    })?;
    Ok(text.trim_ascii_end())
}

fn add_line(entries: &mut Entries, line: &str) -> Result<(), String> {
    let Row { content, lengths } = serde_json::from_str(line).map_err(|error| describe(&error))?;
    match &content {
        RowContent::Text(text) => entries.push(ContentKind::Text, not_empty(text)?, lengths),
        RowContent::Messages(json) => entries.push(ContentKind::Messages, as_messages(json)?, lengths),
        RowContent::Payload(json) => entries.push(ContentKind::Payload, as_object(json)?, lengths),
    }
    Ok(())
}

fn not_empty(text: &str) -> Result<&str, String> {
    if text.is_empty() {
        Err("the text is empty".to_owned())
    } else {
        Ok(text)
    }
}

fn as_messages(json: &RawValue) -> Result<&str, String> {
    let messages: Vec<Message> = serde_json::from_str(json.get())
        .map_err(|error| format!("`messages` is not a list of chat messages: {}", without_place(&error)))?;
    if messages.is_empty() {
        Err("`messages` is empty".to_owned())
    } else {
        Ok(json.get())
    }
}

fn as_object(json: &RawValue) -> Result<&str, String> {
    if json.get().starts_with('{') {
        Ok(json.get())
    } else {
        Err("`payload` is not a JSON object".to_owned())
    }
}

/// What is wrong with a line, and in which column of it.
pub(crate) fn describe(error: &serde_json::Error) -> String {
    if error.is_eof() {
        return "the JSON object is not complete; each must stand on one line".to_owned();
    }
    format!("{} (column {})", without_place(error), error.column())
}

/// The message of a JSON error without its place, which is that in one line and not in the file.
pub(crate) fn without_place(error: &serde_json::Error) -> String {
    let message = error.to_string();
    shortened(
        message
            .rsplit_once(" at line ")
            .map_or(message.as_str(), |(message, _)| message),
    )
}

impl<'de> Deserialize<'de> for Row<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(RowVisitor)
    }
}

struct RowVisitor;

impl<'de> Visitor<'de> for RowVisitor {
    type Value = Row<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object with `text`, `messages` or `payload`")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Row<'de>, A::Error> {
        let mut content = None;
        let mut lengths = EntryLengths::default();
        while let Some(key) = map.next_key::<String>()? {
            match key.as_str() {
                "text" | "prompt" => set_content(&mut content, RowContent::Text(map.next_value()?))?,
                "messages" => set_content(&mut content, RowContent::Messages(map.next_value()?))?,
                "payload" => set_content(&mut content, RowContent::Payload(map.next_value()?))?,
                "output_length" | "output_tokens" => set_length(&mut lengths.output, &key, map.next_value()?)?,
                "input_length" => set_length(&mut lengths.input, &key, map.next_value()?)?,
                _ => return Err(A::Error::custom(refuse(&key))),
            }
        }
        let content = content.ok_or_else(|| A::Error::custom("the line has no `text`, `messages` or `payload`"))?;
        Ok(Row { content, lengths })
    }
}

fn set_content<'de, E: Error>(content: &mut Option<RowContent<'de>>, value: RowContent<'de>) -> Result<(), E> {
    match content.replace(value) {
        None => Ok(()),
        Some(_) => Err(E::custom(
            "the line has more than one of `text`, `prompt`, `messages` and `payload`",
        )),
    }
}

/// Sets a length; `null` is no length.
fn set_length<E: Error>(length: &mut Option<NonZeroU32>, key: &str, value: Option<NonZeroU32>) -> Result<(), E> {
    match (&length, value) {
        (Some(_), Some(_)) => Err(E::custom(format_args!("`{key}` is a second value for the same length"))),
        (None, value) => {
            *length = value;
            Ok(())
        }
        (Some(_), None) => Ok(()),
    }
}

fn refuse(key: &str) -> String {
    let key = shortened(key);
    if NOT_SUPPORTED.contains(&key.as_str()) {
        format!("the key `{key}` is not supported yet; put the whole request body under `payload` instead")
    } else {
        format!(
            "unknown key `{key}`; known are `text`, `prompt`, `messages`, `payload`, `output_length`, `output_tokens` and \
             `input_length`"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workload::{Content, RequestSpec, dataset::tests::Fixture};

    fn problem_in(content: impl AsRef<[u8]>) -> String {
        Fixture::new(content).problem()
    }

    fn text(text: &str) -> RequestSpec<'_> {
        RequestSpec {
            content: Content::Text(text),
            output_tokens: None,
            input_tokens: None,
        }
    }

    #[test]
    fn each_kind_of_row_is_sent_as_what_it_is() {
        let fixture = Fixture::new(concat!(
            "{\"text\": \"caf\\u00e9 \\\"au lait\\\"\", \"output_length\": 5}\n",
            "{\"input_length\": 12, \"prompt\": \"two\", \"output_tokens\": null}\n",
            "{\"messages\": [ {\"role\":\"user\", \"content\":\"hi\"} ]}\n",
            "{\"payload\": {\"z\": 1.50, \"a\": []}}",
        ));
        let workload = fixture.load();
        let mut scratch = String::new();
        let mut request = |index| format!("{:?}", workload.request(index, &mut scratch));
        insta::assert_snapshot!(request(0), @r#"RequestSpec { content: Text("café \"au lait\""), output_tokens: Some(5), input_tokens: None }"#);
        insta::assert_snapshot!(request(1), @r#"RequestSpec { content: Text("two"), output_tokens: None, input_tokens: Some(12) }"#);
        insta::assert_snapshot!(request(2), @r#"RequestSpec { content: Messages("[ {\"role\":\"user\", \"content\":\"hi\"} ]"), output_tokens: None, input_tokens: None }"#);
        insta::assert_snapshot!(request(3), @r#"RequestSpec { content: Payload("{\"z\": 1.50, \"a\": []}"), output_tokens: None, input_tokens: None }"#);
    }

    #[test]
    fn blank_lines_a_byte_order_mark_and_windows_line_ends_do_no_harm() {
        let workload = Fixture::new("\u{feff}{\"text\":\"a\"}\r\n\r\n  \n{\"text\":\"b\"}\r\n\n").load();
        assert_eq!(workload.len(), Some(2));
        assert_eq!(workload.request(1, &mut String::new()), text("b"));
        assert_eq!(
            problem_in("{\"text\":\"a\"}\n\n\n{\"text\":1}"),
            "4: invalid type: integer `1`, expected a string (column 9)"
        );
    }

    #[test]
    fn what_is_wrong_is_named_with_its_line() {
        insta::assert_snapshot!(problem_in("{\"text\":\"a\"}\n{\"text\":\"b\""), @"2: the JSON object is not complete; each must stand on one line");
        insta::assert_snapshot!(problem_in("hello"), @"1: expected value (column 1)");
        insta::assert_snapshot!(problem_in("\"hello\""), @r#"1: invalid type: string "hello", expected a JSON object with `text`, `messages` or `payload` (column 7)"#);
        insta::assert_snapshot!(problem_in("{\n  \"text\": \"a\"\n}"), @"1: the JSON object is not complete; each must stand on one line");
        insta::assert_snapshot!(problem_in("{\"text\":\"a\"} {\"text\":\"b\"}"), @"1: trailing characters (column 14)");
        insta::assert_snapshot!(problem_in("{\"text\":\"\"}"), @"1: the text is empty");
        insta::assert_snapshot!(problem_in("{\"output_length\":1}"), @"1: the line has no `text`, `messages` or `payload` (column 19)");
        insta::assert_snapshot!(problem_in("{\"text\":\"a\",\"messages\":[]}"), @"1: the line has more than one of `text`, `prompt`, `messages` and `payload` (column 26)");
        insta::assert_snapshot!(problem_in("{\"messages\":[]}"), @"1: `messages` is empty");
        insta::assert_snapshot!(problem_in("{\"messages\":\"a\"}"), @r#"1: `messages` is not a list of chat messages: invalid type: string "a", expected a sequence"#);
        insta::assert_snapshot!(problem_in("{\"messages\":[{\"content\":\"a\"}]}"), @"1: `messages` is not a list of chat messages: missing field `role`");
        insta::assert_snapshot!(problem_in("{\"payload\":[1]}"), @"1: `payload` is not a JSON object");
        insta::assert_snapshot!(problem_in("{\"text\":\"a\",\"output_length\":0}"), @"1: invalid value: integer `0`, expected a nonzero u32 (column 29)");
        insta::assert_snapshot!(problem_in("{\"text\":\"a\",\"output_length\":1,\"output_tokens\":2}"), @"1: `output_tokens` is a second value for the same length (column 48)");
        insta::assert_snapshot!(problem_in("{\"text\":\"a\",\"temperature\":0}"), @"1: unknown key `temperature`; known are `text`, `prompt`, `messages`, `payload`, `output_length`, `output_tokens` and `input_length` (column 25)");
        insta::assert_snapshot!(problem_in("{\"text\":\"a\",\"session_id\":\"s\"}"), @"1: the key `session_id` is not supported yet; put the whole request body under `payload` instead (column 24)");
    }

    #[test]
    fn bytes_that_are_no_text_are_named_with_their_place() {
        insta::assert_snapshot!(problem_in(b"{\"text\":\"a\"}\n{\"text\":\"\xff\"}"), @"2: not UTF-8 at column 10; save the file as UTF-8");
    }

    #[test]
    fn messages_do_not_repeat_a_long_value() {
        let long = "x".repeat(1 << 20);
        assert!(problem_in(format!("{{\"{long}\":1}}")).len() < 600);
        assert!(problem_in(format!("{{\"text\":\"a\",\"output_length\":\"{long}\"}}")).len() < 600);
    }

    #[test]
    fn a_line_too_long_is_refused_before_it_fills_memory() {
        let mut line = Vec::new();
        let mut endless = io::BufReader::new(io::repeat(b' '));
        assert_eq!(read_line(&mut endless, &mut line, 1_000).unwrap(), ReadLine::TooLong);
        assert_eq!(line.len(), 1_001);
        assert_eq!(read_line(&mut &b"1234\n5"[..], &mut line, 5).unwrap(), ReadLine::Whole);
        assert_eq!(
            read_line(&mut &b"12345\n"[..], &mut line, 5).unwrap(),
            ReadLine::TooLong
        );
        assert_eq!(read_line(&mut &b""[..], &mut line, 5).unwrap(), ReadLine::End);
    }

    proptest::proptest! {
        #[test]
        fn no_file_makes_the_reader_panic(bytes: Vec<u8>, rows in "([{}\\[\\]\":,0-9 \n]|text|messages|payload|output_length|null){0,40}") {
            let _ = read(Path::new("any"), &mut &bytes[..]);
            let _ = read(Path::new("any"), &mut rows.as_bytes());
        }
    }
}
