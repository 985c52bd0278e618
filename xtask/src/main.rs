//! The project's own tasks: `cargo xtask check | test | interop | images | bench`.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a tool for the terminal of its developers"
)]

mod bench;
mod cargo;
mod images;
mod interop;

use std::process::ExitCode;

use anyhow::bail;

const USAGE: &str = "\
Usage: cargo xtask <task>

  check                      format, lints without warnings, documentation
  test                       all tests
  test postgres              those of the server again, on SQLite and on a PostgreSQL that it starts
  interop [SUITE] [--long]   the release build against real backends, which it installs: otel, mlflow, sdk, server,
                             and ui, which is the page in a real browser
  images                     makes the pictures under docs/images again, from runs against the mock
  bench [FILTER] [options]   measure what docs/performance.md says; sections that were measured whole are written again
      --runs N               how often each figure is measured [default: 5, and at most 3 where a run takes long]
      --long                 also ten million requests in one run, and a server with 10 GB: some minutes, 12 GB more of disk
      --short                whether the measurements of `loadspan serve` work: a second of each, nothing is written
      --binary FILE          measure this loadspan; nothing is built and nothing written";

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> anyhow::Result<()> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["check"] => check(),
        ["test"] => cargo::run(&["test", "--workspace"]),
        ["test", "postgres"] => interop::with_postgres(|url| {
            let tests = ["test", "--package", "loadspan-server"];
            cargo::run_with(&tests, &[("LOADSPAN_TEST_POSTGRES", url)])
        }),
        ["interop", suites @ ..] => interop::run(suites),
        ["images"] => images::run(),
        ["bench", options @ ..] => bench::run(&bench::Options::parse(options)?),
        // What `bench` starts as the other side of its measurements.
        [bench::SERVE, script] => bench::serve(script),
        [bench::COLLECT, delay] => bench::collect(delay),
        [bench::TRACK, delay] => bench::track(delay),
        [bench::DRIVE, plan] => bench::drive(plan),
        _ => bail!("no such task\n\n{USAGE}"),
    }
}

fn check() -> anyhow::Result<()> {
    cargo::run(&["fmt", "--all", "--check"])?;
    cargo::run(&["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"])?;
    cargo::run_with(&["doc", "--workspace", "--no-deps"], &[("RUSTDOCFLAGS", "-D warnings")])
}
