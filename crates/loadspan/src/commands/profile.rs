//! `loadspan profile`: benchmark a server.

use loadspan_telemetry::config::Environment;

use crate::benchmark;
use crate::cli::{ProfileArgs, key_is_typed};
use crate::config::RunConfig;
use crate::exit::Exit;
use crate::run_config_file::RunConfigFile;
use crate::terminal;

pub(crate) fn run(args: ProfileArgs) -> anyhow::Result<Exit> {
    if key_is_typed() {
        terminal::print_warning(
            "--api-key can be seen by everybody on this machine; use OPENAI_API_KEY or --api-key-file",
        );
    }
    let config = match &args.config {
        // What stands behind `loadspan profile`: the file comes below it.
        Some(file) => {
            RunConfigFile::load(file, std::env::args_os().skip(2).collect())?.resolve(&Environment::from_process())?
        }
        None => RunConfig::resolve(args)?,
    };
    benchmark::run(config)
}
