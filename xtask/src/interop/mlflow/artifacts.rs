//! The artifacts of a run are the files of its folder, to the byte.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;
use serde_json::Value;

use super::super::mlflow_reader::LoggedRun;
use super::Suite;

/// What MLflow has is what the folder has, and what `mlflow_export.json` says that it has.
pub(super) fn compare(suite: &mut Suite<'_>, (what, run): (&str, &LoggedRun), folder: &Path) -> anyhow::Result<()> {
    let expected = expected(folder)?;
    let names: Vec<&String> = expected.keys().collect();
    suite.checks.equal(
        format!("{what}: {} artifacts, every file of the folder", names.len()),
        run.artifacts.keys().collect(),
        names,
    );
    let mut different = Vec::new();
    for (artifact, file) in &expected {
        let downloaded = fs::read(suite.reader.downloaded(run, artifact)).ok();
        if downloaded != Some(fs::read(file)?) {
            different.push(artifact);
        }
    }
    let claim = format!("{what}: each artifact is the file, byte for byte");
    suite.checks.that(claim, different.is_empty(), different);
    let export = read_export(folder)?;
    let mut listed: BTreeMap<&str, &str> = BTreeMap::new();
    for artifact in export["artifacts"].as_array().into_iter().flatten() {
        let text = |key: &str| artifact[key].as_str().unwrap_or_default();
        listed.insert(text("artifact"), text("sha256"));
    }
    let arrived = run
        .artifacts
        .iter()
        .map(|(name, digest)| (name.as_str(), digest.as_str()));
    suite.checks.equal(
        format!("{what}: mlflow_export.json lists them with the SHA-256 that Python finds"),
        listed,
        // It cannot have its own.
        arrived
            .filter(|(name, _)| !name.ends_with("/mlflow_export.json"))
            .collect(),
    );
    Ok(())
}

/// `mlflow_export.json` of a run.
pub(super) fn read_export(folder: &Path) -> anyhow::Result<Value> {
    let path = folder.join("mlflow_export.json");
    let text = fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
    serde_json::from_slice(&text).with_context(|| format!("{} is no JSON", path.display()))
}

/// The artifact that each file of a run's folder should become.
fn expected(folder: &Path) -> anyhow::Result<BTreeMap<String, PathBuf>> {
    let mut expected = BTreeMap::new();
    for file in files(folder)? {
        let name = file.strip_prefix(folder)?.to_string_lossy().into_owned();
        let artifact = match name.as_str() {
            name if name.starts_with("telemetry.spool/") || name.starts_with('.') => continue,
            name if name.starts_with("plots/") => name.to_owned(),
            "report.html" => "plots/report.html".to_owned(),
            name => format!("exports/{name}"),
        };
        expected.insert(artifact, file);
    }
    Ok(expected)
}

/// Every file below a folder.
pub(super) fn files(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))? {
        let path = entry?.path();
        if path.is_dir() {
            files.append(&mut self::files(&path)?);
        } else {
            files.push(path);
        }
    }
    Ok(files)
}
