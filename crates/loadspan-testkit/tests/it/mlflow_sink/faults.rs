//! What it does when it is told to go wrong.

use std::net::TcpStream;
use std::time::{Duration, Instant};

use loadspan_testkit::{DurationExt, MlflowAnswer, MlflowSink, RunningMlflowSink};
use serde_json::json;

use super::Mlflow;
use crate::harness::{Client, End, Reply};

const PATIENCE: Duration = Duration::from_secs(10);

/// Makes an experiment over a connection of its own; how the connection ended if there was no answer.
fn create(sink: &RunningMlflowSink, name: &str) -> Result<Reply, End> {
    let mut client = Client::connect_to(sink.address());
    ask(&mut client, name);
    client.reply()
}

fn ask(client: &mut Client, name: &str) {
    let body = json!({ "name": name }).to_string();
    let length = body.len();
    client.send(&format!(
        "POST /api/2.0/mlflow/experiments/create HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
    ));
}

fn status(sink: &RunningMlflowSink, name: &str) -> u16 {
    create(sink, name).unwrap().status
}

#[test]
fn a_status_is_answered_until_it_is_restored() {
    let sink = MlflowSink::new().start().unwrap();
    sink.answer_with(MlflowAnswer::Status(500, "<h1>oh</h1>".into()));
    let broken = create(&sink, "e").unwrap();
    assert_eq!((broken.status, broken.body().as_str()), (500, "<h1>oh</h1>"));
    assert_eq!(broken.header("content-type"), Some("text/html; charset=utf-8"));
    sink.answer_with(MlflowAnswer::Status(400, r#"{"error_code":"X"}"#.into()));
    assert_eq!(
        create(&sink, "e").unwrap().header("content-type"),
        Some("application/json")
    );
    sink.answer_with(MlflowAnswer::RetryAfter(429, 1500.ms()));
    assert_eq!(create(&sink, "e").unwrap().header("retry-after"), Some("2"));
    assert!(sink.experiments().is_empty());
    sink.restore();
    assert_eq!(status(&sink, "e"), 200);
    assert_eq!(sink.requests_to("experiments/create"), 4);
}

#[test]
fn a_path_may_have_an_answer_of_its_own() {
    let sink = MlflowSink::new().start().unwrap();
    sink.answer_with(MlflowAnswer::Status(500, String::new()));
    sink.answer_path_with("experiments/create", MlflowAnswer::Status(503, String::new()));
    sink.answer_once_with("experiments/create", MlflowAnswer::Status(429, String::new()));
    sink.answer_once_with("experiments/create", MlflowAnswer::Normal);
    let statuses = ["a", "b", "c", "d"].map(|name| status(&sink, name));
    assert_eq!(statuses, [429, 200, 503, 503]);
    sink.answer_path_with("experiments/create", MlflowAnswer::Normal);
    assert_eq!(status(&sink, "e"), 200);
    assert_eq!(Mlflow::of(&sink).get("runs/get?run_id=x").status, 500);
}

#[test]
fn a_path_is_meant_by_whole_segments_of_it() {
    let sink = MlflowSink::new().start().unwrap();
    sink.answer_path_with("mpu/create", MlflowAnswer::Status(418, String::new()));
    let mut client = Client::connect_to(sink.address());
    assert_eq!(
        client.post("/api/2.0/mlflow-artifacts/mpu/create/1/r/a.bin", "").status,
        418
    );
    assert_eq!(client.post("/api/2.0/mlflow-artifacts/mpu/created/1", "").status, 404);
}

#[test]
fn a_dropped_request_was_handled() {
    let sink = MlflowSink::new().start().unwrap();
    sink.answer_once_with("experiments/create", MlflowAnswer::DropAfterHandling);
    assert_eq!(create(&sink, "e").unwrap_err(), End::Cut);
    assert_eq!(sink.experiments().len(), 1);
    assert_eq!(status(&sink, "e"), 400);
}

#[test]
fn a_request_that_hangs_was_not_handled_and_does_not_hold_up_others() {
    let mut sink = MlflowSink::new().start().unwrap();
    sink.answer_path_with("experiments/create", MlflowAnswer::Hang);
    let mut client = Client::connect_to(sink.address()).impatient();
    ask(&mut client, "e");
    assert!(sink.wait_until(PATIENCE, |sink| sink.requests_to("experiments/create") == 1));
    assert_eq!(client.reply().unwrap_err(), End::Silent);
    assert_eq!(Mlflow::of(&sink).get("runs/get?run_id=x").status, 404);
    sink.stop();
    assert_eq!(client.reply().unwrap_err(), End::Cut);
    assert!(sink.experiments().is_empty());
}

#[test]
fn a_slow_answer_comes_late_and_the_request_is_handled_at_once() {
    let sink = MlflowSink::new().start().unwrap();
    sink.answer_with(MlflowAnswer::Slow(300.ms()));
    let start = Instant::now();
    let mut client = Client::connect_to(sink.address());
    ask(&mut client, "e");
    assert!(sink.wait_until(PATIENCE, |sink| !sink.experiments().is_empty()));
    assert_eq!(client.reply().unwrap().status, 200);
    assert!(start.elapsed() >= 300.ms(), "{:?}", start.elapsed());
}

#[test]
fn a_stopped_sink_comes_back_on_the_same_port_with_what_it_had() {
    let mut sink = MlflowSink::new().start().unwrap();
    assert_eq!(status(&sink, "e"), 200);
    sink.stop();
    assert!(TcpStream::connect(sink.address()).is_err());
    assert_eq!(sink.experiments().len(), 1);
    sink.restart().unwrap();
    assert_eq!(status(&sink, "e"), 400);
}

#[test]
fn a_new_sink_can_take_the_port_of_an_old_one() {
    let old = MlflowSink::new().start().unwrap();
    let address = old.address();
    assert_eq!(status(&old, "e"), 200);
    assert!(MlflowSink::new().start_on(address).is_err());
    drop(old);
    let new = MlflowSink::new().start_on(address).unwrap();
    assert_eq!(new.url(), format!("http://{address}"));
    assert_eq!(status(&new, "e"), 200);
}

#[test]
fn waiting_ends_when_patience_does() {
    let sink = MlflowSink::new().start().unwrap();
    assert!(!sink.wait_until(10.ms(), |sink| sink.requests() > 0));
}

#[test]
fn a_connection_serves_many_requests() {
    let sink = MlflowSink::new().start().unwrap();
    let mut mlflow = Mlflow::of(&sink);
    for number in 0..3 {
        mlflow.experiment(&format!("e{number}"));
    }
    assert_eq!(sink.experiments().len(), 3);
}
