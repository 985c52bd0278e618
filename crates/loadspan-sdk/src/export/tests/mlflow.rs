//! What an MLflow server gets, from a small server that writes it down.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Mutex;
use std::time::Instant;

use serde_json::{Value, json};

use super::*;
use crate::processor::is_root;

/// A server that answers by method and path, and keeps what it was asked.
pub(super) struct FakeMlflow {
    url: String,
    asked: Arc<Mutex<Vec<Asked>>>,
}

#[derive(Debug, Clone)]
pub(super) struct Asked {
    pub(super) line: String,
    headers: Vec<String>,
    body: Vec<u8>,
    /// How often the same was asked before.
    earlier: usize,
}

pub(super) type Answers = fn(&Asked) -> (u16, &'static str);

impl FakeMlflow {
    pub(super) fn start(answers: Answers) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let asked = Arc::new(Mutex::new(Vec::new()));
        let all = Arc::clone(&asked);
        // It ends with the process: tests are short, and nobody waits for it.
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let all = Arc::clone(&all);
                std::thread::spawn(move || serve(stream, answers, &all));
            }
        });
        Self { url, asked }
    }

    pub(super) fn asked(&self, start: &str) -> Vec<Asked> {
        self.asked
            .lock()
            .unwrap()
            .iter()
            .filter(|asked| asked.line.starts_with(start))
            .cloned()
            .collect()
    }

    pub(super) fn trace_info(&self) -> Value {
        let asked = self.asked("POST /api/3.0/mlflow/traces ");
        assert_eq!(asked.len(), 1);
        let body: Value = serde_json::from_slice(&asked[0].body).unwrap();
        body["trace"]["trace_info"].clone()
    }
}

fn serve(stream: TcpStream, answers: Answers, all: &Mutex<Vec<Asked>>) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    while let Some(mut asked) = read(&mut reader) {
        asked.earlier = all
            .lock()
            .unwrap()
            .iter()
            .filter(|other| other.line == asked.line)
            .count();
        let (status, body) = answers(&asked);
        all.lock().unwrap().push(asked);
        let head = format!(
            "HTTP/1.1 {status} X\r\ncontent-type: application/json\r\nretry-after: 1\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        if (&stream).write_all(format!("{head}{body}").as_bytes()).is_err() {
            return;
        }
    }
}

fn read(reader: &mut impl BufRead) -> Option<Asked> {
    let mut line = String::new();
    reader.read_line(&mut line).ok().filter(|bytes| *bytes > 0)?;
    let mut headers = Vec::new();
    loop {
        let mut header = String::new();
        reader.read_line(&mut header).ok()?;
        match header.trim() {
            "" => break,
            header => headers.push(header.to_ascii_lowercase()),
        }
    }
    let length = headers
        .iter()
        .find_map(|header| header.strip_prefix("content-length: ")?.parse().ok());
    let mut body = vec![0; length.unwrap_or(0)];
    reader.read_exact(&mut body).ok()?;
    let line = line.trim().to_owned();
    Some(Asked {
        line,
        headers,
        body,
        earlier: 0,
    })
}

fn known_experiment(asked: &Asked) -> (u16, &'static str) {
    match &asked.line {
        line if line.starts_with("GET /api/2.0/mlflow/experiments/get-by-name") => (
            200,
            r#"{"experiment":{"experiment_id":"12","name":"n","lifecycle_stage":"active"}}"#,
        ),
        _ => (200, "{}"),
    }
}

