//! What lies between a configuration and a run: inputs from disk, lengths of prompts, limits of the machine.

mod lengths;
mod limits;
mod maker;
mod preflight;
mod recording;

use std::sync::Arc;

use loadspan_loadgen::Traffic;
use loadspan_loadgen::conversation::{ConversationConfig, ConversationSource, LoadedConversations};
use loadspan_loadgen::openai::EndpointType;
use loadspan_loadgen::preflight::Preflight;
use loadspan_loadgen::recorded::LoadedRecording;
use loadspan_loadgen::workload::{PromptTokenizer, SyntheticConfig, WorkloadConfig};
use loadspan_record::Notice;

pub(super) use self::limits::{check_resources, limit_requests};
use self::maker::Maker;
pub(super) use self::preflight::preflight_config;
use super::fidelity::Replays;
use crate::config::{RunConfig, StageConfig, TrafficConfig};
use crate::exit::{Exit, UsageError};

/// What is read from disk before anybody is asked anything.
pub(super) struct Inputs {
    tokenizer: Option<PromptTokenizer>,
    /// What each stage sends, as far as it is known without the server. Stages that send the same share it.
    traffic: Vec<(TrafficConfig, Loaded)>,
}

impl Inputs {
    pub(super) fn load(config: &RunConfig) -> anyhow::Result<Self> {
        let tokenizer = config.tokenizer.as_deref().map(PromptTokenizer::load).transpose();
        let flagged = |error| UsageError::new(format!("--tokenizer: {:#}", anyhow::Error::new(error)));
        let tokenizer = tokenizer.map_err(flagged)?;
        let mut traffic: Vec<(TrafficConfig, Loaded)> = Vec::new();
        for (number, StageConfig { traffic: wanted, .. }) in config.stages.iter().enumerate() {
            if !traffic.iter().any(|(known, _)| known == wanted) {
                let loaded = load_traffic(wanted, config, tokenizer.as_ref());
                let loaded = loaded.map_err(|error| blame(error, (number, wanted)))?;
                traffic.push((wanted.clone(), loaded));
            }
        }
        Ok(Self { tokenizer, traffic })
    }

    /// Makes what is sent, with lengths as this server counts them.
    pub(super) fn prepare(self, config: &RunConfig, preflight: &Preflight) -> anyhow::Result<Prepared> {
        let mut maker = Maker::new(preflight, self.tokenizer);
        let mut made = Vec::new();
        for (wanted, loaded) in self.traffic {
            let traffic = maker.make(&wanted, loaded)?;
            made.push((wanted, traffic));
        }
        let of_stage = |stage: &StageConfig| {
            let mut found = made.iter().filter(|(wanted, _)| *wanted == stage.traffic);
            found.next().map(|(_, traffic)| traffic.clone())
        };
        Ok(Prepared {
            traffic: config.stages.iter().filter_map(of_stage).collect(),
            replays: Replays::of(&config.stages, &maker.replays),
            tokenizer: maker.tokenizer.map(Arc::new),
            notices: maker.notices,
        })
    }
}

/// What is known of what is sent before the server has been asked how it counts.
enum Loaded {
    /// All.
    Whole(Traffic),
    /// Nothing that was read: it is made up.
    Synthetic(SyntheticConfig),
    /// What they need from disk, if anything.
    Conversations(ConversationConfig, Box<LoadedConversations>),
    /// All that there is of it, or its beginning.
    Recording(Box<LoadedRecording>),
}

/// Reads what is sent from disk, as far as it is there.
fn load_traffic(
    wanted: &TrafficConfig,
    config: &RunConfig,
    tokenizer: Option<&PromptTokenizer>,
) -> anyhow::Result<Loaded> {
    match wanted {
        TrafficConfig::Requests(WorkloadConfig::Synthetic(synthetic)) => Ok(Loaded::Synthetic(*synthetic)),
        TrafficConfig::Conversations(conversations) => {
            let loaded = conversations.clone().load(tokenizer)?;
            Ok(Loaded::Conversations(conversations.clone(), Box::new(loaded)))
        }
        TrafficConfig::Replay(replay) => {
            let loaded = recording::load(replay, config.target.endpoint_type)?;
            Ok(Loaded::Recording(Box::new(loaded)))
        }
        TrafficConfig::Requests(WorkloadConfig::Dataset(dataset)) => {
            let workload = dataset.clone().load(tokenizer)?;
            if workload.has_messages() {
                check_takes_messages(config.target.endpoint_type)?;
            }
            Ok(Loaded::Whole(Traffic::Requests(Arc::new(workload))))
        }
    }
}

/// Says which flag of which stage named what cannot be read.
fn blame(error: anyhow::Error, (stage, wanted): (usize, &TrafficConfig)) -> anyhow::Error {
    let flag = match wanted {
        TrafficConfig::Replay(_) => "--replay",
        TrafficConfig::Requests(_) => "--input-file",
        TrafficConfig::Conversations(conversations) => match conversations.source {
            ConversationSource::Dataset(_) => "--input-file",
            ConversationSource::MadeUp(_) => return error,
        },
    };
    let usage = match error.downcast::<UsageError>() {
        Ok(usage) => usage,
        Err(error) if Exit::of(&error) == Exit::Usage => UsageError::new(format!("{flag}: {error:#}")),
        Err(error) => return error,
    };
    usage.in_stage(stage).into()
}

fn check_takes_messages(endpoint_type: EndpointType) -> Result<(), UsageError> {
    match endpoint_type {
        EndpointType::Chat | EndpointType::Responses => Ok(()),
        EndpointType::Completions | EndpointType::Embeddings => Err(UsageError::with_hint(
            format!(
                "--input-file: rows with `messages` cannot be sent to {}",
                endpoint_type.as_str()
            ),
            "use rows with `text`, or --endpoint-type chat",
        )),
    }
}

/// What is sent, who counts what comes back, and what the user should know about either.
pub(super) struct Prepared {
    /// Of each stage.
    pub(super) traffic: Vec<Traffic>,
    pub(super) replays: Replays,
    pub(super) tokenizer: Option<Arc<PromptTokenizer>>,
    pub(super) notices: Vec<Notice>,
}

/// Whether every prompt of the run is new to the server.
pub(super) fn prompts_are_unique(config: &RunConfig) -> bool {
    config.stages.iter().all(|stage| match &stage.traffic {
        TrafficConfig::Requests(WorkloadConfig::Synthetic(synthetic)) => synthetic.entries.is_none(),
        TrafficConfig::Requests(WorkloadConfig::Dataset(_))
        | TrafficConfig::Conversations(_)
        | TrafficConfig::Replay(_) => false,
    })
}
