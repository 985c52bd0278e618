//! `loadspan config`: run files, without running them.

use anyhow::Context;
use loadspan_telemetry::config::Environment;

use crate::benchmark;
use crate::cli::{CheckConfigArgs, ConfigArgs, ConfigCommand, OutputFormat, ShowConfigArgs};
use crate::exit::Exit;
use crate::run_config_file::{self, FileError, RunConfigFile};
use crate::terminal;

pub(crate) fn run(args: ConfigArgs) -> anyhow::Result<Exit> {
    match args.command {
        ConfigCommand::Check(args) => check(&args),
        ConfigCommand::Show(args) => show(args),
        ConfigCommand::Schema => {
            let schema =
                serde_json::to_string_pretty(&run_config_file::schema()).context("cannot encode the schema")?;
            terminal::print_result(&format!("{schema}\n"));
            Ok(Exit::Success)
        }
    }
}

fn check(args: &CheckConfigArgs) -> anyhow::Result<Exit> {
    let file = RunConfigFile::load(&args.file, Vec::new())?;
    let config = file.resolve(&Environment::from_process())?;
    benchmark::check_inputs(&config).map_err(|error| file.locate(error))?;
    terminal::print_result(&run_config_file::outline(&config));
    Ok(Exit::Success)
}

fn show(args: ShowConfigArgs) -> anyhow::Result<Exit> {
    let ShowConfigArgs {
        output_format,
        file,
        flags,
    } = args;
    // Behind the file, too, it says how this is printed.
    let (flags, said) = run_config_file::take_output_format(flags).map_err(FileError::from)?;
    let output_format = said.unwrap_or(output_format);
    let file = RunConfigFile::load(&file, flags)?;
    file.resolve(&Environment::from_process())?;
    let shown = file.show();
    terminal::print_result(&match output_format {
        OutputFormat::Text => shown.render(),
        OutputFormat::Json => serde_json::to_string_pretty(&shown).context("cannot encode the settings")? + "\n",
    });
    Ok(Exit::Success)
}
