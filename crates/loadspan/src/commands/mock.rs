//! `loadspan mock`: the deterministic server.

use crate::cli::MockArgs;
use crate::exit::Exit;

pub(crate) fn run(_args: MockArgs) -> anyhow::Result<Exit> {
    anyhow::bail!("not yet")
}
