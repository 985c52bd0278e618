//! The telemetry of a run, from its first record to its ledger. Owned by the thread that listens to the run.

use std::sync::Arc;
use std::time::{Duration, Instant};

use loadspan_record::{ObservedSample, OutputText, Phase, RequestRecord, RunOffset, redact_url};
use loadspan_wire::semconv::provider::{provider_name, provider_of_host};

use crate::config::{ContentCapture, MlflowConfig, Naming, TelemetryConfig};
use crate::export::{
    Deadlines, Exporters, FlushCutter, Flushed, Notices, Outlets, Payload, Pipeline, RecordsOnDisk, StartError,
};
use crate::identity::{
    BodyVariety, LoadState, RunConclusion, RunIdentity, SessionOutcome, StageConclusion, StageResult,
};
use crate::metrics::MetricsRecorder;
use crate::mlflow::{LiveRecorder, LiveSetup, StageTags};
use crate::resource;
use crate::traces::{RequestParameters, Sampled, TraceRecorder};

/// The share of MLflow's flush timeout that live metrics and traces may take. The rest is for the completion of the run.
const LIVE_SHARE: f64 = 0.5;
/// How often it is looked whether the last spans have a fate.
const SETTLE_INTERVAL: Duration = Duration::from_millis(2);

/// Telemetry of a run in progress.
#[derive(Debug)]
pub struct Telemetry {
    run: RunIdentity,
    /// Of all requests, or of the first one where each has its own.
    parameters: RequestParameters,
    content: ContentCapture,
    traces: Option<TraceRecorder>,
    metrics: Option<Metrics>,
    live: Option<LiveRecorder>,
    /// As it was last said to be.
    load: Option<LoadState>,
    exporters: Exporters,
    flush_timeout: Duration,
    mlflow_flush_timeout: Duration,
}

#[derive(Debug)]
struct Metrics {
    recorder: MetricsRecorder,
    interval: Duration,
    next_collect: RunOffset,
}

impl Telemetry {
    /// Whether a configuration can be started: to be asked before anything is written or sent.
    ///
    /// # Errors
    ///
    /// As [`Telemetry::start`].
    pub fn check(config: &TelemetryConfig) -> Result<(), StartError> {
        Exporters::check(config)
    }

    /// Starts the exporters. Connects to nothing yet: a dead endpoint delays nobody.
    ///
    /// # Errors
    ///
    /// A certificate cannot be read, or a thread cannot be started.
    pub fn start(config: &TelemetryConfig, mut run: RunIdentity, outlets: Outlets) -> Result<Self, StartError> {
        let beside = BesidePoints {
            run_start_unix_ns: run.start_unix_ns,
            records: outlets.mlflow.as_ref().map(|mlflow| mlflow.records),
            notices: Arc::clone(&outlets.notices),
        };
        let exporters = Exporters::start(config, outlets)?;
        let resource = resource::describe(&config.resource, &run);
        let provider = provider_of(&config.naming, &run);
        if config.naming.provider.is_none() {
            name_providers(&mut run);
        }
        let body = (run.body.0)(0, 0).unwrap_or_default();
        let traces = config.traces.as_ref();
        let recorder =
            traces.map(|traces| TraceRecorder::new(traces, &config.naming, &run, provider.clone(), &resource));
        let metrics = config.metrics.as_ref().map(|metrics| Metrics {
            recorder: MetricsRecorder::new(metrics, &config.naming, &run, provider, resource),
            interval: metrics.interval,
            next_collect: RunOffset::ZERO,
        });
        let mlflow = config.mlflow.as_ref();
        let live = mlflow.and_then(|mlflow| live_recorder(mlflow, &exporters, beside));
        Ok(Self {
            parameters: RequestParameters::from_body(&body, run.operation).for_every_request(),
            content: traces.map_or(ContentCapture::Off, |traces| traces.content),
            traces: recorder,
            metrics,
            live,
            load: None,
            exporters,
            flush_timeout: config.flush_timeout,
            mlflow_flush_timeout: mlflow.map_or(Duration::ZERO, |mlflow| mlflow.flush_timeout),
            run,
        })
    }

    /// Takes a finished request, and its text where content is captured.
    pub fn record(&mut self, record: &RequestRecord, output: Option<&OutputText>) {
        if let Some(live) = &mut self.live {
            live.record(record);
        }
        if self.traces.is_none() && self.metrics.is_none() {
            return;
        }
        let own_parameters = self.own_parameters(record, output);
        let parameters = own_parameters.as_ref().unwrap_or(&self.parameters);
        let is_exported = match &mut self.traces {
            Some(traces) if trace_pipelines(&self.exporters).any(Pipeline::is_taken) => {
                traces.record(record, parameters, output) == Sampled::Yes
            }
            _ => false,
        };
        if let Some(metrics) = &mut self.metrics {
            let own_model = own_parameters.as_ref().and_then(|own| own.model.as_deref());
            metrics.recorder.record(record, own_model, is_exported);
        }
    }

