//! What `run.json` says before the first request.

use std::num::NonZeroU32;

use anyhow::Context;
use loadspan_loadgen::{LoadModel, RunClock, RunPlan, StagePlan, Traffic};
use loadspan_record::{
    Completeness, LoadFacts, LoadModel as LoadKind, Notice, PromptReuse, RunFacts, RunInfo, StageFacts,
    TelemetrySummary, Thresholds,
};
use loadspan_telemetry::provider_name;

use super::prepare;
use crate::artifacts::{RunFile, RunFolder};
use crate::config::{RunConfig, StageConfig};
use crate::host::Host;

/// What came up before the run.
pub(super) struct KnownBefore {
    pub(super) notices: Vec<Notice>,
    /// What the server calls itself, if it says so.
    pub(super) server_version: Option<String>,
    pub(super) clock: RunClock,
}

/// Describes a run that is ready.
///
/// # Errors
///
/// It cannot be encoded.
pub(super) fn describe(
    config: &RunConfig,
    run: &RunPlan,
    (folder, known): (&RunFolder, KnownBefore),
) -> anyhow::Result<RunFile> {
    let anchor = known.clock.anchor();
    let mut file = RunFile::new(
        facts(config, run, (folder, known.notices, anchor.wall_start_unix_ns)),
        anchor,
    );
    file.slice_seconds = config.output.slice.map(|slice| slice.as_secs_f64());
    file.config = serde_json::to_value(config).context("cannot encode the configuration")?;
    file.config_file = config.file.clone();
    file.workload = describe_workload(run).context("cannot encode the workload")?;
    file.request = serde_json::to_value(&run.body).context("cannot encode the request")?;
    if let Some(version) = known.server_version {
        file.request["server_version"] = version.into();
    }
    file.provider = provider(config, run);
    file.host = serde_json::to_value(Host::describe()).context("cannot encode the host")?;
    Ok(file)
}

/// What is sent: that of the only stage, or of each.
fn describe_workload(run: &RunPlan) -> serde_json::Result<serde_json::Value> {
    let describe = |stage: &StagePlan| match &stage.traffic {
        Traffic::Requests(workload) => serde_json::to_value(workload.description()),
        Traffic::Sessions(sessions) => Ok(sessions.description()),
    };
    match run.stages.as_slice() {
        [only] => describe(only),
        stages => stages.iter().map(describe).collect(),
    }
}

fn facts(
    config: &RunConfig,
    run: &RunPlan,
    (folder, notices, started_unix_ns): (&RunFolder, Vec<Notice>, u64),
) -> RunFacts {
    RunFacts {
        run: RunInfo {
            id: run.run_id.to_string(),
            name: folder.name(),
            model: run.body.model.clone(),
            endpoint_type: config.target.endpoint_type.as_str().to_owned(),
            streaming: config.request.streaming,
            urls: config.target.urls.iter().map(ToString::to_string).collect(),
            loadspan_version: env!("CARGO_PKG_VERSION").to_owned(),
            started_unix_ns,
            seed: Some(config.seed),
            measured_from_s: None,
            measured_until_s: None,
            completeness: Completeness::Incomplete {
                reason: "running".to_owned(),
            },
        },
        load: LoadFacts {
            description: config.describe_load(),
            model: load_kind(&run.stages),
        },
        stages: stages(config, &run.stages),
        replays: Vec::new(),
        prompts: if prepare::prompts_are_unique(config) {
            PromptReuse::Unique
        } else {
            PromptReuse::MayRepeat
        },
        unsent: 0,
        client: None,
        preopened: Vec::new(),
        notices,
        slo: config.slo.clone(),
        thresholds: Thresholds::default(),
        telemetry: TelemetrySummary::default(),
    }
}

/// Whose model it is: that of the first server, unless the user says otherwise.
fn provider(config: &RunConfig, run: &RunPlan) -> String {
    let naming = config.telemetry.as_ref().map(|telemetry| &telemetry.naming);
    let said = naming.and_then(|naming| naming.provider.as_deref());
    let host = run.target_config.urls.first().map_or("", |url| url.host());
    provider_name(said, host, Some(run.body.server.as_str()))
}

/// The load of the only stage; several have each their own.
fn load_kind(stages: &[StagePlan]) -> LoadKind {
    match stages {
        [only] => stage_kind(only),
        _ => LoadKind::Staged,
    }
}

/// Several stages, as they are asked for. A run that has one is that stage.
fn stages(config: &RunConfig, plans: &[StagePlan]) -> Vec<StageFacts> {
    if plans.len() < 2 {
        return Vec::new();
    }
    let facts = |(number, (stage, plan)): (usize, (&StageConfig, &StagePlan))| {
        let load = LoadFacts {
            description: stage.describe_load(),
            model: stage_kind(plan),
        };
        StageFacts {
            name: stage.name.clone(),
            role: stage.role,
            ..StageFacts::planned(number as u32, load)
        }
    };
    config.stages.iter().zip(plans).enumerate().map(facts).collect()
}

/// Of traffic in sessions, the load is in sessions.
fn stage_kind(stage: &StagePlan) -> LoadKind {
    let is_of_sessions = matches!(stage.traffic, Traffic::Sessions(_));
    let most = |limit: Option<NonZeroU32>| limit.map(NonZeroU32::get);
    match &stage.load.model {
        LoadModel::Closed { concurrency, .. } if is_of_sessions => LoadKind::ClosedSessions {
            sessions: concurrency.get(),
        },
        LoadModel::Closed { concurrency, .. } => LoadKind::Closed {
            concurrency: concurrency.get(),
        },
        LoadModel::Open {
            schedule,
            max_concurrency,
        } if is_of_sessions => LoadKind::OpenSessions {
            target_rate: Some(schedule.rate),
            max_concurrency: most(*max_concurrency),
        },
        LoadModel::Open {
            schedule,
            max_concurrency,
        } => LoadKind::Open {
            target_rate: Some(schedule.rate),
            max_concurrency: most(*max_concurrency),
        },
        LoadModel::Recorded { max_concurrency } => LoadKind::Recorded {
            max_concurrency: most(*max_concurrency),
        },
    }
}
