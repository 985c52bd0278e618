//! A run that is logged while it goes on, and complete when it is over.

use loadspan_testkit::{Fault, RunningServer, Script, ServerKind, When};
use serde_json::Value;

use super::super::loadspan::Run;
use super::super::mlflow_reader::{Histories, LoggedRun};
use super::recorded::{Recorded, Records};
use super::{Suite, artifacts, figures, model_server, privacy};

const API_KEY: &str = "interop-key-of-no-worth";
const PASSWORD: &str = "interop-password-of-no-worth";
const HEADER: &str = "interop-header-of-no-worth";

pub(super) fn check(suite: &mut Suite<'_>) -> anyhow::Result<()> {
    let server = model_server()
        .kind(ServerKind::Vllm)
        .api_key(API_KEY)
        .on(When::EveryNth(10), Script::new().fault(Fault::status(503)))
        .capture(100)
        .start()?;
    let parent = suite.reader.make_run("live", "the parent")?;
    let run = profile(suite, &server, &parent).run()?;
    suite.checks.equal("live: exit code", run.code, Some(0));
    let mut runs = suite.reader.experiment("live", Histories::All)?.runs;
    runs.retain(|run| run.id != parent);
    suite.checks.equal("live: the run is made once", runs.len(), 1);
    let Some(logged) = runs.pop() else {
        return Ok(());
    };
    let recorded = Recorded::load(&run.folder)?;
    is_described(suite, &logged, &parent);
    has_its_times(suite, &logged, &recorded);
    recorded.compare_points(suite.checks, ("live", &logged), Records::All);
    let windows = logged.metrics.keys().filter(|key| key.starts_with("live.window."));
    suite.checks.equal("live: no windows", windows.count(), 0);
    let fates = ["produced", "delivered"].map(|fate| run.mlflow_ledger("metrics", fate));
    suite.checks.equal(
        "live: the ledger has each point as delivered",
        fates,
        [recorded.count(&logged); 2],
    );
    figures::compare(suite.checks, "live", (&logged, &run.summary));
    artifacts::compare(suite, ("live", &logged), &run.folder)?;
    is_private(suite, (&run, &logged), &server)
}

fn profile(suite: &Suite<'_>, server: &RunningServer, parent: &str) -> super::Profile {
    let with_password = suite.server.url().replace("://", &format!("://me:{PASSWORD}@"));
    super::profile(suite.place, "live", &server.url())
        .args(&["--mlflow-tracking-uri", &with_password, "--mlflow-experiment", "live"])
        .args(&["--mlflow-run-name", "named by hand", "--mlflow-parent-run-id", parent])
        .args(&["--mlflow-tag", "team=perf", "owner:me"])
        .args(&["--api-key", API_KEY, "--header", &format!("x-secret: {HEADER}")])
        .args(&[
            "--request-count",
            "60",
            "--warmup-request-count",
            "5",
            "--random-seed",
            "7",
        ])
        .args(&["--goodput", "time_to_first_token:1000", "--auto-plot"])
}

fn is_described(suite: &mut Suite<'_>, run: &LoggedRun, parent: &str) {
    suite
        .checks
        .equal("live: the run has its name", run.name.as_str(), "named by hand");
    suite.ended("live", run, ("FINISHED", "false"));
    let params = [
        ("model", "mock-model"),
        ("endpoint_type", "chat"),
        ("streaming", "true"),
        ("concurrency", "4"),
        ("request_count", "60"),
        ("warmup.requests", "5"),
        ("seed", "7"),
        ("input_tokens.mean", "32"),
        ("output_tokens.mean", "16"),
        ("goodput", "time_to_first_token:1000"),
        ("server.kind", "vllm"),
        ("headers", "x-secret"),
    ];
    let wrong: Vec<_> = params
        .into_iter()
        .filter(|(key, value)| run.params.get(*key).is_none_or(|logged| logged != value))
        .collect();
    suite.checks.that(
        "live: parameters say what was run",
        wrong.is_empty(),
        (wrong, &run.params),
    );
    let tags = [
        ("model", "mock-model"),
        ("gen_ai.provider.name", "vllm"),
        ("verdict", "degraded"),
        ("mlflow.source.name", "loadspan"),
        ("mlflow.source.type", "LOCAL"),
        ("mlflow.parentRunId", parent),
        ("team", "perf"),
        ("owner", "me"),
    ];
    let wrong: Vec<_> = tags
        .into_iter()
        .filter(|(key, value)| run.tags.get(*key).is_none_or(|logged| logged != value))
        .collect();
    suite.checks.that(
        "live: tags say of which model, with which verdict, below which parent, and what the user says",
        wrong.is_empty(),
        (wrong, &run.tags),
    );
}

fn has_its_times(suite: &mut Suite<'_>, run: &LoggedRun, recorded: &Recorded) {
    suite.checks.equal(
        "live: start and end are those of the benchmark",
        (run.start_ms, run.end_ms),
        (recorded.unix_ms(0), Some(recorded.end_ms())),
    );
}

fn is_private(suite: &mut Suite<'_>, (run, logged): (&Run, &LoggedRun), server: &RunningServer) -> anyhow::Result<()> {
    let secrets = [API_KEY, PASSWORD, HEADER].map(str::to_owned);
    privacy::holds_none_of(suite, ("live: no secret is anywhere", logged), &secrets)?;
    let prompts: Vec<String> = server
        .requests()
        .iter()
        .filter_map(|request| request.json()["messages"][0]["content"].as_str().map(start_of))
        .collect();
    let enough = prompts.len() >= 60;
    suite
        .checks
        .that("live: the server has seen the prompts", enough, prompts.len());
    privacy::holds_none_of(suite, ("live: no prompt is anywhere", logged), &prompts)?;
    let id = run.summary.pointer("/run/id").and_then(Value::as_str);
    suite.checks.equal(
        "live: the tag benchmark_id is the id of the run",
        logged.tags.get("benchmark_id").map(String::as_str),
        id,
    );
    Ok(())
}

/// Enough of a prompt to know it by.
fn start_of(prompt: &str) -> String {
    prompt.chars().take(40).collect()
}
