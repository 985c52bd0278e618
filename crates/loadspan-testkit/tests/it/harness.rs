//! A client for HTTP/1.1 that keeps every chunk as it came.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use loadspan_testkit::RunningServer;
use serde_json::Value;

/// Longer than any test waits for something that must come.
const PATIENCE: Duration = Duration::from_secs(10);

/// How long a server must be silent to count as silent.
pub(crate) const SILENCE: Duration = Duration::from_millis(200);

/// A connection.
pub(crate) struct Client {
    pub(crate) stream: TcpStream,
    unread: Vec<u8>,
}

/// A response as it came.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    head: String,
    /// The chunks, or the body as one.
    pub(crate) chunks: Vec<Vec<u8>>,
    pub(crate) end: End,
}

/// How a response ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    Whole,
    /// The connection was closed within the response.
    Cut,
    /// Nothing more came.
    Silent,
}

impl Client {
    pub(crate) fn connect(server: &RunningServer) -> Self {
        Self::connect_to(server.address())
    }

    pub(crate) fn connect_to(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_nodelay(true).unwrap();
        Self {
            stream,
            unread: Vec::new(),
        }
    }

    /// Gives up as soon as the server is silent for a while.
    pub(crate) fn impatient(self) -> Self {
        self.stream.set_read_timeout(Some(SILENCE)).unwrap();
        self
    }

    pub(crate) fn get(&mut self, path: &str) -> Reply {
        self.exchange(&format!("GET {path} HTTP/1.1\r\nhost: x\r\n\r\n"))
    }

    pub(crate) fn post(&mut self, path: &str, body: &str) -> Reply {
        self.post_with(path, "", body)
    }

    /// `headers` are whole lines.
    pub(crate) fn post_with(&mut self, path: &str, headers: &str, body: &str) -> Reply {
        let length = body.len();
        self.exchange(&format!(
            "POST {path} HTTP/1.1\r\nhost: x\r\n{headers}content-length: {length}\r\n\r\n{body}"
        ))
    }

    pub(crate) fn exchange(&mut self, request: &str) -> Reply {
        self.send(request);
        self.reply().unwrap()
    }

    pub(crate) fn send(&mut self, request: &str) {
        self.stream.write_all(request.as_bytes()).unwrap();
    }

    /// The next response; how the connection ended if there is none.
    pub(crate) fn reply(&mut self) -> Result<Reply, End> {
        let head = loop {
            if let Some(end) = find(&self.unread, b"\r\n\r\n") {
                let head: Vec<u8> = self.unread.drain(..end + 4).collect();
                break String::from_utf8(head).unwrap().to_ascii_lowercase();
            }
            self.read()?;
        };
        let status = head[9..12].parse().unwrap();
        let mut reply = Reply {
            status,
            head,
            chunks: Vec::new(),
            end: End::Whole,
        };
        if let Err(end) = self.read_body(&mut reply) {
            reply.end = end;
        }
        Ok(reply)
    }

    fn read_body(&mut self, reply: &mut Reply) -> Result<(), End> {
        if let Some(length) = reply.header("content-length") {
            let length = length.parse().unwrap();
            while self.unread.len() < length {
                if let Err(end) = self.read() {
                    reply.chunks.push(std::mem::take(&mut self.unread));
                    return Err(end);
                }
            }
            reply.chunks.push(self.unread.drain(..length).collect());
            return Ok(());
        }
        if reply.header("transfer-encoding").is_none() {
            while self.read().is_ok() {}
            reply.chunks.push(std::mem::take(&mut self.unread));
            return Ok(());
        }
        loop {
            let chunk = self.read_chunk()?;
            if chunk.is_empty() {
                return Ok(());
            }
            reply.chunks.push(chunk);
        }
    }

    fn read_chunk(&mut self) -> Result<Vec<u8>, End> {
        let line = loop {
            match find(&self.unread, b"\r\n") {
                Some(end) => break end,
                None => self.read()?,
            }
        };
        let size = usize::from_str_radix(std::str::from_utf8(&self.unread[..line]).unwrap(), 16).unwrap();
        while self.unread.len() < line + 2 + size + 2 {
            self.read()?;
        }
        let chunk = self.unread[line + 2..line + 2 + size].to_vec();
        self.unread.drain(..line + 2 + size + 2);
        Ok(chunk)
    }

    fn read(&mut self) -> Result<(), End> {
        let mut buffer = [0; 4096];
        match self.stream.read(&mut buffer) {
            Ok(0) => Err(End::Cut),
            Ok(count) => {
                self.unread.extend_from_slice(&buffer[..count]);
                Ok(())
            }
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => Err(End::Silent),
            Err(_) => Err(End::Cut),
        }
    }
}

impl Reply {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head
            .lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
    }

    pub(crate) fn body(&self) -> String {
        String::from_utf8(self.chunks.concat()).unwrap()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body()).unwrap()
    }

    /// The data of each event; comments are left out.
    pub(crate) fn data(&self) -> Vec<String> {
        let body = self.body();
        let data = body.lines().filter_map(|line| line.strip_prefix("data:"));
        data.map(|data| data.strip_prefix(' ').unwrap_or(data).to_owned())
            .collect()
    }

    /// The data of each event but `[DONE]`.
    pub(crate) fn events(&self) -> Vec<Value> {
        let data = self.data();
        data.iter()
            .filter(|data| *data != "[DONE]")
            .map(|data| serde_json::from_str(data).unwrap())
            .collect()
    }

    /// What stands at a JSON pointer in each event that has it and has it non-empty, put together.
    pub(crate) fn joined(&self, pointer: &str) -> String {
        self.events()
            .iter()
            .filter_map(|event| event.pointer(pointer)?.as_str().map(str::to_owned))
            .collect()
    }
}

/// A chat request; `rest` is appended to its fields.
pub(crate) fn chat(rest: &str) -> String {
    format!(r#"{{"model":"m","messages":[{{"role":"user","content":"one two three"}}]{rest}}}"#)
}

/// Waits for something that will come to be.
pub(crate) fn eventually(what: impl Fn() -> bool) {
    let start = std::time::Instant::now();
    while !what() {
        assert!(start.elapsed() < PATIENCE, "it did not come to be");
        std::thread::sleep(Duration::from_millis(1));
    }
}

fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).position(|window| window == what)
}
