//! Sessions: conversations of several turns.

use std::num::{NonZeroU32, NonZeroU64};
use std::time::Duration;

use loadspan_loadgen::conversation::{
    ContextLimit, ContextPolicy, ConversationConfig, ConversationSource, DelayConfig, DelayShape, MadeUpConfig,
    PrefixLength, PrefixPool, ToolConfig, ToolOffer,
};
use loadspan_loadgen::workload::{LengthDistribution, WorkloadConfig};
use loadspan_loadgen::{LoadConfig, LoadModel, OnFailedTurn, Warmup};

use super::{inputs, load, workload};
use crate::cli::{ContextArg, DelayArg, EndpointArg, ProfileArgs, Seconds, SessionArgs};
use crate::exit::UsageError;

/// How long after a failure a turn is sent again when nobody says.
const DEFAULT_BACKOFF: Duration = Duration::from_secs(1);

/// How many sessions, and for how long.
///
/// # Errors
///
/// Values that make no sense.
pub(super) fn resolve_load(args: &ProfileArgs, seed: u64) -> Result<LoadConfig, UsageError> {
    let SessionArgs {
        num_sessions,
        session_rate,
        session_count,
        num_warmup_sessions,
        turn_retries,
        turn_retry_backoff,
        ..
    } = args.sessions;
    let mut resolved = load::resolve(&args.load, seed)?;
    resolved.model = match session_rate {
        Some(rate) => LoadModel::Open {
            schedule: load::resolve_schedule(&args.load, ("--session-rate", rate), seed)?,
            max_concurrency: args.load.max_concurrency.or(args.load.concurrency),
        },
        None => LoadModel::Closed {
            concurrency: load::resolve_concurrency("--num-sessions", num_sessions)?,
            ramp: args.load.concurrency_ramp_duration.map(|seconds| seconds.0),
        },
    };
    if let Some(sessions) = num_warmup_sessions {
        resolved.warmup = Warmup::Sessions(sessions.get());
    }
    resolved.limits.sessions = session_count.map(NonZeroU64::get);
    if let Some(times) = turn_retries {
        let backoff = turn_retry_backoff.map_or(DEFAULT_BACKOFF, |backoff| backoff.0);
        resolved.on_failed_turn = OnFailedTurn::Retry { times, backoff };
    }
    Ok(resolved)
}

/// What is said in them.
///
/// # Errors
///
/// Values that make no sense.
pub(super) fn resolve(args: &ProfileArgs, seed: u64) -> Result<ConversationConfig, UsageError> {
    check_endpoint(args)?;
    let sessions = &args.sessions;
    let source = match workload::resolve(&args.workload, seed)? {
        WorkloadConfig::Dataset(dataset) => ConversationSource::Dataset(dataset),
        WorkloadConfig::Synthetic(requests) => ConversationSource::MadeUp(MadeUpConfig {
            turns: LengthDistribution {
                mean: sessions.session_turns_mean.unwrap_or(1.0),
                stddev: sessions.session_turns_stddev.unwrap_or(0.0),
            },
            input_tokens: requests.input_tokens,
            output_tokens: requests.output_tokens,
            system_tokens: sessions.shared_system_prompt_length.map_or(0, NonZeroU32::get),
            prefixes: resolve_prefixes(sessions)?,
        }),
    };
    let config = ConversationConfig {
        source,
        seed,
        think_time: resolve_think_time(sessions),
        delay_ratio: sessions.session_delay_ratio.unwrap_or(1.0),
        tools: resolve_tools(args)?,
        context: sessions.max_context.map(|tokens| ContextLimit {
            tokens,
            policy: match sessions.context_policy {
                None | Some(ContextArg::Fail) => ContextPolicy::Fail,
                Some(ContextArg::DropOldest) => ContextPolicy::DropOldest,
            },
        }),
    };
    config.check().map_err(|error| UsageError::new(error.to_string()))?;
    Ok(config)
}

/// What is sent in sessions is messages.
fn check_endpoint(args: &ProfileArgs) -> Result<(), UsageError> {
    let problem = match args.endpoint.endpoint_type {
        EndpointArg::Completions => Some("completions"),
        EndpointArg::Embeddings => Some("embeddings"),
        EndpointArg::Responses if args.sessions.tool_turn_share.is_some() => {
            Some("responses, when tools are part of them")
        }
        EndpointArg::Chat | EndpointArg::Responses => None,
    };
    match problem {
        Some(problem) => Err(UsageError::with_hint(
            format!("--endpoint-type: sessions cannot be sent as {problem}: they are chats"),
            "use --endpoint-type chat",
        )),
        None => Ok(()),
    }
}

fn resolve_prefixes(args: &SessionArgs) -> Result<Option<PrefixPool>, UsageError> {
    let length = match (args.prefix_share, args.prefix_prompt_length) {
        (Some(_), _) if args.context_policy == Some(ContextArg::DropOldest) => {
            return Err(UsageError::with_hint(
                "--prefix-share: a cache loses what follows a turn that --context-policy drop-oldest leaves out",
                "leave one of them out",
            ));
        }
        (Some(share), _) => PrefixLength::ForShare(share),
        (None, Some(tokens)) => PrefixLength::Tokens(tokens.get()),
        (None, None) => return Ok(None),
    };
    Ok(Some(PrefixPool {
        count: args.num_prefix_prompts.unwrap_or(NonZeroU32::MIN),
        length,
    }))
}

fn resolve_think_time(args: &SessionArgs) -> Option<DelayConfig> {
    let mean = args.session_turn_delay_mean?.0;
    let stddev = args.session_turn_delay_stddev.map_or(Duration::ZERO, |stddev| stddev.0);
    Some(DelayConfig {
        mean_s: mean.as_secs_f64(),
        stddev_s: stddev.as_secs_f64(),
        shape: match args.session_turn_delay_shape {
            None | Some(DelayArg::Normal) => DelayShape::Normal,
            Some(DelayArg::Exponential) => DelayShape::Exponential,
            Some(DelayArg::Lognormal) => DelayShape::Lognormal,
        },
    })
}

/// A body that has tools of the user's own is not offered ours, nor is one of a file that has results of tools.
fn resolve_tools(args: &ProfileArgs) -> Result<Option<ToolConfig>, UsageError> {
    let (share, time) = (args.sessions.tool_turn_share, args.sessions.tool_time);
    if share.is_none() && time.is_none() {
        return Ok(None);
    }
    let has_tools = inputs::parse_extra(&args.endpoint.extra_inputs)?.contains_key("tools");
    Ok(Some(ToolConfig {
        share: share.unwrap_or(0.0),
        time: time.map_or(Duration::ZERO, |Seconds(time)| time),
        offer: if has_tools || share.is_none() {
            ToolOffer::AlreadyInBody
        } else {
            ToolOffer::Offered
        },
    }))
}
