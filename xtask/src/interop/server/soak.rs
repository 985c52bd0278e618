//! Writers and readers for a while, and a server that is killed every few seconds: what was acknowledged is there, nothing is there twice,
//! and no reader sees anything of it but refused connections.

mod reader;
mod writer;

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::anyhow;

use self::reader::{Read, Reader};
use self::writer::{Work, Writer, Written};
use super::super::Length;
use super::Suite;
use super::served::Served;
use super::store::Store;

/// Eight writers.
const WORK: [Work; 8] = [
    Work::Spans { batch: 50 },
    Work::Spans { batch: 50 },
    Work::Spans { batch: 7 },
    Work::Spans { batch: 1 },
    Work::Metrics,
    Work::Metrics,
    Work::Runs,
    Work::PointsAndLogs,
];

/// Four readers.
const READS: [Read; 4] = [Read::LatestTrace, Read::Traces, Read::Runs, Read::History];

/// How long it goes on, and how often the server is killed.
#[derive(Debug, Clone, Copy)]
struct Plan {
    lasts: Duration,
    killed_every: Duration,
}

impl Plan {
    fn of(length: Length, store: Store<'_>) -> Self {
        let (lasts, killed_every) = match (length, store) {
            (Length::Long, _) => (300, 20),
            (Length::Usual, Store::Sqlite) => (30, 5),
            (Length::Usual, Store::Postgres(_)) => (10, 5),
        };
        Self {
            lasts: Duration::from_secs(lasts),
            killed_every: Duration::from_secs(killed_every),
        }
    }
}

/// What writers and readers know of each other.
#[derive(Debug, Default)]
struct Shared {
    is_over: AtomicBool,
    /// One more than the number of a span that was acknowledged last, by the first writer.
    acknowledged: AtomicU64,
}

impl Shared {
    fn is_over(&self) -> bool {
        self.is_over.load(Ordering::Relaxed)
    }
}

pub(super) fn check(suite: &mut Suite<'_>) -> anyhow::Result<()> {
    let plan = Plan::of(suite.place.length, suite.store);
    let mut served = Served::start(suite.place, suite.store, "soak")?;
    let shared = Shared::default();
    let (written, faults, kills) = thread::scope(|scope| {
        let (port, shared) = (served.ports.main, &shared);
        let writers: Vec<_> = (0_u64..)
            .zip(WORK)
            .map(|(number, work)| scope.spawn(move || Writer::new(port, number, work).run(shared)))
            .collect();
        let readers: Vec<_> = READS
            .into_iter()
            .map(|read| scope.spawn(move || Reader::new(port, read).run(shared)))
            .collect();
        let kills = kill_again_and_again(&mut served, plan);
        shared.is_over.store(true, Ordering::Relaxed);
        let written: Vec<_> = writers.into_iter().map(thread::ScopedJoinHandle::join).collect();
        let faults: Vec<_> = readers.into_iter().map(thread::ScopedJoinHandle::join).collect();
        (written, faults, kills)
    });
    let kills = kills?;
    let mut total = 0;
    for written in written {
        let written = written.map_err(|_| anyhow!("a writer panicked"))?;
        total += compare(suite, &served, &written)?;
    }
    for (read, seen) in READS.iter().zip(faults) {
        let seen = seen.map_err(|_| anyhow!("a reader panicked"))?;
        let label = format!("soak: {read:?} was read {} times, and right each time", seen.answers);
        suite
            .checks
            .that(label, seen.faults.is_empty() && seen.answers > 0, &seen.faults);
    }
    println!(
        "        {total} items, {kills} times killed, in {} s",
        plan.lasts.as_secs()
    );
    is_whole(suite, &mut served)
}

/// The last time is when everything is over. How often it was.
fn kill_again_and_again(served: &mut Served, plan: Plan) -> anyhow::Result<u32> {
    let until = Instant::now() + plan.lasts;
    let mut kills = 0;
    while Instant::now() < until {
        thread::sleep(plan.killed_every.min(until - Instant::now()));
        served.server.kill();
        served.server.restart()?;
        kills += 1;
    }
    Ok(kills)
}

/// What a writer has written is there; how many items that are.
fn compare(suite: &mut Suite<'_>, served: &Served, written: &Written) -> anyhow::Result<usize> {
    let label = format!("soak: {}: all answers are those of success", written.name);
    suite.checks.that(label, written.faults.is_empty(), &written.faults);
    let mut stored = written.stored(served)?;
    stored.sort_unstable();
    let mut acknowledged = written.acknowledged.clone();
    acknowledged.sort_unstable();
    let label = format!(
        "soak: {}: {} were acknowledged, and are there",
        written.name,
        acknowledged.len()
    );
    let missing: Vec<_> = acknowledged
        .iter()
        .filter(|id| stored.binary_search(id).is_err())
        .take(5)
        .collect();
    suite
        .checks
        .that(label, missing.is_empty() && !acknowledged.is_empty(), missing);
    let twice: Vec<_> = stored.windows(2).filter(|pair| pair[0] == pair[1]).take(5).collect();
    let label = format!("soak: {}: nothing is there twice", written.name);
    suite.checks.that(label, twice.is_empty(), twice);
    let strangers = stored
        .iter()
        .filter(|id| acknowledged.binary_search(id).is_err())
        .count();
    let label = format!("soak: {}: nothing else is there", written.name);
    let is_so = strangers <= written.unknown;
    suite.checks.that(label, is_so, (strangers, written.unknown));
    Ok(acknowledged.len())
}

/// The database is sound, and the server ends as it should.
fn is_whole(suite: &mut Suite<'_>, served: &mut Served) -> anyhow::Result<()> {
    let orphans = "SELECT count(*) FROM spans WHERE trace_key NOT IN (SELECT trace_key FROM traces)";
    let orphans = served.database.ask(orphans)?;
    suite
        .checks
        .equal("soak: each span has its trace", orphans.as_str(), "0");
    let counts =
        "SELECT count(*) FROM traces t WHERE spans <> (SELECT count(*) FROM spans s WHERE s.trace_key = t.trace_key)";
    let wrong = served.database.ask(counts)?;
    suite
        .checks
        .equal("soak: each trace has as many spans as it says", wrong.as_str(), "0");
    served.stop()?;
    if matches!(suite.store, Store::Sqlite) {
        let sound = served.database.ask("PRAGMA integrity_check")?;
        suite.checks.equal("soak: the file is sound", sound.as_str(), "ok");
    }
    let log = std::fs::read_to_string(served.log())?;
    let is_quiet = !log.contains("panicked") && !log.contains("error");
    suite.checks.that("soak: the server has no complaints", is_quiet, log);
    Ok(())
}
