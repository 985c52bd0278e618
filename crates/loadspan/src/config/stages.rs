//! Stages: parts of a run with a load of their own. A run that nobody has divided has one.

use std::time::Duration;

use loadspan_loadgen::conversation::ConversationConfig;
use loadspan_loadgen::schedule::ArrivalProcess;
use loadspan_loadgen::workload::WorkloadConfig;
use loadspan_loadgen::{LoadConfig, LoadModel, StageRole};
use loadspan_record::counted;
use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};

use super::{ReplayConfig, load, replay, sessions, workload};
use crate::cli::ProfileArgs;
use crate::exit::UsageError;

/// A stage as it is asked for. Only a file can have several.
#[derive(Debug, Clone)]
pub(crate) struct AskedStage {
    pub(crate) name: Option<String>,
    pub(crate) role: StageRole,
    /// How long nothing is sent before it.
    pub(crate) pause: Duration,
    /// What holds in it: its own words over those of the run.
    pub(crate) args: ProfileArgs,
    /// The flags that it says itself, with their dashes.
    pub(crate) own_flags: Vec<String>,
}

impl AskedStage {
    /// Whether it says this flag itself.
    pub(super) fn says(&self, flag: &str) -> bool {
        self.own_flags.iter().any(|own| own == flag)
    }
}

/// A stage, as it shall be run.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct StageConfig {
    /// Its name, if it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) name: Option<String>,
    pub(crate) role: StageRole,
    /// How long nothing is sent before it.
    pub(crate) pause: Duration,
    pub(crate) load: LoadConfig,
    #[serde(skip)]
    pub(crate) traffic: TrafficConfig,
}

/// What a stage sends.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum TrafficConfig {
    /// Requests that know nothing of each other.
    Requests(WorkloadConfig),
    /// Sessions of a user and the server.
    Conversations(ConversationConfig),
    /// Sessions that were recorded.
    Replay(ReplayConfig),
}

/// Resolves the stages of a run, or the only one that the flags describe.
///
/// # Errors
///
/// Values that make no sense.
pub(super) fn resolve(args: &ProfileArgs, asked: &[AskedStage], seed: u64) -> Result<Vec<StageConfig>, UsageError> {
    if asked.is_empty() {
        return Ok(vec![StageConfig {
            name: None,
            role: StageRole::Measured,
            pause: Duration::ZERO,
            load: resolve_load(args, seed)?,
            traffic: resolve_traffic(args, seed)?,
        }]);
    }
    let resolve = |(number, stage): (usize, &AskedStage)| {
        let resolved = resolve_stage(stage, seed);
        resolved.map_err(|error| error.in_stage(number))
    };
    asked.iter().enumerate().map(resolve).collect()
}

fn resolve_stage(stage: &AskedStage, seed: u64) -> Result<StageConfig, UsageError> {
    Ok(StageConfig {
        name: stage.name.clone(),
        role: stage.role,
        pause: stage.pause,
        load: resolve_load(&stage.args, seed)?,
        traffic: resolve_traffic(&stage.args, seed)?,
    })
}

fn resolve_load(args: &ProfileArgs, seed: u64) -> Result<LoadConfig, UsageError> {
    if args.replay.is_asked_for() {
        replay::resolve_load(args, seed)
    } else if args.sessions.are_asked_for() {
        sessions::resolve_load(args, seed)
    } else {
        load::resolve(&args.load, seed)
    }
}

fn resolve_traffic(args: &ProfileArgs, seed: u64) -> Result<TrafficConfig, UsageError> {
    if args.replay.is_asked_for() {
        return replay::resolve(args, seed).map(TrafficConfig::Replay);
    }
    if args.sessions.are_asked_for() {
        return sessions::resolve(args, seed).map(TrafficConfig::Conversations);
    }
    workload::resolve(&args.workload, seed).map(TrafficConfig::Requests)
}

impl StageConfig {
    /// Its name, or its number among the stages of the run, from 0, as in its figures.
    pub(crate) fn title(&self, number: usize) -> String {
        self.name.clone().unwrap_or_else(|| format!("stage {number}"))
    }

    /// The load in the words of a person.
    pub(crate) fn describe_load(&self) -> String {
        let sessions = match &self.traffic {
            TrafficConfig::Requests(_) => false,
            TrafficConfig::Conversations(_) | TrafficConfig::Replay(_) => true,
        };
        let unit = if sessions { "sessions/s" } else { "req/s" };
        match &self.load.model {
            LoadModel::Closed { concurrency, .. } if sessions => {
                counted(u64::from(concurrency.get()), "concurrent session")
            }
            LoadModel::Closed { concurrency, .. } => format!("{concurrency} concurrent"),
            LoadModel::Open {
                schedule,
                max_concurrency,
            } => {
                let limit = max_concurrency.map_or(String::new(), |limit| format!(", at most {limit} at once"));
                let process = match schedule.process {
                    ArrivalProcess::Constant => "constant",
                    ArrivalProcess::Poisson => "poisson",
                    ArrivalProcess::Gamma { .. } => "gamma",
                };
                format!("{process} {} {unit}{limit}", schedule.rate)
            }
            LoadModel::Recorded { max_concurrency } => {
                let limit = max_concurrency.map_or(String::new(), |limit| format!(", at most {limit} at once"));
                format!("recorded arrivals{limit}")
            }
        }
    }
}

/// The load of all stages in the words of a person.
pub(crate) fn describe_load(stages: &[StageConfig]) -> String {
    let described: Vec<String> = stages.iter().map(StageConfig::describe_load).collect();
    match described.as_slice() {
        [] => String::new(),
        [only] => only.clone(),
        [.., last] if described.len() > 4 => format!("{} stages: {} to {last}", described.len(), described[0]),
        several => format!("{} stages: {}", several.len(), several.join("; ")),
    }
}

/// The load as a part of a name: `concurrency8`, `request_rate20`, `3stages`.
pub(crate) fn load_label(stages: &[StageConfig]) -> String {
    let [only] = stages else {
        return format!("{}stages", stages.len());
    };
    let sessions = match &only.traffic {
        TrafficConfig::Requests(_) => false,
        TrafficConfig::Conversations(_) | TrafficConfig::Replay(_) => true,
    };
    match &only.load.model {
        LoadModel::Closed { concurrency, .. } if sessions => format!("sessions{concurrency}"),
        LoadModel::Closed { concurrency, .. } => format!("concurrency{concurrency}"),
        LoadModel::Open { schedule, .. } if sessions => format!("session_rate{}", schedule.rate),
        LoadModel::Open { schedule, .. } => format!("request_rate{}", schedule.rate),
        LoadModel::Recorded { .. } => "recorded".to_owned(),
    }
}

/// The load of the only stage, as it was before there were stages, or the stages.
pub(super) fn serialize<S: Serializer>(stages: &[StageConfig], serializer: S) -> Result<S::Ok, S::Error> {
    let mut map = serializer.serialize_map(Some(1))?;
    match stages {
        [only] if only.name.is_none() => map.serialize_entry("load", &only.load)?,
        [only] => {
            map.serialize_entry("load", &only.load)?;
            map.serialize_entry("stages", stages)?;
        }
        several => map.serialize_entry("stages", several)?,
    }
    map.end()
}
