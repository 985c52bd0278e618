//! What the two sides know of one run: the client's records and summary, and the server's truth.

use std::collections::HashMap;

use loadspan_loadgen::preflight::PreflightNotice;
use loadspan_loadgen::{ClockAnchor, LoadModel};
use loadspan_record::{
    Completeness, LoadFacts, LoadModel as LoadKind, Phase, PromptReuse, RequestId, RequestRecord, RunFacts, RunInfo,
    Slo, Summary, SummaryBuilder, Thresholds,
};
use loadspan_testkit::{Stats, Truth};

use super::bench::RUN_ID;

/// What came of a run, as it was gathered.
#[derive(Debug)]
pub(super) struct Seen {
    /// Every request of the load, warm-up included, by number.
    pub(super) records: Vec<RequestRecord>,
    /// `None` when the server was gone.
    pub(super) stats: Option<Stats>,
    pub(super) notices: Vec<PreflightNotice>,
    pub(super) anchor: ClockAnchor,
}

/// What came of a run, with the truth of each request beside its record.
#[derive(Debug)]
pub(super) struct Evidence {
    pub(super) seen: Seen,
    pub(super) facts: RunFacts,
    pub(super) summary: Summary,
    truths: HashMap<u64, Truth>,
}

impl Evidence {
    pub(super) fn new(seen: Seen, asked: &LoadModel, slo: Option<Slo>) -> Self {
        let mut builder = SummaryBuilder::new();
        seen.records.iter().for_each(|record| builder.push(record));
        let facts = facts(asked, slo);
        let served = seen.stats.iter().flat_map(|stats| &stats.requests);
        let truths = served
            .filter_map(|truth| Some((index_of(truth)?, truth.clone())))
            .collect();
        Self {
            summary: builder.finish(facts.clone()),
            seen,
            facts,
            truths,
        }
    }

    /// The records of the measured requests.
    pub(super) fn measured(&self) -> impl Iterator<Item = &RequestRecord> {
        self.seen.records.iter().filter(|record| record.phase == Phase::Measure)
    }

    /// Measured requests and what the server knows of each.
    pub(super) fn pairs(&self) -> impl Iterator<Item = (&RequestRecord, &Truth)> {
        self.measured()
            .filter_map(|record| Some((record, self.truths.get(&record.id.index)?)))
    }

    /// What the server knows of the load, warm-up included and preflight not.
    pub(super) fn truths(&self) -> impl Iterator<Item = &Truth> {
        self.truths.values()
    }

    /// The server's clock at the start of the run: what offsets in records count from.
    pub(super) fn start_ns(&self) -> u64 {
        self.seen.anchor.monotonic_start_ns
    }

    /// Requests in progress at a moment of the server's clock.
    pub(super) fn open_at(&self, moment_ns: u64) -> usize {
        let is_open = |truth: &&Truth| {
            truth.arrived_ns <= moment_ns && truth.last_byte_ns.is_none_or(|last_byte_ns| moment_ns < last_byte_ns)
        };
        self.truths().filter(is_open).count()
    }
}

/// The number of a request of the load; `None` for those of the preflight.
fn index_of(truth: &Truth) -> Option<u64> {
    let id: RequestId = truth.request_id.as_deref()?.parse().ok()?;
    (id.run == RUN_ID).then_some(id.index)
}

fn facts(asked: &LoadModel, slo: Option<Slo>) -> RunFacts {
    let model = match asked {
        LoadModel::Closed { concurrency, .. } => LoadKind::Closed {
            concurrency: concurrency.get(),
        },
        LoadModel::Open {
            schedule,
            max_concurrency,
        } => LoadKind::Open {
            target_rate: Some(schedule.rate),
            max_concurrency: max_concurrency.map(std::num::NonZero::get),
        },
        LoadModel::Recorded { max_concurrency } => LoadKind::Open {
            target_rate: None,
            max_concurrency: max_concurrency.map(std::num::NonZero::get),
        },
    };
    RunFacts {
        run: RunInfo {
            id: RUN_ID.to_string(),
            name: "verify".to_owned(),
            model: String::new(),
            endpoint_type: String::new(),
            streaming: true,
            urls: Vec::new(),
            loadspan_version: env!("CARGO_PKG_VERSION").to_owned(),
            started_unix_ns: 0,
            seed: None,
            measured_from_s: None,
            measured_until_s: None,
            completeness: Completeness::Complete,
        },
        load: LoadFacts {
            description: String::new(),
            model,
        },
        stages: Vec::new(),
        replays: Vec::new(),
        prompts: PromptReuse::Unique,
        unsent: 0,
        client: None,
        preopened: Vec::new(),
        notices: Vec::new(),
        slo,
        thresholds: Thresholds::default(),
        telemetry: loadspan_record::TelemetrySummary::default(),
    }
}
