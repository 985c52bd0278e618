//! Flags of replay that would have no effect, and flags that have none on a recording.

use super::sessions::text_flags;
use super::{Rule, rule};
use crate::cli::ProfileArgs;

pub(super) fn rules(args: &ProfileArgs) -> Vec<Rule> {
    if !args.replay.is_asked_for() {
        return without_recording(args);
    }
    let mut rules = text_rules(args);
    rules.extend(load_rules(args));
    rules.extend(source_rules(args));
    rules
}

/// Every flag that needs a recording.
fn without_recording(args: &ProfileArgs) -> Vec<Rule> {
    let (replay, reading) = (&args.replay, &args.replay.reading);
    let flags = [
        (reading.replay_format.is_some(), "--replay-format"),
        (reading.replay_lengths.is_some(), "--replay-lengths"),
        (reading.replay_block_tokens.is_some(), "--replay-block-tokens"),
        (reading.replay_sessions_by.is_some(), "--replay-sessions-by"),
        (reading.strict, "--strict"),
        (replay.replay_speed.is_some(), "--replay-speed"),
        (replay.max_wait.is_some(), "--max-wait"),
        (replay.replay_window.is_some(), "--replay-window"),
        (replay.replay_sample.is_some(), "--replay-sample"),
        (replay.replay_failed.is_some(), "--replay-failed"),
        (replay.replay_missing.is_some(), "--replay-missing"),
        (replay.replay_recorded_model, "--replay-recorded-model"),
        (replay.replay_experiment.is_some(), "--replay-experiment"),
        (replay.replay_filter.is_some(), "--replay-filter"),
        (replay.replay_max_traces.is_some(), "--replay-max-traces"),
    ];
    let needs_recording = |(said, flag)| rule(said, flag, "without --replay", "add --replay");
    flags.into_iter().map(needs_recording).collect()
}

/// What is said is in the recording.
fn text_rules(args: &ProfileArgs) -> Vec<Rule> {
    let workload = &args.workload;
    let flags = [
        (workload.isl.is_some(), "--isl"),
        (workload.isl_stddev.is_some(), "--isl-stddev"),
        (workload.osl.is_some(), "--osl"),
        (workload.osl_stddev.is_some(), "--osl-stddev"),
        (workload.num_dataset_entries.is_some(), "--num-dataset-entries"),
        (workload.input_file.is_some(), "--input-file"),
        (
            workload.dataset_sampling_strategy.is_some(),
            "--dataset-sampling-strategy",
        ),
        (args.output.export_inputs, "--export-inputs"),
    ];
    let is_recorded = |(said, flag)| {
        rule(
            said,
            flag,
            "with --replay, whose recording says what is sent",
            "leave it out",
        )
    };
    let of_sessions = text_flags(&args.sessions);
    flags.into_iter().chain(of_sessions).map(is_recorded).collect()
}

/// When sessions begin: in the recording, unless the user says it.
fn load_rules(args: &ProfileArgs) -> Vec<Rule> {
    let (load, sessions) = (&args.load, &args.sessions);
    let (open, closed) = (sessions.session_rate.is_some(), sessions.num_sessions.is_some());
    vec![
        rule(
            load.request_rate.is_some(),
            "--request-rate",
            "with --replay",
            "use --session-rate, or --replay-speed",
        ),
        rule(
            closed && open,
            "--num-sessions",
            "with --session-rate, where the schedule decides",
            "leave one of them out; --max-concurrency bounds the requests in flight",
        ),
        rule(
            load.concurrency.is_some() && closed,
            "--concurrency",
            "with --num-sessions",
            "leave one of them out",
        ),
        rule(
            load.max_concurrency.is_some() && closed,
            "--max-concurrency",
            "with --num-sessions",
            "leave one of them out",
        ),
        rule(
            load.arrival_pattern.is_some() && !open,
            "--arrival-pattern",
            "where the recording says when sessions begin",
            "add --session-rate",
        ),
        rule(
            load.request_rate_ramp_duration.is_some() && !open,
            "--request-rate-ramp-duration",
            "where the recording says when sessions begin",
            "add --session-rate",
        ),
        rule(
            load.concurrency_ramp_duration.is_some() && !closed,
            "--concurrency-ramp-duration",
            "without --num-sessions",
            "leave it out",
        ),
        rule(
            sessions.turn_retry_backoff.is_some() && sessions.turn_retries.is_none(),
            "--turn-retry-backoff",
            "without --turn-retries",
            "add --turn-retries",
        ),
    ]
}

/// What is for one kind of source.
fn source_rules(args: &ProfileArgs) -> Vec<Rule> {
    let (replay, reading) = (&args.replay, &args.replay.reading);
    let is_server = replay.replay.iter().any(|source| source.contains("://"));
    let of_server = |said, flag| {
        rule(
            said && !is_server,
            flag,
            "unless --replay is the URL of a server",
            "leave it out",
        )
    };
    let of_files = |said, flag| rule(said && is_server, flag, "on traces of a server", "leave it out");
    vec![
        of_server(replay.replay_experiment.is_some(), "--replay-experiment"),
        of_server(replay.replay_filter.is_some(), "--replay-filter"),
        of_server(replay.replay_max_traces.is_some(), "--replay-max-traces"),
        of_files(reading.replay_format.is_some(), "--replay-format"),
        of_files(reading.replay_lengths.is_some(), "--replay-lengths"),
        of_files(reading.replay_block_tokens.is_some(), "--replay-block-tokens"),
    ]
}
