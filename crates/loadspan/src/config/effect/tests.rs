//! Flags that would have no effect, and those that make no sense together.

use clap::Parser;

use crate::cli::{Cli, Command};
use crate::config::RunConfig;

fn resolve(flags: &str) -> Result<RunConfig, String> {
    let words = ["loadspan", "profile"].into_iter().chain(flags.split_whitespace());
    let cli = Cli::try_parse_from(words).map_err(|error| error.to_string())?;
    let Command::Profile(args) = cli.command else {
        unreachable!()
    };
    RunConfig::resolve(*args).map_err(|error| error.to_string())
}

#[test]
fn every_flag_without_an_effect_is_named() {
    let cases = [
        ("--endpoint-type embeddings --streaming", "--streaming"),
        ("--per-chunk-usage", "--per-chunk-usage"),
        (
            "--endpoint-type responses --streaming --per-chunk-usage",
            "--per-chunk-usage",
        ),
        (
            "--endpoint-type completions --osl 5 --use-legacy-max-tokens",
            "--use-legacy-max-tokens",
        ),
        ("--use-legacy-max-tokens", "--use-legacy-max-tokens"),
        ("--ca-cert ca.pem", "--ca-cert"),
        ("--insecure", "--insecure"),
        ("--arrival-pattern constant", "--arrival-pattern"),
        ("--max-concurrency 4", "--max-concurrency"),
        ("--request-rate 5 --arrival-smoothness 2", "--arrival-smoothness"),
        ("--request-rate-ramp-duration 5", "--request-rate-ramp-duration"),
        (
            "--request-rate 5 --concurrency-ramp-duration 5",
            "--concurrency-ramp-duration",
        ),
        ("--benchmark-grace-period 5", "--benchmark-grace-period"),
        ("--input-file x --isl 5", "--isl"),
        ("--input-file x --isl-stddev 5", "--isl-stddev"),
        ("--input-file x --num-dataset-entries 5", "--num-dataset-entries"),
        ("--endpoint-type embeddings --osl 5", "--osl"),
        ("--osl-stddev 5", "--osl-stddev"),
        ("--dataset-sampling-strategy random", "--dataset-sampling-strategy"),
        ("--session-turns-stddev 1", "--session-turns-stddev"),
        ("--max-context 100", "--max-context"),
        ("--prefix-share 0.5", "--prefix-share"),
        ("--session-header x-session-id", "--session-header"),
        ("--num-sessions 2 --request-rate 5", "--request-rate"),
        ("--num-sessions 2 --concurrency 5", "--concurrency"),
        ("--num-sessions 2 --max-concurrency 5", "--max-concurrency"),
        ("--num-sessions 2 --session-rate 5", "--num-sessions"),
        ("--num-sessions 2 --num-dataset-entries 5", "--num-dataset-entries"),
        ("--num-sessions 2 --arrival-pattern constant", "--arrival-pattern"),
        ("--num-sessions 2 --export-inputs", "--export-inputs"),
        (
            "--num-sessions 2 --input-file x --session-turns-mean 3",
            "--session-turns-mean",
        ),
        ("--num-sessions 2 --input-file x --prefix-share 0.5", "--prefix-share"),
        ("--num-sessions 2 --num-prefix-prompts 5", "--num-prefix-prompts"),
        ("--num-sessions 2 --prefix-prompt-length 5", "--prefix-prompt-length"),
        (
            "--num-sessions 2 --num-prefix-prompts 5 --prefix-prompt-length 5 --prefix-share 0.5",
            "--prefix-prompt-length",
        ),
        ("--num-sessions 2 --context-policy fail", "--context-policy"),
        (
            "--num-sessions 2 --session-turn-delay-mean 5",
            "--session-turn-delay-mean",
        ),
        ("--num-sessions 2 --tool-turn-share 0.5", "--tool-turn-share"),
        ("--num-sessions 2 --tool-time 5", "--tool-time"),
        (
            "--session-turns-mean 2 --session-delay-ratio 2",
            "--session-delay-ratio",
        ),
        (
            "--session-turns-mean 2 --session-turn-delay-stddev 2",
            "--session-turn-delay-stddev",
        ),
        (
            "--session-turns-mean 2 --session-turn-delay-mean 2 --session-turn-delay-stddev 2 --session-turn-delay-shape \
             exponential",
            "--session-turn-delay-stddev",
        ),
        ("--session-turns-mean 2 --turn-retry-backoff 2", "--turn-retry-backoff"),
        ("--replay x --turn-retry-backoff 2", "--turn-retry-backoff"),
        ("--replay x --num-sessions 2 --session-rate 5", "--num-sessions"),
        ("--replay x --num-sessions 2 --concurrency 5", "--concurrency"),
        ("--replay x --num-sessions 2 --max-concurrency 5", "--max-concurrency"),
        ("--replay x --request-rate 5", "--request-rate"),
        ("--replay x --arrival-pattern constant", "--arrival-pattern"),
        (
            "--replay x --request-rate-ramp-duration 5",
            "--request-rate-ramp-duration",
        ),
        (
            "--replay x --concurrency-ramp-duration 5",
            "--concurrency-ramp-duration",
        ),
        ("--replay x --isl 5", "--isl"),
        ("--replay x --replay-filter y", "--replay-filter"),
        (
            "--session-rate 2 --concurrency-ramp-duration 5",
            "--concurrency-ramp-duration",
        ),
        (
            "--num-sessions 2 --request-rate-ramp-duration 5",
            "--request-rate-ramp-duration",
        ),
        ("--export-level chunks", "--export-level chunks"),
        ("--export-level summary --auto-plot", "--auto-plot"),
        ("--plot-required", "--plot-required"),
    ];
    for (flags, named) in cases {
        let error = resolve(flags).unwrap_err();
        assert!(
            error.starts_with(&format!("{named} has no effect ")) && error.contains("hint: "),
            "{flags}: {error}"
        );
    }
}

