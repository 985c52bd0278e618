//! A run of several stages: the figures of each, and what they have in common.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::Range;

use super::StageSummary;
use super::part::{Grounds, MeasuredTime, Part};
use super::replay::stages_of_single_calls;
use super::rows::{Rows, Selection};
use super::tally::Tally;
use crate::distribution::{GapHistogram, to_seven_digits};
use crate::verdict::Evidence;
use crate::{Completeness, LoadFacts, RequestRecord, RunFacts, StageFacts, StageRole, Verdict};

/// What was counted of a stage as its records came.
#[derive(Debug, Clone, Default)]
pub(super) struct StageRows {
    pub(super) tally: Tally,
    pub(super) gaps: GapHistogram,
    /// Its first row, and the one after its last.
    pub(super) range: Range<usize>,
    /// When its first request was due and its last one ended, in nanoseconds.
    extent: Option<(u64, u64)>,
}

impl StageRows {
    pub(super) fn push(&mut self, row: usize, record: &RequestRecord) {
        let (due, ended) = (
            record.timings.scheduled_at.as_nanos(),
            record.timings.finished_at.as_nanos(),
        );
        let (from, until) = self.extent.unwrap_or((due, ended));
        self.range = match self.extent {
            Some(_) => self.range.start.min(row)..self.range.end.max(row + 1),
            None => row..row + 1,
        };
        self.extent = Some((from.min(due), until.max(ended)));
        self.tally.push(record);
    }

    /// Its part of the run: `rows` are its own.
    pub(super) fn part<'a>(&'a self, rows: Selection<'a>, (asked, unsent): (&'a LoadFacts, u64)) -> Part<'a> {
        Part {
            measured: MeasuredTime::of(rows, &self.tally),
            ..self.part_without_time(rows, (asked, unsent))
        }
    }

    /// The same without what takes a while: when how many requests were in flight.
    fn part_without_time<'a>(&'a self, rows: Selection<'a>, (asked, unsent): (&'a LoadFacts, u64)) -> Part<'a> {
        Part {
            rows,
            tally: Cow::Borrowed(&self.tally),
            gaps: Cow::Borrowed(&self.gaps),
            asked: Cow::Borrowed(asked),
            is_open: asked.model.is_open(),
            unsent,
            measured: MeasuredTime::default(),
        }
    }
}

/// The stages that were begun, of a run that has several.
pub(super) struct Staged<'a> {
    stages: Vec<Stage<'a>>,
}

struct Stage<'a> {
    facts: Cow<'a, StageFacts>,
    rows: Cow<'a, StageRows>,
}

impl<'a> Staged<'a> {
    /// `None` when the run has but one.
    pub(super) fn of(rows: &'a BTreeMap<u32, StageRows>, facts: &'a RunFacts) -> Option<Self> {
        if facts.stages.len() <= 1 && rows.len() <= 1 {
            return None;
        }
        let known = facts.stages.iter().map(|stage| (stage.number, Cow::Borrowed(stage)));
        let mut by_number: BTreeMap<u32, Cow<'a, StageFacts>> = known.collect();
        for number in rows.keys() {
            let unknown = || Cow::Owned(StageFacts::planned(*number, facts.load.clone()));
            by_number.entry(*number).or_insert_with(unknown);
        }
        let stages = by_number
            .into_iter()
            .filter_map(|(number, facts)| match rows.get(&number) {
                Some(rows) => Some(Stage {
                    facts,
                    rows: Cow::Borrowed(rows),
                }),
                None => facts.started_s.is_some().then(|| Stage {
                    facts,
                    rows: Cow::default(),
                }),
            });
        Some(Self {
            stages: stages.collect(),
        })
    }

    /// The verdict on a stage. `None` where it was not begun or is not measured.
    pub(super) fn verdict_on(self, number: u32, (rows, facts): (&Rows, &RunFacts)) -> Option<Verdict> {
        let place = self.stages.iter().position(|stage| stage.facts.number == number)?;
        let stage = &self.stages[place];
        let completeness = stage.completeness(facts, place + 1 == self.stages.len());
        let (own, asked) = (stage.rows_of(rows), (&stage.facts.load, stage.facts.unsent));
        let grounds = stage.rows.part_without_time(own, asked).grounds();
        stage.verdict(&grounds, (facts, &completeness))
    }

