//! Finds requests in the bytes of a connection.

use std::mem::MaybeUninit;

use httparse::Header;

use super::chunked::ChunkDecoder;
use super::reply::{After, Client};
use crate::request::{Headers, RawRequest};
use crate::respond::Answer;

/// Bytes of a request head; 431 beyond.
const HEAD_LIMIT: usize = 64 * 1024;
/// Headers of a request; 431 beyond.
const MAX_HEADERS: usize = 100;

/// Where in a request a connection is. One for all requests of a connection, one after the other.
#[derive(Debug, Default)]
pub(super) struct Parser {
    /// Below this length of input nothing new can be found.
    wanted: usize,
    expectation: Expectation,
    chunks: ChunkDecoder,
}

/// What to do next.
pub(super) enum Step<T> {
    /// Read more; at least so many bytes are missing.
    Incomplete { missing: usize },
    /// Tell the client to send the body.
    Continue,
    /// A request was whole.
    Complete(Complete<T>),
    /// The request cannot be served, and what follows it cannot be read.
    Refused(Answer),
}

/// A request that was whole.
pub(super) struct Complete<T> {
    /// What was made of it.
    pub(super) value: T,
    /// Bytes of input that it took.
    pub(super) length: usize,
    pub(super) client: Client,
    pub(super) after: After,
}

/// Whether the client waits to be told to send its body.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Expectation {
    #[default]
    Open,
    Met,
}

impl Parser {
    /// Looks for a whole request at the start of `input`, and has `handle` make something of it.
    pub(super) fn step<T>(
        &mut self,
        input: &[u8],
        body_limit: usize,
        handle: impl FnOnce(&RawRequest<'_>) -> T,
    ) -> Step<T> {
        if input.is_empty() || input.len() < self.wanted {
            return Step::Incomplete {
                missing: self.wanted.max(1) - input.len(),
            };
        }
        let mut headers = [const { MaybeUninit::uninit() }; MAX_HEADERS];
        let head = match parse_head(input, &mut headers) {
            Ok(Some(head)) => head,
            Ok(None) => return Step::Incomplete { missing: 1 },
            Err(answer) => return Step::Refused(answer),
        };
        let (body, length) = match self.body(&head, &input[head.length..], body_limit) {
            Ok(found) => found,
            Err(NoBody::Refused(answer)) => return Step::Refused(answer),
            Err(NoBody::Waits) => return self.met(),
            Err(NoBody::Incomplete { total }) => {
                self.wanted = head.length + total;
                return Step::Incomplete {
                    missing: self.wanted - input.len(),
                };
            }
        };
        let value = handle(&RawRequest {
            method: head.method,
            target: head.target,
            headers: &Found(head.headers),
            body,
        });
        let complete = Complete {
            value,
            length: head.length + length,
            client: head.client,
            after: head.after,
        };
        *self = Self::default();
        Step::Complete(complete)
    }

    /// The body, and how many bytes of input it took.
    fn body<'a>(&'a mut self, head: &Head<'_>, input: &'a [u8], limit: usize) -> Result<(&'a [u8], usize), NoBody> {
        let waits = head.expects_continue && input.is_empty() && self.expectation == Expectation::Open;
        match head.body {
            Body::Length(length) if length > limit => Err(NoBody::Refused(Answer::too_large(limit))),
            Body::Length(length) if length <= input.len() => Ok((&input[..length], length)),
            _ if waits => Err(NoBody::Waits),
            Body::Length(length) => Err(NoBody::Incomplete { total: length }),
            Body::Chunked => match self.chunks.advance(input, limit) {
                Ok(Some(length)) => Ok((self.chunks.body(), length)),
                Ok(None) => Err(NoBody::Incomplete { total: input.len() + 1 }),
                Err(answer) => Err(NoBody::Refused(answer)),
            },
        }
    }

    fn met<T>(&mut self) -> Step<T> {
        self.expectation = Expectation::Met;
        Step::Continue
    }
}

/// Why there is no body yet.
enum NoBody {
    /// There will be one of at least so many bytes.
    Incomplete {
        total: usize,
    },
    Waits,
    Refused(Answer),
}

