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
    let Some(path) = &args.config else {
        return benchmark::run(RunConfig::resolve(args)?);
    };
    // What stands behind `loadspan profile`: the file comes below it.
    let file = RunConfigFile::load(path, std::env::args_os().skip(2).collect())?;
    let config = file.resolve(&Environment::from_process())?;
    benchmark::run(config).map_err(|error| file.locate(error))
}
