//! What is known of recordings that were sent again, when they have been: the report of how faithfully goes on from there.

use std::sync::Arc;

use loadspan_loadgen::RunEnd;
use loadspan_loadgen::recorded::RecordedSessions;
use loadspan_record::ReplayFacts;

use crate::config::{StageConfig, TrafficConfig};

/// The recordings of a run, by stage.
#[derive(Debug, Default)]
pub(super) struct Replays(Vec<(u32, Arc<RecordedSessions>)>);

impl Replays {
    pub(super) fn of(stages: &[StageConfig], made: &[(TrafficConfig, Arc<RecordedSessions>)]) -> Self {
        let of_stage = |(number, stage): (u32, &StageConfig)| {
            let (_, sessions) = made.iter().find(|(wanted, _)| *wanted == stage.traffic)?;
            Some((number, Arc::clone(sessions)))
        };
        Self((0..).zip(stages).filter_map(of_stage).collect())
    }

    /// What is known before the load.
    pub(super) fn planned(&self) -> Vec<ReplayFacts> {
        let planned = self.0.iter().map(|(stage, sessions)| ReplayFacts {
            stage: *stage,
            planned: sessions.planned(),
            never_sent: 0,
        });
        planned.collect()
    }

    /// What is known when it is over. A stage that was not begun has sent nothing.
    pub(super) fn concluded(&self, end: &RunEnd) -> Vec<ReplayFacts> {
        let mut facts = self.planned();
        for replay in &mut facts {
            let stage = end.stages.iter().find(|stage| stage.stage == replay.stage);
            let sessions = stage.and_then(|stage| stage.sessions);
            replay.never_sent = sessions.map_or(replay.planned.calls, |counts| counts.never_sent);
        }
        facts
    }
}
