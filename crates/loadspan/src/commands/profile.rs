//! `loadspan profile`: benchmark a server.

use crate::benchmark;
use crate::cli::ProfileArgs;
use crate::config::RunConfig;
use crate::exit::Exit;
use crate::terminal;

pub(crate) fn run(args: ProfileArgs) -> anyhow::Result<Exit> {
    if key_is_on_the_command_line(std::env::args()) {
        terminal::print_warning(
            "--api-key can be seen by everybody on this machine; use OPENAI_API_KEY or --api-key-file",
        );
    }
    benchmark::run(RunConfig::resolve(args)?)
}

fn key_is_on_the_command_line(mut words: impl Iterator<Item = String>) -> bool {
    words.any(|word| word == "--api-key" || word.starts_with("--api-key="))
}