    /// What a request asked for, where that is not the same for all of them.
    fn own_parameters(&self, record: &RequestRecord, output: Option<&OutputText>) -> Option<RequestParameters> {
        let operation = self.run.operation;
        let body = || {
            let said = output.map(|output| &output.body).filter(|body| !body.is_empty());
            said.cloned()
                .or_else(|| (self.run.body.0)(record.stage, record.id.index))
                .unwrap_or_default()
        };
        match (self.run.bodies, self.content) {
            (BodyVariety::Uniform, ContentCapture::Off) => None,
            (BodyVariety::Uniform, ContentCapture::On) => {
                Some(self.parameters.clone().with_content(&body(), operation))
            }
            (BodyVariety::Individual, content) => {
                let body = body();
                let parameters = RequestParameters::from_body(&body, operation);
                Some(match content {
                    ContentCapture::Off => parameters,
                    ContentCapture::On => parameters.with_content(&body, operation),
                })
            }
        }
    }

    /// Takes the load as it is. To be called when the load begins, too: rates count from there.
    pub fn record_load(&mut self, load: LoadState) {
        self.load = Some(load);
        if let Some(metrics) = &mut self.metrics {
            metrics.recorder.record_load(load);
        }
    }

    /// Takes the beginning of the load of a stage.
    pub fn begin_stage(&mut self, stage: u32, at: RunOffset) {
        if let Some(tags) = self.stage_tags() {
            tags.begin(stage, at);
        }
    }

    /// Takes the end of a session. The records of its calls came before.
    pub fn end_session(&mut self, session: u64, outcome: SessionOutcome) {
        if let Some(traces) = &mut self.traces {
            traces.end_session(session, outcome);
        }
        if let Some(metrics) = &mut self.metrics {
            metrics.recorder.end_session(session, outcome);
        }
    }

    /// Takes the end of a stage. Its records came before.
    pub fn end_stage(&mut self, end: &StageConclusion) {
        if let Some(traces) = &mut self.traces {
            traces.end_stage(end);
        }
        if let Some(metrics) = &mut self.metrics {
            metrics.recorder.end_stage();
        }
        if let Some(tags) = self.stage_tags() {
            tags.end(end.stage, end.ended_at);
        }
    }

    /// What says in MLflow when stages are. `None`: nobody asks, or there is but one.
    fn stage_tags(&self) -> Option<&StageTags> {
        let mlflow = self.exporters.mlflow().filter(|_| !self.run.stages.is_empty());
        mlflow.map(|mlflow| &mlflow.stages)
    }

    /// Takes what one of several stages has come to, before or after its end. Of those of which it is not taken, the conclusion of
    /// the run tells it.
    pub fn judge_stage(&mut self, result: StageResult) {
        if let Some(traces) = &mut self.traces {
            traces.judge_stage(result);
        }
    }

    /// Takes what a server or GPUs said of themselves.
    pub fn record_observed(&mut self, sample: &ObservedSample) {
        if let Some(live) = &mut self.live {
            live.observe(sample);
        }
        if let Some(metrics) = &mut self.metrics {
            for gauge in sample.gauges() {
                metrics.recorder.record_gauge(gauge);
            }
        }
    }

    /// Notes requests whose records never arrived here. Their spans are produced and dropped. Of their live points, which may be five
    /// each, one is counted: it is made again from `records.jsonl`, or dropped where there is none. That they are not in the metrics is
    /// a notice, the first time.
    pub fn count_missed(&mut self, requests: u64) {
        if requests == 0 {
            return;
        }
        if let (Some(pipeline), Some(_)) = (self.exporters.metrics(), &self.metrics)
            && pipeline.is_taken()
        {
            pipeline.tell_missed(requests);
        }
        if let Some(live) = &self.live {
            live.count_missed(requests);
        }
        if self.traces.is_some() {
            trace_pipelines(&self.exporters).for_each(|pipeline| pipeline.count_dropped(requests));
        }
    }

    /// Hands over what is due for export. Never blocks.
    pub fn export_due(&mut self, now: RunOffset) {
        self.export_spans(now);
        if let Some(live) = &mut self.live {
            live.export_due(now);
        }
        let is_due = |metrics: &&mut Metrics| now >= metrics.next_collect;
        if let Some(metrics) = self.metrics.as_mut().filter(is_due) {
            metrics.next_collect = now.after(metrics.interval);
            self.export_points(now);
        }
    }

    /// The ledger of the first signal of a sink, as it stands.
    #[cfg(test)]
    pub(crate) fn ledger_of(&self, sink: loadspan_record::Sink) -> Option<loadspan_record::SignalLedger> {
        let mut ledgers = self.exporters.ledgers().into_iter();
        ledgers.find(|ledger| ledger.sink == sink)
    }

    /// Ends [`Telemetry::finish`] early, from another thread.
    #[must_use]
    pub fn flush_cutter(&self) -> FlushCutter {
        self.exporters.flush_cutter()
    }

