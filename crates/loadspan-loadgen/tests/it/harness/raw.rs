//! A server of plain sockets, for what no well-behaved server does.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The head of a streamed response whose chunks follow.
pub(crate) const SSE_HEAD: &str =
    "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";

/// Listens until the test process ends.
pub(crate) struct RawServer {
    address: SocketAddr,
    connections: Arc<AtomicUsize>,
}

/// The head of a request. Its body has been read only when [`Head::read_body`] was called.
pub(crate) struct Head {
    pub(crate) lines: Vec<String>,
    /// Number of the request on its connection, from 0.
    pub(crate) number: usize,
}

/// What becomes of the connection.
pub(crate) enum Then {
    KeepOpen,
    Close,
}

impl RawServer {
    /// Hands each request of the load to `handler`. Those of the preflight are answered well.
    pub(crate) fn start(handler: impl Fn(&Head, &mut TcpStream) -> Then + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let connections = Arc::new(AtomicUsize::new(0));
        let (handler, counter) = (Arc::new(handler), Arc::clone(&connections));
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                counter.fetch_add(1, Ordering::Relaxed);
                let handler = Arc::clone(&handler);
                std::thread::spawn(move || serve(stream, &*handler));
            }
        });
        Self { address, connections }
    }

    /// Treats each connection as it likes, the preflight's included.
    pub(crate) fn accept(handler: impl Fn(TcpStream) + Send + Sync + 'static) -> Self {
        Self::start(move |_, _| Then::Close).with_connections(handler)
    }

    fn with_connections(self, handler: impl Fn(TcpStream) + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        std::thread::spawn(move || listener.incoming().map_while(Result::ok).for_each(handler));
        Self { address, ..self }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) fn port(&self) -> u16 {
        self.address.port()
    }

    /// Connections accepted so far, the preflight's included.
    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::Relaxed)
    }
}

impl Head {
    /// Reads a head byte by byte, so that nothing behind it is taken; `None` when the client has gone.
    pub(crate) fn read(stream: &mut TcpStream, number: usize) -> Option<Self> {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            stream.read_exact(&mut byte).ok()?;
            head.push(byte[0]);
        }
        let lines = BufReader::new(&*head).lines().map_while(Result::ok);
        Some(Self {
            lines: lines.take_while(|line| !line.is_empty()).collect(),
            number,
        })
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.lines[1..].iter().filter_map(|line| line.split_once(": "));
        headers
            .find(|(found, _)| found.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
    }

    pub(crate) fn read_body(&self, stream: &mut TcpStream) -> Vec<u8> {
        let length = self
            .header("content-length")
            .map_or(0, |length| length.parse().unwrap());
        let mut body = vec![0; length];
        stream.read_exact(&mut body).unwrap();
        body
    }
}

/// A whole response with a JSON body.
pub(crate) fn json_answer(status: &str, body: &str) -> String {
    format!(
        "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
}

/// One event in one chunk.
pub(crate) fn chunk(data: &str) -> String {
    let event = format!("data: {data}\n\n");
    format!("{:x}\r\n{event}\r\n", event.len())
}

fn serve(mut stream: TcpStream, handler: &(impl Fn(&Head, &mut TcpStream) -> Then + ?Sized)) {
    stream.set_nodelay(true).unwrap();
    let mut number = 0;
    while let Some(head) = Head::read(&mut stream, number) {
        let then = if head.lines[0].starts_with("GET") {
            answer_get(&mut stream)
        } else if head.header("x-request-id") == Some("preflight") {
            answer_preflight(&head, &mut stream)
        } else {
            number += 1;
            handler(&head, &mut stream)
        };
        if let Then::Close = then {
            return;
        }
    }
}

fn answer_get(stream: &mut TcpStream) -> Then {
    let models = json_answer("200 OK", r#"{"data":[{"id":"mock-model"}]}"#);
    stream.write_all(models.as_bytes()).unwrap();
    Then::KeepOpen
}

fn answer_preflight(head: &Head, stream: &mut TcpStream) -> Then {
    let body = String::from_utf8(head.read_body(stream)).unwrap();
    let answer = if body.contains(r#""stream":true"#) {
        let token = chunk(r#"{"choices":[{"delta":{"content":"a"},"finish_reason":"stop"}]}"#);
        format!("{SSE_HEAD}{token}{}0\r\n\r\n", chunk("[DONE]"))
    } else {
        json_answer(
            "200 OK",
            r#"{"choices":[{"message":{"content":"a"},"finish_reason":"stop"}]}"#,
        )
    };
    stream.write_all(answer.as_bytes()).unwrap();
    Then::KeepOpen
}
