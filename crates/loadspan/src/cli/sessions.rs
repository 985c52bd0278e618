//! The flags of sessions: conversations of several turns. Names follow AIPerf where the concept is the same.

use std::num::{NonZeroU32, NonZeroU64};

use clap::{Args, ValueEnum};

use super::{Milliseconds, Seconds};

#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Sessions")]
pub(crate) struct SessionArgs {
    /// Sessions in flight: each that ends is followed by the next. A user who thinks keeps his place. AIPerf's flag of this name is --session-count here [default: 1]
    #[arg(long, value_name = "N")]
    pub(crate) num_sessions: Option<NonZeroU32>,
    /// Sessions that begin per second, on a schedule whatever has become of the earlier ones.
    #[arg(long, allow_negative_numbers = true, value_name = "R")]
    pub(crate) session_rate: Option<f64>,
    /// Stop after so many sessions [default: each of --input-file once, else 10 or twice --num-sessions; none with --request-count or --benchmark-duration]
    #[arg(long, visible_aliases = ["conversation-num", "num-conversations"], value_name = "N")]
    pub(crate) session_count: Option<NonZeroU64>,
    /// Sessions that begin first and are in no figure.
    #[arg(long, value_name = "N", conflicts_with_all = ["warmup_request_count", "warmup_duration"])]
    pub(crate) num_warmup_sessions: Option<NonZeroU64>,
    /// Mean turns of a session: --isl new tokens of the user, --osl of the answer, which goes back to the server with each later turn [default: 1]
    #[arg(
        long,
        allow_negative_numbers = true,
        visible_alias = "conversation-turn-mean",
        value_name = "N"
    )]
    pub(crate) session_turns_mean: Option<f64>,
    /// Standard deviation of the number of turns [default: 0]
    #[arg(
        long,
        allow_negative_numbers = true,
        visible_alias = "conversation-turn-stddev",
        value_name = "N"
    )]
    pub(crate) session_turns_stddev: Option<f64>,
    /// Mean time for which a user thinks before a turn, in ms, or with a unit [default: 0]
    #[arg(long, visible_alias = "conversation-turn-delay-mean", value_name = "MS")]
    pub(crate) session_turn_delay_mean: Option<Milliseconds>,
    /// Standard deviation of that time, in ms, or with a unit [default: 0]
    #[arg(long, visible_alias = "conversation-turn-delay-stddev", value_name = "MS")]
    pub(crate) session_turn_delay_stddev: Option<Milliseconds>,
    /// How that time is spread [default: normal]
    #[arg(long, value_enum, value_name = "SHAPE")]
    pub(crate) session_turn_delay_shape: Option<DelayArg>,
    /// Factor for every think time, also for those of --input-file [default: 1]
    #[arg(
        long,
        allow_negative_numbers = true,
        visible_alias = "conversation-turn-delay-ratio",
        value_name = "FACTOR"
    )]
    pub(crate) session_delay_ratio: Option<f64>,
    /// Tokens of a system prompt that all sessions have [default: 0]
    #[arg(long, value_name = "TOKENS")]
    pub(crate) shared_system_prompt_length: Option<NonZeroU32>,
    /// Different texts behind the system prompt, of which each session has one.
    #[arg(long, visible_alias = "prompt-prefix-pool-size", value_name = "N")]
    pub(crate) num_prefix_prompts: Option<NonZeroU32>,
    /// Tokens of each of these texts.
    #[arg(long, visible_alias = "prompt-prefix-length", value_name = "TOKENS")]
    pub(crate) prefix_prompt_length: Option<NonZeroU32>,
    /// Share of all input tokens that a prefix cache can have seen, 0 to below 1: makes the prefix prompts (or one, if there are none) as long as that takes.
    #[arg(long, allow_negative_numbers = true, value_name = "SHARE")]
    pub(crate) prefix_share: Option<f64>,
    /// Share of the turns, from the second on, that are the result of a tool; a tool is offered with each.
    #[arg(long, allow_negative_numbers = true, value_name = "SHARE")]
    pub(crate) tool_turn_share: Option<f64>,
    /// How long a tool takes, in place of the time to think [default: 0]
    #[arg(long, value_name = "TIME")]
    pub(crate) tool_time: Option<Seconds>,
    /// Tokens that a turn may have, the answer it asks for included [default: no limit]
    #[arg(long, value_name = "TOKENS")]
    pub(crate) max_context: Option<NonZeroU32>,
    /// What becomes of a turn that is longer [default: fail]
    #[arg(long, value_enum, value_name = "POLICY")]
    pub(crate) context_policy: Option<ContextArg>,
    /// How often a turn is sent again that failed; after that its session ends [default: 0]
    #[arg(long, value_name = "N")]
    pub(crate) turn_retries: Option<NonZeroU32>,
    /// How long after the failure; twice as long each time [default: 1]
    #[arg(long, value_name = "TIME")]
    pub(crate) turn_retry_backoff: Option<Seconds>,
    /// Header by which each request names its session, for routers: x-session-id, say. With several --url, a session stays with one in any case.
    #[arg(long, value_name = "NAME")]
    pub(crate) session_header: Option<String>,
}

impl SessionArgs {
    /// Whether it is sessions that are sent.
    pub(crate) const fn are_asked_for(&self) -> bool {
        self.num_sessions.is_some()
            || self.session_rate.is_some()
            || self.session_count.is_some()
            || self.session_turns_mean.is_some()
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum DelayArg {
    /// Normal, cut at 0.
    Normal,
    /// Exponential: most are short.
    Exponential,
    /// Lognormal: as people are.
    Lognormal,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ContextArg {
    /// It fails as context_too_long, nothing is sent, and its session ends.
    Fail,
    /// The oldest turns are left out, but not the system prompt.
    DropOldest,
}
