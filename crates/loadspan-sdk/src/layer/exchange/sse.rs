//! Server-sent events, taken from bytes as they come, however they are cut.

/// Takes the data of events from a stream of bytes.
#[derive(Debug)]
pub(super) struct Events {
    line: Vec<u8>,
    data: Vec<u8>,
    has_data: bool,
    /// Bytes of an event that are kept at most.
    limit: usize,
    /// The event is too long.
    is_over: bool,
    /// The last byte was a carriage return: a line feed after it ends no other line.
    after_return: bool,
    is_first_line: bool,
}

impl Events {
    pub(super) fn new(limit: usize) -> Self {
        Self {
            line: Vec::new(),
            data: Vec::new(),
            has_data: false,
            limit,
            is_over: false,
            after_return: false,
            is_first_line: true,
        }
    }

    /// Takes bytes, and gives the data of each event that is complete with them. Those that are too long are left out.
    pub(super) fn feed(&mut self, mut bytes: &[u8], mut event: impl FnMut(&[u8])) {
        if self.after_return && !bytes.is_empty() {
            self.after_return = false;
            bytes = bytes.strip_prefix(b"\n").unwrap_or(bytes);
        }
        while let Some(end) = bytes.iter().position(|byte| matches!(byte, b'\n' | b'\r')) {
            self.append(&bytes[..end]);
            self.end_line(&mut event);
            let is_return = bytes[end] == b'\r';
            bytes = &bytes[end + 1..];
            self.after_return = is_return && bytes.is_empty();
            if is_return {
                bytes = bytes.strip_prefix(b"\n").unwrap_or(bytes);
            }
        }
        self.append(bytes);
    }

    /// The stream is over. Some servers leave out the last line's end.
    pub(super) fn end(&mut self, mut event: impl FnMut(&[u8])) {
        if !self.line.is_empty() {
            self.end_line(&mut event);
        }
        self.dispatch(&mut event);
    }

    fn append(&mut self, bytes: &[u8]) {
        if self.line.len() + self.data.len() + bytes.len() > self.limit {
            self.is_over = true;
        }
        if !self.is_over {
            self.line.extend_from_slice(bytes);
        } else if self.line.is_empty() {
            // Only an empty line ends an event.
            self.line.extend_from_slice(&bytes[..bytes.len().min(1)]);
        }
    }

    fn end_line(&mut self, event: &mut impl FnMut(&[u8])) {
        let mut line = std::mem::take(&mut self.line);
        if std::mem::take(&mut self.is_first_line) && line.starts_with("\u{feff}".as_bytes()) {
            line.drain(..3);
        }
        if line.is_empty() {
            self.dispatch(event);
        } else if let Some(data) = line.strip_prefix(b"data") {
            self.add_data(data);
        }
        line.clear();
        self.line = line;
    }

    /// `data` is what follows the name of the field.
    fn add_data(&mut self, data: &[u8]) {
        let value = match data.strip_prefix(b":") {
            Some(value) => value.strip_prefix(b" ").unwrap_or(value),
            None if data.is_empty() => data,
            // The name of another field begins alike.
            None => return,
        };
        if std::mem::replace(&mut self.has_data, true) {
            self.data.push(b'\n');
        }
        self.data.extend_from_slice(value);
    }

    fn dispatch(&mut self, event: &mut impl FnMut(&[u8])) {
        if self.has_data && !self.is_over {
            event(&self.data);
        }
        self.data.clear();
        self.has_data = false;
        self.is_over = false;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn events(pieces: &[&[u8]]) -> Vec<String> {
        let mut parser = Events::new(64);
        let mut found = Vec::new();
        for piece in pieces {
            parser.feed(piece, |data| found.push(String::from_utf8(data.to_vec()).unwrap()));
        }
        parser.end(|data| found.push(String::from_utf8(data.to_vec()).unwrap()));
        found
    }

    #[test]
    fn events_are_taken_as_the_specification_says() {
        let cases: [(&str, &[&str]); 9] = [
            ("data: a\n\ndata:b\n\n", &["a", "b"]),
            ("data: a\r\ndata: b\r\n\r\ndata: c\r\r", &["a\nb", "c"]),
            (": comment\nevent: x\nid: 1\ndata: a\n\n", &["a"]),
            ("event: x\n\n", &[]),
            ("data\n\ndata:\n\n", &["", ""]),
            ("database: x\n\n", &[]),
            ("data:  two spaces\n\n", &[" two spaces"]),
            ("\u{feff}data: a\n\n", &["a"]),
            ("data: [DONE]", &["[DONE]"]),
        ];
        for (stream, expected) in cases {
            assert_eq!(events(&[stream.as_bytes()]), expected, "{stream:?}");
        }
    }

    #[test]
    fn an_event_that_is_too_long_disturbs_no_other() {
        let stream = format!("data: a\n\ndata: {}\ndata: x\n\ndata: b\n\n", "-".repeat(100));

        assert_eq!(events(&[stream.as_bytes()]), ["a", "b"]);
    }

    proptest! {
        #[test]
        fn it_does_not_matter_how_a_stream_is_cut(stream in "(data: ?[a-zé]{0,4}|:[a-z]{0,80}|\r\n|\n|\r){0,24}", cut in 0..200_usize) {
            let bytes = stream.as_bytes();
            let whole = events(&[bytes]);
            let single: Vec<&[u8]> = bytes.chunks(1).collect();
            let (left, right) = bytes.split_at(cut.min(bytes.len()));

            prop_assert_eq!(&events(&single), &whole);
            prop_assert_eq!(&events(&[left, right]), &whole);
        }
    }
}
