//! A load: clients that do something for a while, and what it cost both sides.

use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::{Context, ensure};

use super::child::{Backend, Scratch};
use super::drive::{Limit, Plan, Ports, Report, Work};
use super::usage::Usage;
use crate::bench::figure::Samples;
use crate::bench::setup::{Length, Setup};

/// Connections of all loads.
pub(crate) const CLIENTS: usize = 4;

/// What is sent again and again, and how much of it is in a request.
#[derive(Debug, Clone)]
pub(crate) struct Job {
    pub(crate) work: Work,
    pub(crate) items: usize,
}

/// A server that is there.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Target {
    pub(crate) ports: Ports,
    /// Of its processes.
    pub(crate) group: u32,
}

/// What came of a load.
#[derive(Debug)]
pub(crate) struct Load {
    pub(crate) items: f64,
    /// Items per second.
    pub(crate) rate: f64,
    pub(crate) server_cpu_seconds: f64,
    pub(crate) client_cpu_seconds: f64,
    /// Milliseconds of each request.
    pub(crate) latencies: Samples,
    pub(crate) peak_memory_mb: f64,
    pub(crate) refused: u64,
}

impl Load {
    /// All clients do the same.
    ///
    /// # Errors
    ///
    /// A client cannot go on, or nothing was taken.
    pub(crate) fn on(setup: &Setup, target: Target, job: &Job) -> anyhow::Result<Self> {
        let before = Usage::of_group(target.group)?;
        let report = run(setup, target.ports, vec![job.work.clone(); CLIENTS])?;
        let after = Usage::of_group(target.group)?;
        let latencies = Samples::new(report.taken().collect()).context("the server took nothing")?;
        let items = report.taken().count() as f64 * job.items as f64;
        Ok(Self {
            items,
            rate: items / report.seconds,
            server_cpu_seconds: after.cpu_seconds - before.cpu_seconds,
            client_cpu_seconds: report.cpu_seconds,
            latencies,
            peak_memory_mb: after.peak_memory_mb,
            refused: report.refused(),
        })
    }

    /// The same on a new database of loadspan, which must take everything, and keep spans.
    pub(crate) fn on_new_database(setup: &Setup, job: &Job) -> anyhow::Result<Self> {
        let folder = Scratch::new(setup);
        let backend = Backend::start(setup, folder.path())?;
        let load = Self::on(setup, backend.target(), job)?;
        ensure!(load.refused == 0, "{} requests were refused", load.refused);
        if let Work::Spans(..) = job.work {
            let stored = backend.stored_spans()?;
            ensure!(
                stored as f64 >= load.items,
                "{stored} spans are stored of {}",
                load.items
            );
        }
        backend.stop()?;
        Ok(load)
    }

    /// CPU-seconds of the server for 100,000 items.
    pub(crate) fn server_cost(&self) -> f64 {
        self.server_cpu_seconds / self.items * 1e5
    }

    /// CPU-seconds of the clients for 100,000 items.
    pub(crate) fn client_cost(&self) -> f64 {
        self.client_cpu_seconds / self.items * 1e5
    }

    pub(crate) fn latency(&self, quantile: f64) -> f64 {
        self.latencies.quantile(quantile)
    }
}

impl Backend {
    pub(crate) fn target(&self) -> Target {
        Target {
            ports: self.ports(),
            group: self.group(),
        }
    }
}

/// Lets clients work for as long as loads take.
pub(crate) fn run(setup: &Setup, ports: Ports, clients: Vec<Work>) -> anyhow::Result<Report> {
    // Ids of this program's loads; what is kept in a database has others.
    static SEED: AtomicU64 = AtomicU64::new(1_000);
    let plan = Plan {
        ports,
        clients,
        limit: Limit::Seconds(seconds(setup)),
        seed: SEED.fetch_add(1, Ordering::Relaxed),
        sent: 0,
    };
    plan.run(setup)
}

fn seconds(setup: &Setup) -> f64 {
    match setup.length {
        Length::Short => 1.0,
        Length::Usual | Length::Long => 8.0,
    }
}