/// A request head.
struct Head<'a> {
    method: &'a str,
    target: &'a str,
    headers: &'a [Header<'a>],
    length: usize,
    client: Client,
    after: After,
    body: Body,
    expects_continue: bool,
}

enum Body {
    Length(usize),
    Chunked,
}

/// `None`: it is not whole.
fn parse_head<'a>(
    input: &'a [u8],
    headers: &'a mut [MaybeUninit<Header<'a>>; MAX_HEADERS],
) -> Result<Option<Head<'a>>, Answer> {
    let mut request = httparse::Request::new(&mut []);
    let length = match request.parse_with_uninit_headers(input, headers) {
        Ok(httparse::Status::Complete(length)) => length,
        Ok(httparse::Status::Partial) if input.len() <= HEAD_LIMIT => return Ok(None),
        Ok(httparse::Status::Partial) | Err(httparse::Error::TooManyHeaders) => return Err(Answer::head_too_large()),
        Err(error) => return Err(Answer::malformed(&format!("the request head is not HTTP/1.1: {error}"))),
    };
    let old = request.version == Some(0);
    let method = request.method.unwrap_or_default();
    let mut head = Head {
        method,
        target: request.path.unwrap_or_default(),
        headers: request.headers,
        length,
        client: if old { Client::Http10 } else { Client::Http11 },
        // A client does not expect the body that the answer to HEAD would have here.
        after: if old || method == "HEAD" {
            After::Close
        } else {
            After::KeepAlive
        },
        body: Body::Length(0),
        expects_continue: false,
    };
    head.note_headers()?;
    Ok(Some(head))
}

impl Head<'_> {
    /// Notes what the headers say about the transport.
    fn note_headers(&mut self) -> Result<(), Answer> {
        for header in self.headers {
            match header.name.len() {
                14 if header.name.eq_ignore_ascii_case("content-length") => {
                    let length =
                        parse_length(header.value).ok_or_else(|| Answer::malformed("invalid content-length"))?;
                    if !matches!(self.body, Body::Chunked) {
                        self.body = Body::Length(length);
                    }
                }
                17 if header.name.eq_ignore_ascii_case("transfer-encoding") => self.body = Body::Chunked,
                10 if header.name.eq_ignore_ascii_case("connection") && header.value.eq_ignore_ascii_case(b"close") => {
                    self.after = After::Close;
                }
                6 if header.name.eq_ignore_ascii_case("expect") => self.expects_continue = true,
                _ => {}
            }
        }
        Ok(())
    }
}

fn parse_length(value: &[u8]) -> Option<usize> {
    if value.is_empty() || !value.iter().all(u8::is_ascii_digit) {
        return None;
    }
    std::str::from_utf8(value).ok()?.parse().ok()
}

