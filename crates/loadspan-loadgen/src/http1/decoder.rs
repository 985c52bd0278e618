//! HTTP/1.1 responses from bytes that arrive in any pieces. No I/O: bytes in, head and body slices out.

use loadspan_record::RunOffset;

use crate::response::{ResponseHead, ResponseSink};

/// The largest response head that is taken.
const HEAD_LIMIT: usize = 256 << 10;
const HEADERS_LIMIT: usize = 128;

/// The response is not HTTP/1.1 as RFC 9112 has it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not an HTTP/1.1 response: {0}")]
pub(crate) struct NotHttp(pub(crate) String);

/// Whether more bytes belong to the response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Progress {
    More,
    Complete,
}

/// Reads one response after the other from one connection.
#[derive(Debug, Default)]
pub(crate) struct ResponseDecoder {
    state: State,
    /// The beginning of a head, or of a chunk-size line, whose end has not arrived.
    carry: Vec<u8>,
    keep_alive: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum State {
    #[default]
    Head,
    /// A body of known length, and what is left of it.
    Length(u64),
    ChunkSize,
    ChunkData(u64),
    ChunkEnd,
    Trailers,
    /// A body that ends with the connection.
    UntilClose,
    Complete,
}

impl ResponseDecoder {
    /// Prepares for the next response on the same connection.
    pub(crate) fn reset(&mut self) {
        self.state = State::Head;
        self.carry.clear();
    }

    /// Whether the connection may carry another request after this response.
    pub(crate) fn keep_alive(&self) -> bool {
        self.keep_alive && self.state == State::Complete
    }

    /// Whether any byte of the response has been seen.
    pub(crate) fn has_begun(&self) -> bool {
        self.state != State::Head || !self.carry.is_empty()
    }

    /// Whether the head has been seen whole.
    pub(crate) fn has_head(&self) -> bool {
        self.state != State::Head
    }

    /// Takes the bytes of one read, stamped `at`. Bytes behind the end of the response make the connection unusable.
    pub(crate) fn push(
        &mut self,
        bytes: &[u8],
        at: RunOffset,
        sink: &mut impl ResponseSink,
    ) -> Result<Progress, NotHttp> {
        let mut rest = bytes;
        loop {
            rest = match self.state {
                State::Head => match self.take_head(rest, sink)? {
                    Some(rest) => rest,
                    None => return Ok(Progress::More),
                },
                State::Length(left) | State::ChunkData(left) => self.take_body(rest, left, at, sink),
                State::UntilClose => {
                    sink.on_body(rest, at);
                    return Ok(Progress::More);
                }
                State::ChunkSize | State::ChunkEnd | State::Trailers => match self.take_line(rest)? {
                    Some(rest) => rest,
                    None => return Ok(Progress::More),
                },
                State::Complete => {
                    self.keep_alive &= rest.is_empty();
                    return Ok(Progress::Complete);
                }
            };
            if rest.is_empty() && self.state != State::Complete {
                return Ok(Progress::More);
            }
        }
    }

    /// The connection was closed. Complete only for a body that ends that way.
    pub(crate) fn end_of_connection(&mut self) -> Progress {
        self.keep_alive = false;
        match self.state {
            State::UntilClose | State::Complete => Progress::Complete,
            _ => Progress::More,
        }
    }

