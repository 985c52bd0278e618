//! `cargo xtask interop`: the release build of loadspan, and the examples of its SDK, against real backends, each at a pinned version.
//!
//! What a suite needs it installs under `target/interop`. What cannot be installed fails the suite: nothing is skipped.

mod check;
mod collector;
mod daemon;
mod http;
pub(crate) mod install;
mod loadspan;
mod mlflow;
mod mlflow_reader;
mod mlflow_server;
mod otel;
mod otlp_json;
mod prometheus;
mod python;
mod sdk;
mod server;
mod ui;

use std::path::PathBuf;

use anyhow::{Context, bail, ensure};

use self::check::Checks;
pub(crate) use self::daemon::free_ports;
pub(crate) use self::mlflow_server::MlflowServer;
use crate::cargo;

/// A suite: its name, and what it runs.
type Suite = (&'static str, fn(&Workplace, &mut Checks) -> anyhow::Result<()>);

const SUITES: [Suite; 5] = [
    ("otel", otel::run),
    ("mlflow", mlflow::run),
    ("sdk", sdk::run),
    ("server", server::run),
    ("ui", ui::run),
];

/// Where suites install and write.
#[derive(Debug, Clone)]
pub(crate) struct Workplace {
    /// Tools, kept between runs.
    pub(crate) tools: PathBuf,
    /// Files of this run, emptied before it.
    pub(crate) scratch: PathBuf,
    /// The release build.
    pub(crate) loadspan: PathBuf,
    pub(crate) length: Length,
}

/// How long is tried what cannot be tried for long enough.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Length {
    Usual,
    Long,
}

impl Workplace {
    /// The same, with files in a folder of its own.
    pub(crate) fn within(&self, folder: &str) -> Self {
        Self {
            scratch: self.scratch.join(folder),
            ..self.clone()
        }
    }
}

/// Runs the named suite, or all.
///
/// # Errors
///
/// A tool cannot be installed or started, or a check failed.
pub(crate) fn run(words: &[&str]) -> anyhow::Result<()> {
    let (options, names): (Vec<&str>, Vec<&str>) = words.iter().partition(|word| word.starts_with("--"));
    let length = match options.as_slice() {
        [] => Length::Usual,
        ["--long"] => Length::Long,
        _ => bail!("the only option is --long, not {}", options.join(" ")),
    };
    if let Some(unknown) = names
        .iter()
        .find(|name| !SUITES.iter().any(|(suite, _)| suite == *name))
    {
        bail!(
            "no suite is named {unknown}; there are: {}",
            SUITES.map(|(suite, _)| suite).join(", ")
        );
    }
    cargo::run(&["build", "--release", "--package", "loadspan"])?;
    let target = cargo::target_dir()?;
    let mut checks = Checks::default();
    for (suite, run) in SUITES
        .iter()
        .filter(|(suite, _)| names.is_empty() || names.contains(suite))
    {
        let scratch = target.join("interop/scratch").join(suite);
        let _ = std::fs::remove_dir_all(&scratch);
        std::fs::create_dir_all(&scratch).with_context(|| format!("cannot make {}", scratch.display()))?;
        let place = Workplace {
            tools: target.join("interop"),
            scratch,
            loadspan: target.join("release/loadspan"),
            length,
        };
        println!("\n{suite}");
        run(&place, &mut checks).with_context(|| format!("suite {suite}"))?;
    }
    println!("\n{checks}");
    ensure!(checks.failed() == 0, "{} checks failed", checks.failed());
    Ok(())
}

/// Does something with an empty database of a PostgreSQL, which lives as long as that.
///
/// # Errors
///
/// PostgreSQL is not installed or does not start, or the work fails.
pub(crate) fn with_postgres(work: impl FnOnce(&str) -> anyhow::Result<()>) -> anyhow::Result<()> {
    let home = cargo::target_dir()?.join("interop/scratch/tests-on-postgres");
    let _ = std::fs::remove_dir_all(&home);
    let postgres = server::Postgres::start(&home)?;
    work(&postgres.make_database("tests")?)
}
