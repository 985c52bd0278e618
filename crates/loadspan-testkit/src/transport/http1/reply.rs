//! The way of a response over HTTP/1.1.

use http::StatusCode;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::{Instant, sleep_until};

use crate::encode::write_number;
use crate::reply::{BodyLength, Gone, Head, Reply};

/// Input that a client may send ahead while it waits for a response. One that sends more is cut off.
const MAX_AHEAD: usize = 64 * 1024;

/// The way of one response over HTTP/1.1.
pub(super) struct Http1Reply<'c, S> {
    pub(super) stream: &'c mut S,
    /// What the client sends ahead.
    pub(super) input: &'c mut Vec<u8>,
    pub(super) output: &'c mut Vec<u8>,
    /// Headers that every response has.
    pub(super) headers: &'c [(String, String)],
    pub(super) framing: Framing,
    pub(super) client: Client,
    pub(super) after: After,
}

/// The version that a client speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Client {
    Http10,
    Http11,
}

/// What becomes of the connection after the response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum After {
    KeepAlive,
    Close,
}

/// How the body is framed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Framing {
    /// By its length, or by the end of the connection.
    Plain,
    Chunked,
}

impl<S> Http1Reply<'_, S> {
    fn write(&mut self, bytes: &[u8]) {
        self.output.extend_from_slice(bytes);
    }

    fn write_status(&mut self, status: u16) {
        if status == 200 {
            return self.write(b"HTTP/1.1 200 OK\r\nserver: loadspan-mock\r\ncontent-type: ");
        }
        let reason = StatusCode::from_u16(status)
            .ok()
            .and_then(|status| status.canonical_reason());
        self.write(b"HTTP/1.1 ");
        write_number(self.output, status);
        self.write(b" ");
        self.write(reason.unwrap_or("Unknown").as_bytes());
        self.write(b"\r\nserver: loadspan-mock\r\ncontent-type: ");
    }

    fn write_length(&mut self, length: BodyLength) {
        match (length, self.client) {
            (BodyLength::Known(length), _) => {
                self.write(b"\r\ncontent-length: ");
                write_number(self.output, length);
            }
            (BodyLength::Streamed, Client::Http11) => {
                self.framing = Framing::Chunked;
                self.write(b"\r\ntransfer-encoding: chunked");
            }
            (BodyLength::Streamed, Client::Http10) => self.after = After::Close,
        }
    }
}

impl<S> Reply for Http1Reply<'_, S>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    fn head(&mut self, head: &Head) {
        self.write_status(head.status);
        self.write(head.content_type.as_bytes());
        self.write_length(head.length);
        if let Some(seconds) = head.retry_after {
            self.write(b"\r\nretry-after: ");
            write_number(self.output, seconds);
        }
        if self.after == After::Close {
            self.write(b"\r\nconnection: close");
        }
        for (name, value) in self.headers {
            for part in ["\r\n", name, ": ", value] {
                self.output.extend_from_slice(part.as_bytes());
            }
        }
        self.write(b"\r\n\r\n");
    }

    fn chunk(&mut self, bytes: &[u8]) {
        match self.framing {
            // An empty chunk would end the body.
            Framing::Chunked if bytes.is_empty() => {}
            Framing::Chunked => {
                write_hex(self.output, bytes.len());
                self.write(b"\r\n");
                self.write(bytes);
                self.write(b"\r\n");
            }
            Framing::Plain => self.write(bytes),
        }
    }

    fn end(&mut self) {
        if self.framing == Framing::Chunked {
            self.write(b"0\r\n\r\n");
        }
    }

    fn queued(&self) -> usize {
        self.output.len()
    }

    async fn flush(&mut self) -> Result<(), Gone> {
        let sent = self.stream.write_all(self.output).await;
        self.output.clear();
        sent.map_err(|_| Gone)?;
        self.stream.flush().await.map_err(|_| Gone)
    }

    async fn wait_until(&mut self, due: Instant) -> Result<(), Gone> {
        tokio::select! {
            biased;
            () = sleep_until(due) => Ok(()),
            () = self.gone() => Err(Gone),
        }
    }

    async fn gone(&mut self) {
        while self.input.len() < MAX_AHEAD {
            match self.stream.read_buf(self.input).await {
                Ok(0) | Err(_) => break,
                Ok(_) => {}
            }
        }
        self.after = After::Close;
    }

    fn abort(&mut self) {
        self.output.clear();
        self.after = After::Close;
    }
}

fn write_hex(out: &mut Vec<u8>, number: usize) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digits = (usize::BITS - number.leading_zeros()).div_ceil(4).max(1);
    out.extend((0..digits).rev().map(|digit| DIGITS[number >> (digit * 4) & 0xf]));
}

#[cfg(test)]
mod tests {
    use super::write_hex;

    #[test]
    fn chunk_sizes_are_hexadecimal() {
        for number in [0, 1, 0xf, 0x10, 0xff, 0x100, 0x1234, 0x10_0000] {
            let mut out = Vec::new();
            write_hex(&mut out, number);
            assert_eq!(String::from_utf8(out).unwrap(), format!("{number:x}"));
        }
    }
}
