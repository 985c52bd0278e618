//! Server-sent events from bytes that arrive in any pieces.
//!
//! Follows the event stream grammar of the HTML standard (§9.2.6), with one leniency: an event that the end of the stream cuts
//! off before its blank line is still delivered, because some servers forget it. An event whose line lies whole in one read, which
//! is nearly all of them, is handed on without a copy.

use memchr::memchr2;

/// The longest line that is taken: a server that never ends a line must not fill the memory.
const LINE_LIMIT: usize = 16 << 20;

/// A dispatched event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SseEvent<'a> {
    /// The `event` field; empty when there was none.
    pub name: &'a [u8],
    /// The `data` lines, joined by line feeds.
    pub data: &'a [u8],
}

/// A line or an event longer than 16 MiB.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an event of the stream is longer than 16 MiB")]
pub struct EventTooLong;

/// Splits a byte stream into events.
#[derive(Debug, Default)]
pub struct SseDecoder {
    /// The beginning of a line whose end has not arrived.
    partial_line: Vec<u8>,
    /// Data lines of the event that is being read, each followed by a line feed.
    data: Vec<u8>,
    name: Vec<u8>,
    /// The last byte was a CR that ended a line: an LF that follows belongs to it.
    after_cr: bool,
    past_start: bool,
}

impl SseDecoder {
    /// Takes the next bytes and hands every event that they complete to `on_event`.
    ///
    /// # Errors
    ///
    /// A line or event over 16 MiB; the decoder is of no use afterwards.
    pub fn push(&mut self, bytes: &[u8], mut on_event: impl FnMut(SseEvent<'_>)) -> Result<(), EventTooLong> {
        if self.is_overlong() {
            return Err(EventTooLong);
        }
        let mut rest = self.skip_start(bytes);
        // The one data line of an event, as long as it can be borrowed from this read.
        let mut borrowed: Option<&[u8]> = None;
        while let Some(end) = memchr2(b'\n', b'\r', rest) {
            let line = &rest[..end];
            let terminator = rest[end];
            rest = &rest[end + 1..];
            if terminator == b'\r' {
                match rest.first() {
                    Some(b'\n') => rest = &rest[1..],
                    Some(_) => {}
                    None => self.after_cr = true,
                }
            }
            if self.partial_line.is_empty() {
                self.take_line(line, &mut borrowed, &mut on_event);
            } else {
                self.partial_line.extend_from_slice(line);
                let line = std::mem::take(&mut self.partial_line);
                let mut copied = None;
                self.keep(borrowed.take());
                self.take_line(&line, &mut copied, &mut on_event);
                self.keep(copied);
                self.partial_line = line;
                self.partial_line.clear();
            }
            if self.is_overlong() {
                return Err(EventTooLong);
            }
        }
        self.keep(borrowed);
        self.partial_line.extend_from_slice(rest);
        if self.is_overlong() { Err(EventTooLong) } else { Ok(()) }
    }

    /// Once true it stays true, so that what follows is not kept.
    fn is_overlong(&self) -> bool {
        self.partial_line.len() > LINE_LIMIT || self.data.len() > LINE_LIMIT
    }

    /// The stream has ended: hands over an event that lacks its blank line.
    pub fn finish(&mut self, mut on_event: impl FnMut(SseEvent<'_>)) {
        if !self.partial_line.is_empty() {
            let line = std::mem::take(&mut self.partial_line);
            let mut copied = None;
            self.take_line(&line, &mut copied, &mut on_event);
            self.keep(copied);
        }
        self.dispatch(None, &mut on_event);
    }

    /// Drops what does not belong to the first line: a byte order mark, and the LF of a CR LF that the last read cut in two.
    fn skip_start<'a>(&mut self, bytes: &'a [u8]) -> &'a [u8] {
        let mut bytes = bytes;
        if self.after_cr && !bytes.is_empty() {
            self.after_cr = false;
            bytes = bytes.strip_prefix(b"\n").unwrap_or(bytes);
        }
        if !self.past_start && !bytes.is_empty() {
            self.past_start = true;
            bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        }
        bytes
    }

    fn take_line<'a>(
        &mut self,
        line: &'a [u8],
        borrowed: &mut Option<&'a [u8]>,
        on_event: &mut impl FnMut(SseEvent<'_>),
    ) {
        if line.is_empty() {
            return self.dispatch(borrowed.take(), on_event);
        }
        let (field, value) = match line.strip_prefix(b"data:") {
            Some(value) => (&b"data"[..], value),
            None => split_field(line),
        };
        let value = value.strip_prefix(b" ").unwrap_or(value);
        match field {
            b"data" if borrowed.is_none() && self.data.is_empty() => *borrowed = Some(value),
            b"data" => {
                self.keep(borrowed.take());
                self.keep(Some(value));
            }
            b"event" => {
                self.name.clear();
                self.name.extend_from_slice(value);
            }
            // `id`, `retry`, comments (an empty field name) and fields nobody knows.
            _ => {}
        }
    }

