//! `loadspan verify`: what loadspan measures, against what is true.

use crate::cli::VerifyArgs;
use crate::exit::Exit;

pub(crate) fn run(_args: &VerifyArgs) -> anyhow::Result<Exit> {
    anyhow::bail!("not yet")
}
