//! `loadspan demo`: the mock and a benchmark of it, in one process.

use loadspan_testkit::{DurationExt, FakeServer, ServerKind, every};

use crate::benchmark;
use crate::cli::{Cli, Command, DemoArgs};
use crate::config::RunConfig;
use crate::exit::Exit;
use crate::terminal;

/// The benchmark, in the words of its command line, so that the user can repeat it against a server of their own.
const COMMAND_LINE: &str = "profile --model demo-model --streaming --concurrency 8 --request-count 160 --warmup-request-count 16 \
                            --isl 256 --osl 32";

pub(crate) fn run(args: &DemoArgs) -> anyhow::Result<Exit> {
    let server = FakeServer::new()
        // A server that keeps to the output length, so that every run of the demo does the same.
        .kind(ServerKind::Vllm)
        .models(["demo-model"])
        .ttft(30.ms())
        .tokens(32, every(5.ms()))
        .jitter(0.2)
        .start()?;
    terminal::print_note(&format!("loadspan {COMMAND_LINE} --url {}", server.url()));
    let url = ["--url".to_owned(), server.url()];
    let words = ["loadspan"]
        .into_iter()
        .chain(COMMAND_LINE.split_whitespace())
        .map(str::to_owned)
        .chain(url);
    let Command::Profile(mut profile) = <Cli as clap::Parser>::try_parse_from(words)?.command else {
        anyhow::bail!("the demo's command line is not a profile");
    };
    profile.output.artifact_dir = args.artifact_dir.clone();
    benchmark::run(RunConfig::resolve(*profile)?)
}