fn no_experiment(asked: &Asked) -> (u16, &'static str) {
    match &asked.line {
        line if line.starts_with("GET ") => (404, r#"{"error_code":"RESOURCE_DOES_NOT_EXIST","message":"no"}"#),
        line if line.contains("experiments/create") => (200, r#"{"experiment_id":"34"}"#),
        _ => (200, "{}"),
    }
}

fn deleted_experiment(_: &Asked) -> (u16, &'static str) {
    (
        200,
        r#"{"experiment":{"experiment_id":"12","name":"n","lifecycle_stage":"deleted"}}"#,
    )
}

fn old_server(asked: &Asked) -> (u16, &'static str) {
    if asked.line.contains("/api/3.0/") {
        (404, "<html>")
    } else {
        (200, "{}")
    }
}

fn busy_once(asked: &Asked) -> (u16, &'static str) {
    match asked.line.contains("/api/3.0/") && asked.earlier == 0 {
        true => (503, "{}"),
        false => (200, "{}"),
    }
}

/// As MLflow does: one bad span, and none of the request is taken.
fn particular(asked: &Asked) -> (u16, &'static str) {
    let is_bad = asked.body.windows(3).any(|bytes| bytes == b"bad");
    match asked.line.contains("/v1/traces") && is_bad {
        true => (422, r#"{"detail":"Failed to log OpenTelemetry spans"}"#),
        false => (200, "{}"),
    }
}

fn refuses_all(asked: &Asked) -> (u16, &'static str) {
    match asked.line.contains("/v1/traces") {
        true => (400, r#"{"error_code":"INVALID_PARAMETER_VALUE","message":"no"}"#),
        false => (200, "{}"),
    }
}

pub(super) fn exports_to(server: &FakeMlflow, further: &[(&str, &str)]) -> Exports {
    let mut variables = vec![
        ("MLFLOW_TRACKING_URI", server.url.as_str()),
        ("OTEL_BSP_SCHEDULE_DELAY", "600000"),
    ];
    variables.extend(further);
    exports(&variables)
}

/// A trace of three spans, two of them with tokens, one below the other.
pub(super) fn submit_trace(exports: &Exports) {
    let usage = r#"{"input_tokens":3,"output_tokens":4,"total_tokens":7}"#;
    exports.submit(Arc::new(span(3, 2, &[("mlflow.chat.tokenUsage", usage)])), None);
    exports.submit(Arc::new(span(2, 1, &[("mlflow.chat.tokenUsage", usage)])), None);
    let root = span(
        1,
        0,
        &[
            ("mlflow.spanInputs", r#"{"query":"What?"}"#),
            ("mlflow.spanOutputs", "\"That.\""),
        ],
    );
    assert!(is_root(&root));
    let trace = TraceInfo {
        tags: [("team", "a"), (&"k".repeat(300), "long")]
            .map(|(key, value)| (key.to_owned(), value.to_owned()))
            .into(),
        metadata: [("k".to_owned(), "v".to_owned())].into(),
        session: Some("s".repeat(300)),
        user: Some("ada".to_owned()),
        client_request_id: Some("c1".to_owned()),
        ..TraceInfo::default()
    };
    exports.submit(Arc::new(root), Some(Arc::new(trace)));
}

#[test]
fn a_trace_is_described_when_its_root_is_there() {
    let server = FakeMlflow::start(known_experiment);
    let exports = exports_to(
        &server,
        &[
            ("MLFLOW_EXPERIMENT_NAME", "n"),
            ("MLFLOW_RUN_ID", "r1"),
            ("MLFLOW_TRACKING_TOKEN", "t"),
        ],
    );
    submit_trace(&exports);
    assert_eq!(exports.flush(PATIENCE), FlushOutcome::Complete);
    assert_eq!(numbers(&exports, "mlflow"), [3, 3, 0, 0, 0]);

    let spans = server.asked("POST /v1/traces ");
    assert_eq!(spans.len(), 1);
    for header in [
        "x-mlflow-experiment-id: 12",
        "x-mlflow-run-id: r1",
        "authorization: bearer t",
    ] {
        assert!(spans[0].headers.iter().any(|sent| sent == header), "{header}");
    }
    assert_eq!(
        server.asked("GET ")[0].line,
        "GET /api/2.0/mlflow/experiments/get-by-name?experiment_name=n HTTP/1.1"
    );
    assert_eq!(
        server.trace_info(),
        json!({
            "trace_id": "tr-00000000000000000000000000000007",
            "client_request_id": "c1",
            "trace_location": {"type": "MLFLOW_EXPERIMENT", "mlflow_experiment": {"experiment_id": "12"}},
            "request_preview": r#"{"query":"What?"}"#,
            "response_preview": "\"That.\"",
            "request_time": "2023-11-14T22:13:20.000Z",
            "execution_duration": "0.085s",
            "state": "OK",
            "trace_metadata": {
                "k": "v",
                "mlflow.sourceRun": "r1",
                "mlflow.trace.session": "s".repeat(250),
                "mlflow.trace.tokenUsage": r#"{"input_tokens":3,"output_tokens":4,"total_tokens":7}"#,
                "mlflow.trace.user": "ada",
                "mlflow.trace_schema.version": "3",
            },
            "tags": {"mlflow.traceName": "work", "team": "a", "k".repeat(250): "long"},
        })
    );
}

#[test]
fn an_experiment_that_is_not_there_is_made() {
    let server = FakeMlflow::start(no_experiment);
    let exports = exports_to(&server, &[("MLFLOW_EXPERIMENT_NAME", "n")]);
    submit_trace(&exports);
    assert_eq!(exports.flush(PATIENCE), FlushOutcome::Complete);
    let made = server.asked("POST /api/2.0/mlflow/experiments/create ");
    assert_eq!(
        serde_json::from_slice::<Value>(&made[0].body).unwrap(),
        json!({"name": "n"})
    );
    assert_eq!(
        server.trace_info()["trace_location"]["mlflow_experiment"]["experiment_id"],
        "34"
    );
}

#[test]
fn spans_for_a_deleted_experiment_are_rejected() {
    let server = FakeMlflow::start(deleted_experiment);
    let exports = exports_to(&server, &[("MLFLOW_EXPERIMENT_NAME", "n")]);
    submit_trace(&exports);
    assert_eq!(exports.flush(PATIENCE), FlushOutcome::Complete);
    assert_eq!(numbers(&exports, "mlflow"), [3, 0, 3, 0, 0]);
}

#[test]
fn a_server_that_is_busy_is_asked_again_when_it_says() {
    let server = FakeMlflow::start(busy_once);
    let exports = exports_to(&server, &[]);
    submit_trace(&exports);
    let start = Instant::now();
    assert_eq!(exports.flush(PATIENCE), FlushOutcome::Complete);
    assert!(start.elapsed() >= Duration::from_secs(1), "it said: in a second");
    assert_eq!(server.asked("POST /api/3.0/mlflow/traces ").len(), 2);
}

#[test]
fn one_bad_span_takes_no_other_with_it() {
    let server = FakeMlflow::start(particular);
    let exports = exports_to(&server, &[]);
    for id in 1..=100 {
        let note = if id == 40 || id == 41 { "bad" } else { "good" };
        exports.submit(Arc::new(span(id, 1_000, &[("note", note)])), None);
    }
    submit_trace(&exports);
    assert_eq!(exports.flush(PATIENCE), FlushOutcome::Complete);
    assert_eq!(numbers(&exports, "mlflow"), [103, 101, 2, 0, 0]);
    assert_eq!(server.trace_info()["client_request_id"], "c1", "its root was taken");
}

#[test]
fn a_server_that_takes_nothing_is_not_asked_for_each_span() {
    let server = FakeMlflow::start(refuses_all);
    let exports = exports_to(&server, &[]);
    submit(&exports, 512);
    submit_trace(&exports);
    assert_eq!(exports.flush(PATIENCE), FlushOutcome::Complete);
    assert_eq!(numbers(&exports, "mlflow"), [515, 0, 515, 0, 0]);
    let asked = server.asked("POST /v1/traces ").len();
    assert!(asked < 100, "{asked} requests");
    assert!(
        server.asked("POST /api/3.0/").is_empty(),
        "what is not there is not described"
    );
}

#[test]
fn spans_are_there_though_the_server_knows_no_traces() {
    let server = FakeMlflow::start(old_server);
    let exports = exports_to(&server, &[]);
    submit_trace(&exports);
    assert_eq!(exports.flush(PATIENCE), FlushOutcome::Complete);
    assert_eq!(numbers(&exports, "mlflow"), [3, 3, 0, 0, 0]);
    assert_eq!(
        server.asked("POST /api/3.0/mlflow/traces ").len(),
        1,
        "it is not asked again"
    );
}
