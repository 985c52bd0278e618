//! A server in a process of its own, and a client that knows HTTP just well enough.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::time::Duration;

use rustix::process::Signal;
use serde_json::{Value, json};

use crate::harness::{Finished, Loadspan, Started};

/// A request of OTLP/JSON with one span.
pub(crate) const TRACES: &str = r#"{"resourceSpans": [{"scopeSpans": [{"spans": [{"traceId": "01010101010101010101010101010101",
    "spanId": "0202020202020202", "name": "a", "startTimeUnixNano": "1", "endTimeUnixNano": "2"}]}]}]}"#;

/// A server that serves, until it is stopped or dropped.
pub(crate) struct Serving {
    started: Option<Started>,
    announcement: String,
    address: SocketAddr,
}

impl Serving {
    /// Starts it on free ports, and waits until it says that it listens.
    pub(crate) fn start(flags: &str) -> Self {
        Self::start_with(Loadspan::new(&["serve"]), flags)
    }

    pub(crate) fn start_with(run: Loadspan, flags: &str) -> Self {
        let ports = "--port 0 --otlp-grpc-port 0 --otlp-http-port 0";
        let mut started = run.args(ports).args(flags).start();
        let mut stdout = BufReader::new(started.child.stdout.take().unwrap());
        let mut announcement = String::new();
        while !announcement.contains("profile ") {
            let read = stdout.read_line(&mut announcement).unwrap();
            if read == 0 {
                panic!("it does not listen: {}", started.wait().stderr);
            }
        }
        if flags.contains("token") {
            stdout.read_line(&mut announcement).unwrap();
        }
        let url = announcement.split("://").nth(1).unwrap();
        let address = url.split_whitespace().next().unwrap().parse().unwrap();
        Self {
            started: Some(started),
            announcement,
            address,
        }
    }

    pub(crate) fn announcement(&self) -> &str {
        &self.announcement
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.started.as_ref().unwrap().path(name)
    }

    pub(crate) fn client(&self) -> Client {
        Client::of(self.address)
    }

    pub(crate) fn signal(&self, signal: Signal) {
        self.started.as_ref().unwrap().signal(signal);
    }

    /// Ends it.
    pub(crate) fn stop(mut self, signal: Signal) -> Finished {
        let started = self.started.take().unwrap();
        started.signal(signal);
        started.wait()
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        if let Some(started) = &mut self.started {
            // It may have ended by itself; a test that fails says why.
            let _ = started.child.kill();
            let _ = started.child.wait();
        }
    }
}

/// A connection for each request.
pub(crate) struct Client {
    address: SocketAddr,
    headers: String,
}

impl Client {
    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push_str(&format!("{name}: {value}\r\n"));
        self
    }

    pub(crate) fn of(address: SocketAddr) -> Self {
        Self {
            address,
            headers: String::new(),
        }
    }

    /// The status and the body.
    pub(crate) fn get(&self, path: &str) -> (u16, String) {
        self.send("GET", path, "").unwrap()
    }

    /// Posts JSON; the answer of a success.
    #[track_caller]
    pub(crate) fn post(&self, path: &str, body: &Value) -> Value {
        let (status, answer) = self.send("POST", path, &body.to_string()).unwrap();
        assert_eq!(status, 200, "{path}: {answer}");
        serde_json::from_str(&answer).unwrap()
    }

    /// Posts JSON; the status, if there was an answer.
    pub(crate) fn try_post(&self, path: &str, body: &Value) -> Option<u16> {
        let answer = self.send("POST", path, &body.to_string());
        answer.ok().map(|(status, _)| status)
    }

    pub(crate) fn create_run(&self) -> String {
        let run = self.post(
            "/api/2.0/mlflow/runs/create",
            &json!({"experiment_id": "0", "start_time": 1}),
        );
        run["run"]["info"]["run_id"].as_str().unwrap().to_owned()
    }

    fn send(&self, method: &str, path: &str, body: &str) -> std::io::Result<(u16, String)> {
        let mut stream = TcpStream::connect(self.address)?;
        stream.set_read_timeout(Some(Duration::from_secs(20)))?;
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: \
             {}\r\n{}\r\n{body}",
            self.address,
            body.len(),
            self.headers
        )?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        let (head, body) = answer.split_once("\r\n\r\n").ok_or(std::io::ErrorKind::UnexpectedEof)?;
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
        Ok((status.ok_or(std::io::ErrorKind::InvalidData)?, body.to_owned()))
    }
}
