//! MLflow's own server beside ours: the same requests, from the same clients, in turn.

use std::time::Instant;

use anyhow::Context;

use super::child::{Backend, Scratch};
use super::drive::{Ports, Protocol};
use super::ingest::CPU_UNIT;
use super::load::{Job, Load, Target};
use super::samples;
use super::usage::Usage;
use crate::bench::experiment::Findings;
use crate::bench::figure::Comparison;
use crate::bench::setup::{Core, Setup};
use crate::interop::{MlflowServer, install};

const PEER: &str = "MLflow 3.17.2";
/// It is slow: more rounds would only take longer.
const MOST_ROUNDS: usize = 2;

/// A figure of a load, and what it is called.
type Yield = (&'static str, &'static str, fn(&Load) -> f64);

/// A load, and what is told of it.
struct Contest {
    job: Job,
    yields: Vec<Yield>,
}

fn contests() -> Vec<Contest> {
    let contest = |job, yields: &[Yield]| Contest {
        job,
        yields: yields.to_vec(),
    };
    vec![
        contest(
            Job::batches(Protocol::Http),
            &[
                ("Batches of 512 spans over HTTP", "spans/s", |load| load.rate),
                (
                    "Batches of 512 spans over HTTP: the server",
                    CPU_UNIT,
                    Load::server_cost,
                ),
            ],
        ),
        contest(
            Job::single_spans(),
            &[
                ("Single spans over HTTP", "posts/s", |load| load.rate),
                ("Single spans over HTTP: p99", "ms", |load| load.latency(0.99)),
            ],
        ),
        contest(
            Job::log_batch(10),
            &[("`log-batch`, 1,000 points of 10 metrics", "metrics/s", |load| load.rate)],
        ),
        contest(Job::log_metric(), &[("`log-metric`", "calls/s", |load| load.rate)]),
    ]
}

pub(crate) fn measure(setup: &Setup) -> anyhow::Result<Findings> {
    let Some(programs) = install::mlflow_that_is_there(&setup.tools()) else {
        return Ok(Findings::remark(format!(
            "{PEER} was not installed: `cargo xtask interop mlflow` installs it, and then it is measured beside loadspan."
        )));
    };
    let folder = Scratch::new(setup);
    let begun = Instant::now();
    let mlflow = MlflowServer::start(setup.command_on(Core::Both, &programs.join("mlflow")), folder.path())?;
    let ready = begun.elapsed().as_secs_f64() * 1e3;
    let theirs = target(&mlflow)?;
    let idle = Usage::of_group(theirs.group)?.memory_mb;

    let mut comparisons = at_rest(setup, [ready, idle])?;
    let mut peak = 0.0_f64;
    let mut refused = 0;
    for contest in contests() {
        let mut pairs = Vec::new();
        for _ in 0..setup.rounds().min(MOST_ROUNDS) {
            let pair = [
                Load::on_new_database(setup, &contest.job)?,
                Load::on(setup, theirs, &contest.job)?,
            ];
            peak = peak.max(pair[0].peak_memory_mb);
            refused += pair[1].refused;
            pairs.push(pair);
        }
        for (name, unit, of) in contest.yields {
            let values = pairs.iter().map(|[ours, theirs]| [of(ours), of(theirs)]);
            comparisons.push(compare(name, unit, values.collect())?);
        }
    }
    let their_peak = Usage::of_group(theirs.group)?.peak_memory_mb;
    comparisons.push(compare("Peak memory of all these", "MB", vec![[peak, their_peak]])?);
    let mut findings = Findings {
        comparisons,
        ..Findings::default()
    };
    if refused > 0 {
        findings.remarks.push(format!(
            "{PEER} answered {refused} requests with an error; they are not counted."
        ));
    }
    Ok(findings)
}

/// What both take to start, and to do nothing.
fn at_rest(setup: &Setup, [their_ready, their_idle]: [f64; 2]) -> anyhow::Result<Vec<Comparison>> {
    let folder = Scratch::new(setup);
    let backend = Backend::start(setup, folder.path())?;
    let ready = backend.ready.as_secs_f64() * 1e3;
    let idle = backend.usage()?.memory_mb;
    Ok(vec![
        compare("Ready after start, new database", "ms", vec![[ready, their_ready]])?,
        compare("Memory, idle", "MB", vec![[idle, their_idle]])?,
    ])
}

fn compare(name: &str, unit: &'static str, pairs: Vec<[f64; 2]>) -> anyhow::Result<Comparison> {
    let side = |of: fn(&[f64; 2]) -> f64| samples(pairs.iter().map(of).collect());
    Ok(Comparison {
        figure: name.to_owned(),
        unit,
        peer: PEER,
        ours: side(|[ours, _]| *ours)?,
        theirs: side(|[_, theirs]| *theirs)?,
        ratios: side(|[ours, theirs]| ours / theirs)?,
    })
}

fn target(mlflow: &MlflowServer) -> anyhow::Result<Target> {
    let url = mlflow.url();
    let port = url.rsplit(':').next().and_then(|port| port.parse().ok());
    Ok(Target {
        // It has no gRPC.
        ports: Ports {
            http: port.context("MLflow has no port")?,
            grpc: 0,
        },
        group: mlflow.group().context("MLflow is not running")?,
    })
}
