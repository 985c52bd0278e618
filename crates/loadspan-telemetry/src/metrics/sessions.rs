//! How long sessions lasted.

use std::collections::HashMap;

use loadspan_record::{Phase, RequestRecord, RunOffset};
use loadspan_wire::semconv::metrics as table;

use super::collection::Collection;
use super::instrument::{HistogramInstrument, Measurement};
use super::series::{About, Detail, SeriesKey};
use crate::SessionOutcome;
use crate::config::HistogramShape;

/// More sessions at a time are not measured.
const MOST: usize = 1 << 18;

/// The durations of sessions, those of the warm-up left out.
#[derive(Debug)]
pub(super) struct SessionMetrics {
    duration: HistogramInstrument,
    /// By their numbers, those that have not ended.
    open: HashMap<u64, Course>,
}

#[derive(Debug, Clone, Copy)]
struct Course {
    stage: Option<u32>,
    began_at: RunOffset,
    ended_at: RunOffset,
}

impl SessionMetrics {
    pub(super) fn new(shape: HistogramShape) -> Self {
        Self {
            duration: HistogramInstrument::new(vec![&table::SESSION_DURATION], shape),
            open: HashMap::new(),
        }
    }

    /// Takes a call. `stage` is its stage where there are several.
    pub(super) fn record(&mut self, record: &RequestRecord, stage: Option<u32>) {
        let Some(number) = record.session.filter(|_| record.phase != Phase::Warmup) else {
            return;
        };
        let timings = &record.timings;
        let began_at = timings.sent_at.unwrap_or(timings.scheduled_at);
        let is_full = self.open.len() >= MOST;
        if is_full && !self.open.contains_key(&number) {
            return;
        }
        let course = self.open.entry(number).or_insert(Course {
            stage,
            began_at,
            ended_at: timings.finished_at,
        });
        course.began_at = course.began_at.min(began_at);
        course.ended_at = course.ended_at.max(timings.finished_at);
    }

    pub(super) fn end(&mut self, number: u64, outcome: SessionOutcome) {
        if let Some(course) = self.open.remove(&number) {
            let key = SeriesKey::of(About::Run)
                .in_stage(course.stage)
                .with_detail(Detail::SessionOutcome(outcome));
            let measurement = Measurement {
                value: course.ended_at.nanos_since(course.began_at) as f64 / 1e9,
                times: 1,
                origin: None,
            };
            self.duration.record(key, [measurement]);
        }
    }

    /// Forgets those whose end was never heard of.
    pub(super) fn end_stage(&mut self) {
        self.open.clear();
    }

    pub(super) fn collect(&mut self, collection: &mut Collection<'_>) {
        self.duration.collect(collection);
    }
}
