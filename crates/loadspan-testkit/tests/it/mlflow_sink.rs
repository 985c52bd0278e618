//! The MLflow sink, as a plain HTTP client sees it. That MLflow itself gives the same answers was seen with version 3.17.2.

mod artifacts;
mod faults;
mod logging;
mod runs;
mod traces;

use loadspan_testkit::{MlflowSink, RunningMlflowSink};
use serde_json::{Value, json};

use crate::harness::{Client, Reply};

/// A client of one sink, over one connection.
struct Mlflow {
    client: Client,
}

impl Mlflow {
    fn of(sink: &RunningMlflowSink) -> Self {
        Self {
            client: Client::connect_to(sink.address()),
        }
    }

    fn post(&mut self, endpoint: &str, body: &Value) -> Reply {
        let path = format!("/api/2.0/mlflow/{endpoint}");
        let headers = "content-type: application/json\r\n";
        self.client.post_with(&path, headers, &body.to_string())
    }

    fn get(&mut self, endpoint: &str) -> Reply {
        self.client.get(&format!("/api/2.0/mlflow/{endpoint}"))
    }

    /// The id of a new experiment.
    fn experiment(&mut self, name: &str) -> String {
        let created = self.post("experiments/create", &json!({ "name": name })).json();
        created["experiment_id"].as_str().unwrap().to_owned()
    }

    /// The id of a new run.
    fn run(&mut self, body: &Value) -> String {
        let created = self.post("runs/create", body).json();
        created["run"]["info"]["run_id"].as_str().unwrap().to_owned()
    }
}

/// Status and error code.
fn failure(reply: &Reply) -> (u16, String) {
    let code = reply.json()["error_code"].as_str().unwrap().to_owned();
    (reply.status, code)
}

fn refused(status: u16, code: &str) -> (u16, String) {
    (status, code.to_owned())
}

#[test]
fn it_says_what_it_is() {
    let sink = MlflowSink::new().multipart_uploads().start().unwrap();
    let mut client = Client::connect_to(sink.address());
    assert_eq!(client.get("/health").body(), "OK");
    assert_eq!(client.get("/version").body(), "3.17.2");
    let info = client.get("/api/3.0/mlflow/server-info").json();
    assert_eq!(
        info,
        json!({"store_type": "SqlStore", "multipart_uploads_enabled": true})
    );
    assert_eq!(client.get("/api/2.0/mlflow/nothing").status, 404);
    assert_eq!((sink.requests(), sink.requests_to("server-info")), (4, 1));
}

#[test]
fn who_does_not_authenticate_is_told_so() {
    let sink = MlflowSink::new()
        .require_authorization("Bearer secret")
        .start()
        .unwrap();
    let mut client = Client::connect_to(sink.address());
    let path = "/api/2.0/mlflow/experiments/get-by-name?experiment_name=e";
    let unknown = client.get(path);
    assert_eq!(
        (unknown.status, unknown.header("www-authenticate")),
        (401, Some("basic realm=\"mlflow\""))
    );
    let wrong = client.exchange(&format!(
        "GET {path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer other\r\n\r\n"
    ));
    assert_eq!(wrong.status, 401);
    let known = client.exchange(&format!(
        "GET {path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer secret\r\n\r\n"
    ));
    assert_eq!(known.status, 404);
    assert_eq!(client.get("/health").status, 200);
}

#[test]
fn a_server_may_have_a_path_of_its_own() {
    let sink = MlflowSink::new().start().unwrap();
    sink.add_run("e", "r");
    let mut client = Client::connect_to(sink.address());
    let found = client.get("/ml/flow/api/2.0/mlflow/experiments/get-by-name?experiment_name=e");
    assert_eq!(found.json()["experiment"]["experiment_id"], "1");
}
