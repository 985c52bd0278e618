//! The artifact proxy, whole files and parts.

use loadspan_testkit::{MlflowSink, RunningMlflowSink};
use serde_json::{Value, json};

use super::{failure, refused};
use crate::harness::{Client, Reply};

const PROXY: &str = "/api/2.0/mlflow-artifacts";

fn connect(sink: &RunningMlflowSink) -> Client {
    Client::connect_to(sink.address())
}

fn put(client: &mut Client, path: &str, body: &str) -> Reply {
    let length = body.len();
    client.exchange(&format!(
        "PUT {path} HTTP/1.1\r\nhost: x\r\ncontent-length: {length}\r\n\r\n{body}"
    ))
}

fn post(client: &mut Client, path: &str, body: &Value) -> Reply {
    client.post_with(path, "content-type: application/json\r\n", &body.to_string())
}

#[test]
fn files_are_put_listed_fetched_and_deleted() {
    let sink = MlflowSink::new().start().unwrap();
    let mut client = connect(&sink);
    for (name, body) in [("a.json", "hello"), ("b%20c.json", "x"), ("plots/d.svg", "yy")] {
        let reply = put(&mut client, &format!("{PROXY}/artifacts/1/r/artifacts/{name}"), body);
        assert_eq!(
            (reply.status, reply.body(), reply.header("content-type")),
            (200, String::new(), None)
        );
    }
    assert_eq!(
        client.get(&format!("{PROXY}/artifacts/1/r/artifacts/a.json")).body(),
        "hello"
    );
    let mut list = |path: &str| client.get(&format!("{PROXY}/artifacts?path={path}")).json();
    assert_eq!(
        list("1%2Fr%2Fartifacts"),
        json!({"files": [
            {"path": "a.json", "is_dir": false, "file_size": 5},
            {"path": "b c.json", "is_dir": false, "file_size": 1},
            {"path": "plots", "is_dir": true},
        ]})
    );
    assert_eq!(list("1/r/artifacts/a.json"), json!({}));
    assert_eq!(list(""), json!({"files": [{"path": "1", "is_dir": true}]}));
    assert_eq!(sink.artifacts()["1/r/artifacts/plots/d.svg"], b"yy");
    let path = format!("{PROXY}/artifacts/1/r/artifacts/a.json");
    assert_eq!(
        client
            .exchange(&format!("DELETE {path} HTTP/1.1\r\nhost: x\r\n\r\n"))
            .status,
        200
    );
    assert_eq!(failure(&client.get(&path)), refused(404, "RESOURCE_DOES_NOT_EXIST"));
}

#[test]
fn no_path_leads_out_of_the_root() {
    let sink = MlflowSink::new().start().unwrap();
    let mut client = connect(&sink);
    for path in ["1/../b", "1/%2e%2e/b", "/etc"] {
        let reply = put(&mut client, &format!("{PROXY}/artifacts/{path}"), "x");
        assert_eq!(failure(&reply), refused(400, "INVALID_PARAMETER_VALUE"), "{path}");
    }
    assert!(sink.artifacts().is_empty());
}

#[test]
fn parts_are_not_taken_unless_asked_for() {
    let sink = MlflowSink::new().start().unwrap();
    let path = format!("{PROXY}/mpu/create/1/r/artifacts");
    let reply = post(&mut connect(&sink), &path, &json!({"path": "a.bin", "num_parts": 2}));
    assert_eq!(failure(&reply), refused(501, "NOT_IMPLEMENTED"));
}

/// An upload of two parts: its id, and the paths of the URLs for them.
fn begin(client: &mut Client) -> (String, Vec<String>) {
    let wanted = json!({"path": "/home/user/a.bin", "num_parts": 2});
    let upload = post(client, &format!("{PROXY}/mpu/create/1/r/artifacts"), &wanted).json();
    let credentials = upload["credentials"].as_array().unwrap().iter();
    let urls = credentials.map(|part| part["url"].as_str().unwrap());
    let paths = urls.map(|url| url.splitn(4, '/').nth(3).map(|path| format!("/{path}")).unwrap());
    (upload["upload_id"].as_str().unwrap().to_owned(), paths.collect())
}

#[test]
fn parts_become_a_file_below_the_folder_of_the_url() {
    let sink = MlflowSink::new().multipart_uploads().start().unwrap();
    let mut client = connect(&sink);
    let (upload_id, urls) = begin(&mut client);
    assert_eq!(urls.len(), 2);
    let etags = [(0, "one"), (1, "two")].map(|(n, body)| {
        let reply = put(&mut client, &urls[n], body);
        reply.header("etag").unwrap().to_owned()
    });
    let complete = format!("{PROXY}/mpu/complete/1/r/artifacts");
    let parts = |etags: [&str; 2]| {
        let parts = [
            json!({"part_number": 1, "etag": etags[0]}),
            json!({"part_number": 2, "etag": etags[1]}),
        ];
        json!({"path": "a.bin", "upload_id": upload_id, "parts": parts})
    };
    let swapped = post(&mut client, &complete, &parts([&etags[1], &etags[0]]));
    assert_eq!(failure(&swapped), refused(400, "INVALID_PARAMETER_VALUE"));
    assert_eq!(post(&mut client, &complete, &parts([&etags[0], &etags[1]])).status, 200);
    assert_eq!(sink.artifacts()["1/r/artifacts/a.bin"], b"onetwo");
    let again = post(&mut client, &complete, &parts([&etags[0], &etags[1]]));
    assert_eq!(again.status, 400);
}

#[test]
fn an_upload_lacks_nothing_or_is_none() {
    let sink = MlflowSink::new().multipart_uploads().start().unwrap();
    let mut client = connect(&sink);
    let (upload_id, urls) = begin(&mut client);
    put(&mut client, &urls[0], "one");
    put(&mut client, &urls[1], "two");
    let etag = "\"part-1-of-3-bytes\"";
    let lacking = json!({"path": "a.bin", "upload_id": upload_id, "parts": [{"part_number": 1, "etag": etag}]});
    let complete = format!("{PROXY}/mpu/complete/1/r/artifacts");
    assert_eq!(post(&mut client, &complete, &lacking).status, 400);
    let abort = format!("{PROXY}/mpu/abort/1/r/artifacts");
    let upload = json!({"path": "a.bin", "upload_id": upload_id});
    assert_eq!(post(&mut client, &abort, &upload).status, 200);
    assert_eq!(post(&mut client, &abort, &upload).status, 400);
    assert_eq!(put(&mut client, &urls[0], "one").status, 404);
    assert!(sink.artifacts().is_empty());
}

#[test]
fn credentials_do_not_belong_on_signed_urls() {
    let sink = MlflowSink::new().multipart_uploads().start().unwrap();
    let mut client = connect(&sink);
    let (_, urls) = begin(&mut client);
    let head = "host: x\r\nauthorization: Bearer secret\r\ncontent-length: 0";
    let reply = client.exchange(&format!("PUT {} HTTP/1.1\r\n{head}\r\n\r\n", urls[0]));
    assert_eq!(reply.status, 400);
}

#[test]
fn uploads_that_overlap_do_not_mix() {
    let sink = MlflowSink::new().multipart_uploads().start().unwrap();
    let mut client = connect(&sink);
    let first = begin(&mut client).0;
    let second = begin(&mut client).0;
    let abort = format!("{PROXY}/mpu/abort/1/r/artifacts");
    assert_eq!(
        post(&mut client, &abort, &json!({"path": "a.bin", "upload_id": first})).status,
        200
    );
    let third = begin(&mut client).0;
    assert!(![first, second].contains(&third));
}
