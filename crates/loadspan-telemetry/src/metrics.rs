//! The metrics of a run: recorded from finished requests, exported every so often, and once after the last request.
//!
//! Percentiles are never taken from these histograms: their buckets are for dashboards. The instruments are in the table of
//! `loadspan-wire`.

mod attributes;
mod collection;
mod exemplar;
mod histogram;
mod instrument;
mod ledger;
mod requests;
mod scraped;
mod sent;
mod series;
mod sessions;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
mod timing;

use loadspan_record::{ObservedGauge, Phase, RequestRecord, RunOffset, SignalLedger};
use loadspan_wire::otlp::{Message, Resource};

use self::attributes::Attributes;
use self::collection::{Collection, Times};
use self::exemplar::Origin;
use self::ledger::LedgerMetrics;
use self::requests::{Finished, RequestMetrics};
use self::scraped::ScrapedGauges;
use self::series::About;
use self::sessions::SessionMetrics;
use self::timing::TimingMetrics;
use crate::config::{ExemplarFilter, MetricsConfig, Naming, Temporality};
use crate::export::{Contents, Payload};
use crate::identity::{LoadState, RunIdentity, SessionOutcome};

/// Aggregates what a run has to say in numbers. Owned by one thread; takes no lock and does no I/O.
#[derive(Debug)]
pub struct MetricsRecorder {
    start_unix_ns: u64,
    version: &'static str,
    resource: Resource,
    temporality: Temporality,
    exemplars: ExemplarFilter,
    has_traces: bool,
    attributes: Attributes,
    /// Whether series are told apart by stage.
    has_stages: bool,
    requests: Option<RequestMetrics>,
    timing: Option<TimingMetrics>,
    sessions: Option<SessionMetrics>,
    ledger: Option<LedgerMetrics>,
    scraped: Option<ScrapedGauges>,
    last_collect: RunOffset,
}

impl MetricsRecorder {
    /// A recorder for a run whose provider, as the conventions name it, is `provider`.
    #[must_use]
    pub fn new(
        config: &MetricsConfig,
        naming: &Naming,
        run: &RunIdentity,
        provider: String,
        resource: Resource,
    ) -> Self {
        let (groups, shape) = (config.groups, config.histograms);
        Self {
            start_unix_ns: run.start_unix_ns,
            version: run.version,
            resource,
            temporality: config.temporality,
            exemplars: config.exemplars,
            has_traces: run.trace_plan.is_some(),
            attributes: Attributes::new(run, provider),
            has_stages: !run.stages.is_empty(),
            requests: groups.requests.then(|| RequestMetrics::new(run, naming.semconv, shape)),
            timing: groups.timing.then(|| TimingMetrics::new(run, shape)),
            sessions: groups.timing.then(|| SessionMetrics::new(shape)),
            ledger: (groups.requests || groups.timing).then(LedgerMetrics::new),
            scraped: groups.scraped.then(ScrapedGauges::default),
            last_collect: RunOffset::ZERO,
        }
    }

    /// Takes a finished request. `model` is the one that its body names, where that is not the run's; `sampled` is whether its
    /// span is.
    pub fn record(&mut self, record: &RequestRecord, model: Option<&str>, sampled: bool) {
        let origin = self.may_be_exemplar(sampled).then(|| self.origin(record));
        let (server, response) = self.about(record, model);
        let stage = self.has_stages.then_some(record.stage);
        let finished = Finished {
            record,
            server,
            response,
            stage,
            origin: origin.as_ref(),
        };
        if let Some(timing) = &mut self.timing {
            timing.record(finished);
        }
        if let Some(sessions) = &mut self.sessions {
            sessions.record(record, stage);
        }
        if let Some(requests) = self.requests.as_mut().filter(|_| record.phase == Phase::Measure) {
            requests.record(finished);
        }
    }

    /// Takes the end of a session. The records of its calls came before.
    pub fn end_session(&mut self, session: u64, outcome: SessionOutcome) {
        if let Some(sessions) = &mut self.sessions {
            sessions.end(session, outcome);
        }
    }

    /// Takes the end of a stage. The ends of its sessions came before.
    pub fn end_stage(&mut self) {
        if let Some(sessions) = &mut self.sessions {
            sessions.end_stage();
        }
    }

    /// Takes the load as it is. After the last request it has to say that nothing is in flight any more.
    pub fn record_load(&mut self, load: LoadState) {
        if let Some(timing) = &mut self.timing {
            timing.record_load(load);
        }
    }

    /// Takes a value that was scraped. It is exported once.
    pub fn record_gauge(&mut self, point: ObservedGauge) {
        if let Some(scraped) = &mut self.scraped {
            scraped.record(point);
        }
    }

    /// Takes what has become of the telemetry so far.
    pub fn record_ledgers(&mut self, ledgers: &[SignalLedger]) {
        if let Some(ledger) = &mut self.ledger {
            ledger.record(ledgers);
        }
    }

    /// What there is to export. `None` when there is nothing.
    pub fn collect(&mut self, at: RunOffset) -> Option<Payload> {
        let at = at.max(self.last_collect);
        let times = Times {
            start: self.start_unix_ns,
            previous: self.unix_ns(self.last_collect),
            now: self.unix_ns(at),
        };
        self.last_collect = at;
        let mut collection = Collection::new(&self.attributes, times, self.temporality);
        if let Some(requests) = &mut self.requests {
            requests.collect(&mut collection);
        }
        if let Some(timing) = &mut self.timing {
            timing.collect(&mut collection);
        }
        if let Some(sessions) = &mut self.sessions {
            sessions.collect(&mut collection);
        }
        if let Some(ledger) = &mut self.ledger {
            ledger.collect(&mut collection);
        }
        if let Some(scraped) = &mut self.scraped {
            scraped.collect(&mut collection);
        }
        let (request, items) = collection.finish(self.resource.clone(), self.version)?;
        Some(Payload {
            contents: Contents::Metrics,
            items,
            body: request.encode_to_vec().into(),
        })
    }

    fn may_be_exemplar(&self, sampled: bool) -> bool {
        match self.exemplars {
            ExemplarFilter::TraceBased => sampled,
            ExemplarFilter::AlwaysOn => true,
            ExemplarFilter::AlwaysOff => false,
        }
    }

    fn origin(&self, record: &RequestRecord) -> Origin {
        Origin {
            time_unix_ns: self.unix_ns(record.timings.finished_at),
            span: self.has_traces.then_some((record.trace_id, record.span_id)),
        }
    }

    /// What the series of a request are about, without and with the model that answered.
    fn about(&mut self, record: &RequestRecord, model: Option<&str>) -> (About, About) {
        let target = record.target;
        let model = match model {
            Some(model) => self.attributes.model(model),
            None => Some(Attributes::RUN_MODEL),
        };
        let Some(model) = model else {
            return (About::Overflow, About::Overflow);
        };
        let server = About::Server { target, model };
        let response = |response_model| About::Response {
            target,
            model,
            response_model,
        };
        let response = match record.response_model.as_deref() {
            None => response(None),
            Some(name) => self
                .attributes
                .model(name)
                .map_or(About::Overflow, |name| response(Some(name))),
        };
        (server, response)
    }

    const fn unix_ns(&self, at: RunOffset) -> u64 {
        self.start_unix_ns.saturating_add(at.as_nanos())
    }
}
