//! Flags of sessions that would have no effect, and flags that have none on sessions.

use super::{Rule, rule};
use crate::cli::{DelayArg, ProfileArgs, SessionArgs};

pub(super) fn rules(args: &ProfileArgs) -> Vec<Rule> {
    if args.replay.is_asked_for() {
        Vec::new()
    } else if args.sessions.are_asked_for() {
        let mut rules = request_rules(args);
        rules.extend(file_rules(args));
        rules.extend(text_rules(&args.sessions));
        rules.extend(turn_rules(args));
        rules.extend(delay_rules(args));
        rules
    } else {
        without_sessions(&args.sessions)
    }
}

/// Every flag that needs sessions.
fn without_sessions(sessions: &SessionArgs) -> Vec<Rule> {
    let flags = [
        (sessions.num_warmup_sessions.is_some(), "--num-warmup-sessions"),
        (sessions.turn_retries.is_some(), "--turn-retries"),
        (sessions.turn_retry_backoff.is_some(), "--turn-retry-backoff"),
        (sessions.session_header.is_some(), "--session-header"),
    ];
    let needs_sessions = |(said, flag)| rule(said, flag, "without sessions", "add --num-sessions or --session-rate");
    flags
        .into_iter()
        .chain(text_flags(sessions))
        .map(needs_sessions)
        .collect()
}

/// The flags that say what is said in sessions, and when.
pub(super) fn text_flags(sessions: &SessionArgs) -> [(bool, &'static str); 14] {
    [
        (sessions.session_turns_mean.is_some(), "--session-turns-mean"),
        (sessions.session_turns_stddev.is_some(), "--session-turns-stddev"),
        (sessions.session_turn_delay_mean.is_some(), "--session-turn-delay-mean"),
        (
            sessions.session_turn_delay_stddev.is_some(),
            "--session-turn-delay-stddev",
        ),
        (
            sessions.session_turn_delay_shape.is_some(),
            "--session-turn-delay-shape",
        ),
        (sessions.session_delay_ratio.is_some(), "--session-delay-ratio"),
        (
            sessions.shared_system_prompt_length.is_some(),
            "--shared-system-prompt-length",
        ),
        (sessions.num_prefix_prompts.is_some(), "--num-prefix-prompts"),
        (sessions.prefix_prompt_length.is_some(), "--prefix-prompt-length"),
        (sessions.prefix_share.is_some(), "--prefix-share"),
        (sessions.tool_turn_share.is_some(), "--tool-turn-share"),
        (sessions.tool_time.is_some(), "--tool-time"),
        (sessions.max_context.is_some(), "--max-context"),
        (sessions.context_policy.is_some(), "--context-policy"),
    ]
}

/// What is for requests that know nothing of each other.
fn request_rules(args: &ProfileArgs) -> Vec<Rule> {
    vec![
        rule(
            args.workload.num_dataset_entries.is_some(),
            "--num-dataset-entries",
            "with sessions, each of which is new",
            "leave it out; --session-count says how many there are",
        ),
        rule(
            args.output.export_inputs,
            "--export-inputs",
            "with sessions, whose bodies repeat what the server said",
            "leave it out",
        ),
    ]
}

/// What conversations of a file have of their own.
fn file_rules(args: &ProfileArgs) -> Vec<Rule> {
    let sessions = &args.sessions;
    let flags = [
        (sessions.session_turns_mean.is_some(), "--session-turns-mean"),
        (sessions.session_turns_stddev.is_some(), "--session-turns-stddev"),
        (
            sessions.shared_system_prompt_length.is_some(),
            "--shared-system-prompt-length",
        ),
        (sessions.num_prefix_prompts.is_some(), "--num-prefix-prompts"),
        (sessions.prefix_prompt_length.is_some(), "--prefix-prompt-length"),
        (sessions.prefix_share.is_some(), "--prefix-share"),
    ];
    let own = "with --input-file, whose conversations are what they are";
    let in_file = |(said, flag)| rule(said && has_file(args), flag, own, "leave one of them out");
    flags.into_iter().map(in_file).collect()
}

/// What is said in sessions.
fn text_rules(sessions: &SessionArgs) -> [Rule; 4] {
    let (count, length) = (sessions.num_prefix_prompts, sessions.prefix_prompt_length);
    let by_share = sessions.prefix_share.is_some();
    [
        rule(
            length.is_some() && by_share,
            "--prefix-prompt-length",
            "with --prefix-share, which says how long they are",
            "leave one of them out",
        ),
        rule(
            length.is_some() && count.is_none(),
            "--prefix-prompt-length",
            "without --num-prefix-prompts",
            "add --num-prefix-prompts; a text that all sessions have is --shared-system-prompt-length",
        ),
        rule(
            count.is_some() && length.is_none() && !by_share,
            "--num-prefix-prompts",
            "while they have no length",
            "add --prefix-prompt-length or --prefix-share",
        ),
        rule(
            sessions.context_policy.is_some() && sessions.max_context.is_none(),
            "--context-policy",
            "without --max-context",
            "add --max-context",
        ),
    ]
}

/// What happens between turns.
fn turn_rules(args: &ProfileArgs) -> Vec<Rule> {
    let sessions = &args.sessions;
    let one_turn = !has_file(args)
        && sessions.session_turns_mean.is_none_or(|mean| mean <= 1.0)
        && sessions.session_turns_stddev.is_none_or(|stddev| stddev == 0.0);
    let after_another = |said: bool, flag| {
        rule(
            said && one_turn,
            flag,
            "in sessions of one turn",
            "add --session-turns-mean",
        )
    };
    vec![
        rule(
            sessions.session_turns_stddev.is_some() && sessions.session_turns_mean.is_none(),
            "--session-turns-stddev",
            "without --session-turns-mean",
            "add --session-turns-mean",
        ),
        after_another(sessions.session_turn_delay_mean.is_some(), "--session-turn-delay-mean"),
        after_another(sessions.tool_turn_share.is_some(), "--tool-turn-share"),
        rule(
            sessions.tool_time.is_some() && sessions.tool_turn_share.is_none() && !has_file(args),
            "--tool-time",
            "without --tool-turn-share",
            "add --tool-turn-share",
        ),
    ]
}

/// How long users think.
fn delay_rules(args: &ProfileArgs) -> [Rule; 4] {
    let sessions = &args.sessions;
    let (stddev, shape) = (sessions.session_turn_delay_stddev, sessions.session_turn_delay_shape);
    let needs_mean = |said: bool, flag| {
        rule(
            said && sessions.session_turn_delay_mean.is_none(),
            flag,
            "without --session-turn-delay-mean",
            "add --session-turn-delay-mean",
        )
    };
    [
        needs_mean(stddev.is_some(), "--session-turn-delay-stddev"),
        needs_mean(shape.is_some(), "--session-turn-delay-shape"),
        needs_mean(
            sessions.session_delay_ratio.is_some() && !has_file(args),
            "--session-delay-ratio",
        ),
        rule(
            stddev.is_some() && shape == Some(DelayArg::Exponential),
            "--session-turn-delay-stddev",
            "on exponential delays, whose deviation is their mean",
            "leave it out, or use --session-turn-delay-shape lognormal",
        ),
    ]
}

/// Whether conversations come from a file, which may say more than flags do.
fn has_file(args: &ProfileArgs) -> bool {
    args.workload.input_file.is_some()
}