    /// What the whole run is made of, each stage, and the verdict on all; `None` where no stage was measured.
    pub(super) fn summarise(
        self,
        rows: &'a Rows,
        facts: &'a RunFacts,
    ) -> (Part<'a>, Vec<StageSummary>, Option<Verdict>) {
        let mut whole = Whole::default();
        let mut summaries = Vec::with_capacity(self.stages.len());
        let last = self.stages.len().saturating_sub(1);
        for (place, stage) in self.stages.iter().enumerate() {
            let completeness = stage.completeness(facts, place == last);
            let part = stage.part(rows);
            whole.add(&part, &stage.facts);
            summaries.push(stage.summarise(&part, (facts, &completeness)));
        }
        let is_measured = !whole.loads.is_empty();
        let verdict = is_measured.then(|| Verdict::of_stages(facts, &summaries));
        (whole.into_part(rows, facts), summaries, verdict)
    }
}

impl Stage<'_> {
    /// Of a stage that did not come to its end, no other is begun.
    fn completeness(&self, run: &RunFacts, is_last: bool) -> Completeness {
        match &self.facts.completeness {
            Some(known) => known.clone(),
            None if is_last => run.run.completeness.clone(),
            None => Completeness::Complete,
        }
    }

    fn rows_of<'a>(&self, rows: &'a Rows) -> Selection<'a> {
        rows.of_stage(self.facts.number, self.rows.range.clone())
    }

    fn part<'a>(&'a self, rows: &'a Rows) -> Part<'a> {
        self.rows
            .part(self.rows_of(rows), (&self.facts.load, self.facts.unsent))
    }

    /// `None` where it is not measured.
    fn verdict(&self, grounds: &Grounds, (run, completeness): (&RunFacts, &Completeness)) -> Option<Verdict> {
        let evidence = Evidence {
            client: self.facts.client.as_ref(),
            completeness,
            is_recorded: run.replays.iter().any(|replay| replay.stage == self.facts.number),
            is_of_single_calls: stages_of_single_calls(&run.replays).contains(&self.facts.number),
            ..grounds.evidence(run)
        };
        (self.facts.role == StageRole::Measured).then(|| Verdict::of(&evidence))
    }

    fn summarise(&self, part: &Part<'_>, run: (&RunFacts, &Completeness)) -> StageSummary {
        let facts = &self.facts;
        let figures = part.figures(run.0);
        let grounds = figures.grounds;
        let seconds = |nanos: u64| to_seven_digits(nanos as f64 / 1e9);
        let extent = self.rows.extent;
        StageSummary {
            number: facts.number,
            name: facts.name.clone(),
            role: facts.role,
            started_s: facts.started_s.or(extent.map(|(from, _)| seconds(from))),
            measured_from_s: facts
                .measured_from_s
                .or(part.tally.times.requests.first_due().map(seconds)),
            ended_s: facts.ended_s.or(extent.map(|(_, until)| seconds(until))),
            verdict: self.verdict(&grounds, run),
            steady_state: part.steady_state(),
            client: facts.client.clone(),
            counts: grounds.counts,
            metrics: figures.metrics,
            load: grounds.load,
            tokens: grounds.tokens,
            goodput: figures.goodput,
            sessions: figures.sessions,
        }
    }
}

/// What the stages come to together.
#[derive(Default)]
struct Whole {
    tally: Tally,
    gaps: GapHistogram,
    measured: MeasuredTime,
    /// The loads of the stages that are measured.
    loads: Vec<LoadFacts>,
}

impl Whole {
    fn add(&mut self, part: &Part<'_>, stage: &StageFacts) {
        self.tally.merge(&part.tally);
        if stage.role == StageRole::Measured {
            self.gaps.merge(&part.gaps);
            self.measured.extend(&part.measured);
            // Those of the only stage are those of the run; several have none in common.
            self.tally.times = part.tally.times;
            self.loads.push(stage.load.clone());
        }
    }

    fn into_part<'a>(self, rows: &'a Rows, facts: &'a RunFacts) -> Part<'a> {
        let is_open = !self.loads.is_empty() && self.loads.iter().all(|load| load.model.is_open());
        let mut loads = self.loads.into_iter();
        let asked = match (loads.next(), loads.next()) {
            (Some(only), None) => Cow::Owned(only),
            _ => Cow::Borrowed(&facts.load),
        };
        Part {
            rows: rows.all(),
            tally: Cow::Owned(self.tally),
            gaps: Cow::Owned(self.gaps),
            asked,
            is_open,
            unsent: facts.unsent,
            measured: self.measured,
        }
    }
}
