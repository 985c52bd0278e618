//! Runs cargo, and shows what is run.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, ensure};

/// Runs `cargo` in the root of the workspace.
///
/// # Errors
///
/// It cannot be started, or it failed; what it said stands on the terminal.
pub(crate) fn run(arguments: &[&str]) -> anyhow::Result<()> {
    run_with(arguments, &[])
}

/// The same with environment variables.
pub(crate) fn run_with(arguments: &[&str], variables: &[(&str, &str)]) -> anyhow::Result<()> {
    let line = arguments.join(" ");
    eprintln!("$ cargo {line}");
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let status = Command::new(cargo)
        .args(arguments)
        .envs(variables.iter().copied())
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
        .status()
        .context("cannot start cargo")?;
    ensure!(status.success(), "`cargo {line}` failed");
    Ok(())
}

/// Where cargo builds.
///
/// # Errors
///
/// This program does not lie in it.
pub(crate) fn target_dir() -> anyhow::Result<PathBuf> {
    let own = std::env::current_exe().context("cannot find the target directory")?;
    let target = own.ancestors().nth(2).context("cannot find the target directory")?;
    Ok(target.to_path_buf())
}