    /// Parses the head once it is whole; `None` while it is not.
    fn take_head<'a>(&mut self, bytes: &'a [u8], sink: &mut impl ResponseSink) -> Result<Option<&'a [u8]>, NotHttp> {
        if self.carry.is_empty() {
            return match self.parse_head(bytes, sink)? {
                Some(length) => Ok(Some(&bytes[length..])),
                None => {
                    self.carry.extend_from_slice(bytes);
                    Ok(None)
                }
            };
        }
        let before = self.carry.len();
        self.carry.extend_from_slice(bytes);
        let carry = std::mem::take(&mut self.carry);
        let parsed = self.parse_head(&carry, sink);
        self.carry = carry;
        match parsed? {
            Some(length) => {
                self.carry.clear();
                Ok(Some(&bytes[length - before..]))
            }
            None if self.carry.len() > HEAD_LIMIT => Err(NotHttp("the head is longer than 256 KiB".to_owned())),
            None => Ok(None),
        }
    }

    /// The length of the head, after passing it on; interim (1xx) responses are skipped.
    fn parse_head(&mut self, bytes: &[u8], sink: &mut impl ResponseSink) -> Result<Option<usize>, NotHttp> {
        let mut start = 0;
        loop {
            let mut headers = [httparse::EMPTY_HEADER; HEADERS_LIMIT];
            let mut response = httparse::Response::new(&mut headers);
            let parsed = response
                .parse(&bytes[start..])
                .map_err(|error| NotHttp(error.to_string()))?;
            let httparse::Status::Complete(length) = parsed else {
                return Ok(None);
            };
            start += length;
            let status = response.code.unwrap_or_default();
            if (100..200).contains(&status) {
                continue;
            }
            let framing = Framing::of(&response)?;
            self.keep_alive = framing.keep_alive;
            self.state = framing.body;
            sink.on_head(ResponseHead {
                status,
                content_type: framing.content_type,
                request_id: framing.request_id,
            });
            return Ok(Some(start));
        }
    }

    fn take_body<'a>(&mut self, bytes: &'a [u8], left: u64, at: RunOffset, sink: &mut impl ResponseSink) -> &'a [u8] {
        let take = usize::try_from(left).unwrap_or(usize::MAX).min(bytes.len());
        let (body, rest) = bytes.split_at(take);
        if !body.is_empty() {
            sink.on_body(body, at);
        }
        let left = left - take as u64;
        self.state = match (self.state, left) {
            (State::Length(_), 0) => State::Complete,
            (State::Length(_), left) => State::Length(left),
            (_, 0) => State::ChunkEnd,
            (_, left) => State::ChunkData(left),
        };
        rest
    }

    /// Takes a line of the chunked framing; `None` while it has no end.
    fn take_line<'a>(&mut self, bytes: &'a [u8]) -> Result<Option<&'a [u8]>, NotHttp> {
        let Some(end) = memchr::memchr(b'\n', bytes) else {
            self.carry.extend_from_slice(bytes);
            return if self.carry.len() > HEAD_LIMIT {
                Err(NotHttp("a line of the chunked framing has no end".to_owned()))
            } else {
                Ok(None)
            };
        };
        let (line, rest) = (&bytes[..end], &bytes[end + 1..]);
        if self.carry.is_empty() {
            self.state = self.after_line(line.strip_suffix(b"\r").unwrap_or(line))?;
        } else {
            self.carry.extend_from_slice(line);
            let carry = std::mem::take(&mut self.carry);
            self.state = self.after_line(carry.strip_suffix(b"\r").unwrap_or(&carry))?;
            self.carry = carry;
            self.carry.clear();
        }
        Ok(Some(rest))
    }

    fn after_line(&self, line: &[u8]) -> Result<State, NotHttp> {
        match self.state {
            State::ChunkSize => match parse_chunk_size(line)? {
                0 => Ok(State::Trailers),
                size => Ok(State::ChunkData(size)),
            },
            State::ChunkEnd if line.is_empty() => Ok(State::ChunkSize),
            State::ChunkEnd => Err(NotHttp("a chunk is longer than it said".to_owned())),
            State::Trailers if line.is_empty() => Ok(State::Complete),
            other => Ok(other),
        }
    }
}

/// What the headers say about the body and the connection.
struct Framing<'a> {
    body: State,
    keep_alive: bool,
    content_type: Option<&'a str>,
    request_id: Option<&'a str>,
}

impl<'a> Framing<'a> {
    fn of(response: &httparse::Response<'_, 'a>) -> Result<Self, NotHttp> {
        let status = response.code.unwrap_or_default();
        let mut framing = Framing {
            body: State::UntilClose,
            keep_alive: response.version == Some(1),
            content_type: None,
            request_id: None,
        };
        let mut length = None;
        let mut chunked = false;
        for header in response.headers.iter() {
            let value = std::str::from_utf8(header.value).unwrap_or_default();
            // Compared by length first, so that the headers of no interest cost nothing.
            match header.name.len() {
                10 if header.name.eq_ignore_ascii_case("connection") => {
                    framing.keep_alive &= !value
                        .split(',')
                        .any(|option| option.trim().eq_ignore_ascii_case("close"));
                }
                12 if header.name.eq_ignore_ascii_case("content-type") => framing.content_type = Some(value),
                12 if header.name.eq_ignore_ascii_case("x-request-id") => framing.request_id = Some(value),
                14 if header.name.eq_ignore_ascii_case("content-length") => {
                    let bytes = value
                        .trim()
                        .parse()
                        .map_err(|_| NotHttp(format!("content-length is `{value}`")))?;
                    length = Some(bytes);
                }
                17 if header.name.eq_ignore_ascii_case("transfer-encoding") => {
                    chunked = value
                        .rsplit(',')
                        .next()
                        .is_some_and(|last| last.trim().eq_ignore_ascii_case("chunked"));
                }
                _ => {}
            }
        }
        framing.body = match (status, chunked, length) {
            (204 | 304, _, _) | (_, false, Some(0)) => State::Complete,
            (_, true, _) => State::ChunkSize,
            (_, false, Some(length)) => State::Length(length),
            (_, false, None) => State::UntilClose,
        };
        framing.keep_alive &= framing.body != State::UntilClose;
        Ok(framing)
    }
}

