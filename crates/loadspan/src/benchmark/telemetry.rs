//! The listener that exports: hands what the run says to its telemetry, on a thread of its own.

use std::io;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::Context;
use loadspan_loadgen::openai::EndpointType;
use loadspan_loadgen::{
    Listeners, Progress, RunClock, RunEnd, RunEvent, RunPlan, SessionFate, StagePlan, Subscription, Traffic,
};
use loadspan_record::{Completeness, ObservedSample, Phase, RunFacts, Summary};
use loadspan_telemetry::config::TelemetryConfig;
use loadspan_telemetry::{
    BodySource, BodyVariety, ClientError, FlushCutter, Flushed, LoadState, MlflowOutlet, Operation, Outlets,
    RecordsOnDisk, RunConclusion, RunIdentity, ServerAddress, SessionOutcome, StageConclusion, StageResult, StartError,
    Telemetry,
};

use super::Plan;
use crate::artifacts::SPOOL_DIR;
use crate::cli::ExportLevel;
use crate::exit::UsageError;
use crate::mlflow;
use crate::records_file::RECORDS_AT_A_TIME;
use crate::terminal;

/// Events that may wait for this listener; far more than ever do.
const QUEUE_EVENTS: usize = 4096;
/// The same where answers come with them, which may have 128 KiB each: 256 MiB at worst.
const QUEUE_EVENTS_WITH_CONTENT: usize = 8;
/// Scrapes that may wait. There are some a second.
const QUEUE_SCRAPES: usize = 256;
/// How often this thread looks whether something is due for export.
const TICK: Duration = Duration::from_millis(50);

/// The thread that exports.
pub(super) struct TelemetryListener {
    thread: JoinHandle<Telemetry>,
    scrapes: SyncSender<ObservedSample>,
    cutter: FlushCutter,
}

impl TelemetryListener {
    /// A place among the listeners, with the text of answers if that is exported.
    pub(super) fn subscribe(config: &TelemetryConfig, listeners: &mut Listeners) -> Subscription {
        if config.captures_content() {
            listeners.subscribe_with_output(QUEUE_EVENTS_WITH_CONTENT)
        } else {
            listeners.subscribe(QUEUE_EVENTS)
        }
    }

    /// Starts the exporters and the thread that feeds them.
    pub(super) fn spawn(telemetry: Telemetry, events: Subscription, clock: RunClock) -> io::Result<Self> {
        let (scrapes, scraped) = sync_channel(QUEUE_SCRAPES);
        let cutter = telemetry.flush_cutter();
        let thread = std::thread::Builder::new()
            .name("loadspan-telemetry".to_owned())
            .spawn(move || listen(telemetry, &events, &scraped, clock))?;
        Ok(Self {
            thread,
            scrapes,
            cutter,
        })
    }

    /// Where samples go to be exported. A full queue costs a sample.
    pub(super) fn scrapes(&self) -> SyncSender<ObservedSample> {
        self.scrapes.clone()
    }

    /// Ends the flush early, also when it has not begun.
    pub(super) fn flush_cutter(&self) -> FlushCutter {
        self.cutter.clone()
    }

    /// The telemetry, with everything recorded. Call after the run has ended. `None` when its thread panicked, of which the user
    /// is told: the run has its report all the same.
    pub(super) fn finish(self) -> Option<Telemetry> {
        let telemetry = self.thread.join().ok();
        if telemetry.is_none() {
            terminal::print_warning("the thread that exports telemetry panicked; please report this");
        }
        telemetry
    }
}

fn listen(
    mut telemetry: Telemetry,
    events: &Subscription,
    scraped: &Receiver<ObservedSample>,
    clock: RunClock,
) -> Telemetry {
    // Requests so far: they go on being counted over stages.
    let mut sent = 0;
    loop {
        match events.next_within(TICK) {
            Some(RunEvent::Records(batch)) => {
                for (position, record) in batch.iter().enumerate() {
                    telemetry.record(record, batch.output_of(position));
                    if position % RECORDS_AT_A_TIME == RECORDS_AT_A_TIME - 1 {
                        std::thread::yield_now();
                    }
                }
                for ended in batch.ended_sessions() {
                    telemetry.end_session(ended.session, session_outcome(ended.fate));
                }
            }
            Some(RunEvent::Progress(progress)) => {
                sent = progress.sent;
                telemetry.record_load(load_state(progress));
            }
            Some(RunEvent::LoadStarted { at, stage }) => telemetry.record_load(LoadState {
                at,
                stage,
                in_flight: 0,
                sent,
                phase: Phase::Warmup,
                sessions: None,
            }),
            Some(RunEvent::StageEnded(end)) => telemetry.end_stage(&StageConclusion {
                stage: end.stage,
                load_started_at: end.load_started_at,
                ended_at: end.ended_at,
            }),
            Some(RunEvent::Finished(_)) => break,
            None => {}
        }
        scraped.try_iter().for_each(|sample| telemetry.record_observed(&sample));
        telemetry.export_due(clock.now());
    }
    telemetry.count_missed(events.missed());
    telemetry
}

