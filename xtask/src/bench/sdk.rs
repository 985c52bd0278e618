//! What spans of loadspan-sdk cost, whether they get through, and what MLflow's Python SDK does with the same ones.

mod cost;

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, ensure};
use serde::Deserialize;

pub(crate) use self::cost::measure as measure_cost;
use super::experiment::Findings;
use super::figure::{Bar, Comparison, Figure, Samples, Short};
use super::process;
use super::server::Collector;
use super::setup::{Core, Setup};
use crate::cargo;
use crate::interop::install;

const COLLECTOR_DELAY_MS: u64 = 10;
const STEADY_SECONDS: u32 = 30;
/// Each run takes half a minute.
const MOST_RUNS: usize = 3;
const OUR_BURST: u32 = 100_000;
/// Python takes some ten seconds for these.
const THEIR_BURST: u32 = 20_000;
const PEER_SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/bench/sdk_peer.py");
const PEER: &str = "MLflow's Python SDK";
const CPU_UNIT: &str = "CPU-s per 100,000 spans";

/// A figure of a run.
struct Yield {
    name: &'static str,
    unit: &'static str,
    of: fn(&Run) -> f64,
}

const YIELDS: [Yield; 3] = [
    Yield {
        name: "time of the thread",
        unit: "µs a span",
        of: Run::micros_per_span,
    },
    Yield {
        name: "arrived",
        unit: "spans/s",
        of: Run::spans_per_second,
    },
    Yield {
        name: "CPU",
        unit: CPU_UNIT,
        of: Run::cpu_per_100_000,
    },
];

/// 50,000 spans a second to a collector that takes its time, with default settings.
pub(crate) fn measure_steady(setup: &Setup) -> anyhow::Result<Findings> {
    let program = build_example(setup)?;
    let mut runs = Vec::new();
    for _ in 0..setup.runs.min(MOST_RUNS) {
        let mut command = setup.command_on(Core::Client, &program);
        command.args(["steady", &STEADY_SECONDS.to_string()]);
        let run = Run::of(setup, command)?;
        let late = run.made_in_s / f64::from(STEADY_SECONDS) - 1.0;
        ensure!(late < 0.01, "the spans took {:.1} s to be made", run.made_in_s);
        runs.push(run);
    }
    let name = format!("50,000 spans/s for {STEADY_SECONDS} s");
    Ok(Findings::of(vec![
        figure(
            &format!("{name}: lost"),
            "spans",
            Bar::AtMost(0.0),
            each(&runs, Run::lost)?,
        ),
        figure(
            &format!("{name}: CPU of the program"),
            CPU_UNIT,
            Bar::Open,
            each(&runs, Run::cpu_per_100_000)?,
        ),
        figure(
            &format!("{name}: peak memory of the program"),
            "MB",
            Bar::Open,
            each(&runs, |run| run.memory_mb)?,
        ),
    ]))
}

/// One thread at full speed, here and in Python, in turn.
pub(crate) fn measure_peer(setup: &Setup) -> anyhow::Result<Findings> {
    let program = build_example(setup)?;
    let python = install::mlflow_with_otlp(&setup.tools())?.join("python");
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..setup.runs.min(MOST_RUNS) {
        let mut command = setup.command_on(Core::Client, &program);
        command.args(["burst", &OUR_BURST.to_string()]);
        ours.push(Run::of(setup, command)?);
        let mut command = setup.command_on(Core::Client, &python);
        command.args([PEER_SCRIPT, &THEIR_BURST.to_string()]);
        command.envs([("MLFLOW_DISABLE_TELEMETRY", "true"), ("DO_NOT_TRACK", "true")]);
        theirs.push(Run::of(setup, command)?);
    }
    let lost = |whose: &str, bar, runs| {
        let name = format!("{whose}, one thread at full speed: lost");
        Ok::<_, anyhow::Error>(figure(&name, "spans", bar, each(runs, Run::lost)?))
    };
    Ok(Findings {
        figures: vec![
            lost(
                &format!("{} spans", Short(f64::from(OUR_BURST))),
                Bar::AtMost(0.0),
                &ours,
            )?,
            lost(
                &format!("{} of {PEER}", Short(f64::from(THEIR_BURST))),
                Bar::Open,
                &theirs,
            )?,
        ],
        comparisons: YIELDS
            .iter()
            .map(|what| compare(what, [&ours, &theirs]))
            .collect::<anyhow::Result<_>>()?,
        ..Findings::default()
    })
}

fn build_example(setup: &Setup) -> anyhow::Result<PathBuf> {
    let build = [
        "build",
        "--release",
        "--package",
        "loadspan-sdk",
        "--example",
        "throughput",
    ];
    cargo::run(&build)?;
    Ok(setup.binary("examples/throughput"))
}

/// What a program that makes spans did.
struct Run {
    spans: f64,
    made_in_s: f64,
    all_in_s: f64,
    arrived: f64,
    cpu_seconds: f64,
    memory_mb: f64,
}

impl Run {
    fn of(setup: &Setup, mut command: Command) -> anyhow::Result<Self> {
        /// What it says itself.
        #[derive(Deserialize)]
        struct Told {
            spans: f64,
            made_in_s: f64,
            all_in_s: f64,
            /// Without its start, if that counts.
            cpu_s: Option<f64>,
        }
        let collector = Collector::start(setup, COLLECTOR_DELAY_MS)?;
        command.env("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", collector.url());
        let finished = process::run(&mut command)?.expect_exit(&[0])?;
        let told: Told =
            serde_json::from_slice(&finished.output.stdout).context("cannot read what it says of its spans")?;
        Ok(Self {
            spans: told.spans,
            made_in_s: told.made_in_s,
            all_in_s: told.all_in_s,
            arrived: collector.stop()? as f64,
            cpu_seconds: told.cpu_s.unwrap_or(finished.cpu_seconds),
            memory_mb: finished.peak_rss_bytes as f64 / 1e6,
        })
    }

    fn lost(&self) -> f64 {
        self.spans - self.arrived
    }

    fn micros_per_span(&self) -> f64 {
        self.made_in_s / self.spans * 1e6
    }

    fn spans_per_second(&self) -> f64 {
        self.arrived / self.all_in_s
    }

    fn cpu_per_100_000(&self) -> f64 {
        self.cpu_seconds / self.spans * 1e5
    }
}

/// One thread at full speed, round by round.
fn compare(what: &Yield, [ours, theirs]: [&[Run]; 2]) -> anyhow::Result<Comparison> {
    let Yield { name, unit, of } = what;
    Ok(Comparison {
        figure: format!("One thread at full speed: {name}"),
        unit,
        peer: PEER,
        ours: each(ours, of)?,
        theirs: each(theirs, of)?,
        ratios: samples(ours.iter().zip(theirs).map(|(ours, theirs)| of(ours) / of(theirs)))?,
    })
}

fn each(runs: &[Run], of: impl Fn(&Run) -> f64) -> anyhow::Result<Samples> {
    samples(runs.iter().map(of))
}

fn samples(values: impl Iterator<Item = f64>) -> anyhow::Result<Samples> {
    Samples::new(values.collect()).context("there were no runs")
}

fn figure(name: &str, unit: &'static str, bar: Bar, samples: Samples) -> Figure {
    Figure {
        name: name.to_owned(),
        unit,
        bar,
        samples,
    }
}
