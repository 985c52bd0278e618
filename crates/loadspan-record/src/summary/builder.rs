//! From records to a [`Summary`].

use std::collections::BTreeMap;
use std::time::Duration;

use super::part::Part;
use super::replay::{LengthsSeen, ReplaySummary};
use super::rows::{Fate, Rows, each_gap};
use super::staged::{StageRows, Staged};
use super::timeslices::{self, Timeslice};
use super::{ConnectionSummary, Counts, LoadSummary, SUMMARY_SCHEMA_VERSION, StageSummary, SteadyState, Summary};
use crate::{RequestRecord, RunFacts, Verdict};

/// Takes the records of a run one by one, in any order, and makes its summary.
///
/// Every value of every request is kept (percentiles of requests are exact), in about 30 bytes for a request without a stream and
/// 45 for one with, and 12 more for one of a session; gaps between chunks go to one histogram for each stage. Warm-up requests are
/// counted and in flight, and in no figure.
#[derive(Debug, Clone)]
pub struct SummaryBuilder {
    rows: Rows,
    stages: BTreeMap<u32, StageRows>,
    /// By stage, for those that replay.
    lengths: BTreeMap<u32, LengthsSeen>,
}

impl SummaryBuilder {
    /// A builder that has seen no record.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            rows: Rows::new(),
            stages: BTreeMap::new(),
            lengths: BTreeMap::new(),
        }
    }

    /// Takes a record.
    pub fn push(&mut self, record: &RequestRecord) {
        let row = self.rows.len();
        self.rows.push(record);
        self.lengths.entry(record.stage).or_default().push(record);
        let stage = self.stages.entry(record.stage).or_default();
        stage.push(row, record);
        if self.rows.fate(row) == Fate::Completed {
            each_gap(record, |gap, times| stage.gaps.record(gap, times));
        }
    }

    /// Records taken so far, warm-up included.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether no record was taken.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.len() == 0
    }

    /// The summary of the records so far. May be called again after more records.
    ///
    /// Takes time: about a second per million requests in a release build, and twice that where there are several stages. It
    /// belongs after the load, not beside it.
    #[must_use]
    pub fn finish(&self, facts: RunFacts) -> Summary {
        let nothing = StageRows::default();
        let (part, stages, verdict) = match Staged::of(&self.stages, &facts) {
            Some(staged) => staged.summarise(&self.rows, &facts),
            None => {
                let only = self.stages.values().next().unwrap_or(&nothing);
                (
                    only.part(self.rows.all(), (&facts.load, facts.unsent)),
                    Vec::new(),
                    None,
                )
            }
        };
        let figures = part.figures(&facts);
        let grounds = figures.grounds;
        let verdict = verdict.unwrap_or_else(|| Verdict::of(&grounds.evidence(&facts)));
        let verdict = verdict.naming_unbegun(&facts, &stages);
        let replays = self.replays(&facts, (&grounds.counts, &grounds.load), &stages);
        let (connections, finish_reasons) = (part.connections(), part.finish_reasons());
        Summary {
            schema_version: SUMMARY_SCHEMA_VERSION.to_owned(),
            verdict,
            steady_state: steady_state(&part, &stages),
            connections: ConnectionSummary {
                preopened: facts.preopened,
                ..connections
            },
            finish_reasons,
            run: facts.run,
            counts: grounds.counts,
            metrics: figures.metrics,
            load: grounds.load,
            sessions: figures.sessions,
            stages,
            replays,
            client: facts.client,
            tokens: grounds.tokens,
            goodput: figures.goodput,
            notices: facts.notices,
            server: Vec::new(),
            gpus: None,
            telemetry: facts.telemetry,
        }
    }

    /// The verdict on one of several stages, as [`SummaryBuilder::finish`] will give it, once all its records are there and `facts`
    /// say how it ended. `None` where it is not measured, or where there is but one.
    ///
    /// Beside the load it costs little: of all figures it makes only those that a verdict rests on.
    #[must_use]
    pub fn verdict_on_stage(&self, number: u32, facts: &RunFacts) -> Option<Verdict> {
        Staged::of(&self.stages, facts)?.verdict_on(number, (&self.rows, facts))
    }

    /// Of each stage that replays. The only stage is the run.
    fn replays(&self, facts: &RunFacts, run: (&Counts, &LoadSummary), stages: &[StageSummary]) -> Vec<ReplaySummary> {
        let replays = facts.replays.iter().filter_map(|replay| {
            let number = replay.stage;
            let figures = match stages {
                [] => run,
                stages => {
                    let stage = stages.iter().find(|stage| stage.number == number)?;
                    (&stage.counts, &stage.load)
                }
            };
            let lengths = self.lengths.get(&number).copied().unwrap_or_default();
            Some(lengths.summarise(replay.clone(), figures))
        });
        replays.collect()
    }

    /// The measured time in slices of equal length, the last of which may be cut short. Of several stages, each is cut by itself, and
    /// nothing lies between them. Empty when nothing was measured, or for a length that is zero or cuts it into a million slices.
    #[must_use]
    pub fn timeslices(&self, length: Duration) -> Vec<Timeslice> {
        let length = u64::try_from(length.as_nanos()).unwrap_or(u64::MAX);
        if length == 0 {
            return Vec::new();
        }
        let is_staged = self.stages.len() > 1;
        let slice = |(number, stage): (&u32, &StageRows)| {
            let span = stage.tally.measured_span()?;
            let rows = self.rows.of_stage(*number, stage.range.clone());
            let mut slices = timeslices::slice(rows, span, length);
            let number = is_staged.then_some(*number);
            slices.iter_mut().for_each(|slice| slice.stage = number);
            Some(slices)
        };
        self.stages.iter().filter_map(slice).flatten().collect()
    }
}

impl Default for SummaryBuilder {
    fn default() -> Self {
        Self::new()
    }
}

/// That of the only stage that was measured. Several have no steady state in common.
fn steady_state(part: &Part<'_>, stages: &[StageSummary]) -> SteadyState {
    let mut measured = stages.iter().filter(|stage| stage.is_measured());
    match (measured.next(), measured.count()) {
        (None, _) => part.steady_state(),
        (Some(only), 0) => only.steady_state.clone(),
        (Some(_), others) => SteadyState::Absent {
            absent: format!("each of the {} stages has a steady state of its own", others + 1),
        },
    }
}
