//! What is too large, makes no sense, or leads out of the folder of artifacts.

use std::fs;

use serde_json::json;

use super::super::client::{Client, Request};
use super::super::served::{Flags, Served};
use super::super::{Suite, payload};
use super::CREATE;

pub(super) fn check(suite: &mut Suite<'_>) -> anyhow::Result<()> {
    let flags = Flags {
        arguments: &["--max-body", "64KiB"],
        port: None,
    };
    let served = Served::start_with(suite.place, (suite.store, "limits"), flags)?;
    fs::write(suite.place.scratch.join("limits/secret"), "not for clients")?;
    let large = json!({"name": "x".repeat(100_000)}).to_string();
    let spans = payload::spans("limits", 0..2000);
    for (what, path, body, expected) in [
        ("a body that is too large", CREATE, large.as_str(), 413),
        ("spans that are too many", "/v1/traces", spans.as_str(), 413),
        ("no JSON", CREATE, "{\"name\": ", 400),
        ("no OTLP", "/v1/traces", "{\"resourceSpans\": 5}", 400),
    ] {
        let answer = Client::new(served.ports.main).send(&Request::post(path, body))?;
        suite.checks.equal(format!("limits: {what}"), answer.status, expected);
    }
    for path in [
        "../secret",
        "..%2fsecret",
        "%2e%2e/secret",
        "a/..%2f..%2fsecret",
        "..%5csecret",
        "%2fetc%2fpasswd",
        "%252e%252e/secret",
    ] {
        let path = format!("/api/2.0/mlflow-artifacts/artifacts/{path}");
        let answer = Client::new(served.ports.main).send(&Request::get(&path))?;
        let is_refused = (400..500).contains(&answer.status) && !answer.body.contains("not for clients");
        suite
            .checks
            .that(format!("limits: {path} leads nowhere"), is_refused, answer);
    }
    let answer = served.ask(&Request::get("/health"))?;
    suite
        .checks
        .equal("limits: the server is well", answer.body.as_str(), "OK");
    Ok(())
}
