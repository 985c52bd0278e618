//! The `loadspan` binary: parse, run, print the error, exit with the code. Everything else lives below.

mod artifacts;
mod benchmark;
mod cli;
mod commands;
mod config;
mod exit;
mod host;
mod mlflow;
mod neighbour;
mod pictures;
mod rebuild;
mod recorded_traces;
mod records_file;
mod report_files;
mod run_config_file;
mod signals;
mod terminal;
mod whole_file;

use std::process::ExitCode;

use clap::Parser;

use crate::cli::{Cli, Command};
use crate::exit::Exit;

fn main() -> ExitCode {
    let exit = run(Cli::parse()).unwrap_or_else(|error| {
        terminal::print_error(&error);
        Exit::of(&error)
    });
    exit.into()
}

fn run(cli: Cli) -> anyhow::Result<Exit> {
    match cli.command {
        Command::Profile(args) => commands::profile::run(*args),
        Command::Demo(args) => commands::demo::run(args),
        Command::Config(args) => commands::config::run(args),
        Command::Replay(args) => commands::replay::run(&args),
        Command::Mock(args) => commands::mock::run(*args),
        Command::Serve(args) => commands::serve::run(*args),
        Command::Report(args) => commands::report::run(&args),
        Command::Plot(args) => commands::plot::run(&args),
        Command::Push(args) => commands::push::run(args),
        Command::Verify(args) => commands::verify::run(&args),
    }
}
