//! What lies between a configuration and a run: inputs from disk, lengths of prompts, limits of the machine.

mod lengths;
mod limits;
mod recording;

use std::sync::Arc;

use loadspan_loadgen::conversation::{
    ConversationConfig, ConversationError, ConversationSource, LoadedConversations, PrefixLength,
};
use loadspan_loadgen::openai::EndpointType;
use loadspan_loadgen::preflight::{CalibrationNeed, Preflight, PreflightConfig, PreflightNotice};
use loadspan_loadgen::recorded::{LoadedRecording, RecordedError, RecordedSessions};
use loadspan_loadgen::workload::{
    LengthModel, PromptTokenizer, SyntheticConfig, Workload, WorkloadConfig, WorkloadError,
};
use loadspan_loadgen::{LoadModel, Traffic};
use loadspan_record::Notice;

pub(super) use self::limits::{check_resources, limit_requests};
use super::fidelity::Replays;
use crate::config::{RunConfig, StageConfig, TrafficConfig};
use crate::exit::UsageError;

/// What is read from disk before anybody is asked anything.
pub(super) struct Inputs {
    tokenizer: Option<PromptTokenizer>,
    /// What each stage sends, as far as it is known without the server. Stages that send the same share it.
    traffic: Vec<(TrafficConfig, Loaded)>,
}

impl Inputs {
    pub(super) fn load(config: &RunConfig) -> anyhow::Result<Self> {
        let tokenizer = config.tokenizer.as_deref().map(PromptTokenizer::load).transpose()?;
        let mut traffic: Vec<(TrafficConfig, Loaded)> = Vec::new();
        for StageConfig { traffic: wanted, .. } in &config.stages {
            if !traffic.iter().any(|(known, _)| known == wanted) {
                let loaded = load_traffic(wanted, config, tokenizer.as_ref())?;
                traffic.push((wanted.clone(), loaded));
            }
        }
        Ok(Self { tokenizer, traffic })
    }