    /// Exports what is left, waits until it is delivered or the flush timeouts are over, and ends every thread. What is left then
    /// lies in the spool; what of live metrics is left is in `records.jsonl`. For MLflow it waits half of its flush timeout, so that
    /// there is time for the completion of the run, and five seconds where MLflow does not answer.
    pub fn finish(mut self, conclusion: &RunConclusion) -> Flushed {
        let started = Instant::now();
        let deadlines = Deadlines {
            otlp: started + self.flush_timeout,
            mlflow: started + self.mlflow_flush_timeout.mul_f64(LIVE_SHARE),
        };
        let now = conclusion.ended_at;
        self.export_spans(RunOffset::from_nanos(u64::MAX));
        self.export_last_spans(conclusion);
        if let Some(live) = self.live.take() {
            live.finish();
        }
        if let Some(mlflow) = self.exporters.mlflow() {
            mlflow.close(deadlines.mlflow);
        }
        self.await_spans();
        self.record_end_of_load(now);
        self.export_points(now);
        self.exporters.finish(deadlines)
    }

    fn export_last_spans(&mut self, conclusion: &RunConclusion) {
        let Some(traces) = self.traces.take() else { return };
        trace_pipelines(&self.exporters).for_each(|pipeline| pipeline.count_sampled_out(traces.sampled_out()));
        let last = traces.finish(conclusion);
        last.requests.iter().for_each(|payload| self.submit_spans(payload));
        last.above.into_iter().for_each(|payload| self.submit_above(payload));
    }

    /// Waits for the fate of the spans, so that the last points can tell it; for half of the flush timeout at most.
    fn await_spans(&self) {
        let until = Instant::now() + self.flush_timeout / 2;
        let (Some(traces), Some(_)) = (self.exporters.traces(), &self.metrics) else {
            return;
        };
        while !traces.is_settled() && Instant::now() < until {
            std::thread::sleep(SETTLE_INTERVAL);
        }
    }

    /// Nothing is in flight any more, whatever was said last.
    fn record_end_of_load(&mut self, at: RunOffset) {
        if let Some(last) = self.load {
            self.record_load(LoadState {
                at,
                in_flight: 0,
                sessions: last.sessions.map(|_| 0),
                phase: Phase::Drain,
                ..last
            });
        }
    }

    fn export_spans(&mut self, now: RunOffset) {
        while let Some(payload) = self.traces.as_mut().and_then(|traces| traces.take_payload(now)) {
            self.submit_spans(&payload);
        }
        while let Some(payload) = self.traces.as_mut().and_then(|traces| traces.take_above(now)) {
            self.submit_above(payload);
        }
    }

    /// A trace store has no use for a trace without a request.
    fn submit_above(&self, payload: Payload) {
        if let Some(pipeline) = self.exporters.traces() {
            pipeline.submit(payload);
        }
    }

    /// To whoever takes spans.
    fn submit_spans(&self, payload: &Payload) {
        if let Some(pipeline) = self.exporters.traces() {
            pipeline.submit(payload.clone());
        }
        if let Some(pipeline) = self.exporters.mlflow().and_then(|mlflow| mlflow.traces.as_ref()) {
            pipeline.submit(payload.for_trace_store());
        }
    }

    fn export_points(&mut self, now: RunOffset) {
        let ledgers = self.exporters.ledgers();
        let (Some(metrics), Some(pipeline)) = (&mut self.metrics, self.exporters.metrics()) else {
            return;
        };
        metrics.recorder.record_ledgers(&ledgers);
        if let Some(payload) = metrics.recorder.collect(now) {
            pipeline.submit(payload);
        }
    }
}

/// Whoever takes spans.
fn trace_pipelines(exporters: &Exporters) -> impl Iterator<Item = &Pipeline> {
    let to_mlflow = exporters.mlflow().and_then(|mlflow| mlflow.traces.as_ref());
    exporters.traces().into_iter().chain(to_mlflow)
}

/// What live points need beside MLflow and its pipeline.
struct BesidePoints {
    run_start_unix_ns: u64,
    records: Option<RecordsOnDisk>,
    notices: Notices,
}

/// `None`: no points are sent while the run goes on.
fn live_recorder(mlflow: &MlflowConfig, exporters: &Exporters, beside: BesidePoints) -> Option<LiveRecorder> {
    let exports = exporters.mlflow()?;
    Some(LiveRecorder::new(LiveSetup {
        choice: mlflow.live,
        run_start_unix_ns: beside.run_start_unix_ns,
        pipeline: exports.points.clone()?,
        file: Arc::clone(&exports.file),
        records: beside.records.unwrap_or(RecordsOnDisk::NotWritten),
        notices: beside.notices,
        destination: redact_url(mlflow.server.tracking_uri.as_str()),
    }))
}

/// Says of each server whose it is, as far as its name tells.
fn name_providers(run: &mut RunIdentity) {
    for server in &mut run.servers {
        server.provider = provider_of_host(&server.host).map(str::to_owned);
    }
}

/// `gen_ai.provider.name` of the run: by the first of its servers, unless the user says otherwise.
fn provider_of(naming: &Naming, run: &RunIdentity) -> String {
    let host = run.servers.first().map_or("", |server| server.host.as_str());
    provider_name(naming.provider.as_deref(), host, run.server_kind.as_deref())
}
