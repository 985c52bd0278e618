//! `loadspan profile`: benchmark a server.

use crate::benchmark;
use crate::cli::{ProfileArgs, key_is_typed};
use crate::config::RunConfig;
use crate::exit::Exit;
use crate::terminal;

pub(crate) fn run(args: ProfileArgs) -> anyhow::Result<Exit> {
    if key_is_typed() {
        terminal::print_warning(
            "--api-key can be seen by everybody on this machine; use OPENAI_API_KEY or --api-key-file",
        );
    }
    benchmark::run(RunConfig::resolve(args)?)
}
