//! How soon the server answers after its start, and what it holds when nobody asks anything.

use std::fs;
use std::thread;
use std::time::Duration;

use super::child::{Backend, Scratch};
use super::drive::{Limit, Plan, Protocol, Work};
use super::load::CLIENTS;
use super::spans::Shape;
use super::{figure, samples};
use crate::bench::experiment::Findings;
use crate::bench::figure::{Bar, Samples};
use crate::bench::setup::Setup;

/// A start takes so little that it varies much.
const STARTS: usize = 5;
/// Until whatever follows the start is done.
const REST: Duration = Duration::from_secs(1);
const LARGE_BYTES: u64 = 10_000_000_000;
/// Requests of each client between two looks at the size.
const STEP: u64 = 250;

pub(crate) fn measure(setup: &Setup) -> anyhow::Result<Findings> {
    let (mut times, mut idle) = (Vec::new(), Vec::new());
    for _ in 0..setup.rounds() {
        for _ in 0..STARTS {
            let folder = Scratch::new(setup);
            let backend = Backend::start(setup, folder.path())?;
            times.push(backend.ready.as_secs_f64() * 1e3);
            backend.stop()?;
        }
        let folder = Scratch::new(setup);
        let backend = Backend::start(setup, folder.path())?;
        thread::sleep(REST);
        idle.push(backend.usage()?.memory_mb);
    }
    Ok(Findings::of(vec![
        figure(
            "Ready after start, new database",
            ("ms", Bar::AtMost(100.0)),
            samples(times)?,
        ),
        figure("Memory, idle", ("MB", Bar::AtMost(40.0)), samples(idle)?),
    ]))
}

/// Starts on a database that is there.
pub(crate) fn times_on(setup: &Setup, folder: &std::path::Path) -> anyhow::Result<Samples> {
    let times = (0..setup.rounds() * STARTS).map(|_| {
        let backend = Backend::start(setup, folder)?;
        let time = backend.ready.as_secs_f64() * 1e3;
        backend.stop()?;
        Ok(time)
    });
    samples(times.collect::<anyhow::Result<_>>()?)
}

/// The same with ten gigabytes, which are made for it and removed.
pub(crate) fn measure_large(setup: &Setup) -> anyhow::Result<Findings> {
    let folder = Scratch::new(setup);
    let backend = Backend::start(setup, folder.path())?;
    let mut plan = Plan {
        ports: backend.ports(),
        clients: vec![Work::Spans(Protocol::Http, Shape::Agents); CLIENTS],
        limit: Limit::Requests(STEP),
        seed: 2,
        sent: 0,
    };
    let database = folder.path().join("loadspan.db");
    loop {
        let bytes = fs::metadata(&database)?.len();
        eprintln!("  {:.1} of 10 GB", bytes as f64 / 1e9);
        if bytes >= LARGE_BYTES {
            break;
        }
        plan.run(setup)?;
        plan.sent += STEP * CLIENTS as u64;
    }
    backend.stop()?;
    Ok(Findings::of(vec![figure(
        "Ready after start, 10 GB of traces",
        ("ms", Bar::AtMost(1_000.0)),
        times_on(setup, folder.path())?,
    )]))
}