    /// Makes what is sent, with lengths as this server counts them.
    pub(super) fn prepare(self, config: &RunConfig, preflight: &Preflight) -> anyhow::Result<Prepared> {
        let mut maker = Maker {
            preflight,
            tokenizer: self.tokenizer,
            lengths: None,
            notices: preflight.notices.iter().map(explain).collect(),
            replays: Vec::new(),
        };
        let mut made = Vec::new();
        for (wanted, loaded) in self.traffic {
            let traffic = match loaded {
                Loaded::Whole(traffic) => traffic,
                Loaded::Synthetic(synthetic) => Traffic::Requests(Arc::new(maker.make_synthetic(&synthetic)?)),
                Loaded::Conversations(config, loaded) => maker.make_conversations(&config, *loaded)?,
                Loaded::Recording(loaded) => maker.make_recorded(&wanted, *loaded)?,
            };
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

/// Makes up what is sent.
struct Maker<'a> {
    preflight: &'a Preflight,
    tokenizer: Option<PromptTokenizer>,
    /// Found out when the first who needs it asks.
    lengths: Option<LengthModel>,
    notices: Vec<Notice>,
    /// What is known of recordings while they are sent.
    replays: Vec<(TrafficConfig, Arc<RecordedSessions>)>,
}

impl Maker<'_> {
    fn make_synthetic(&mut self, synthetic: &SyntheticConfig) -> Result<Workload, WorkloadError> {
        if synthetic.output_tokens.is_some() && !self.preflight.body.server.enforces_output_length() {
            self.notice_once(lengths::length_is_not_enforced());
        }
        synthetic.build(self.lengths())
    }

    fn make_conversations(
        &mut self,
        config: &ConversationConfig,
        loaded: LoadedConversations,
    ) -> Result<Traffic, ConversationError> {
        let made_up = match &config.source {
            ConversationSource::MadeUp(made_up) => Some(made_up),
            ConversationSource::Dataset(_) => None,
        };
        if made_up.is_some_and(|made_up| made_up.output_tokens.is_some())
            && !self.preflight.body.server.enforces_output_length()
        {
            self.notice_once(lengths::length_is_not_enforced());
        }
        // Texts of a dataset are as long as they are.
        let lengths = match (made_up, &self.tokenizer) {
            (None, None) => LengthModel::Words,
            _ => self.lengths(),
        };
        let conversations = loaded.build(&lengths)?;
        let pool = made_up.and_then(|made_up| made_up.prefixes);
        if let Some(PrefixLength::ForShare(_)) = pool.map(|pool| pool.length) {
            self.notice_once(lengths::prefix_share(&conversations));
        }
        Ok(Traffic::Sessions(Arc::new(conversations)))
    }

    fn make_recorded(&mut self, wanted: &TrafficConfig, recording: LoadedRecording) -> Result<Traffic, RecordedError> {
        for message in recording.remarks() {
            let message = message.clone();
            self.notice_once(Notice { message, advice: None });
        }
        if !self.preflight.body.server.enforces_output_length() {
            self.notice_once(lengths::length_is_not_enforced());
        }
        // What was said is as long as it is; how long answers were may have to be counted.
        let lengths = if recording.makes_texts_up() || self.tokenizer.is_some() {
            self.lengths()
        } else {
            LengthModel::Words
        };
        let sessions = Arc::new(recording.build(&lengths)?);
        self.replays.push((wanted.clone(), Arc::clone(&sessions)));
        Ok(Traffic::Sessions(sessions))
    }

    /// What is known of the tokens that this server counts.
    fn lengths(&mut self) -> LengthModel {
        let known = self
            .lengths
            .get_or_insert_with(|| lengths::lengths(self.tokenizer.clone(), self.preflight, &mut self.notices));
        known.clone()
    }

    fn notice_once(&mut self, notice: Notice) {
        if !self.notices.contains(&notice) {
            self.notices.push(notice);
        }
    }
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

pub(super) fn preflight_config(config: &RunConfig, inputs: &Inputs) -> PreflightConfig {
    let synthetic = inputs.traffic.iter().any(|(wanted, loaded)| is_made_up(wanted, loaded));
    PreflightConfig {
        target: config.target.clone(),
        model: config.request.model.clone(),
        server: config.request.server,
        streaming: config.request.streaming,
        stream_usage: config.request.stream_usage,
        max_tokens_field: config.request.max_tokens_field,
        extra: config.request.extra.clone(),
        wait: config.request.wait_for_model,
        calibration: if synthetic && config.tokenizer.is_none() {
            CalibrationNeed::TwoPrompts
        } else {
            CalibrationNeed::OnePrompt
        },
        // Not the prompts of the run: they would meet a warm cache.
        seed: config.seed ^ 0x5eed,
    }
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

/// Whether its texts are made here, with lengths that are to be those that the server counts.
fn is_made_up(traffic: &TrafficConfig, loaded: &Loaded) -> bool {
    match traffic {
        TrafficConfig::Requests(WorkloadConfig::Synthetic(_)) => true,
        TrafficConfig::Requests(WorkloadConfig::Dataset(_)) => false,
        TrafficConfig::Conversations(conversations) => matches!(conversations.source, ConversationSource::MadeUp(_)),
        TrafficConfig::Replay(_) => matches!(loaded, Loaded::Recording(recording) if recording.makes_texts_up()),
    }
}

/// The load as a part of a name: `concurrency8`, `request_rate20`, `3stages`.
pub(super) fn load_label(stages: &[StageConfig]) -> String {
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

fn explain(notice: &PreflightNotice) -> Notice {
    let (message, advice) = match notice {
        PreflightNotice::ModelChosen(model) => (format!("the server has one model, `{model}`: that is used"), None),
        PreflightNotice::NoStreamOptions => (
            "the server refuses stream_options: its streams bring no usage".to_owned(),
            Some("--tokenizer counts output tokens here; without it chunks are counted"),
        ),
        PreflightNotice::NoUsage => (
            "the server sends no usage: it does not say how many tokens a request had".to_owned(),
            Some("--tokenizer counts output tokens here; without it chunks are counted"),
        ),
        PreflightNotice::EmptyAnswer => (
            "the answer to the first request had no token".to_owned(),
            Some("a reasoning model may use up its first tokens in silence; else look at the server's log"),
        ),
    };
    Notice {
        message,
        advice: advice.map(str::to_owned),
    }
}
