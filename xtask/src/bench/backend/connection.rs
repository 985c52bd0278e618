//! A connection over which requests go one after the other: HTTP/1.1 with as little work for the client as possible.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use anyhow::{Context, bail, ensure};
use serde::de::DeserializeOwned;
use serde_json::Value;

/// MLflow takes several seconds for a batch.
const TIMEOUT: Duration = Duration::from_secs(60);
const JSON: &str = "application/json";

/// A connection that is kept open.
#[derive(Debug)]
pub(crate) struct Connection {
    stream: BufReader<TcpStream>,
    port: u16,
    /// Of the last answer.
    body: Vec<u8>,
}

/// What a server answered.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Answer<'a> {
    pub(crate) status: u16,
    pub(crate) body: &'a [u8],
}

/// What a request is, but for its body.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Head<'a> {
    pub(crate) port: u16,
    pub(crate) method: &'a str,
    pub(crate) path: &'a str,
    pub(crate) content_type: &'a str,
    /// Lines, each with its end.
    pub(crate) more: &'a str,
}

impl<'a> Head<'a> {
    pub(crate) const fn json(port: u16, method: &'a str, path: &'a str) -> Self {
        Self {
            port,
            method,
            path,
            content_type: JSON,
            more: "",
        }
    }

    /// The bytes of a whole request.
    pub(crate) fn with(self, body: &[u8]) -> Vec<u8> {
        let Self {
            port,
            method,
            path,
            content_type,
            more,
        } = self;
        let head = format!(
            "{method} {path} HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\ncontent-type: {content_type}\r\n{more}content-length: {}\r\n\r\n",
            body.len()
        );
        [head.as_bytes(), body].concat()
    }
}

impl Connection {
    /// # Errors
    ///
    /// Nothing listens there.
    pub(crate) fn open(port: u16) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(("127.0.0.1", port)).context("the server is not there")?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(TIMEOUT))?;
        Ok(Self {
            stream: BufReader::new(stream),
            port,
            body: Vec::new(),
        })
    }

    /// Sends a request and reads all of its answer.
    ///
    /// # Errors
    ///
    /// The connection broke, or what came is no answer.
    pub(crate) fn send(&mut self, request: &[u8]) -> anyhow::Result<Answer<'_>> {
        self.stream.get_mut().write_all(request)?;
        let mut line = String::new();
        self.stream.read_line(&mut line)?;
        let status = line.split(' ').nth(1).and_then(|status| status.parse().ok());
        let status = status.with_context(|| format!("this is no answer: {line:?}"))?;
        let length = self.length_of_body()?;
        self.body.resize(length, 0);
        self.stream.read_exact(&mut self.body)?;
        Ok(Answer {
            status,
            body: &self.body,
        })
    }

    fn length_of_body(&mut self) -> anyhow::Result<usize> {
        let mut length = None;
        let mut line = String::new();
        loop {
            line.clear();
            self.stream.read_line(&mut line)?;
            let Some((name, value)) = line.split_once(':') else {
                break;
            };
            if name.eq_ignore_ascii_case("content-length") {
                length = value.trim().parse().ok();
            }
        }
        length.context("the answer does not say how long it is")
    }

    /// # Errors
    ///
    /// The server does not answer with 200 and JSON of this shape.
    pub(crate) fn post<T: DeserializeOwned>(&mut self, path: &str, body: &Value) -> anyhow::Result<T> {
        let request = Head::json(self.port, "POST", path).with(body.to_string().as_bytes());
        let answer = self.send(&request)?.ok().with_context(|| path.to_owned())?;
        Ok(serde_json::from_slice(answer)?)
    }
}

impl<'a> Answer<'a> {
    /// # Errors
    ///
    /// The status is another one than 200.
    pub(crate) fn ok(self) -> anyhow::Result<&'a [u8]> {
        let text = String::from_utf8_lossy(&self.body[..self.body.len().min(500)]);
        ensure!(self.status == 200, "answered with {}: {text}", self.status);
        Ok(self.body)
    }
}

/// A new run of the experiment; its id.
///
/// # Errors
///
/// The server says no.
pub(crate) fn create_run(connection: &mut Connection, experiment: &str) -> anyhow::Result<String> {
    let body =
        serde_json::json!({"experiment_id": experiment, "start_time": 1_700_000_000_000_u64, "run_name": "measured"});
    let answer: Value = connection.post("/api/2.0/mlflow/runs/create", &body)?;
    match answer.pointer("/run/info/run_id").and_then(Value::as_str) {
        Some(id) => Ok(id.to_owned()),
        None => bail!("the server made no run"),
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;
    use std::thread;

    use super::*;

    #[test]
    fn answers_are_read_one_by_one() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let server = thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = [0; 4];
            for answer in [
                "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi",
                "HTTP/1.1 503 Busy\r\nretry-after: 1\r\ncontent-length: 0\r\n\r\n",
            ] {
                stream.read_exact(&mut request).unwrap();
                stream.write_all(answer.as_bytes()).unwrap();
            }
        });
        let mut connection = Connection::open(port).unwrap();
        assert_eq!(connection.send(b"ask!").unwrap().ok().unwrap(), b"hi");
        let refused = connection.send(b"ask!").unwrap();
        assert_eq!(refused.status, 503);
        assert!(refused.ok().is_err());
        server.join().unwrap();
    }
}
