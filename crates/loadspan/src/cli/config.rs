//! The flags of `loadspan config`.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::OutputFormat;

#[derive(Debug, Args)]
pub(crate) struct ConfigArgs {
    #[command(subcommand)]
    pub(crate) command: ConfigCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ConfigCommand {
    /// Check a run file, and say what it would run.
    Check(CheckConfigArgs),
    /// Show the settings that a run file comes to, and where each of them comes from.
    Show(ShowConfigArgs),
    /// Print the JSON schema of run files, for editors.
    Schema,
}

#[derive(Debug, Args)]
pub(crate) struct CheckConfigArgs {
    /// The run file.
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct ShowConfigArgs {
    /// What is printed on stdout.
    #[arg(long, value_enum, default_value_t = OutputFormat::Text)]
    pub(crate) output_format: OutputFormat,
    /// The run file.
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    /// Flags of `loadspan profile`, as they would stand beside the file.
    #[arg(value_name = "FLAGS", trailing_var_arg = true, allow_hyphen_values = true)]
    pub(crate) flags: Vec<OsString>,
}
