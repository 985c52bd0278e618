//! How many requests were sent, by phase.
//!
//! The load says at once how many were sent, but not in which phase; a record says in which phase, but only when its request has
//! ended. Together they count live what surely belongs to a phase, and exactly once all have ended. Counts never go back.

use loadspan_record::{Phase, RequestRecord};

use crate::identity::LoadState;

/// Requests sent, by phase.
#[derive(Debug, Default)]
pub(super) struct SentCounts {
    warmup: u64,
    measure: u64,
    ended_of_warmup: u64,
    ended_of_measure: u64,
    /// The most that can have been sent in the warm-up of the stage, once it is over.
    warmup_at_most: Option<u64>,
    stage: u32,
    /// Those of the stages before, which have all ended: warm-up and measured.
    before: [u64; 2],
}

impl SentCounts {
    /// Counts a request that has ended.
    pub(super) fn add(&mut self, record: &RequestRecord) {
        let (count, ended) = match record.phase {
            Phase::Warmup => (&mut self.warmup, &mut self.ended_of_warmup),
            Phase::Measure | Phase::Drain => (&mut self.measure, &mut self.ended_of_measure),
        };
        *ended += 1;
        *count = (*count).max(*ended);
    }

    /// Takes what the load says.
    pub(super) fn update(&mut self, load: &LoadState) {
        if load.stage != self.stage {
            self.stage = load.stage;
            self.before = [self.ended_of_warmup, self.ended_of_measure];
            self.warmup_at_most = None;
        }
        let [warmup_before, measured_before] = self.before;
        let sent = load.sent.saturating_sub(warmup_before + measured_before);
        match load.phase {
            Phase::Warmup => self.warmup = self.warmup.max(warmup_before + sent),
            Phase::Measure => {
                // What was sent between the last word of the warm-up and the first of measuring may belong to either.
                let has_warmed_up = self.warmup > warmup_before;
                let at_most = *self.warmup_at_most.get_or_insert(if has_warmed_up { sent } else { 0 });
                self.measure = self.measure.max(measured_before + sent.saturating_sub(at_most));
            }
            Phase::Drain => {
                if let Some(at_most) = self.warmup_at_most {
                    self.measure = self.measure.max(measured_before + sent.saturating_sub(at_most));
                }
            }
        }
    }

    /// Each phase that has sent anything, and the measured one.
    pub(super) fn counts(&self) -> impl Iterator<Item = (Phase, u64)> {
        let warmup = (self.warmup > 0).then_some((Phase::Warmup, self.warmup));
        [warmup, Some((Phase::Measure, self.measure))].into_iter().flatten()
    }
}

#[cfg(test)]
mod tests {
    use loadspan_record::RunOffset;

    use super::*;
    use crate::metrics::testing;

    fn load(phase: Phase, sent: u64) -> LoadState {
        LoadState {
            stage: 0,
            sessions: None,
            at: RunOffset::ZERO,
            in_flight: 0,
            sent,
            phase,
        }
    }

    fn ended(phase: Phase) -> RequestRecord {
        RequestRecord {
            phase,
            ..testing::stream(1)
        }
    }

    #[test]
    fn without_a_warm_up_everything_sent_is_measured_at_once() {
        let mut sent = SentCounts::default();
        sent.update(&load(Phase::Measure, 64));
        assert_eq!(sent.counts().collect::<Vec<_>>(), [(Phase::Measure, 64)]);
        sent.update(&load(Phase::Drain, 70));
        assert_eq!(sent.counts().collect::<Vec<_>>(), [(Phase::Measure, 70)]);
    }

    #[test]
    fn what_is_sent_at_the_turn_of_phases_is_counted_when_it_has_ended() {
        let mut sent = SentCounts::default();
        sent.update(&load(Phase::Warmup, 8));
        sent.update(&load(Phase::Measure, 13));
        assert_eq!(
            sent.counts().collect::<Vec<_>>(),
            [(Phase::Warmup, 8), (Phase::Measure, 0)]
        );
        sent.update(&load(Phase::Measure, 20));
        assert_eq!(
            sent.counts().collect::<Vec<_>>(),
            [(Phase::Warmup, 8), (Phase::Measure, 7)]
        );
        for phase in [vec![Phase::Warmup; 10], vec![Phase::Measure; 10]].concat() {
            sent.add(&ended(phase));
        }
        assert_eq!(
            sent.counts().collect::<Vec<_>>(),
            [(Phase::Warmup, 10), (Phase::Measure, 10)]
        );
    }

    #[test]
    fn a_request_that_found_no_connection_was_begun() {
        let mut sent = SentCounts::default();
        let mut record = ended(Phase::Measure);
        record.timings.sent_at = None;
        sent.add(&record);
        assert_eq!(sent.counts().collect::<Vec<_>>(), [(Phase::Measure, 1)]);
    }

    #[test]
    fn a_stage_begins_where_the_one_before_has_ended() {
        let mut counts = SentCounts::default();
        counts.update(&load(Phase::Measure, 3));
        (0..3).for_each(|_| counts.add(&ended(Phase::Measure)));
        let second = |phase, sent| LoadState {
            stage: 1,
            ..load(phase, sent)
        };
        counts.update(&second(Phase::Warmup, 3));
        assert_eq!(counts.counts().collect::<Vec<_>>(), [(Phase::Measure, 3)]);
        counts.update(&second(Phase::Warmup, 5));
        counts.update(&second(Phase::Measure, 5));
        counts.update(&second(Phase::Measure, 9));
        let all: Vec<_> = counts.counts().collect();
        assert_eq!(all, [(Phase::Warmup, 2), (Phase::Measure, 7)]);
    }
}
