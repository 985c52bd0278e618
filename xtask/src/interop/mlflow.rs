//! MLflow: a real tracking server on SQLite, and what MLflow's own Python client reads back from it.

mod artifacts;
mod cut_short;
mod failing;
mod figures;
mod live;
mod outage;
mod privacy;
mod recorded;
mod replay;
mod stages;
mod traces;
mod tutorial;
mod windows;

use std::process::Command;

use loadspan_testkit::{DurationExt, FakeServer, every};

use super::check::Checks;
use super::loadspan::{Profile, profile};
use super::mlflow_reader::{LoggedRun, MlflowReader};
use super::mlflow_server::MlflowServer;
use super::{Workplace, install};

/// # Errors
///
/// Something cannot be installed or started. What is wrong with loadspan is a failed check instead.
pub(super) fn run(place: &Workplace, checks: &mut Checks) -> anyhow::Result<()> {
    let programs = install::mlflow(&place.tools)?;
    let server = MlflowServer::start(Command::new(programs.join("mlflow")), &place.scratch.join("server"))?;
    let mut suite = Suite::new(place, checks, server)?;
    live::check(&mut suite)?;
    windows::check(&mut suite)?;
    traces::check(&mut suite)?;
    failing::check(&mut suite)?;
    cut_short::check(&mut suite)?;
    tutorial::check(&mut suite)?;
    stages::check(&mut suite)?;
    replay::check(&mut suite)?;
    outage::check(&mut suite)
}

/// What a server that stands in for MLflow must be able to do.
pub(super) fn essentials(place: &Workplace, checks: &mut Checks, server: MlflowServer) -> anyhow::Result<()> {
    let mut suite = Suite::new(place, checks, server)?;
    live::check(&mut suite)?;
    traces::check(&mut suite)?;
    cut_short::check(&mut suite)
}

/// What every check of the suite needs.
struct Suite<'a> {
    place: &'a Workplace,
    server: MlflowServer,
    reader: MlflowReader,
    checks: &'a mut Checks,
}

impl<'a> Suite<'a> {
    fn new(place: &'a Workplace, checks: &'a mut Checks, server: MlflowServer) -> anyhow::Result<Self> {
        let python = install::mlflow(&place.tools)?.join("python");
        let reader = MlflowReader::start(&python, &server.url(), &place.scratch.join("downloads"))?;
        Ok(Self {
            place,
            server,
            reader,
            checks,
        })
    }

    /// A run that is logged to an experiment of the same name.
    fn profile(&self, name: &str, model_server: &str) -> Profile {
        profile(self.place, name, model_server).args(&[
            "--mlflow-tracking-uri",
            &self.server.url(),
            "--mlflow-experiment",
            name,
        ])
    }

    /// The status of a run, and the tag that goes with it.
    fn ended(&mut self, what: &str, run: &LoggedRun, (status, was_cancelled): (&str, &str)) {
        let tag = run.tags.get("was_cancelled").map(String::as_str);
        self.checks.equal(
            format!("{what}: the run is {status}, and its tag was_cancelled {was_cancelled}"),
            (run.status.as_str(), tag),
            (status, Some(was_cancelled)),
        );
    }
}

/// A model server of the usual speed.
fn model_server() -> FakeServer {
    FakeServer::new().ttft(5.ms()).tokens(16, every(1.ms()))
}
