//! A `loadspan serve` on this machine: a run without telemetry could be seen there, which its user may not know. Nothing is sent to it
//! but the question who it is.

use std::io::{Read, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpStream};
use std::time::{Duration, Instant};

/// Where it listens unless it is told otherwise.
const DEFAULT: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 5000);
/// How long the answer may take. On this machine it takes a millisecond.
const PATIENCE: Duration = Duration::from_millis(50);
/// Its answer has some hundred bytes.
const ANSWER: usize = 4096;

/// Whether there is one.
pub(crate) fn is_there() -> bool {
    is_at(DEFAULT)
}

/// What the user could have done.
pub(crate) fn hint() -> String {
    let url = format!("http://{DEFAULT}");
    format!("loadspan serve runs on this machine: --mlflow-tracking-uri {url} --otel-url {url} sends runs to it")
}

fn is_at(address: SocketAddr) -> bool {
    // Something else may listen there, or nothing: neither is an error.
    ask(address).is_ok_and(|answer| answer.starts_with("HTTP/1.1 200 ") && answer.contains("\"name\":\"loadspan\""))
}

fn ask(address: SocketAddr) -> std::io::Result<String> {
    let until = Instant::now() + PATIENCE;
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE)?;
    stream.set_write_timeout(Some(PATIENCE))?;
    write!(
        stream,
        "GET /api/3.0/loadspan/server HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n"
    )?;
    let mut answer = Vec::new();
    let mut piece = [0; 1024];
    while answer.len() < ANSWER {
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            break;
        }
        stream.set_read_timeout(Some(left))?;
        match stream.read(&mut piece)? {
            0 => break,
            read => answer.extend_from_slice(&piece[..read]),
        }
    }
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;
    use std::thread;

    use super::*;

    /// Answers one request with `answer`.
    fn serve(answer: &'static str) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = [0; 1024];
            let _ = stream.read(&mut request);
            let _ = stream.write_all(answer.as_bytes());
        });
        address
    }

    #[test]
    fn ours_is_told_from_others() {
        let ours = "HTTP/1.1 200 OK\r\ncontent-length: 36\r\n\r\n{\"name\":\"loadspan\",\"version\":\"0.1.0\"}";
        assert!(is_at(serve(ours)));
        assert!(!is_at(serve("HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\nMLflow")));
        assert!(!is_at(serve("HTTP/1.1 404 Not Found\r\n\r\n{\"name\":\"loadspan\"}")));
        assert!(!is_at(serve("")));
    }

    #[test]
    fn what_does_not_answer_holds_up_nothing() {
        let silent = TcpListener::bind("127.0.0.1:0").unwrap();
        let begun = Instant::now();
        assert!(!is_at(silent.local_addr().unwrap()));
        assert!(begun.elapsed() < Duration::from_secs(1));
    }
}
