//! What a request and an event cost the client at full speed.

use anyhow::Context;

use super::client::ClientRun;
use super::experiment::Findings;
use super::figure::{Bar, Comparison, Figure, Samples};
use super::peer::Peer;
use super::server::{Answers, Mode, Server};
use super::setup::Setup;

pub(crate) const CONNECTIONS: u32 = 64;
/// Length of each run.
pub(crate) const SECONDS: u32 = 5;

/// Full speed against a server that answers at once.
#[derive(Debug)]
pub(crate) struct Throughput {
    pub(crate) name: &'static str,
    pub(crate) title: &'static str,
    pub(crate) mode: Mode,
    pub(crate) answers: Answers,
    /// What is taken from each run, and the bar for it.
    pub(crate) bars: &'static [(Yield, Bar)],
}

/// What one run of a client did.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Load {
    pub(crate) requests: f64,
    /// Requests per second.
    pub(crate) rate: f64,
    pub(crate) cpu_seconds: f64,
}

/// A figure of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Yield {
    /// Requests per second.
    Rate,
    /// CPU-seconds of the client per 1,000 requests.
    CpuPerThousand,
    /// CPU time of the client per server-sent event, in microseconds.
    CpuPerEvent,
}

impl Yield {
    const fn unit(self) -> &'static str {
        match self {
            Self::Rate => "requests/s",
            Self::CpuPerThousand => "CPU-s per 1,000 requests",
            Self::CpuPerEvent => "CPU µs per SSE event",
        }
    }

    fn of(self, load: Load, events: usize) -> f64 {
        match self {
            Self::Rate => load.rate,
            Self::CpuPerThousand => load.cpu_seconds / load.requests * 1e3,
            Self::CpuPerEvent => load.cpu_seconds / (load.requests * events as f64) * 1e6,
        }
    }
}

impl Throughput {
    /// Runs loadspan and its peers in turn, so that what else the machine does falls on all of them.
    pub(crate) fn measure(&self, setup: &Setup) -> anyhow::Result<Findings> {
        let server = Server::start(setup, self.answers)?;
        let events = match self.mode {
            Mode::Whole => 0,
            Mode::Stream => server.events_per_stream()?,
        };
        let mut ours = Vec::new();
        let mut theirs: Vec<Vec<Load>> = vec![Vec::new(); setup.peers.len()];
        for _ in 0..setup.runs {
            ours.push(self.load(setup, &server)?);
            for (peer, loads) in setup.peers.iter().zip(&mut theirs) {
                loads.push(peer.load(setup, &server, self.mode)?);
            }
        }
        let peers: Vec<(Peer, Vec<Load>)> = setup.peers.iter().copied().zip(theirs).collect();
        self.findings(&Loads { ours, peers, events })
    }

    fn load(&self, setup: &Setup, server: &Server) -> anyhow::Result<Load> {
        let streaming = match self.mode {
            Mode::Whole => "",
            Mode::Stream => "--streaming",
        };
        let flags = format!("{streaming} --concurrency {CONNECTIONS} --benchmark-duration {SECONDS}");
        let run = ClientRun::of(setup, server, &flags)?;
        Ok(Load {
            requests: run.number("/counts/completed")?,
            rate: run.number("/metrics/request_throughput/value")?,
            cpu_seconds: run.process.cpu_seconds,
        })
    }

    fn findings(&self, loads: &Loads) -> anyhow::Result<Findings> {
        let mut findings = Findings::default();
        for (kind, bar) in self.bars {
            let samples = |values: Vec<f64>| Samples::new(values).context("there were no runs");
            let values = |loads_of: &[Load]| {
                loads_of
                    .iter()
                    .map(|load| kind.of(*load, loads.events))
                    .collect::<Vec<_>>()
            };
            let (name, unit) = (self.title.to_owned(), kind.unit());
            let ours = values(&loads.ours);
            for (peer, theirs) in &loads.peers {
                let theirs = values(theirs);
                findings.comparisons.push(Comparison {
                    figure: name.clone(),
                    unit,
                    peer: peer.name(),
                    ratios: samples(ours.iter().zip(&theirs).map(|(ours, theirs)| ours / theirs).collect())?,
                    ours: samples(ours.clone())?,
                    theirs: samples(theirs)?,
                });
            }
            findings.figures.push(Figure {
                name,
                unit,
                bar: *bar,
                samples: samples(ours)?,
            });
        }
        Ok(findings)
    }
}

/// All runs of an experiment.
struct Loads {
    ours: Vec<Load>,
    peers: Vec<(Peer, Vec<Load>)>,
    /// Events in a stream; 0 without streams.
    events: usize,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cost_is_spread_over_requests_and_events() {
        let load = Load {
            requests: 2_000.0,
            rate: 400.0,
            cpu_seconds: 0.5,
        };
        assert_eq!(Yield::Rate.of(load, 10), 400.0);
        assert_eq!(Yield::CpuPerThousand.of(load, 10), 0.25);
        assert_eq!(Yield::CpuPerEvent.of(load, 10), 25.0);
    }
}
