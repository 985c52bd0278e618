//! Windows of a second in place of points: asked for, and where there are more points than the server takes.

use loadspan_testkit::{DurationExt, FakeServer, every};

use super::super::mlflow_reader::{Histories, LoggedRun};
use super::artifacts::read_export;
use super::cut_short::pushed;
use super::recorded::Recorded;
use super::{Suite, artifacts, figures, model_server};

pub(super) fn check(suite: &mut Suite<'_>) -> anyhow::Result<()> {
    asked_for(suite)?;
    by_themselves(suite)
}

fn asked_for(suite: &mut Suite<'_>) -> anyhow::Result<()> {
    let server = model_server().start()?;
    let run = suite
        .profile("windows", &server.url())
        .args(&[
            "--mlflow-live",
            "windows",
            "--benchmark-duration",
            "3",
            "--export-inputs",
        ])
        .run()?;
    suite.checks.equal("windows: exit code", run.code, Some(0));
    let logged = suite.reader.only_run("windows", Histories::Live)?;
    suite.ended("windows", &logged, ("FINISHED", "false"));
    Recorded::load(&run.folder)?.compare_windows(suite.checks, ("windows", &logged));
    have_percentiles(suite, "windows", &logged);
    let points: usize = logged.histories.values().map(Vec::len).sum();
    let fates = ["produced", "delivered"].map(|fate| run.mlflow_ledger("metrics", fate));
    suite.checks.equal(
        "windows: the ledger has each point as delivered",
        fates,
        [points as u64; 2],
    );
    artifacts::compare(suite, ("windows", &logged), &run.folder)?;
    let has_inputs = logged.artifacts.contains_key("exports/inputs.jsonl");
    suite.checks.that(
        "windows: the prompts are there when they are asked for",
        has_inputs,
        &logged.artifacts,
    );
    Ok(())
}

/// More points than the server takes: some of them are logged, and windows of the whole run.
fn by_themselves(suite: &mut Suite<'_>) -> anyhow::Result<()> {
    let server = FakeServer::new().ttft(0.ms()).tokens(2, every(0.ms())).start()?;
    let run = suite
        .profile("overrun", &server.url())
        .args(&["--benchmark-duration", "6"])
        .run()?;
    suite.checks.that(
        "overrun: the run is none the worse",
        matches!(run.code, Some(0 | 4)),
        (run.code, &run.stderr),
    );
    let notices = run.stderr.lines().filter(|line| line.contains("live.window.*")).count();
    suite.checks.that(
        "overrun: one line says that windows are logged now",
        notices == 1,
        &run.stderr,
    );
    let fates = ["delivered", "rejected", "spooled", "dropped"].map(|fate| run.mlflow_ledger("metrics", fate));
    suite.checks.equal(
        "overrun: the ledger adds up",
        fates.iter().sum(),
        run.mlflow_ledger("metrics", "produced"),
    );
    suite
        .checks
        .equal("overrun: nothing is lost", [fates[1], fates[3]], [0; 2]);
    pushed(suite, "overrun", &run.folder)?;
    let logged = suite.reader.only_run("overrun", Histories::Live)?;
    let export = read_export(&run.folder)?;
    suite.checks.equal(
        "overrun: mlflow_export.json says that there are windows",
        export["live"]["mode"].as_str(),
        Some("windows"),
    );
    let points: usize = logged.histories.values().map(Vec::len).sum();
    suite
        .checks
        .equal("overrun: MLflow has what was delivered", points as u64, fates[0]);
    let recorded = Recorded::load(&run.folder)?;
    recorded.compare_some_points(suite.checks, ("overrun", &logged));
    recorded.compare_windows(suite.checks, ("overrun", &logged));
    have_percentiles(suite, "overrun", &logged);
    figures::compare(suite.checks, "overrun", (&logged, &recorded.summary));
    Ok(())
}

fn have_percentiles(suite: &mut Suite<'_>, what: &str, run: &LoggedRun) {
    let percentiles = ["duration", "time_to_first_chunk", "time_per_output_chunk"].map(|metric| {
        let key = |percentile: &str| format!("live.window.gen_ai.client.operation.{metric}.{percentile}");
        ["p50", "p95", "p99"].map(|percentile| run.metrics.get(&key(percentile)).copied().unwrap_or(-1.0))
    });
    let are_ordered = percentiles.iter().all(|all| all[0] >= 0.0 && all.is_sorted());
    suite.checks.that(
        format!("{what}: latencies have p50, p95 and p99"),
        are_ordered,
        percentiles,
    );
}
