//! Runs that were interrupted, and killed.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::super::loadspan::{Running, push};
use super::super::mlflow_reader::Histories;
use super::artifacts::{files, read_export};
use super::recorded::{Recorded, Records};
use super::{Suite, artifacts, figures, model_server};

pub(super) fn check(suite: &mut Suite<'_>) -> anyhow::Result<()> {
    interrupted(suite)?;
    killed_then_pushed(suite)
}

fn interrupted(suite: &mut Suite<'_>) -> anyhow::Result<()> {
    let server = model_server().start()?;
    let mut running = start(suite, "interrupted", &server.url())?;
    running.await_in_folder(is_well_under_way)?;
    running.interrupt()?;
    let run = running.join()?;
    suite.checks.equal("interrupted: exit code", run.code, Some(130));
    let logged = suite.reader.only_run("interrupted", Histories::Live)?;
    suite.ended("interrupted", &logged, ("KILLED", "true"));
    Recorded::load(&run.folder)?.compare_points(suite.checks, ("interrupted", &logged), Records::All);
    figures::compare(suite.checks, "interrupted", (&logged, &run.summary));
    artifacts::compare(suite, ("interrupted", &logged), &run.folder)
}

fn killed_then_pushed(suite: &mut Suite<'_>) -> anyhow::Result<()> {
    let server = model_server().start()?;
    let mut running = start(suite, "killed", &server.url())?;
    running.await_in_folder(is_well_under_way)?;
    let folder = running.kill()?;
    let left = suite.reader.only_run("killed", Histories::Live)?;
    suite.checks.equal(
        "killed: MLflow still has it as running",
        left.status.as_str(),
        "RUNNING",
    );
    pushed(suite, "killed", &folder)?;
    let logged = suite.reader.only_run("killed", Histories::All)?;
    suite.ended("killed", &logged, ("KILLED", "true"));
    let recorded = Recorded::load(&folder)?;
    recorded.compare_points(suite.checks, ("killed", &logged), Records::UpToTheKill);
    figures::compare(suite.checks, "killed", (&logged, &recorded.summary));
    artifacts::compare(suite, ("killed", &logged), &folder)?;
    let stored = stored(suite)?;
    let said = pushed(suite, "killed, again", &folder)?;
    let is_idle = said.contains("nothing was missing");
    suite
        .checks
        .that("killed, again: push says that nothing was missing", is_idle, said);
    let again = suite.reader.only_run("killed", Histories::All)?;
    let is_same = again == logged;
    suite.checks.that(
        "killed, again: nothing has changed in MLflow",
        is_same,
        (&again.status, again.end_ms),
    );
    let is_same = self::stored(suite)? == stored;
    suite.checks.that("killed, again: no artifact was written", is_same, "");
    Ok(())
}

fn start(suite: &Suite<'_>, name: &str, model_server: &str) -> anyhow::Result<Running> {
    let profile = suite.profile(name, model_server);
    profile
        .args(&["--warmup-request-count", "4", "--benchmark-duration", "60"])
        .spawn()
}

/// There is a run in MLflow, and there are some requests.
pub(super) fn is_well_under_way(folder: &Path) -> bool {
    let records = fs::read_to_string(folder.join("records.jsonl")).unwrap_or_default();
    let has_run = read_export(folder).is_ok_and(|export| export["run_id"].as_str().is_some_and(|id| !id.is_empty()));
    has_run && records.lines().count() > 200
}

/// Pushes a run, which has to succeed, and gives what was said.
pub(super) fn pushed(suite: &mut Suite<'_>, what: &str, folder: &Path) -> anyhow::Result<String> {
    let output = push(suite.place, folder, &[], &[])?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    let code = output.status.code();
    suite
        .checks
        .that(format!("{what}: push succeeds"), code == Some(0), (code, &said));
    Ok(said)
}

/// When each file that the server stores was written.
fn stored(suite: &Suite<'_>) -> anyhow::Result<BTreeMap<PathBuf, SystemTime>> {
    let artifacts = suite.place.scratch.join("server/artifacts");
    let written = |path: PathBuf| Ok((path.clone(), fs::metadata(path)?.modified()?));
    files(&artifacts)?.into_iter().map(written).collect()
}
