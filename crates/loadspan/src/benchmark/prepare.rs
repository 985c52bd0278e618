//! What lies between a configuration and a run: inputs from disk, lengths of prompts, limits of the machine.

use std::sync::Arc;

use loadspan_loadgen::openai::EndpointType;
use loadspan_loadgen::preflight::{CalibrationNeed, Preflight, PreflightConfig, PreflightNotice};
use loadspan_loadgen::workload::{
    LengthModel, Observation, PromptTokenizer, Workload, WorkloadConfig, WorkloadError, calibrate,
};
use loadspan_loadgen::{LoadConfig, LoadModel};
use loadspan_record::Notice;

use crate::config::RunConfig;
use crate::exit::UsageError;
use crate::host;

/// Requests of a closed load for each of those in flight, when nobody says how many.
const REQUESTS_PER_SLOT: u64 = 2;
const LEAST_REQUESTS: u64 = 10;

/// What is read from disk before anybody is asked anything.
pub(super) struct Inputs {
    tokenizer: Option<PromptTokenizer>,
    dataset: Option<Workload>,
}

impl Inputs {
    pub(super) fn load(config: &RunConfig) -> anyhow::Result<Self> {
        let tokenizer = config.tokenizer.as_deref().map(PromptTokenizer::load).transpose()?;
        let dataset = match &config.workload {
            WorkloadConfig::Dataset(dataset) => Some(dataset.clone().load(tokenizer.as_ref())?),
            WorkloadConfig::Synthetic(_) => None,
        };
        if dataset.as_ref().is_some_and(Workload::has_messages) {
            check_takes_messages(config.target.endpoint_type)?;
        }
        Ok(Self { tokenizer, dataset })
    }

    /// Makes the workload, with lengths as this server counts them.
    pub(super) fn prepare(self, config: &RunConfig, preflight: &Preflight) -> Result<Prepared, WorkloadError> {
        let mut notices: Vec<_> = preflight.notices.iter().map(explain).collect();
        let tokenizer = self.tokenizer.clone().map(Arc::new);
        let workload = match (self.dataset, &config.workload) {
            (Some(dataset), _) => dataset,
            (None, WorkloadConfig::Dataset(dataset)) => dataset.clone().load(self.tokenizer.as_ref())?,
            (None, WorkloadConfig::Synthetic(synthetic)) => {
                if synthetic.output_tokens.is_some() && !preflight.body.server.enforces_output_length() {
                    notices.push(length_is_not_enforced());
                }
                let lengths = match self.tokenizer {
                    Some(tokenizer) => exact_lengths(tokenizer, preflight, &mut notices),
                    None => calibrated_lengths(preflight, &mut notices),
                };
                synthetic.build(lengths)?
            }
        };
        Ok(Prepared {
            workload,
            tokenizer,
            notices,
        })
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
    pub(super) workload: Workload,
    pub(super) tokenizer: Option<Arc<PromptTokenizer>>,
    pub(super) notices: Vec<Notice>,
}

fn length_is_not_enforced() -> Notice {
    Notice {
        message: "this server may stop before the output length that was asked for".to_owned(),
        advice: Some("name its kind with --server if it is vLLM or SGLang".to_owned()),
    }
}

/// Lengths by the model's own tokenizer; what the server counts on top is its chat template.
fn exact_lengths(tokenizer: PromptTokenizer, preflight: &Preflight, notices: &mut Vec<Notice>) -> LengthModel {
    let overhead = preflight.observations.first().map(|(seen, text)| {
        let own = tokenizer.count(text);
        if seen.prompt_tokens < own {
            notices.push(Notice {
                message: format!(
                    "the server counts {} tokens where the tokenizer counts {own}",
                    seen.prompt_tokens
                ),
                advice: Some("--tokenizer is not that of the model: lengths will be off".to_owned()),
            });
        }
        seen.prompt_tokens.saturating_sub(own)
    });
    LengthModel::Tokenizer {
        tokenizer,
        template_overhead: overhead.unwrap_or(0),
    }
}

/// Lengths by what the server counted for two prompts.
fn calibrated_lengths(preflight: &Preflight, notices: &mut Vec<Notice>) -> LengthModel {
    let seen: Vec<Observation> = preflight.observations.iter().map(|(seen, _)| *seen).collect();
    let model = match seen[..] {
        [short, long] => calibrate(short, long),
        _ => None,
    };
    let Some(model) = model else {
        notices.push(Notice {
            message: "prompt lengths are a guess: the server says nothing usable about prompt tokens".to_owned(),
            advice: Some("pass the model's tokenizer.json with --tokenizer".to_owned()),
        });
        return LengthModel::Words;
    };
    if let LengthModel::Calibrated {
        tokens_per_word,
        overhead,
    } = &model
    {
        notices.push(Notice {
            message: format!(
                "prompt lengths are approximate: the server counts {tokens_per_word:.2} tokens a word, plus {overhead:.0} a prompt"
            ),
            advice: Some("--tokenizer makes them exact".to_owned()),
        });
    }
    model
}

pub(super) fn preflight_config(config: &RunConfig) -> PreflightConfig {
    let synthetic = matches!(config.workload, WorkloadConfig::Synthetic(_));
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

/// A run needs an end: when the user gave none, a dataset is sent once, and of synthetic prompts a few for each slot.
pub(super) fn limit_requests(load: &mut LoadConfig, workload: &Workload) {
    if load.limits.requests.is_none() && load.limits.duration.is_none() {
        let slots = load.model.max_concurrency().map_or(1, |limit| u64::from(limit.get()));
        load.limits.requests = Some(
            workload
                .len()
                .unwrap_or_else(|| LEAST_REQUESTS.max(REQUESTS_PER_SLOT * slots)),
        );
    }
}

/// Raises the limits of the process; says which of the machine's are too low for the load.
pub(super) fn check_resources(config: &RunConfig) -> Vec<Notice> {
    let sockets = config
        .load
        .model
        .max_concurrency()
        .map_or(0, |limit| u64::from(limit.get()));
    let urls = config.target.urls.len() as u64;
    let mut notices = Vec::new();
    // A slot keeps a connection to each URL.
    if let Some(limit) = host::raise_open_files(sockets.saturating_mul(urls)) {
        notices.push(Notice {
            message: format!(
                "only {limit} files may be open, too few for {} connections",
                sockets.saturating_mul(urls)
            ),
            advice: Some("raise the hard limit: `ulimit -Hn`".to_owned()),
        });
    }
    if let Some(ports) = host::local_ports().filter(|ports| sockets > *ports) {
        notices.push(Notice {
            message: format!("{sockets} connections to one address, but only {ports} local ports"),
            advice: Some("widen net.ipv4.ip_local_port_range, or name the server by several addresses".to_owned()),
        });
    }
    notices
}

/// Whether every prompt of the run is new to the server.
pub(super) fn prompts_are_unique(config: &RunConfig) -> bool {
    match &config.workload {
        WorkloadConfig::Synthetic(synthetic) => synthetic.entries.is_none(),
        WorkloadConfig::Dataset(_) => false,
    }
}

/// The load as a part of a name: `concurrency8`, `request_rate20`.
pub(super) fn load_label(model: &LoadModel) -> String {
    match model {
        LoadModel::Closed { concurrency, .. } => format!("concurrency{concurrency}"),
        LoadModel::Open { schedule, .. } => format!("request_rate{}", schedule.rate),
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