#[test]
fn contradictions_and_nonsense_are_refused() {
    let cases = [
        "--request-rate 5 --concurrency 2 --max-concurrency 2",
        "--warmup-request-count 1 --warmup-duration 1",
        "--request-rate 0",
        "--request-rate nan",
        "--concurrency 0",
        "--concurrency 1000001",
        "--num-sessions 1000001",
        "--request-rate 1 --arrival-pattern gamma --arrival-smoothness 0",
        "--isl-stddev -1",
        "--goodput nonsense:1",
        "--goodput time_to_first_token:100",
        "--url ftp://x",
        "--header canary",
        "--num-sessions 2 --endpoint-type completions",
        "--session-turns-mean 2 --endpoint-type responses --tool-turn-share 0.5",
        "--session-rate 0",
        "--session-turns-mean 2 --osl 5 --prefix-share 0.5 --max-context 100 --context-policy drop-oldest",
        "--num-sessions 2 --warmup-request-count 2 --num-warmup-sessions 2",
    ];
    for flags in cases {
        assert!(resolve(flags).is_err(), "{flags}");
    }
}

#[test]
fn an_end_that_nobody_asked_for_is_told_with_the_flag_that_would_set_it() {
    let cases = [
        ("--concurrency 8", "16 requests by default (--request-count)"),
        ("--concurrency 2", "10 requests by default (--request-count)"),
        ("--request-rate 5", "10 requests by default (--request-count)"),
        (
            "--num-dataset-entries 1",
            "1 request by default (--num-dataset-entries)",
        ),
        (
            "--input-file x",
            "each prompt of --input-file once, by default (--request-count)",
        ),
        ("--num-sessions 8", "16 sessions by default (--session-count)"),
        (
            "--num-sessions 8 --input-file x",
            "each conversation of --input-file once, by default (--session-count)",
        ),
        ("--replay x", "the whole recording"),
        ("--replay x --session-rate 5", "the whole recording"),
        (
            "--replay x --replay-window 1s..2s",
            "the recording, as far as --replay-window says",
        ),
        (
            "--replay x --replay-sample 50%",
            "the recording, as far as --replay-sample says",
        ),
        (
            "--replay x --replay-window 1s.. --replay-sample 50%",
            "the recording, as far as --replay-window and --replay-sample say",
        ),
        ("--replay x --request-count 1", "1 request"),
        (
            "--session-rate 1 --session-count 1 --benchmark-duration 1.5",
            "1 session or 1.5s",
        ),
    ];
    for (flags, length) in cases {
        assert_eq!(resolve(flags).unwrap().stages[0].describe_length(), length, "{flags}");
    }
}

#[test]
fn an_aiperf_command_line_is_understood() {
    let config = resolve(
        "--model m --url http://h:8000 --endpoint-type chat --streaming --request-rate 20 --request-rate-mode poisson \
         --concurrency 64 --num-requests 100 --num-warmup-requests 10 --synthetic-input-tokens-mean 128 \
         --output-tokens-mean 64 --random-seed 7",
    )
    .unwrap();
    assert_eq!(config.describe_load(), "poisson 20 req/s, at most 64 at once");
    assert_eq!(config.seed, 7);
}

#[test]
fn sessions_are_understood_by_the_names_that_aiperf_has() {
    let config = resolve(
        "--session-rate 2 --num-conversations 100 --conversation-turn-mean 4 --conversation-turn-stddev 1 \
         --conversation-turn-delay-mean 1500 --conversation-turn-delay-stddev 0.5s --shared-system-prompt-length 100 \
         --num-prefix-prompts 3 --prefix-prompt-length 50 --isl 20 --osl 30 --max-concurrency 9",
    )
    .unwrap();
    assert_eq!(config.describe_load(), "poisson 2 sessions/s, at most 9 at once");
    assert_eq!(config.stages[0].describe_length(), "100 sessions");
    assert_eq!(
        resolve("--num-sessions 8").unwrap().describe_load(),
        "8 concurrent sessions"
    );
}
