//! The telemetry of a benchmark: what it is told before the load, and after it.

mod listener;

use std::io;
use std::sync::Arc;

use anyhow::Context;
use loadspan_loadgen::openai::EndpointType;
use loadspan_loadgen::{RunEnd, RunPlan, StagePlan, Traffic};
use loadspan_record::{Completeness, RunFacts, Summary};
use loadspan_telemetry::config::TelemetryConfig;
use loadspan_telemetry::{
    BodySource, BodyVariety, ClientError, Flushed, MlflowOutlet, Operation, Outlets, RecordsOnDisk, RunConclusion,
    RunIdentity, ServerAddress, StageResult, StartError, Telemetry,
};

pub(super) use self::listener::TelemetryListener;
use super::Plan;
use crate::artifacts::SPOOL_DIR;
use crate::cli::ExportLevel;
use crate::exit::UsageError;
use crate::mlflow;
use crate::terminal;

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
        incomplete: incomplete(&summary.run.completeness),
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
            verdict: stage.verdict.clone(),
        })
    });
    stages.collect()
}

fn incomplete(completeness: &Completeness) -> Option<String> {
    match completeness {
        Completeness::Complete => None,
        Completeness::Incomplete { reason } => Some(reason.clone()),
    }
}
