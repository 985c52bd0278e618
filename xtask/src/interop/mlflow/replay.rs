//! Traces that MLflow has are sent again: those of an application that MLflow's own client wrote, and those of runs.

use std::process::{Command, Output};

use anyhow::{Context, ensure};
use loadspan_testkit::RunningServer;
use serde_json::{Value, json};

use super::super::install;
use super::super::loadspan::{Run, bare_profile, clean_command, replay, without_settings};
use super::{Profile, Suite, model_server};

/// Requests of a run whose traces do not fit on a page of a search, which has 500.
const MANY: u64 = 510;

pub(super) fn check(suite: &mut Suite<'_>) -> anyhow::Result<()> {
    of_an_application(suite)?;
    of_sessions(suite)?;
    of_many_requests(suite)
}

fn of_an_application(suite: &mut Suite<'_>) -> anyhow::Result<()> {
    let python = install::mlflow(&suite.place.tools)?.join("python");
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/src/interop/mlflow_traces.py");
    let mut write = without_settings(Command::new(python));
    write.args([script, &suite.server.url(), "shop"]);
    let written = write.env("MLFLOW_DISABLE_TELEMETRY", "true").output()?;
    let said = String::from_utf8_lossy(&written.stderr);
    ensure!(
        written.status.success(),
        "the traces of an application cannot be written: {said}"
    );

    let source = format!("{}/?experiment=shop&filter=tags.wanted = \"yes\"", suite.server.url());
    let inspected = inspect(suite, &source)?;
    let recording: Value = serde_json::from_slice(&inspected.stdout).context("inspect printed no JSON")?;
    suite.checks.equal(
        "replay: sessions of an application have these calls, after these",
        shape(&recording),
        vec![
            (1, vec![]),
            (1, vec![]),
            (2, vec!["continuation".to_owned()]),
            (2, vec!["continuation".to_owned()]),
            (2, vec!["tool weather".to_owned()]),
        ],
    );
    let said = String::from_utf8_lossy(&inspected.stderr).into_owned();
    let names_it = said.contains("1 of 8 traces cannot be fetched") && said.contains("not all of its spans");
    suite
        .checks
        .that("replay: a trace without an end is named", names_it, &said);

    let server = model_server().capture(100).start()?;
    let run = replay(suite.place, "application", (&server.url(), &source)).run()?;
    sent(suite, ("replay: an application", &run), (5, 8));
    application_is_asked_again(suite, &server);
    Ok(())
}

/// What the model server got.
fn application_is_asked_again(suite: &mut Suite<'_>, server: &RunningServer) {
    let bodies = chats(server, 8);
    let mut lengths: Vec<usize> = bodies.iter().map(|body| messages(body).len()).collect();
    lengths.sort_unstable();
    suite.checks.equal(
        "replay: conversations grow by an answer and what is said next",
        lengths,
        vec![1, 1, 2, 2, 2, 3, 4, 4],
    );
    let as_recorded = bodies.iter().filter(|body| body["temperature"] == json!(0.5));
    suite
        .checks
        .equal("replay: parameters are those of the recording", as_recorded.count(), 7);
    let results: Vec<&Value> = bodies
        .iter()
        .filter_map(|body| messages(body).last())
        .filter(|message| message["role"] == "tool")
        .collect();
    let expected = json!({"role": "tool", "tool_call_id": "call_1", "content": "rain, as ever"});
    suite.checks.equal(
        "replay: the result of a tool is sent with its call",
        results,
        vec![&expected],
    );
    let recorded = "Those of rubber are the best of all for first.";
    let repeats = bodies
        .iter()
        .any(|body| messages(body).iter().any(|message| message["content"] == recorded));
    suite.checks.that(
        "replay: answers of this run take the place of recorded ones",
        !repeats,
        (),
    );
}

