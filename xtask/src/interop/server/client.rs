//! A client of HTTP/1.1 that keeps its connection. It asks once: what to do when that fails is the caller's business.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// Longest wait for an answer.
const TIMEOUT: Duration = Duration::from_secs(30);

/// A connection to a port of this machine, made when it is needed.
#[derive(Debug)]
pub(super) struct Client {
    address: SocketAddr,
    stream: Option<BufReader<TcpStream>>,
}

/// What is asked. A body is JSON.
#[derive(Debug, Clone, Copy)]
pub(super) struct Request<'a> {
    pub(super) method: &'a str,
    pub(super) path: &'a str,
    pub(super) headers: &'a [(&'a str, &'a str)],
    pub(super) body: &'a str,
}

/// What is answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Answer {
    pub(super) status: u16,
    /// Names are in lower case.
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: String,
}

impl<'a> Request<'a> {
    pub(super) const fn get(path: &'a str) -> Self {
        Self {
            method: "GET",
            path,
            headers: &[],
            body: "",
        }
    }

    pub(super) const fn post(path: &'a str, body: &'a str) -> Self {
        Self {
            method: "POST",
            body,
            ..Self::get(path)
        }
    }

    pub(super) const fn headers(self, headers: &'a [(&'a str, &'a str)]) -> Self {
        Self { headers, ..self }
    }
}

impl Client {
    pub(super) fn new(port: u16) -> Self {
        Self {
            address: SocketAddr::from(([127, 0, 0, 1], port)),
            stream: None,
        }
    }

    /// # Errors
    ///
    /// Nothing listens, or the connection ends before the answer does. The next request makes a new one.
    pub(super) fn send(&mut self, request: &Request<'_>) -> io::Result<Answer> {
        let mut stream = match self.stream.take() {
            Some(stream) => stream,
            None => self.connect()?,
        };
        stream.get_mut().write_all(self.encode(request).as_bytes())?;
        let answer = read(&mut stream)?;
        if !answer
            .headers
            .iter()
            .any(|(name, value)| name == "connection" && value == "close")
        {
            self.stream = Some(stream);
        }
        Ok(answer)
    }

    fn connect(&self) -> io::Result<BufReader<TcpStream>> {
        let stream = TcpStream::connect_timeout(&self.address, TIMEOUT)?;
        stream.set_read_timeout(Some(TIMEOUT))?;
        stream.set_write_timeout(Some(TIMEOUT))?;
        stream.set_nodelay(true)?;
        Ok(BufReader::new(stream))
    }

    fn encode(&self, request: &Request<'_>) -> String {
        let Request { method, path, body, .. } = request;
        let mut text = format!("{method} {path} HTTP/1.1\r\n");
        let is_given = |wanted: &str| {
            request
                .headers
                .iter()
                .any(|(name, _)| name.eq_ignore_ascii_case(wanted))
        };
        if !is_given("host") {
            text += &format!("host: {}\r\n", self.address);
        }
        if !body.is_empty() && !is_given("content-type") {
            text += "content-type: application/json\r\n";
        }
        for (name, value) in request.headers {
            text += &format!("{name}: {value}\r\n");
        }
        text + &format!("content-length: {}\r\n\r\n{body}", body.len())
    }
}

fn read(stream: &mut BufReader<TcpStream>) -> io::Result<Answer> {
    let status = line(stream)?;
    let code = status.split(' ').nth(1).and_then(|code| code.parse().ok());
    let code = code.ok_or_else(|| broken(&format!("no answer, but {status:?}")))?;
    let mut headers = Vec::new();
    loop {
        let header = line(stream)?;
        let Some((name, value)) = header.split_once(':') else {
            break;
        };
        headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
    let value = |wanted: &str| {
        headers
            .iter()
            .find(|(name, _)| name == wanted)
            .map(|(_, value)| value.as_str())
    };
    let bytes = if value("transfer-encoding") == Some("chunked") {
        read_chunks(stream)?
    } else {
        let length = value("content-length").and_then(|length| length.parse().ok());
        let length: usize = length.ok_or_else(|| broken("an answer without length"))?;
        read_exactly(stream, length)?
    };
    Ok(Answer {
        status: code,
        headers,
        body: String::from_utf8_lossy(&bytes).into_owned(),
    })
}

fn read_chunks(stream: &mut BufReader<TcpStream>) -> io::Result<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let size = line(stream)?;
        let size = usize::from_str_radix(&size, 16).map_err(|_| broken("a chunk without size"))?;
        body.extend(read_exactly(stream, size)?);
        line(stream)?;
        if size == 0 {
            return Ok(body);
        }
    }
}

fn read_exactly(stream: &mut BufReader<TcpStream>, length: usize) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; length];
    stream.read_exact(&mut bytes)?;
    Ok(bytes)
}

fn line(stream: &mut BufReader<TcpStream>) -> io::Result<String> {
    let mut line = String::new();
    if stream.read_line(&mut line)? == 0 {
        return Err(broken("the connection was closed"));
    }
    Ok(line.trim_end().to_owned())
}

fn broken(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::ConnectionAborted, what.to_owned())
}
