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

use std::path::PathBuf;

use anyhow::{Context, bail, ensure};

use self::check::Checks;
pub(crate) use self::mlflow_server::MlflowServer;
use crate::cargo;

/// A suite: its name, and what it runs.
type Suite = (&'static str, fn(&Workplace, &mut Checks) -> anyhow::Result<()>);

const SUITES: [Suite; 3] = [("otel", otel::run), ("mlflow", mlflow::run), ("sdk", sdk::run)];

/// Where suites install and write.
#[derive(Debug)]
pub(crate) struct Workplace {
    /// Tools, kept between runs.
    pub(crate) tools: PathBuf,
    /// Files of this run, emptied before it.
    pub(crate) scratch: PathBuf,
    /// The release build.
    pub(crate) loadspan: PathBuf,
}

/// Runs the named suite, or all.
///
/// # Errors
///
/// A tool cannot be installed or started, or a check failed.
pub(crate) fn run(names: &[&str]) -> anyhow::Result<()> {
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
        };
        println!("\n{suite}");
        run(&place, &mut checks).with_context(|| format!("suite {suite}"))?;
    }
    println!("\n{checks}");
    ensure!(checks.failed() == 0, "{} checks failed", checks.failed());
    Ok(())
}