/// Sessions that loadspan made and MLflow has: each call has what it had.
fn of_sessions(suite: &mut Suite<'_>) -> anyhow::Result<()> {
    let first = model_server().capture(100).start()?;
    let run = suite
        .recorded("own-sessions", &first.url())
        .args(&["--num-sessions", "3", "--session-count", "6", "--random-seed", "7"])
        .args(&["--session-turns-mean", "3", "--session-turns-stddev", "1"])
        .run()?;
    suite
        .checks
        .equal("replay: a run of sessions: exit code", run.code, Some(0));
    let calls = run.number("/counts/completed");
    let second = model_server().capture(100).start()?;
    let source = format!("{}/?experiment=own-sessions", suite.server.url());
    let replayed = replay(suite.place, "own-sessions", (&second.url(), &source)).run()?;
    sent(suite, ("replay: a run of sessions", &replayed), (6, calls));
    // The answers of a server of one text are the same each time.
    suite.checks.equal(
        "replay: a run of sessions: the same conversations",
        conversations(&second, calls),
        conversations(&first, calls),
    );
    Ok(())
}

/// More traces than a page has.
fn of_many_requests(suite: &mut Suite<'_>) -> anyhow::Result<()> {
    let server = model_server().start()?;
    let run = suite
        .recorded("own-requests", &server.url())
        .args(&["--concurrency", "8", "--request-count", &MANY.to_string()])
        .run()?;
    suite
        .checks
        .equal("replay: a run of requests: exit code", run.code, Some(0));
    let source = format!("{}/?experiment=own-requests", suite.server.url());
    let replayed = replay(suite.place, "own-requests", (&server.url(), &source)).run()?;
    sent(suite, ("replay: a run of requests", &replayed), (MANY, MANY));
    let some = replay(suite.place, "some-requests", (&server.url(), &source));
    let some = some.args(&["--replay-max-traces", "507"]).run()?;
    sent(suite, ("replay: the latest of them", &some), (507, 507));
    Ok(())
}

impl Suite<'_> {
    /// A run whose traces go to MLflow, with content.
    fn recorded(&self, name: &str, model_server: &str) -> Profile {
        bare_profile(self.place, name, model_server)
            .args(&["--isl", "12", "--osl", "6", "--mlflow-traces", "--capture-content"])
            .args(&["--mlflow-tracking-uri", &self.server.url(), "--mlflow-experiment", name])
    }
}

fn inspect(suite: &Suite<'_>, source: &str) -> anyhow::Result<Output> {
    let mut command = clean_command(suite.place);
    command.args(["replay", "inspect", source, "--output-format", "json"]);
    let output = command.output().context("cannot start loadspan")?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "inspect failed: {said}");
    Ok(output)
}

/// Calls of each session, and what says what they came after; sorted.
fn shape(recording: &Value) -> Vec<(usize, Vec<String>)> {
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let sessions = list(&recording["sessions"]).into_iter().map(|session| {
        let calls = list(&session["calls"]);
        let edges = calls.iter().flat_map(|call| list(&call["after"]));
        let reasons = edges.map(|edge| edge["reason"].as_str().unwrap_or_default().to_owned());
        (calls.len(), reasons.collect())
    });
    let mut shape: Vec<_> = sessions.collect();
    shape.sort();
    shape
}

/// A run that has sent everything.
fn sent(suite: &mut Suite<'_>, (what, run): (&str, &Run), (sessions, calls): (u64, u64)) {
    suite.checks.equal(format!("{what}: exit code"), run.code, Some(0));
    let seen = ["sessions", "calls", "sent", "completed"].map(|figure| run.number(&format!("/replays/0/{figure}")));
    suite.checks.equal(
        format!("{what}: {sessions} sessions and {calls} calls, each sent once"),
        seen,
        [sessions, calls, calls, calls],
    );
}

/// The last chats, which are those of the load: others are asked before it.
fn chats(server: &RunningServer, last: u64) -> Vec<Value> {
    let requests = server.requests();
    let bodies = requests.iter().filter(|request| !request.body.is_empty());
    let mut bodies: Vec<Value> = bodies.map(|request| request.json()).collect();
    bodies.drain(..bodies.len().saturating_sub(last as usize));
    bodies
}

fn messages(body: &Value) -> &[Value] {
    body["messages"].as_array().map_or(&[], Vec::as_slice)
}

/// Their messages, sorted.
fn conversations(server: &RunningServer, last: u64) -> Vec<String> {
    let chats = chats(server, last);
    let mut all: Vec<String> = chats.iter().map(|body| body["messages"].to_string()).collect();
    all.sort();
    all
}