fn parse_chunk_size(line: &[u8]) -> Result<u64, NotHttp> {
    let bad = || NotHttp("a chunk has no valid size".to_owned());
    let digits = line.iter().take_while(|byte| byte.is_ascii_hexdigit()).count();
    if digits == 0 || digits > 15 || !matches!(line.get(digits), None | Some(b';' | b' ' | b'\t')) {
        return Err(bad());
    }
    Ok(line[..digits]
        .iter()
        .fold(0, |size, byte| size << 4 | u64::from(hex_value(*byte))))
}

fn hex_value(digit: u8) -> u8 {
    match digit {
        b'0'..=b'9' => digit - b'0',
        _ => (digit | 0x20) - b'a' + 10,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[derive(Debug, Default, PartialEq, Clone)]
    struct Seen {
        status: u16,
        body: Vec<u8>,
    }

    impl ResponseSink for Seen {
        fn on_head(&mut self, head: ResponseHead<'_>) {
            self.status = head.status;
        }

        fn on_body(&mut self, bytes: &[u8], _at: RunOffset) {
            self.body.extend_from_slice(bytes);
        }
    }

    fn decode<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> (Result<Progress, NotHttp>, Seen, bool) {
        let (mut decoder, mut seen) = (ResponseDecoder::default(), Seen::default());
        let mut progress = Ok(Progress::More);
        for piece in pieces {
            progress = decoder.push(piece, RunOffset::ZERO, &mut seen);
            if progress.is_err() {
                break;
            }
        }
        (progress, seen, decoder.keep_alive())
    }

    const CHUNKED: &[u8] =
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n1;x=y\r\n!\r\n0\r\nx: y\r\n\r\n";

    #[test]
    fn a_chunked_body_is_joined() {
        let (progress, seen, keep_alive) = decode([CHUNKED]);
        assert_eq!(
            (progress, seen.status, &seen.body[..], keep_alive),
            (Ok(Progress::Complete), 200, &b"hello!"[..], true)
        );
    }

    #[test]
    fn interim_responses_are_skipped() {
        let (progress, seen, _) =
            decode([&b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 201 Created\r\ncontent-length: 2\r\n\r\nok"[..]]);
        assert_eq!(
            (progress, seen.status, &seen.body[..]),
            (Ok(Progress::Complete), 201, &b"ok"[..])
        );
    }

    #[test]
    fn a_body_without_a_length_ends_with_the_connection() {
        let (mut decoder, mut seen) = (ResponseDecoder::default(), Seen::default());
        let progress = decoder.push(b"HTTP/1.0 200 OK\r\n\r\nabc", RunOffset::ZERO, &mut seen);
        assert_eq!(progress, Ok(Progress::More));
        assert_eq!(decoder.end_of_connection(), Progress::Complete);
        assert!(!decoder.keep_alive());
    }

    #[test]
    fn bytes_behind_the_response_end_the_connection() {
        let (progress, _, keep_alive) = decode([&b"HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\nabc"[..]]);
        assert_eq!((progress, keep_alive), (Ok(Progress::Complete), false));
    }

    #[test]
    fn what_is_not_http_is_refused() {
        assert!(decode([&b"SSH-2.0-OpenSSH_9.2\r\n"[..]]).0.is_err());
        let bad_size = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nxyz\r\n";
        assert!(decode([&bad_size[..]]).0.is_err());
        let long_chunk = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\nab\r\n";
        assert!(decode([&long_chunk[..]]).0.is_err());
    }

    proptest! {
        #[test]
        fn a_response_cut_anywhere_gives_the_same_body(cuts in proptest::collection::vec(0..CHUNKED.len(), 0..8)) {
            let mut cuts = cuts;
            cuts.extend([0, CHUNKED.len()]);
            cuts.sort_unstable();
            let pieces = cuts.windows(2).map(|cut| &CHUNKED[cut[0]..cut[1]]).filter(|piece| !piece.is_empty());
            prop_assert_eq!(decode(pieces), decode([CHUNKED]));
        }

        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = decode([&b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"[..], &bytes[..]]);
            let _ = decode([&bytes[..]]);
        }
    }
}
