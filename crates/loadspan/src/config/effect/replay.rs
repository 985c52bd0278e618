//! Flags of replay that would have no effect, and flags that have none on a recording.

use super::sessions::text_flags;
use super::{Rule, rule};
use crate::cli::ProfileArgs;

pub(super) fn rules(args: &ProfileArgs) -> Vec<Rule> {
    if !args.replay.is_asked_for() {
        return without_recording(args);
    }
    let mut rules = text_rules(args);
    rules.extend(source_rules(args));
    rules
}

/// Every flag that needs a recording.
fn without_recording(args: &ProfileArgs) -> Vec<Rule> {
    let (replay, reading, traces) = (&args.replay, &args.replay.reading, &args.replay.traces);
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
        (traces.replay_experiment.is_some(), "--replay-experiment"),
        (traces.replay_filter.is_some(), "--replay-filter"),
        (traces.replay_max_traces.is_some(), "--replay-max-traces"),
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

/// What is for one kind of source.
fn source_rules(args: &ProfileArgs) -> Vec<Rule> {
    let (replay, reading, traces) = (&args.replay, &args.replay.reading, &args.replay.traces);
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
        of_server(traces.replay_experiment.is_some(), "--replay-experiment"),
        of_server(traces.replay_filter.is_some(), "--replay-filter"),
        of_server(traces.replay_max_traces.is_some(), "--replay-max-traces"),
        of_files(reading.replay_format.is_some(), "--replay-format"),
        of_files(reading.replay_lengths.is_some(), "--replay-lengths"),
        of_files(reading.replay_block_tokens.is_some(), "--replay-block-tokens"),
    ]
}
