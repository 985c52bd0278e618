//! The files of `examples/otel` are what the real programs take.

use std::process::Command;

use anyhow::Context;

use super::super::check::Checks;
use super::super::{Workplace, install};

const COLLECTOR: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../examples/otel/collector.yaml");

pub(super) fn check(place: &Workplace, checks: &mut Checks) -> anyhow::Result<()> {
    let collector = install::collector(&place.tools)?;
    let output = Command::new(collector)
        .args(["validate", "--config", COLLECTOR])
        .output();
    let output = output.context("cannot start the Collector")?;
    checks.that(
        "examples/otel/collector.yaml is a configuration of the Collector",
        output.status.success(),
        String::from_utf8_lossy(&output.stderr),
    );
    Ok(())
}
