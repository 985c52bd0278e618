//! Enough HTTP to ask a server on this machine something.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use anyhow::{Context, ensure};

/// The body of the answer to a GET.
///
/// # Errors
///
/// Nothing answers, or not with 200.
pub(crate) fn get(port: u16, path: &str) -> anyhow::Result<String> {
    let mut stream =
        TcpStream::connect(("127.0.0.1", port)).with_context(|| format!("nothing listens on port {port}"))?;
    stream.set_read_timeout(Some(Duration::from_secs(20)))?;
    // Version 1.0: the answer ends with the connection, and has no framing.
    write!(stream, "GET {path} HTTP/1.0\r\nhost: 127.0.0.1:{port}\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    let (head, body) = answer.split_once("\r\n\r\n").context("the answer has no body")?;
    let status = head.lines().next().unwrap_or_default();
    ensure!(status.contains(" 200"), "{path}: {status}: {body}");
    Ok(body.to_owned())
}

/// `text` for the query of a URL.
pub(crate) fn percent_encode(text: &str) -> String {
    let encode = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' => char::from(byte).to_string(),
        byte => format!("%{byte:02X}"),
    };
    text.bytes().map(encode).collect()
}
