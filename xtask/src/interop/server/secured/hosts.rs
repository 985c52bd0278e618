//! Under which names the server answers, and what pages of other sites may do.

use serde_json::json;

use super::super::Suite;
use super::super::client::{Client, Request};
use super::super::served::{Flags, Served};
use super::{CREATE, EXPERIMENTS};

pub(super) fn check(suite: &mut Suite<'_>) -> anyhow::Result<()> {
    let flags = Flags {
        arguments: &["--allowed-hosts", "mlflow.example.com"],
        port: None,
    };
    let served = Served::start_with(suite.place, (suite.store, "hosts"), flags)?;
    let mut client = Client::new(served.ports.main);
    let own = format!("localhost:{}", served.ports.main);
    let own_origin = format!("http://{own}");
    let body = json!({"name": "by a page"}).to_string();
    let read = Request::get(EXPERIMENTS);
    let write = Request::post(CREATE, &body);
    for (what, request, headers, expected) in [
        ("its own name", read, &[("host", own.as_str())][..], 200),
        ("a name that it was given", read, &[("host", "mlflow.example.com")], 200),
        ("an address", read, &[("host", "192.0.2.7:5000")], 200),
        ("another name", read, &[("host", "evil.example")], 403),
        (
            "a name that only looks like its own",
            read,
            &[("host", "localhost.evil.example")],
            403,
        ),
        (
            "another name, for /health",
            Request::get("/health"),
            &[("host", "evil.example")],
            200,
        ),
        (
            "spans under another name",
            Request::post("/v1/traces", "{}"),
            &[("host", "evil.example")],
            403,
        ),
        (
            "a page of its own",
            write,
            &[("host", own.as_str()), ("origin", own_origin.as_str())],
            200,
        ),
        (
            "another page that writes",
            write,
            &[("origin", "https://evil.example")],
            403,
        ),
        (
            "another page that sends spans",
            Request::post("/v1/traces", "{}"),
            &[("origin", "https://evil.example")],
            403,
        ),
        ("a page without origin that writes", write, &[("origin", "null")], 403),
    ] {
        let answer = client.send(&request.headers(headers))?;
        suite.checks.equal(format!("hosts: {what}"), answer.status, expected);
    }
    let preflight = Request {
        method: "OPTIONS",
        ..read
    };
    let answer = client.send(&preflight.headers(&[
        ("origin", "https://evil.example"),
        ("access-control-request-method", "POST"),
    ]))?;
    let allows = answer
        .headers
        .iter()
        .any(|(name, _)| name.starts_with("access-control-allow"));
    suite
        .checks
        .that("hosts: no page of another site is allowed anything", !allows, answer);
    Ok(())
}