fn load_state(progress: Progress) -> LoadState {
    let phase = match progress.measure_started_at {
        _ if progress.draining => Phase::Drain,
        Some(start) if start <= progress.at => Phase::Measure,
        _ => Phase::Warmup,
    };
    LoadState {
        at: progress.at,
        stage: progress.stage,
        in_flight: progress.in_flight,
        sent: progress.sent,
        phase,
        sessions: progress.sessions,
    }
}

const fn session_outcome(fate: SessionFate) -> SessionOutcome {
    match fate {
        SessionFate::Completed => SessionOutcome::Completed,
        SessionFate::Failed => SessionOutcome::Failed,
        SessionFate::Cut => SessionOutcome::Cut,
    }
}

/// Sees that the telemetry of a run can be started, before anything is written or sent.
///
/// # Errors
///
/// A certificate cannot be used.
pub(super) fn check(config: &TelemetryConfig) -> anyhow::Result<()> {
    Telemetry::check(config).map_err(|error| match error {
        StartError::Client(error @ (ClientError::PemFile { .. } | ClientError::HalfIdentity { .. })) => {
            let hint = "name the right file with the variable, or unset it";
            UsageError::with_hint(error.to_string(), hint).into()
        }
        StartError::Client(error) => UsageError::new(error.to_string()).into(),
        error => anyhow::Error::new(error),
    })
}

/// Starts the telemetry of a run.
pub(super) fn start(plan: &Plan, telemetry: &TelemetryConfig) -> anyhow::Result<Telemetry> {
    let Plan {
        config,
        run,
        run_file,
        folder,
        ..
    } = plan;
    let outlets = Outlets {
        spool_dir: folder.file(SPOOL_DIR),
        notices: terminal::notices(),
        console: Box::new(io::stdout()),
        mlflow: telemetry.mlflow.as_ref().map(|mlflow| MlflowOutlet {
            description: mlflow::describe(run_file, mlflow),
            run_dir: folder.path().to_path_buf(),
            records: match config.output.level {
                ExportLevel::Summary => RecordsOnDisk::NotWritten,
                ExportLevel::Records | ExportLevel::Chunks => RecordsOnDisk::Written,
            },
        }),
    };
    Telemetry::start(telemetry, identify(run, &run_file.facts), outlets).context("cannot start telemetry")
}

fn identify(run: &RunPlan, facts: &RunFacts) -> RunIdentity {
    let servers = run.target_config.urls.iter().map(|url| ServerAddress {
        host: url.host().to_owned(),
        port: url.port(),
        provider: None,
    });
    RunIdentity {
        run_id: facts.run.id.clone(),
        name: facts.run.name.clone(),
        start_unix_ns: facts.run.started_unix_ns,
        version: env!("CARGO_PKG_VERSION"),
        operation: match run.body.endpoint_type {
            EndpointType::Chat => Operation::Chat,
            EndpointType::Completions => Operation::Completions,
            EndpointType::Responses => Operation::Responses,
            EndpointType::Embeddings => Operation::Embeddings,
        },
        model: facts.run.model.clone(),
        streaming: run.body.streaming,
        servers: servers.collect(),
        server_kind: Some(run.body.server.as_str().to_owned()),
        load: facts.load.description.clone(),
        stages: facts.stages.clone(),
        slo: facts.slo.clone(),
        trace_plan: run.trace,
        bodies: if run.stages.iter().any(has_payloads) {
            BodyVariety::Individual
        } else {
            BodyVariety::Uniform
        },
        body: body_source(run),
    }
}

/// Bodies as they were sent, or, where they cannot be made again, what all of them have in common.
fn body_source(run: &RunPlan) -> BodySource {
    let (make, common) = (run.body_source(), run.common_body());
    BodySource(Arc::new(move |stage, index| {
        make(stage, index).or_else(|| Some(common.clone()))
    }))
}

/// Whether the bodies of a stage may differ in more than prompt and length.
fn has_payloads(stage: &StagePlan) -> bool {
    match &stage.traffic {
        Traffic::Requests(workload) => workload.has_payloads(),
        // What differs is handed over with the answers.
        Traffic::Sessions(_) => false,
    }
}

/// Delivers what is left; waits no longer than the flush timeout.
pub(super) fn conclude(telemetry: Telemetry, summary: &Summary, end: &RunEnd) -> Flushed {
    let counts = &summary.counts;
    telemetry.finish(&RunConclusion {
        load_started_at: end.load_started_at,
        measure_started_at: end.measure_started_at,
        ended_at: end.ended_at,
        verdict: summary.verdict.clone(),
        incomplete: match &summary.run.completeness {
            Completeness::Complete => None,
            Completeness::Incomplete { reason } => Some(reason.clone()),
        },
        requests: [counts.completed, counts.failed, counts.cancelled],
        stages: stage_results(summary, end),
    })
}

/// What each of several stages has come to.
fn stage_results(summary: &Summary, end: &RunEnd) -> Vec<StageResult> {
    let ended_at = |number| {
        let ended = end.stages.iter().find(|stage| stage.stage == number);
        ended.map(|stage| stage.ended_at)
    };
    let stages = summary.stages.iter().filter_map(|stage| {
        Some(StageResult {
            stage: stage.number,
            ended_at: ended_at(stage.number)?,
            verdict: stage.verdict.as_ref().map(|verdict| verdict.status),
        })
    });
    stages.collect()
}
