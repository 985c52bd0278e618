//! What one span costs: the benches of loadspan-sdk, as Criterion has written them down.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;
use serde::Deserialize;

use super::figure;
use crate::bench::experiment::Findings;
use crate::bench::figure::{Bar, Figure, Samples};
use crate::cargo;

const RECORDED: Bar = Bar::AtMost(2.0);
const NOT_SAMPLED: Bar = Bar::AtMost(0.2);

/// What a bench is on the page.
const ROWS: [(&str, &str, Bar); 9] = [
    ("Span with type, inputs, outputs", "recorded/root_json", RECORDED),
    ("Span below another span", "recorded/child_json", RECORDED),
    ("Call of a function with `#[trace]`", "recorded/root_function", RECORDED),
    ("Span with a chat of 1 kB as inputs", "chat/1_kB", Bar::Open),
    ("Span with a chat of 10 kB as inputs", "chat/10_kB", Bar::Open),
    ("Span that is not sampled", "not_sampled/root_borrowed", NOT_SAMPLED),
    (
        "Span that is not sampled, below another span",
        "not_sampled/child_borrowed",
        NOT_SAMPLED,
    ),
    (
        "Call of a function with `#[trace]`, not sampled",
        "not_sampled/root_function",
        NOT_SAMPLED,
    ),
    (
        "Span that is not sampled, with values that `json!` builds for nothing",
        "not_sampled/root_json",
        Bar::Open,
    ),
];

/// The same for spans of `tracing`: on top of what they cost with a layer that does nothing.
const LAYER_ROWS: [(&str, &str, &str, Bar); 3] = [
    (
        "Span of `tracing`: what the layer adds",
        "tracing/recorded_root",
        "tracing/idle_root",
        RECORDED,
    ),
    (
        "Span of `tracing` that is not sampled: what the layer adds",
        "tracing/not_sampled_root",
        "tracing/idle_root",
        NOT_SAMPLED,
    ),
    (
        "Span of `tracing` that is not sampled, below another span: what the layer adds",
        "tracing/not_sampled_child",
        "tracing/idle_child",
        NOT_SAMPLED,
    ),
];

pub(crate) fn measure() -> anyhow::Result<Findings> {
    let home = cargo::target_dir()?.join("criterion");
    let run = [
        "bench",
        "--package",
        "loadspan-sdk",
        "--all-features",
        "--bench",
        "spans",
        "--",
        "--noplot",
    ];
    let path = home
        .to_str()
        .context("the target directory has a name that is no UTF-8")?;
    cargo::run_with(&run, &[("CRITERION_HOME", path)])?;
    Benches { home }.findings()
}

/// What Criterion has measured last.
struct Benches {
    home: PathBuf,
}

impl Benches {
    fn findings(&self) -> anyhow::Result<Findings> {
        let mut figures = Vec::new();
        for (name, bench, bar) in ROWS {
            figures.push(micros(name, bar, self.nanos(bench)?)?);
        }
        for (name, bench, without, bar) in LAYER_ROWS {
            let without = samples(self.nanos(without)?)?.median();
            let added = self.nanos(bench)?.into_iter().map(|nanos| nanos - without);
            figures.push(micros(name, bar, added.collect())?);
        }
        figures.push(self.threads()?);
        Ok(Findings::of(figures))
    }

    /// Threads that wait for one another make it as large as their number.
    fn threads(&self) -> anyhow::Result<Figure> {
        let one = samples(self.nanos("threads/recorded_1")?)?.median();
        let ratios = self.nanos("threads/recorded_8")?.into_iter().map(|nanos| nanos / one);
        let name = "A thread's time for a span, with 8 threads at once ÷ alone";
        Ok(figure(name, "ratio", Bar::Open, samples(ratios.collect())?))
    }

    /// Nanoseconds for one call, by sample.
    fn nanos(&self, bench: &str) -> anyhow::Result<Vec<f64>> {
        read(&self.home.join(bench).join("new/sample.json"))
    }
}

fn read(path: &Path) -> anyhow::Result<Vec<f64>> {
    #[derive(Deserialize)]
    struct Sample {
        iters: Vec<f64>,
        times: Vec<f64>,
    }
    let file = fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    let sample: Sample =
        serde_json::from_slice(&file).with_context(|| format!("{} is not Criterion's", path.display()))?;
    let times = sample.times.iter().zip(&sample.iters);
    Ok(times.map(|(nanos, calls)| nanos / calls).collect())
}

fn micros(name: &str, bar: Bar, nanos: Vec<f64>) -> anyhow::Result<Figure> {
    let micros = nanos.into_iter().map(|nanos| nanos / 1e3).collect();
    Ok(figure(name, "µs", bar, samples(micros)?))
}

fn samples(values: Vec<f64>) -> anyhow::Result<Samples> {
    Samples::new(values).context("Criterion has taken no sample")
}
