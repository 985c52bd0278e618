//! A flag that would have no effect is an error: silence would let the user believe in a benchmark that was not run.

mod replay;
mod sessions;

use super::AskedStage;
use crate::cli::{ArrivalArg, EndpointArg, ExportLevel, ProfileArgs, SamplingArg};
use crate::exit::UsageError;

/// Checks the flags of a run, and those of each of its stages if it has several. What stages have in common has an effect when it
/// has one in any of them; what a stage says itself has to have one there.
///
/// # Errors
///
/// Names the first flag that would do nothing, and what to do instead.
pub(super) fn check(args: &ProfileArgs, stages: &[AskedStage]) -> Result<(), UsageError> {
    if stages.len() < 2
        && let Some(rule) = stage_rules(args).into_iter().find(|rule| rule.broken)
    {
        return Err(rule.into_error());
    }
    let Some((first, others)) = stages.split_first() else {
        return broken(args).next().map_or(Ok(()), |rule| Err(rule.into_error()));
    };
    for (number, stage) in stages.iter().enumerate() {
        if let Some(rule) = broken(&stage.args).find(|rule| stage.says(rule.flag_name())) {
            return Err(rule.into_error().in_stage(number));
        }
    }
    let everywhere = |rule: &Rule| {
        others
            .iter()
            .all(|stage| broken(&stage.args).any(|other| other.flag == rule.flag))
    };
    match broken(&first.args).find(everywhere) {
        Some(rule) => Err(rule.into_error()),
        None => Ok(()),
    }
}

/// The rules that `args` break.
fn broken(args: &ProfileArgs) -> impl Iterator<Item = Rule> + use<> {
    let rules = endpoint_rules(args)
        .into_iter()
        .chain(replay::rules(args))
        .chain(sessions::rules(args))
        .chain(load_rules(args))
        .chain(workload_rules(args))
        .chain(output_rules(args));
    rules.filter(|rule| rule.broken)
}

struct Rule {
    broken: bool,
    flag: &'static str,
    because: &'static str,
    hint: &'static str,
}

impl Rule {
    /// The flag without its value.
    fn flag_name(&self) -> &'static str {
        self.flag.split(' ').next().unwrap_or(self.flag)
    }

    fn into_error(self) -> UsageError {
        UsageError::with_hint(format!("{} has no effect {}", self.flag, self.because), self.hint)
    }
}

fn rule(broken: bool, flag: &'static str, because: &'static str, hint: &'static str) -> Rule {
    Rule {
        broken,
        flag,
        because,
        hint,
    }
}

/// What only several stages give an effect.
fn stage_rules(args: &ProfileArgs) -> [Rule; 1] {
    [rule(
        args.mlflow.mlflow_stages.is_some(),
        "--mlflow-stages",
        "without several stages",
        "leave it out, or write the stages into a file: -f run.yaml",
    )]
}

fn endpoint_rules(args: &ProfileArgs) -> Vec<Rule> {
    let endpoint = &args.endpoint;
    let embeddings = endpoint.endpoint_type == EndpointArg::Embeddings;
    let https = endpoint
        .url
        .iter()
        .any(|url| url.to_ascii_lowercase().starts_with("https://"));
    let chat = endpoint.endpoint_type == EndpointArg::Chat;
    vec![
        rule(
            endpoint.streaming && embeddings,
            "--streaming",
            "with embeddings, which do not stream",
            "leave it out",
        ),
        rule(
            endpoint.per_chunk_usage && !endpoint.streaming,
            "--per-chunk-usage",
            "without --streaming",
            "add --streaming",
        ),
        rule(
            endpoint.per_chunk_usage && endpoint.endpoint_type == EndpointArg::Responses,
            "--per-chunk-usage",
            "with the responses API, which has no such option",
            "leave it out",
        ),
        rule(
            endpoint.use_legacy_max_tokens && !chat,
            "--use-legacy-max-tokens",
            "outside chats",
            "leave it out: completions have max_tokens, responses have max_output_tokens",
        ),
        rule(
            endpoint.use_legacy_max_tokens && args.workload.osl.is_none() && args.workload.input_file.is_none(),
            "--use-legacy-max-tokens",
            "without an output length",
            "add --osl",
        ),
        rule(
            endpoint.api_key_file.is_some() && crate::cli::key_is_typed(),
            "--api-key",
            "with --api-key-file",
            "leave one of them out",
        ),
        rule(
            endpoint.ca_cert.is_some() && !https,
            "--ca-cert",
            "without TLS",
            "use an https:// URL",
        ),
        rule(
            endpoint.insecure && !https,
            "--insecure",
            "without TLS",
            "use an https:// URL",
        ),
    ]
}

