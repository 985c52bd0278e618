//! A flag that would have no effect is an error: silence would let the user believe in a benchmark that was not run.

mod load;
mod replay;
mod sessions;
#[cfg(test)]
mod tests;

use super::AskedStage;
use crate::cli::{EndpointArg, EndpointArgs, ExportLevel, ProfileArgs, SamplingArg};
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
        .chain(load::rules(args))
        .chain(replay::rules(args))
        .chain(sessions::rules(args))
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
        "leave it out, or write several stages into a run file",
    )]
}

fn endpoint_rules(args: &ProfileArgs) -> Vec<Rule> {
    let mut rules = body_rules(args);
    rules.extend(connection_rules(&args.endpoint));
    rules
}

/// What is asked for, and how answers come.
fn body_rules(args: &ProfileArgs) -> Vec<Rule> {
    let endpoint = &args.endpoint;
    let embeddings = endpoint.endpoint_type == EndpointArg::Embeddings;
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
    ]
}

fn connection_rules(endpoint: &EndpointArgs) -> [Rule; 3] {
    let is_https = |url: &String| url.to_ascii_lowercase().starts_with("https://");
    let https = endpoint.url.iter().any(is_https);
    [
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
