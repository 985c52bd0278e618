//! `loadspan replay`: looks at recordings, and sends nothing.

mod inspect;
mod log;
mod sessions;

use crate::cli::{ReplayCommand, ReplayCommandArgs};
use crate::exit::Exit;

/// Runs the command.
///
/// # Errors
///
/// A recording cannot be read, or a picture not written.
pub(crate) fn run(args: &ReplayCommandArgs) -> anyhow::Result<Exit> {
    match &args.command {
        ReplayCommand::Inspect(args) => inspect::run(args),
    }
}
