//! What it costs to log a run to MLflow while it goes on, and how soon everything is there when it is over.

use std::fs;
use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::ensure;

use super::client::ClientRun;
use super::experiment::Findings;
use super::server::{Server, Tracking};
use super::setup::{Core, Setup};
use super::telemetry::{AT_ONCE, FullSpeed, figure, in_turn};
use super::throughput::{CONNECTIONS, SECONDS};
use crate::interop::{MlflowServer, install};

/// What MLflow on SQLite takes for the thousand points that go into a request.
const BATCH_MS: u64 = 120;
const REQUESTS: u32 = 100_000;

/// The share of the maximum request rate that is left when the run is logged to a server as fast as MLflow on SQLite.
pub(crate) fn measure_live(setup: &Setup) -> anyhow::Result<Findings> {
    let server = Server::start(setup, AT_ONCE)?;
    let tracking = Tracking::start(setup, BATCH_MS)?;
    let load = format!("--streaming --concurrency {CONNECTIONS} --benchmark-duration {SECONDS}");
    // The upload of the records would take longer than the run; it comes after the load.
    let logged = format!(
        "{load} --mlflow-tracking-uri {} --mlflow-artifact-glob summary.json",
        tracking.url()
    );
    let (mut losses, mut costs) = (Vec::new(), Vec::new());
    for pair in 0..setup.runs {
        let run = |flags: &str| FullSpeed::of(&ClientRun::of(setup, &server, flags)?);
        let [without, with] = in_turn(pair, || run(&load), || run(&logged))?;
        losses.push((1.0 - with.rate / without.rate) * 100.0);
        costs.push(with.telemetry_seconds / with.requests * 1e6);
    }
    let name = "Logged to MLflow at full speed, streams of 1 token";
    Ok(Findings::of(vec![
        figure(&format!("{name}: requests/s lost"), "%", 1.0, losses)?,
        figure(&format!("{name}: CPU of telemetry"), "µs a request", 0.5, costs)?,
    ]))
}

/// How long after the last request a real MLflow has everything, artifacts included.
pub(crate) fn measure_end(setup: &Setup) -> anyhow::Result<Findings> {
    let home = TemporaryFolder::new();
    let program = install::mlflow(&setup.tools())?.join("mlflow");
    let mlflow = MlflowServer::start(setup.command_on(Core::Server, &program), &home.0)?;
    let server = Server::start(setup, AT_ONCE)?;
    let flags = format!(
        "--streaming --concurrency {CONNECTIONS} --request-count {REQUESTS} --mlflow-live windows --mlflow-tracking-uri {}",
        mlflow.url()
    );
    let mut ends = Vec::new();
    for _ in 0..setup.runs {
        let run = ClientRun::of(setup, &server, &flags)?;
        let ended = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs_f64();
        ensure!(run.is_in_mlflow()?, "MLflow did not get everything in time");
        let last_request = run.number("/run/started_unix_ns")? / 1e9 + run.number("/run/measured_until_s")?;
        ends.push(ended - last_request);
    }
    let name = "100,000 requests logged to MLflow, from the last one to the end of the program";
    Ok(Findings::of(vec![figure(name, "s", 10.0, ends)?]))
}

/// Removed with everything in it when it is dropped.
struct TemporaryFolder(PathBuf);

impl TemporaryFolder {
    fn new() -> Self {
        Self(std::env::temp_dir().join(format!("loadspan-bench-{}-mlflow", std::process::id())))
    }
}

impl Drop for TemporaryFolder {
    fn drop(&mut self) {
        // What is left lies in the temporary directory.
        let _ = fs::remove_dir_all(&self.0);
    }
}
