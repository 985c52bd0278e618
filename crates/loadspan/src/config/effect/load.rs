//! Flags of load that would have no effect. Who says when something is sent depends on what is sent.

use super::{Rule, rule};
use crate::cli::{ArrivalArg, ProfileArgs};

pub(super) fn rules(args: &ProfileArgs) -> Vec<Rule> {
    let mut rules = if args.replay.is_asked_for() {
        of_recordings(args)
    } else if args.sessions.are_asked_for() {
        of_sessions(args)
    } else {
        of_requests(args)
    };
    rules.extend(of_everything(args));
    rules
}

/// Requests that know nothing of each other are sent at a rate, or keep their number.
fn of_requests(args: &ProfileArgs) -> Vec<Rule> {
    let load = &args.load;
    let open = load.request_rate.is_some();
    let needs_rate = |said, flag, hint| rule(said && !open, flag, "without --request-rate", hint);
    vec![
        needs_rate(
            load.arrival_pattern.is_some(),
            "--arrival-pattern",
            "add --request-rate",
        ),
        needs_rate(load.max_concurrency.is_some(), "--max-concurrency", "use --concurrency"),
        needs_rate(
            load.request_rate_ramp_duration.is_some(),
            "--request-rate-ramp-duration",
            "use --concurrency-ramp-duration",
        ),
        rule(
            load.concurrency_ramp_duration.is_some() && open,
            "--concurrency-ramp-duration",
            "with --request-rate, where the schedule decides",
            "use --request-rate-ramp-duration",
        ),
    ]
}

/// Sessions begin at a rate, or keep their number.
fn of_sessions(args: &ProfileArgs) -> Vec<Rule> {
    let load = &args.load;
    let open = args.sessions.session_rate.is_some();
    let needs_rate = |said, flag, hint| rule(said && !open, flag, "without --session-rate", hint);
    let mut rules = vec![
        rule(
            load.request_rate.is_some(),
            "--request-rate",
            "with sessions, whose turns follow each other",
            "use --session-rate",
        ),
        rule(
            load.concurrency.is_some() && !open,
            "--concurrency",
            "with sessions",
            "use --num-sessions",
        ),
        needs_rate(
            load.max_concurrency.is_some(),
            "--max-concurrency",
            "use --num-sessions",
        ),
        needs_rate(
            load.arrival_pattern.is_some(),
            "--arrival-pattern",
            "add --session-rate",
        ),
        needs_rate(
            load.request_rate_ramp_duration.is_some(),
            "--request-rate-ramp-duration",
            "use --concurrency-ramp-duration, which ramps sessions too",
        ),
        rule(
            load.concurrency_ramp_duration.is_some() && open,
            "--concurrency-ramp-duration",
            "with --session-rate, where the schedule decides",
            "use --request-rate-ramp-duration, which ramps session rates too",
        ),
    ];
    rules.extend(of_all_sessions(args));
    rules
}

/// Recorded sessions begin when they did, unless the user says otherwise.
fn of_recordings(args: &ProfileArgs) -> Vec<Rule> {
    let (load, sessions) = (&args.load, &args.sessions);
    let (open, closed) = (sessions.session_rate.is_some(), sessions.num_sessions.is_some());
    let beside_places = |said, flag| rule(said && closed, flag, "with --num-sessions", "leave one of them out");
    let needs_rate = |said, flag| {
        rule(
            said && !open,
            flag,
            "where the recording says when sessions begin",
            "add --session-rate",
        )
    };
    let mut rules = vec![
        rule(
            load.request_rate.is_some(),
            "--request-rate",
            "with --replay",
            "use --session-rate, or --replay-speed",
        ),
        beside_places(load.concurrency.is_some(), "--concurrency"),
        beside_places(load.max_concurrency.is_some(), "--max-concurrency"),
        needs_rate(load.arrival_pattern.is_some(), "--arrival-pattern"),
        needs_rate(
            load.request_rate_ramp_duration.is_some(),
            "--request-rate-ramp-duration",
        ),
        rule(
            load.concurrency_ramp_duration.is_some() && !closed,
            "--concurrency-ramp-duration",
            "without --num-sessions",
            "leave it out",
        ),
    ];
    rules.extend(of_all_sessions(args));
    rules
}

/// Whether they were recorded or not.
fn of_all_sessions(args: &ProfileArgs) -> [Rule; 2] {
    let sessions = &args.sessions;
    [
        rule(
            sessions.num_sessions.is_some() && sessions.session_rate.is_some(),
            "--num-sessions",
            "with --session-rate, where the schedule decides",
            "leave one of them out; --max-concurrency bounds the requests in flight",
        ),
        rule(
            sessions.turn_retry_backoff.is_some() && sessions.turn_retries.is_none(),
            "--turn-retry-backoff",
            "without --turn-retries",
            "add --turn-retries",
        ),
    ]
}

/// Whatever is sent.
fn of_everything(args: &ProfileArgs) -> [Rule; 2] {
    let load = &args.load;
    [
        rule(
            load.arrival_smoothness.is_some() && load.arrival_pattern != Some(ArrivalArg::Gamma),
            "--arrival-smoothness",
            "but on gamma arrivals",
            "add --arrival-pattern gamma",
        ),
        rule(
            load.benchmark_grace_period.is_some() && load.benchmark_duration.is_none(),
            "--benchmark-grace-period",
            "without --benchmark-duration",
            "add --benchmark-duration",
        ),
    ]
}
