//! What is asked of the server before the load, and what it says.

use loadspan_loadgen::conversation::ConversationSource;
use loadspan_loadgen::preflight::{CalibrationNeed, PreflightConfig, PreflightNotice};
use loadspan_loadgen::workload::WorkloadConfig;
use loadspan_record::Notice;

use super::{Inputs, Loaded};
use crate::config::{RunConfig, TrafficConfig};

pub(in crate::benchmark) fn preflight_config(config: &RunConfig, inputs: &Inputs) -> PreflightConfig {
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

/// Whether its texts are made here, with lengths that are to be those that the server counts.
fn is_made_up(traffic: &TrafficConfig, loaded: &Loaded) -> bool {
    match traffic {
        TrafficConfig::Requests(WorkloadConfig::Synthetic(_)) => true,
        TrafficConfig::Requests(WorkloadConfig::Dataset(_)) => false,
        TrafficConfig::Conversations(conversations) => matches!(conversations.source, ConversationSource::MadeUp(_)),
        TrafficConfig::Replay(_) => matches!(loaded, Loaded::Recording(recording) if recording.makes_texts_up()),
    }
}

/// What the server said, with what to do about it.
pub(super) fn explain(notice: &PreflightNotice) -> Notice {
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