    /// Copies a data line that outlives the read it came with.
    fn keep(&mut self, line: Option<&[u8]>) {
        if let Some(line) = line {
            self.data.extend_from_slice(line);
            self.data.push(b'\n');
        }
    }

    fn dispatch(&mut self, borrowed: Option<&[u8]>, on_event: &mut impl FnMut(SseEvent<'_>)) {
        let data = borrowed.or_else(|| self.data.strip_suffix(b"\n"));
        if let Some(data) = data {
            on_event(SseEvent { name: &self.name, data });
        }
        self.data.clear();
        self.name.clear();
    }
}

/// A line as field name and value; a line without a colon is a name alone.
fn split_field(line: &[u8]) -> (&[u8], &[u8]) {
    match memchr::memchr(b':', line) {
        Some(colon) => (&line[..colon], &line[colon + 1..]),
        None => (line, b""),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    type Owned = Vec<(String, String)>;

    /// The events of `pieces` pushed one after the other.
    fn events<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Owned {
        let mut seen = Vec::new();
        let mut collect = |event: SseEvent<'_>| {
            let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
            seen.push((text(event.name), text(event.data)));
        };
        let mut decoder = SseDecoder::default();
        for piece in pieces {
            decoder.push(piece, &mut collect).unwrap();
        }
        decoder.finish(&mut collect);
        seen
    }

    fn data_of(stream: &str) -> Vec<String> {
        events([stream.as_bytes()]).into_iter().map(|(_, data)| data).collect()
    }

    #[test]
    fn line_endings_and_the_space_are_optional() {
        assert_eq!(data_of("data: a\n\ndata:b\r\n\r\ndata:  c\r\r"), ["a", "b", " c"]);
    }

    #[test]
    fn lines_of_one_event_are_joined() {
        assert_eq!(data_of("data: {\ndata:  \"a\":1\ndata: }\n\n"), ["{\n \"a\":1\n}"]);
    }

    #[test]
    fn comments_ids_and_unknown_fields_make_no_event() {
        assert_eq!(
            data_of(": keep-alive\n\nid: 7\n\nretry: 10\n\nx\n\ndata: a\n: c\nfoo: b\n\n"),
            ["a"]
        );
    }

    #[test]
    fn an_empty_data_line_is_an_event() {
        assert_eq!(data_of("data\n\ndata:\n\n"), ["", ""]);
    }

    #[test]
    fn names_belong_to_one_event() {
        let seen = events([&b"event: error\ndata: x\n\ndata: y\n\n"[..]]);
        assert_eq!(seen, [("error".into(), "x".into()), (String::new(), "y".into())]);
    }

    #[test]
    fn a_byte_order_mark_is_skipped_once() {
        assert_eq!(data_of("\u{feff}data: a\n\n"), ["a"]);
    }

    #[test]
    fn the_last_event_may_lack_its_blank_line() {
        assert_eq!(data_of("data: a\n\ndata: [DONE]"), ["a", "[DONE]"]);
    }

    #[test]
    fn an_endless_line_is_refused() {
        let mut decoder = SseDecoder::default();
        let piece = vec![b'x'; 1 << 20];
        let result = (0..17).try_for_each(|_| decoder.push(&piece, |_| {}));
        assert_eq!(result, Err(EventTooLong));
        assert_eq!(
            decoder.push(b"\ndata: a\n\n", |_| {}),
            Err(EventTooLong),
            "nothing more is kept"
        );
    }

    proptest! {
        #[test]
        fn the_same_stream_cut_anywhere_gives_the_same_events(
            lines in proptest::collection::vec("(data: ?[a-zé]{0,4}|data|event: [a-z]{1,3}|: c|id: 1|)", 0..30),
            endings in proptest::collection::vec(prop_oneof![Just("\n"), Just("\r\n"), Just("\r")], 30),
            cuts in proptest::collection::vec(any::<prop::sample::Index>(), 0..12),
        ) {
            let stream: String = lines.iter().zip(&endings).flat_map(|(line, end)| [line.as_str(), end]).collect();
            let stream = stream.as_bytes();
            let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(stream.len() + 1)).collect();
            cuts.extend([0, stream.len()]);
            cuts.sort_unstable();
            let pieces = cuts.windows(2).map(|cut| &stream[cut[0]..cut[1]]);
            prop_assert_eq!(events(pieces), events([stream]));
            prop_assert_eq!(events(stream.chunks(1)), events([stream]));
        }
    }
}
