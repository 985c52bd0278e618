//! `loadspan serve`, on SQLite and on PostgreSQL: MLflow's own client, OpenTelemetry's SDK and Collector, `loadspan profile` and the
//! examples of the SDK use it as they would use what it stands for; and it is killed while they do.

mod answers;
mod client;
mod decided;
mod forwarded;
mod opentelemetry;
mod payload;
mod postgres;
mod profiles;
mod programs;
mod secured;
mod served;
mod soak;
mod store;

use std::path::Path;
use std::process::Command;
use std::thread;

use anyhow::anyhow;

pub(super) use self::postgres::Postgres;
use self::store::Store;
use super::check::Checks;
use super::loadspan::without_settings;
use super::mlflow_reader::MlflowReader;
use super::{Workplace, install};

/// # Errors
///
/// Something cannot be installed or started. What is wrong with the server is a failed check instead.
pub(super) fn run(place: &Workplace, checks: &mut Checks) -> anyhow::Result<()> {
    let programs = install::mlflow_with_otlp(&place.tools)?;
    install::collector(&place.tools)?;
    let postgres = Postgres::start(&place.scratch.join("postgres"))?;
    thread::scope(|scope| {
        // It takes half a minute, and needs nothing of the others.
        let mlflow = scope.spawn(|| answers::of_mlflow(place, &programs));
        let (on_sqlite, on_postgres) = (place.within("sqlite"), place.within("postgresql"));
        let mut suite = Suite {
            place: &on_sqlite,
            store: Store::Sqlite,
            programs: &programs,
            checks,
        };
        each_store(&mut suite)?;
        secured::check(&mut suite)?;
        programs::check(&mut suite)?;
        let expected = mlflow.join().map_err(|_| anyhow!("the tour of MLflow panicked"))??;
        answers::check(&mut suite, &expected)?;
        soak::check(&mut suite)?;
        let mut suite = Suite {
            place: &on_postgres,
            store: Store::Postgres(&postgres),
            ..suite
        };
        each_store(&mut suite)?;
        answers::check(&mut suite, &expected)?;
        soak::check(&mut suite)
    })
}

fn each_store(suite: &mut Suite<'_>) -> anyhow::Result<()> {
    println!(" on {}", suite.store.name());
    opentelemetry::check(suite)?;
    forwarded::check(suite)?;
    profiles::check(suite)
}

/// What every check of the suite needs.
struct Suite<'a> {
    place: &'a Workplace,
    store: Store<'a>,
    /// MLflow's.
    programs: &'a Path,
    checks: &'a mut Checks,
}

impl Suite<'_> {
    /// MLflow's client, for questions to a server.
    fn reader(&self, url: &str, name: &str) -> anyhow::Result<MlflowReader> {
        MlflowReader::start(&self.programs.join("python"), url, &self.place.scratch.join(name))
    }
}

/// A program that uses MLflow's client: nothing leaves this machine, nothing of its settings takes part, and what fails, fails at once.
fn quiet(command: Command) -> Command {
    let mut command = without_settings(command);
    command.envs([
        ("MLFLOW_DISABLE_TELEMETRY", "true"),
        ("DO_NOT_TRACK", "true"),
        ("MLFLOW_HTTP_REQUEST_TIMEOUT", "30"),
        ("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0"),
        // It writes none beside our scripts.
        ("PYTHONDONTWRITEBYTECODE", "1"),
    ]);
    command
}
