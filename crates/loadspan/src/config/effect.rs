//! A flag that would have no effect is an error: silence would let the user believe in a benchmark that was not run.

use crate::cli::{ArrivalArg, EndpointArg, ExportLevel, ProfileArgs, SamplingArg};
use crate::exit::UsageError;

/// # Errors
///
/// Names the first flag that would do nothing, and what to do instead.
pub(super) fn check(args: &ProfileArgs) -> Result<(), UsageError> {
    let rules = endpoint_rules(args)
        .into_iter()
        .chain(load_rules(args))
        .chain(workload_rules(args))
        .chain(output_rules(args));
    match rules.into_iter().find(|rule| rule.broken) {
        Some(Rule {
            flag, because, hint, ..
        }) => Err(UsageError::with_hint(format!("{flag} has no effect {because}"), hint)),
        None => Ok(()),
    }
}

struct Rule {
    broken: bool,
    flag: &'static str,
    because: &'static str,
    hint: &'static str,
}

fn rule(broken: bool, flag: &'static str, because: &'static str, hint: &'static str) -> Rule {
    Rule {
        broken,
        flag,
        because,
        hint,
    }
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
    let open = load.request_rate.is_some();
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
            load.concurrency_ramp_duration.is_some() && open,
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
            ("--export-level chunks", "--export-level chunks"),
            ("--export-level summary --auto-plot", "--auto-plot"),
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
}
