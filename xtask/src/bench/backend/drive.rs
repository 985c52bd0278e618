//! The clients: a process of their own, so that what they cost is known and is none of the server's.
//!
//! Each client has one connection and sends its next request when the one before is answered.

mod sender;

use std::sync::Barrier;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use serde::{Deserialize, Serialize};

use self::sender::{Sender, Taken};
use super::connection::Head;
use super::spans::Shape;
use super::usage;
use crate::bench::process;
use crate::bench::setup::{Core, Setup};

/// The task that drives; nobody types it.
pub(crate) const DRIVE: &str = "drive";

/// What clients are to do.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Plan {
    pub(crate) ports: Ports,
    /// One for each client.
    pub(crate) clients: Vec<Work>,
    pub(crate) limit: Limit,
    /// Other seeds make other traces.
    pub(crate) seed: u64,
    /// Requests that were sent with this seed before.
    pub(crate) sent: u64,
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Ports {
    pub(crate) http: u16,
    pub(crate) grpc: u16,
}

/// What a client sends again and again.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) enum Work {
    Spans(Protocol, Shape),
    /// Batches of points of so many metrics, to a run of its own.
    LogBatch {
        keys: usize,
    },
    /// Single points, to a run of its own.
    LogMetric,
    /// The same batches to a run that is there.
    LogTo {
        run_id: String,
    },
    /// Whole runs in an experiment.
    Runs {
        experiment: String,
    },
    /// These, in turn.
    Ask(Vec<Question>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Protocol {
    Http,
    Grpc,
}

/// A request that changes nothing.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Question {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) body: String,
}

/// When clients stop.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) enum Limit {
    /// After one request of each, which is not counted: it finds nothing prepared.
    Seconds(f64),
    /// So many of each.
    Requests(u64),
}

/// What the clients did.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Report {
    /// From the first request to the last answer.
    pub(crate) seconds: f64,
    pub(crate) clients: Vec<Sent>,
    /// User and system time of all clients meanwhile.
    pub(crate) cpu_seconds: f64,
}

/// What a client did.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Sent {
    /// Microseconds from each request to all of its answer, in order.
    pub(crate) taken: Vec<u64>,
    /// Requests that were answered with an error.
    pub(crate) refused: u64,
    ended_s: f64,
}

impl Plan {
    /// Carries it out, in another process.
    ///
    /// # Errors
    ///
    /// A client cannot go on.
    pub(crate) fn run(&self, setup: &Setup) -> anyhow::Result<Report> {
        let mut command = setup.command_on(Core::Both, &setup.binary("xtask"));
        command.args([DRIVE, &serde_json::to_string(self)?]);
        let finished = process::run(&mut command)?.expect_exit(&[0])?;
        serde_json::from_slice(&finished.output.stdout).context("the clients do not say what they did")
    }
}

impl Report {
    pub(crate) fn taken(&self) -> impl Iterator<Item = f64> {
        let all = self.clients.iter().flat_map(|client| &client.taken);
        all.map(|micros| *micros as f64 / 1e3)
    }

    pub(crate) fn refused(&self) -> u64 {
        self.clients.iter().map(|client| client.refused).sum()
    }
}

/// Does what a plan says, which is JSON, and says what came of it.
///
/// # Errors
///
/// A connection broke, or the server is not there.
pub(crate) fn drive(plan: &str) -> anyhow::Result<()> {
    let plan: Plan = serde_json::from_str(plan).context("the plan is not as the bench writes it")?;
    let start = Start {
        plan: &plan,
        // The clients, and the one that looks at their time.
        barrier: Barrier::new(plan.clients.len() + 1),
    };
    let (clients, cpu_seconds) = thread::scope(|scope| {
        let start = &start;
        let clients: Vec<_> = (0..plan.clients.len())
            .map(|client| scope.spawn(move || start.client(client)))
            .collect();
        start.barrier.wait();
        let before = usage::own_cpu_seconds();
        let ends = clients
            .into_iter()
            .map(|client| client.join().unwrap_or_else(|_| bail!("a client panicked")));
        let clients = ends.collect::<anyhow::Result<Vec<Sent>>>()?;
        anyhow::Ok((clients, usage::own_cpu_seconds()? - before?))
    })?;
    let report = Report {
        seconds: clients.iter().map(|client| client.ended_s).fold(0.0, f64::max),
        clients,
        cpu_seconds,
    };
    println!("{}", serde_json::to_string(&report)?);
    Ok(())
}

/// What clients that start together share.
struct Start<'a> {
    plan: &'a Plan,
    barrier: Barrier,
}

impl Start<'_> {
    fn client(&self, number: usize) -> anyhow::Result<Sent> {
        // Whoever fails before must not leave the others waiting.
        let prepared = self.prepare(number);
        self.barrier.wait();
        let (mut sender, mut turn) = prepared?;
        let begun = Instant::now();
        let mut sent = Sent::default();
        while self.goes_on(begun.elapsed(), turn) {
            let asked = Instant::now();
            match sender.send(turn, self.request(number, turn))? {
                Taken::Yes => sent.taken.push(asked.elapsed().as_micros() as u64),
                Taken::No => sent.refused += 1,
            }
            turn += 1;
        }
        sent.ended_s = begun.elapsed().as_secs_f64();
        Ok(sent)
    }

    /// A sender, and how many requests it has sent already.
    fn prepare(&self, number: usize) -> anyhow::Result<(Sender, u64)> {
        let mut sender = Sender::new(self.plan, number)?;
        match self.plan.limit {
            Limit::Seconds(_) => {
                sender.send(0, self.request(number, 0))?;
                Ok((sender, 1))
            }
            Limit::Requests(_) => Ok((sender, 0)),
        }
    }

    fn goes_on(&self, elapsed: Duration, turn: u64) -> bool {
        match self.plan.limit {
            Limit::Seconds(seconds) => elapsed.as_secs_f64() < seconds,
            Limit::Requests(requests) => turn < requests,
        }
    }

    /// A number that no other request has.
    fn request(&self, client: usize, turn: u64) -> u64 {
        self.plan.sent + turn * self.plan.clients.len() as u64 + client as u64
    }
}

impl Question {
    /// The bytes of the request.
    pub(crate) fn bytes(&self, port: u16) -> Vec<u8> {
        Head::json(port, &self.method, &self.path).with(self.body.as_bytes())
    }
}
