//! Stages: parts of a run with a load of their own. A run that nobody has divided has one.

use std::time::Duration;

use loadspan_loadgen::conversation::ConversationConfig;
use loadspan_loadgen::schedule::ArrivalProcess;
use loadspan_loadgen::workload::WorkloadConfig;
use loadspan_loadgen::{Limits, LoadConfig, LoadModel, StageRole};
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
    /// Its name, or its number among the stages of the run, which begin with 1 for people.
    pub(crate) fn title(&self, number: usize) -> String {
        self.name.clone().unwrap_or_else(|| format!("stage {}", number + 1))
    }

    /// When it ends, in the words of a person.
    pub(crate) fn describe_length(&self) -> String {
        describe_limits(&self.load.limits)
    }

    /// The load in the words of a person.
    pub(crate) fn describe_load(&self) -> String {
        let sessions = match &self.traffic {
            TrafficConfig::Requests(_) => false,
            TrafficConfig::Conversations(_) | TrafficConfig::Replay(_) => true,
        };
        let unit = if sessions { "sessions/s" } else { "req/s" };
        match &self.load.model {
            LoadModel::Closed { concurrency, .. } if sessions => match concurrency.get() {
                1 => "1 session".to_owned(),
                several => format!("{several} sessions"),
            },
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

/// When a stage ends, in the words of a person.
fn describe_limits(limits: &Limits) -> String {
    let count = |count: Option<u64>, what: &str| {
        count.map(|count| match count {
            1 => format!("1 {what}"),
            several => format!("{several} {what}s"),
        })
    };
    let limits = [
        count(limits.sessions, "session"),
        count(limits.requests, "request"),
        limits.duration.map(|duration| format!("{duration:?}")),
    ];
    let limits: Vec<String> = limits.into_iter().flatten().collect();
    if limits.is_empty() {
        "its usual length".to_owned()
    } else {
        limits.join(" or ")
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