/// The headers of a request by HTTP/1.1.
struct Found<'a>(&'a [Header<'a>]);

impl Headers for Found<'_> {
    fn each<'a>(&'a self, visit: &mut dyn FnMut(&'a str, &'a [u8])) {
        self.0.iter().for_each(|header| visit(header.name, header.value));
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const LIMIT: usize = 100;

    /// What a parser finds in input that arrives in pieces: each request as `METHOD target body`.
    fn requests(pieces: &[&[u8]]) -> Vec<String> {
        let (mut parser, mut input, mut found) = (Parser::default(), Vec::new(), Vec::new());
        for piece in pieces {
            input.extend_from_slice(piece);
            loop {
                let show = |raw: &RawRequest<'_>| {
                    format!("{} {} {}", raw.method, raw.target, String::from_utf8_lossy(raw.body))
                };
                match parser.step(&input, LIMIT, show) {
                    Step::Complete(complete) => {
                        input.drain(..complete.length);
                        found.push(complete.value);
                    }
                    Step::Continue => found.push("continue".to_owned()),
                    Step::Incomplete { missing } => {
                        assert!(missing > 0);
                        break;
                    }
                    Step::Refused(answer) => {
                        found.push(answer.head().status.to_string());
                        return found;
                    }
                }
            }
        }
        found
    }

    #[test]
    fn a_request_may_arrive_in_any_pieces() {
        let whole = b"POST /a HTTP/1.1\r\ncontent-length: 3\r\n\r\nxyzGET /b HTTP/1.1\r\n\r\n";
        let bytes: Vec<&[u8]> = whole.chunks(1).collect();
        assert_eq!(requests(&[whole]), ["POST /a xyz", "GET /b "]);
        assert_eq!(requests(&bytes), ["POST /a xyz", "GET /b "]);
    }

    #[test]
    fn a_chunked_body_is_put_together() {
        let whole = b"POST /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n2\r\nde\r\n0\r\nt: 1\r\n\r\nGET /b HTTP/1.1\r\n\r\n";
        let bytes: Vec<&[u8]> = whole.chunks(1).collect();
        assert_eq!(requests(&[whole]), ["POST /a abcde", "GET /b "]);
        assert_eq!(requests(&bytes), ["POST /a abcde", "GET /b "]);
    }

    #[test]
    fn a_client_that_waits_is_told_to_go_on_once() {
        let head = b"POST /a HTTP/1.1\r\nexpect: 100-continue\r\ncontent-length: 2\r\n\r\n";
        assert_eq!(requests(&[head, b"x", b"y"]), ["continue", "POST /a xy"]);
    }

    proptest! {
        #[test]
        fn cuts_change_nothing(bytes in requests_in_bytes(), cut in 1_usize..40) {
            let pieces: Vec<&[u8]> = bytes.chunks(cut).collect();
            prop_assert_eq!(requests(&pieces), requests(&[&bytes]));
        }

        #[test]
        fn no_input_is_a_reason_to_panic(start in prop::sample::select(STARTS.to_vec()), bytes: Vec<u8>) {
            requests(&[start.as_bytes(), &bytes]);
        }
    }

    const STARTS: [&str; 3] = [
        "",
        "POST / HTTP/1.1\r\ncontent-length: 9\r\n\r\n",
        "POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n3\r\n",
    ];

    /// Up to four requests, by length or in chunks.
    fn requests_in_bytes() -> impl Strategy<Value = Vec<u8>> {
        let by_length =
            "[a-z]{0,9}".prop_map(|body| format!("POST /l HTTP/1.1\r\ncontent-length: {}\r\n\r\n{body}", body.len()));
        let in_chunks = prop::collection::vec("[a-z]{1,9}", 0..4).prop_map(|chunks| {
            let chunks: String = chunks
                .iter()
                .map(|chunk| format!("{:x}\r\n{chunk}\r\n", chunk.len()))
                .collect();
            format!("POST /c HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n{chunks}0\r\n\r\n")
        });
        prop::collection::vec(prop_oneof![by_length, in_chunks], 0..4)
            .prop_map(|requests| requests.concat().into_bytes())
    }

    #[test]
    fn what_is_too_large_or_no_http_is_refused() {
        let many = format!("GET / HTTP/1.1\r\n{}\r\n", "a: b\r\n".repeat(MAX_HEADERS + 1));
        let endless = format!("GET / HTTP/1.1\r\na: {}", "b".repeat(HEAD_LIMIT));
        let chunked = b"POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n";
        assert_eq!(requests(&[b"POST / HTTP/1.1\r\ncontent-length: 101\r\n\r\n"]), ["413"]);
        assert_eq!(requests(&[b"POST / HTTP/1.1\r\ncontent-length: +1\r\n\r\n"]), ["400"]);
        assert_eq!(requests(&[chunked, b"65\r\n"]), ["413"]);
        assert_eq!(requests(&[chunked, b"ffffffffffffffff\r\n"]), ["413"]);
        assert_eq!(requests(&[chunked, b"x\r\n"]), ["400"]);
        assert_eq!(requests(&[b"\x16\x03\x01 hello"]), ["400"]);
        assert_eq!(requests(&[many.as_bytes()]), ["431"]);
        assert_eq!(requests(&[endless.as_bytes()]), ["431"]);
    }
}
