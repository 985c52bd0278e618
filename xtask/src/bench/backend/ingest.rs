//! Spans and metrics at full speed, each load on a new database.

use super::drive::{Protocol, Work};
use super::load::{CLIENTS, Job, Load};
use super::points::BATCH;
use super::spans::Shape;
use super::{each, figure};
use crate::bench::experiment::Findings;
use crate::bench::figure::{Bar, Figure};
use crate::bench::setup::Setup;

pub(crate) const CPU_UNIT: &str = "CPU-s per 100,000 spans";
/// Of 1,000 points, so many go to each metric in the end.
const KEYS: [usize; 3] = [1, 10, 1_000];

impl Job {
    /// Batches of 512 spans.
    pub(crate) const fn batches(protocol: Protocol) -> Self {
        Self::spans(protocol, Shape::Agents)
    }

    /// One span in each request.
    pub(crate) const fn single_spans() -> Self {
        Self::spans(Protocol::Http, Shape::Single)
    }

    const fn spans(protocol: Protocol, shape: Shape) -> Self {
        Self {
            work: Work::Spans(protocol, shape),
            items: shape.spans(),
        }
    }

    /// Batches of 1,000 points of so many metrics.
    pub(crate) const fn log_batch(keys: usize) -> Self {
        Self {
            work: Work::LogBatch { keys },
            items: BATCH,
        }
    }

    pub(crate) const fn log_metric() -> Self {
        Self {
            work: Work::LogMetric,
            items: 1,
        }
    }
}

/// Batches of 512 spans over both protocols.
pub(crate) fn measure_batches(setup: &Setup) -> anyhow::Result<Findings> {
    let mut figures = Vec::new();
    for (protocol, title, bar) in [(Protocol::Http, "HTTP", 40_000.0), (Protocol::Grpc, "gRPC", 30_000.0)] {
        let loads = loads(setup, &Job::batches(protocol))?;
        let name = format!("Batches of 512 spans over {title}");
        figures.extend([
            figure(&name, ("spans/s", Bar::AtLeast(bar)), each(&loads, |load| load.rate)?),
            figure(
                &format!("{name}: the server"),
                (CPU_UNIT, Bar::Open),
                each(&loads, Load::server_cost)?,
            ),
            figure(
                &format!("{name}: the clients"),
                (CPU_UNIT, Bar::Open),
                each(&loads, Load::client_cost)?,
            ),
            figure(
                &format!("{name}: peak memory"),
                ("MB", Bar::AtMost(250.0)),
                each(&loads, |load| load.peak_memory_mb)?,
            ),
        ]);
    }
    Ok(Findings::of(figures))
}

/// Requests of one span.
pub(crate) fn measure_single(setup: &Setup) -> anyhow::Result<Findings> {
    let loads = loads(setup, &Job::single_spans())?;
    let name = format!("Single spans over HTTP, {CLIENTS} clients");
    Ok(Findings::of(vec![
        figure(
            &name,
            ("posts/s", Bar::AtLeast(5_000.0)),
            each(&loads, |load| load.rate)?,
        ),
        figure(
            &format!("{name}: p50"),
            ("ms", Bar::Open),
            each(&loads, |load| load.latency(0.5))?,
        ),
        figure(
            &format!("{name}: p99"),
            ("ms", Bar::AtMost(20.0)),
            each(&loads, |load| load.latency(0.99))?,
        ),
    ]))
}

/// Points of metrics, many and one at a time.
pub(crate) fn measure_metrics(setup: &Setup) -> anyhow::Result<Findings> {
    let mut figures = Vec::new();
    for keys in KEYS {
        let name = match keys {
            1 => "`log-batch`, 1,000 points of one metric".to_owned(),
            BATCH => "`log-batch`, points of 1,000 metrics".to_owned(),
            keys => format!("`log-batch`, 1,000 points of {keys} metrics"),
        };
        figures.push(rate(setup, (&name, "metrics/s", 200_000.0), &Job::log_batch(keys))?);
    }
    let name = format!("`log-metric`, {CLIENTS} clients");
    figures.push(rate(setup, (&name, "calls/s", 5_000.0), &Job::log_metric())?);
    Ok(Findings::of(figures))
}

fn rate(setup: &Setup, (name, unit, bar): (&str, &'static str, f64), job: &Job) -> anyhow::Result<Figure> {
    let rates = each(&loads(setup, job)?, |load| load.rate)?;
    Ok(figure(name, (unit, Bar::AtLeast(bar)), rates))
}

fn loads(setup: &Setup, job: &Job) -> anyhow::Result<Vec<Load>> {
    (0..setup.rounds()).map(|_| Load::on_new_database(setup, job)).collect()
}
