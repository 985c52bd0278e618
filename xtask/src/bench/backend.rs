//! What `loadspan serve` takes in, holds and answers, and what MLflow's own server does with the same requests.
//!
//! Clients and server share the machine; the clients send bytes that were encoded before, so that they cost little.

mod child;
mod connection;
mod drive;
mod grpc;
mod ingest;
mod kept;
mod load;
mod mlflow;
mod points;
mod question;
mod reads;
mod search;
mod spans;
mod start;
mod template;
mod usage;

use anyhow::Context;

pub(crate) use self::drive::{DRIVE, drive};
pub(crate) use self::ingest::{measure_batches, measure_metrics, measure_single};
use self::load::Load;
pub(crate) use self::mlflow::measure as measure_mlflow;
pub(crate) use self::reads::measure as measure_reads;
pub(crate) use self::search::measure as measure_search;
pub(crate) use self::start::{measure as measure_start, measure_large};
use super::figure::{Bar, Figure, Samples};

fn figure(name: &str, (unit, bar): (&'static str, Bar), samples: Samples) -> Figure {
    Figure {
        name: name.to_owned(),
        unit,
        bar,
        samples,
    }
}

fn each(loads: &[Load], of: impl Fn(&Load) -> f64) -> anyhow::Result<Samples> {
    samples(loads.iter().map(of).collect())
}

fn samples(values: Vec<f64>) -> anyhow::Result<Samples> {
    Samples::new(values).context("there were no runs")
}
