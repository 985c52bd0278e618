//! As much of S3 as an upload sees: PUT, and uploads in parts. It checks that requests are signed, and by whom.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

/// A bucket store on 127.0.0.1.
pub(super) struct BucketEndpoint {
    pub(super) address: SocketAddr,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
pub(super) struct State {
    /// By bucket and key.
    pub(super) objects: BTreeMap<String, Vec<u8>>,
    pub(super) aborted: usize,
    pub(super) unsigned: usize,
    /// Parts are not taken.
    pub(super) refuses_parts: bool,
    /// It is another region's bucket.
    pub(super) is_elsewhere: bool,
    parts: BTreeMap<u32, Vec<u8>>,
}

struct Request {
    method: String,
    path: String,
    query: String,
    authorization: String,
    body: Vec<u8>,
}

impl BucketEndpoint {
    pub(super) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let (address, state) = (listener.local_addr().unwrap(), Arc::<Mutex<State>>::default());
        let shared = Arc::clone(&state);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let shared = Arc::clone(&shared);
                thread::spawn(move || serve(&stream, &shared));
            }
        });
        Self { address, state }
    }

    pub(super) fn with<T>(&self, look: impl FnOnce(&mut State) -> T) -> T {
        look(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

fn serve(mut stream: &TcpStream, shared: &Mutex<State>) {
    let mut reader = BufReader::new(stream);
    while let Some(request) = read(&mut reader) {
        let answer = shared.lock().unwrap_or_else(PoisonError::into_inner).answer(request);
        if stream.write_all(answer.as_bytes()).is_err() {
            return;
        }
    }
}

fn read(reader: &mut impl BufRead) -> Option<Request> {
    let mut line = String::new();
    reader.read_line(&mut line).ok().filter(|&read| read > 0)?;
    let mut words = line.split(' ');
    let (method, target) = (words.next()?.to_owned(), words.next()?.to_owned());
    let (mut length, mut authorization) = (0, String::new());
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim().split_once(": ") else {
            break;
        };
        match name.to_ascii_lowercase().as_str() {
            "content-length" => length = value.parse().ok()?,
            "authorization" => value.clone_into(&mut authorization),
            _ => {}
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    let (path, query) = target.split_once('?').unwrap_or((&target, ""));
    Some(Request {
        method,
        path: path.to_owned(),
        query: query.to_owned(),
        authorization,
        body,
    })
}

impl State {
    fn answer(&mut self, request: Request) -> String {
        if !request.authorization.starts_with("AWS4-HMAC-SHA256 Credential=dummy/") {
            self.unsigned += 1;
            return reply("403 Forbidden", "<Error><Code>AccessDenied</Code></Error>");
        }
        if self.is_elsewhere {
            return reply("301 Moved Permanently", "<Error><Code>PermanentRedirect</Code></Error>");
        }
        let part = request
            .query
            .split('&')
            .find_map(|pair| pair.strip_prefix("partNumber="));
        match (request.method.as_str(), part) {
            ("PUT", Some(_)) if self.refuses_parts => {
                reply("400 Bad Request", "<Error><Code>EntityTooSmall</Code></Error>")
            }
            ("PUT", Some(part)) => {
                self.parts.insert(part.parse().unwrap(), request.body);
                reply("200 OK", "")
            }
            ("PUT", None) => {
                self.objects.insert(request.path, request.body);
                reply("200 OK", "")
            }
            ("POST", _) if request.query.starts_with("uploads") => reply(
                "200 OK",
                "<InitiateMultipartUploadResult><UploadId>u</UploadId></InitiateMultipartUploadResult>",
            ),
            ("POST", _) => {
                let whole = std::mem::take(&mut self.parts).into_values().flatten().collect();
                self.objects.insert(request.path, whole);
                reply(
                    "200 OK",
                    "<CompleteMultipartUploadResult><ETag>e</ETag></CompleteMultipartUploadResult>",
                )
            }
            ("DELETE", _) => {
                self.aborted += 1;
                self.parts.clear();
                reply("204 No Content", "")
            }
            _ => reply("501 Not Implemented", ""),
        }
    }
}

fn reply(status: &str, body: &str) -> String {
    format!(
        "HTTP/1.1 {status}\r\netag: \"e\"\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
}
