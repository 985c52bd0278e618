//! An MLflow server that hangs, is not there, goes away, and comes back.

use std::path::Path;

use super::super::loadspan::{Run, Running};
use super::super::mlflow_reader::Histories;
use super::cut_short::{is_well_under_way, pushed};
use super::recorded::{Recorded, Records};
use super::{Suite, artifacts, figures, model_server};

/// The longest that a run may take because of MLflow when its load is over, in seconds.
const PATIENCE: f64 = 6.0;

pub(super) fn check(suite: &mut Suite<'_>) -> anyhow::Result<()> {
    hangs(suite)?;
    goes_away(suite)
}

/// The server takes requests and answers none as long as the run lasts. What it makes of them when it goes on comes late, and must
/// not be there twice.
fn hangs(suite: &mut Suite<'_>) -> anyhow::Result<()> {
    let server = model_server().start()?;
    suite.server.halt();
    let run = start(suite, "hanging", (&server.url(), "3"))?.join();
    suite.server.go_on();
    let run = run?;
    is_none_the_worse(suite, "hanging", &run);
    is_completed_once(suite, "hanging", &run.folder)
}

/// The server is killed in the middle of two runs, of which one is over before it is back; a third one never sees it.
fn goes_away(suite: &mut Suite<'_>) -> anyhow::Result<()> {
    let server = model_server().start()?;
    let mut restarted = start(suite, "restarted", (&server.url(), "45"))?;
    let mut stopped = start(suite, "stopped", (&server.url(), "8"))?;
    restarted.await_in_folder(is_well_under_way)?;
    stopped.await_in_folder(is_well_under_way)?;
    suite.server.kill();
    let down = start(suite, "down", (&server.url(), "3"))?.join()?;
    let stopped = stopped.join()?;
    suite.server.restart()?;
    let restarted = restarted.join()?;
    for (name, run) in [("down", &down), ("stopped", &stopped), ("restarted", &restarted)] {
        is_none_the_worse(suite, name, run);
    }
    let [produced, spooled] = ["produced", "spooled"].map(|fate| down.mlflow_ledger("metrics", fate));
    suite.checks.that(
        "down: every point can be made again from the records",
        produced > 0 && spooled == produced,
        &down.stderr,
    );
    for (name, run) in [("down", &down), ("stopped", &stopped), ("restarted", &restarted)] {
        is_completed_once(suite, name, &run.folder)?;
    }
    Ok(())
}

fn start(suite: &Suite<'_>, name: &str, (model_server, seconds): (&str, &str)) -> anyhow::Result<Running> {
    let profile = suite.profile(name, model_server);
    profile
        .args(&["--request-rate", "100", "--benchmark-duration", seconds])
        .spawn()
}

fn is_none_the_worse(suite: &mut Suite<'_>, name: &str, run: &Run) {
    suite.checks.equal(format!("{name}: exit code"), run.code, Some(0));
    let warnings = run.stderr.matches("warning:").count();
    suite
        .checks
        .that(format!("{name}: at most one warning"), warnings <= 1, &run.stderr);
    let load = run.summary["client"]["wall_seconds"].as_f64().unwrap_or_default();
    let after = run.wall.as_secs_f64() - load;
    suite.checks.that(
        format!("{name}: the run ends soon after its load"),
        after < PATIENCE,
        (after, &run.stderr),
    );
    let fates = ["delivered", "rejected", "spooled", "dropped"].map(|fate| run.mlflow_ledger("metrics", fate));
    let produced = run.mlflow_ledger("metrics", "produced");
    suite
        .checks
        .equal(format!("{name}: the ledger adds up"), fates.iter().sum(), produced);
    let lost = ["rejected", "dropped"].map(|fate| run.mlflow_ledger("metrics", fate));
    suite.checks.equal(format!("{name}: nothing is lost"), lost, [0; 2]);
}

/// What the run lacks is there after a push, once, as if nothing had happened.
fn is_completed_once(suite: &mut Suite<'_>, name: &str, folder: &Path) -> anyhow::Result<()> {
    pushed(suite, name, folder)?;
    let logged = suite.reader.only_run(name, Histories::Live)?;
    suite.ended(name, &logged, ("FINISHED", "false"));
    let recorded = Recorded::load(folder)?;
    recorded.compare_points(suite.checks, (name, &logged), Records::All);
    figures::compare(suite.checks, name, (&logged, &recorded.summary));
    artifacts::compare(suite, (name, &logged), folder)?;
    let times = (logged.start_ms, logged.end_ms);
    let expected = (recorded.unix_ms(0), Some(recorded.end_ms()));
    suite.checks.equal(
        format!("{name}: start and end are those of the benchmark"),
        times,
        expected,
    );
    Ok(())
}