fn load_rules(args: &ProfileArgs) -> Vec<Rule> {
    let load = &args.load;
    // When recorded sessions begin has rules of its own.
    let replays = args.replay.is_asked_for();
    let open = replays || load.request_rate.is_some() || args.sessions.session_rate.is_some();
    vec![
        rule(
            load.arrival_pattern.is_some() && !open,
            "--arrival-pattern",
            "without --request-rate",
            "add --request-rate",
        ),
        rule(
            load.max_concurrency.is_some() && !open,
            "--max-concurrency",
            "without --request-rate",
            "use --concurrency",
        ),
        rule(
            load.arrival_smoothness.is_some() && load.arrival_pattern != Some(ArrivalArg::Gamma),
            "--arrival-smoothness",
            "but on gamma arrivals",
            "add --arrival-pattern gamma",
        ),
        rule(
            load.request_rate_ramp_duration.is_some() && !open,
            "--request-rate-ramp-duration",
            "without --request-rate",
            "use --concurrency-ramp-duration",
        ),
        rule(
            load.concurrency_ramp_duration.is_some() && open && !replays,
            "--concurrency-ramp-duration",
            "with --request-rate, where the schedule decides",
            "use --request-rate-ramp-duration",
        ),
        rule(
            load.benchmark_grace_period.is_some() && load.benchmark_duration.is_none(),
            "--benchmark-grace-period",
            "without --benchmark-duration",
            "add --benchmark-duration",
        ),
    ]
}

fn workload_rules(args: &ProfileArgs) -> Vec<Rule> {
    let workload = &args.workload;
    let file = workload.input_file.is_some();
    let embeddings = args.endpoint.endpoint_type == EndpointArg::Embeddings;
    vec![
        rule(
            workload.isl.is_some() && file,
            "--isl",
            "with --input-file, whose prompts have their own lengths",
            "leave one of them out",
        ),
        rule(
            workload.isl_stddev.is_some() && file,
            "--isl-stddev",
            "with --input-file",
            "leave one of them out",
        ),
        rule(
            workload.num_dataset_entries.is_some() && file,
            "--num-dataset-entries",
            "with --input-file, which has its own entries",
            "leave one of them out",
        ),
        rule(
            workload.osl.is_some() && embeddings,
            "--osl",
            "with embeddings, which have no output tokens",
            "leave it out",
        ),
        rule(
            workload.osl_stddev.is_some() && workload.osl.is_none(),
            "--osl-stddev",
            "without --osl",
            "add --osl",
        ),
        rule(
            workload
                .dataset_sampling_strategy
                .is_some_and(|strategy| strategy != SamplingArg::Sequential)
                && !file
                && workload.num_dataset_entries.is_none(),
            "--dataset-sampling-strategy",
            "where each request has a new prompt",
            "add --input-file or --num-dataset-entries",
        ),
    ]
}

fn output_rules(args: &ProfileArgs) -> Vec<Rule> {
    let output = &args.output;
    vec![
        rule(
            output.export_level == ExportLevel::Chunks && !args.endpoint.streaming,
            "--export-level chunks",
            "without --streaming: there are no chunks",
            "add --streaming",
        ),
        rule(
            output.export_inputs && output.export_level == ExportLevel::Summary,
            "--export-inputs",
            "with --export-level summary: only records tell what was sent",
            "leave one of them out",
        ),
        rule(
            output.export_level == ExportLevel::Summary && output.auto_plot,
            "--auto-plot",
            "with --export-level summary: pictures are made of records",
            "leave one of them out",
        ),
        rule(
            output.plot_required && !output.auto_plot,
            "--plot-required",
            "without --auto-plot",
            "add --auto-plot",
        ),
    ]
}

#[cfg(test)]
mod tests {
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
        assert_eq!(resolve("--num-sessions 8").unwrap().describe_load(), "8 sessions");
    }
}
