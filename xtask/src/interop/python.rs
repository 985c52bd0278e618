//! What Python's OTLP messages make of captured bodies.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, ensure};
use serde::Deserialize;

use super::{Workplace, install};

/// What a body holds, by Python's account.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub(crate) struct Decoded {
    pub(crate) spans: u64,
    pub(crate) points: u64,
    /// Names of spans and metrics, sorted, each once.
    pub(crate) names: Vec<String>,
    /// Names of attributes, sorted, each once.
    pub(crate) attributes: Vec<String>,
    /// Of all messages, as Python encodes them again.
    pub(crate) digest: String,
}

/// Decodes every file of a folder: `*.traces.pb`, `*.metrics.pb`, and the same as `.json`.
///
/// # Errors
///
/// Python or its package cannot be had, or a file is not what its name says.
pub(crate) fn decode(place: &Workplace, folder: &Path) -> anyhow::Result<Decoded> {
    let python = install::python(&place.tools)?;
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/src/interop/decode.py");
    let output = Command::new(python)
        .arg(script)
        .arg(folder)
        .output()
        .context("cannot start Python")?;
    ensure!(
        output.status.success(),
        "Python: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    serde_json::from_slice(&output.stdout).context("Python's account is no JSON")
}
