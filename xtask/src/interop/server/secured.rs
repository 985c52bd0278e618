//! Who may do what, by real sockets: tokens as MLflow's client sends them, hosts and origins, limits, TLS.

mod hosts;
mod limits;
mod tls;
mod tokens;

use std::collections::BTreeMap;
use std::io::Write;
use std::process::{Command, Stdio};

use anyhow::{Context, ensure};
use serde::Deserialize;

use super::{Suite, quiet};

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/interop/server/secured.py");

const EXPERIMENTS: &str = "/api/2.0/mlflow/experiments/search?max_results=5";
const CREATE: &str = "/api/2.0/mlflow/experiments/create";

pub(super) fn check(suite: &mut Suite<'_>) -> anyhow::Result<()> {
    tokens::check(suite)?;
    hosts::check(suite)?;
    limits::check(suite)?;
    tls::check(suite)
}

/// What MLflow's client may do.
#[derive(Debug, Deserialize)]
struct Allowed {
    read: String,
    write: String,
}

/// Asks MLflow's client what it may do in each case: a URL, and what the environment says.
fn ask_client(suite: &Suite<'_>, cases: &serde_json::Value) -> anyhow::Result<BTreeMap<String, Allowed>> {
    let mut process = quiet(Command::new(suite.programs.join("python")))
        .arg(SCRIPT)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .context("cannot start Python")?;
    let mut questions = process.stdin.take().context("Python has no input")?;
    questions.write_all(cases.to_string().as_bytes())?;
    drop(questions);
    let output = process.wait_with_output()?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "secured.py: {said}");
    serde_json::from_slice(&output.stdout).context("secured.py's account is no JSON")
}

impl Allowed {
    fn everything(&self) -> bool {
        self.read == "ok" && self.write == "ok"
    }
}
