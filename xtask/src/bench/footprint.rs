//! What loadspan weighs: on disk, to start, to run, to run for very long.

use std::fs;
use std::process::Command;
use std::time::Duration;

use anyhow::Context;

use super::client::ClientRun;
use super::experiment::Findings;
use super::figure::{Bar, Figure, Samples};
use super::process;
use super::server::{Answers, EventWrites, Server};
use super::setup::{Core, Setup};

const MANY_REQUESTS: u64 = 10_000_000;
/// Starting a process takes a millisecond or so and varies by as much.
const HELP_RUNS: usize = 20;

const AT_ONCE: Answers = Answers {
    ttft_ms: 0,
    itl_ms: 0,
    tokens: 1,
    jitter: 0.0,
    writes: EventWrites::Together,
};

pub(crate) fn measure(setup: &Setup) -> anyhow::Result<Findings> {
    let size = fs::metadata(setup.binary("loadspan"))
        .context("there is no release build")?
        .len();
    let mut help = setup.command_on(Core::Client, &setup.binary("loadspan"));
    help.arg("--help");
    let help_times = (0..HELP_RUNS)
        .map(|_| millis_of(&mut help))
        .collect::<anyhow::Result<_>>()?;
    let server = Server::start(setup, AT_ONCE)?;
    let runs = (0..setup.runs)
        .map(|_| {
            Ok(ClientRun::of(setup, &server, "--streaming --request-count 10")?
                .process
                .wall
                .as_secs_f64())
        })
        .collect::<anyhow::Result<_>>()?;
    Ok(Findings::of(vec![
        figure("Release binary", "MB", 20.0, vec![size as f64 / 1e6])?,
        figure("`loadspan --help`", "ms", 10.0, help_times)?,
        figure("10 requests to a fast server, start to end", "s", 0.3, runs)?,
    ]))
}

/// Memory must not grow with the number of requests that have ended.
pub(crate) fn measure_ten_million(setup: &Setup) -> anyhow::Result<Findings> {
    let server = Server::start(setup, AT_ONCE)?;
    let run = ClientRun::of(
        setup,
        &server,
        &format!("--concurrency 64 --request-count {MANY_REQUESTS}"),
    )?;
    let megabytes = run.process.peak_rss_bytes as f64 / 1e6;
    Ok(Findings::of(vec![figure(
        "10 million requests in a run: peak memory",
        "MB",
        500.0,
        vec![megabytes],
    )?]))
}

fn millis_of(command: &mut Command) -> anyhow::Result<f64> {
    let wall: Duration = process::run(command)?.expect_exit(&[0])?.wall;
    Ok(wall.as_secs_f64() * 1e3)
}

fn figure(name: &str, unit: &'static str, bar: f64, samples: Vec<f64>) -> anyhow::Result<Figure> {
    let samples = Samples::new(samples).context("there were no runs")?;
    Ok(Figure {
        name: name.to_owned(),
        unit,
        bar: Bar::AtMost(bar),
        samples,
    })
}
