//! How the load is going: requests by phase and outcome, in flight, rate, lag.
//!
//! Counters exist as zero from the first export on: no failures is something else than no data.

use loadspan_record::{Outcome, Phase, RequestRecord};
use loadspan_wire::otlp::metrics::number_data_point::Value;
use loadspan_wire::semconv::metrics as table;

use super::collection::{Collection, gauge_point};
use super::instrument::{CounterInstrument, HistogramInstrument, Measurement};
use super::requests::{Finished, first_series};
use super::sent::SentCounts;
use super::series::{About, Detail, ErrorType, SeriesKey};
use crate::config::HistogramShape;
use crate::identity::{LoadState, RunIdentity};

/// The instruments that measure the load.
#[derive(Debug)]
pub(super) struct TimingMetrics {
    sent_counts: SentCounts,
    sent: CounterInstrument,
    completed: CounterInstrument,
    failed: CounterInstrument,
    cancelled: CounterInstrument,
    lag: HistogramInstrument,
    load: Option<LoadState>,
    /// The load at the export before.
    load_before: Option<LoadState>,
}

impl TimingMetrics {
    pub(super) fn new(run: &RunIdentity, shape: HistogramShape) -> Self {
        let mut metrics = Self {
            sent_counts: SentCounts::default(),
            sent: CounterInstrument::new(&table::REQUESTS_SENT),
            completed: CounterInstrument::new(&table::REQUESTS_COMPLETED),
            failed: CounterInstrument::new(&table::REQUESTS_FAILED),
            cancelled: CounterInstrument::new(&table::REQUESTS_CANCELLED),
            lag: HistogramInstrument::new(vec![&table::SCHEDULE_LAG], shape),
            load: None,
            load_before: None,
        };
        for key in first_series(run) {
            let key = key.with_detail(Detail::Phase(Phase::Measure));
            metrics.completed.add(key, 0);
            metrics.failed.add(key.with_error(Some(ErrorType::Other)), 0);
            metrics.cancelled.add(key, 0);
        }
        metrics
    }

    pub(super) fn record(&mut self, finished: Finished<'_>) {
        let record = finished.record;
        let key = finished.key(finished.server).with_detail(Detail::Phase(record.phase));
        self.sent_counts.add(record);
        match record.outcome {
            Outcome::Completed => self.completed.add(key, 1),
            Outcome::Failed(_) => self.failed.add(key.with_error(ErrorType::of(&record.outcome)), 1),
            Outcome::Cancelled => self.cancelled.add(key, 1),
        }
        if record.phase != Phase::Warmup {
            let lag = lag_ns(record).map(|nanos| Measurement {
                value: nanos as f64 / 1e9,
                times: 1,
                origin: finished.origin,
            });
            self.lag.record(finished.key(finished.server), lag);
        }
    }

    pub(super) fn record_load(&mut self, load: LoadState) {
        self.sent_counts.update(&load);
        self.load_before.get_or_insert(load);
        self.load = Some(load);
    }

    pub(super) fn collect(&mut self, collection: &mut Collection<'_>) {
        for (phase, sent) in self.sent_counts.counts() {
            self.sent.raise_to(in_phase(About::Run, phase), sent);
        }
        self.sent.collect(collection);
        self.completed.collect(collection);
        self.failed.collect(collection);
        self.cancelled.collect(collection);
        self.collect_load(collection);
        self.lag.collect(collection);
    }

    fn collect_load(&mut self, collection: &mut Collection<'_>) {
        let (attributes, now) = (
            collection.attributes.of(SeriesKey::of(About::Run)),
            collection.times.now,
        );
        let in_flight = self.load.map_or(0, |load| load.in_flight);
        let point = collection.span_of_run().count(attributes.clone(), in_flight);
        collection.push_up_down_counter(&table::REQUESTS_IN_FLIGHT, point);
        if let Some(sessions) = self.load.and_then(|load| load.sessions) {
            let point = collection.span_of_run().count(attributes.clone(), sessions);
            collection.push_up_down_counter(&table::SESSIONS_IN_FLIGHT, point);
        }
        if let Some(rate) = self.rate() {
            let point = gauge_point(attributes, now, Value::AsDouble(rate));
            collection.push_gauge(&table::REQUEST_RATE, vec![point]);
            self.load_before = self.load;
        }
        if let Some(load) = self.load {
            let points = [Phase::Warmup, Phase::Measure, Phase::Drain].map(|phase| {
                let attributes = collection.attributes.of(in_phase(About::Client, phase));
                gauge_point(attributes, now, Value::AsInt(i64::from(phase == load.phase)))
            });
            collection.push_gauge(&table::RUN_PHASE, points.into());
        }
    }

    /// Requests sent per second since the export before. `None` when no time has passed.
    fn rate(&self) -> Option<f64> {
        let (load, before) = (self.load?, self.load_before?);
        let nanos = load.at.nanos_since(before.at);
        let sent = load.sent.saturating_sub(before.sent);
        (nanos > 0).then(|| sent as f64 * 1e9 / nanos as f64)
    }
}

const fn in_phase(about: About, phase: Phase) -> SeriesKey {
    SeriesKey::of(about).with_detail(Detail::Phase(phase))
}

/// From when it was due to when it was sent. `None` when it was not.
fn lag_ns(record: &RequestRecord) -> Option<u64> {
    Some(record.timings.sent_at?.nanos_since(record.timings.scheduled_at))
}
