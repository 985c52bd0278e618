//! A tracking server of a few traces, whose answers a test writes.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};

/// What was asked: the path with its query, and the body.
#[derive(Debug, Clone)]
pub(super) struct Asked {
    pub(super) path: String,
    pub(super) body: Value,
}

/// What is answered.
pub(super) enum Answer {
    Json(Value),
    /// A status and the text of its body.
    Status(u16, &'static str),
    /// 200 and a byte now and then, without end.
    Endless,
}

/// The server: it lives as long as the tests.
pub(super) struct Endpoint {
    pub(super) url: String,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Endpoint {
    /// `answers` has what is asked once the experiment `shop`, which is number 7, was looked up; `None` is a 404.
    pub(super) fn start(answers: impl Fn(&Asked) -> Option<Answer> + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (log, answers) = (Arc::clone(&asked), Arc::new(answers));
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let (log, answers) = (Arc::clone(&log), Arc::clone(&answers));
                // Whoever gives up early closes the connection.
                std::thread::spawn(move || drop(serve(stream, &log, &*answers)));
            }
        });
        Self { url, asked }
    }

    /// What was asked of this path, in order.
    pub(super) fn asked(&self, path: &str) -> Vec<Asked> {
        let asked = self.asked.lock().unwrap();
        asked
            .iter()
            .filter(|asked| asked.path.contains(path))
            .cloned()
            .collect()
    }
}

fn serve(
    stream: TcpStream,
    log: &Mutex<Vec<Asked>>,
    answers: &dyn Fn(&Asked) -> Option<Answer>,
) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut stream = stream;
    let (mut line, mut length) = (String::new(), 0);
    reader.read_line(&mut line)?;
    let path = line.split(' ').nth(1).unwrap_or_default().to_owned();
    while !line.trim().is_empty() {
        line.clear();
        reader.read_line(&mut line)?;
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap_or_default();
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    let asked = Asked {
        path,
        body: serde_json::from_slice(&body).unwrap_or_default(),
    };
    log.lock().unwrap().push(asked.clone());
    match experiment(&asked).or_else(|| answers(&asked)) {
        Some(Answer::Json(json)) => whole(&mut stream, 200, &json.to_string()),
        Some(Answer::Status(status, text)) => whole(&mut stream, status, text),
        None => whole(
            &mut stream,
            404,
            r#"{"error_code":"RESOURCE_DOES_NOT_EXIST","message":"there is none"}"#,
        ),
        Some(Answer::Endless) => {
            stream.write_all(b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n")?;
            loop {
                stream.write_all(b" ")?;
                std::thread::sleep(Duration::from_millis(10));
            }
        }
    }
}

fn experiment(asked: &Asked) -> Option<Answer> {
    let is_meant = asked.path.ends_with("experiments/get-by-name?experiment_name=shop");
    is_meant.then(|| Answer::Json(json!({"experiment": {"experiment_id": "7", "name": "shop"}})))
}

fn whole(stream: &mut TcpStream, status: u16, body: &str) -> std::io::Result<()> {
    let length = body.len();
    write!(
        stream,
        "HTTP/1.1 {status} Scripted\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}"
    )
}
