mod stages;

use std::collections::BTreeMap;

use loadspan_record::{Completeness, RunOffset, Secret, Summary};
use loadspan_wire::mlflow::limits::{KEY_CHARS, PARAM_VALUE_CHARS, TAG_VALUE_CHARS};
use loadspan_wire::mlflow::runs::RunStatus;
use serde_json::json;

use super::*;
use crate::mlflow::figures::tests::rich_summary::{facts, rich_summary};

/// The parts of `run.json` that describe a run.
struct RunJson {
    facts: RunFacts,
    config: Value,
    workload: Value,
    request: Value,
    host: Value,
}

fn run_json() -> RunJson {
    RunJson {
        facts: facts(),
        config: json!({
            "target": {
                "urls": ["http://localhost:8000"],
                "endpoint_type": "chat",
                "endpoint_path": null,
                "api_key": Secret::new("canary-key"),
                "headers": [["x-tenant", Secret::new("canary-header")], ["x-b", Secret::new("canary-b")]],
                "tls": "system_roots",
                "http": "1.1",
                "deadlines": {"connect": {"secs": 10, "nanos": 0}, "idle": {"secs": 0, "nanos": 250_000_000}},
            },
            "request": {"model": null, "server": null, "streaming": true, "extra": {"temperature": 0.0}},
            "load": {
                "model": {"type": "open", "rate": 10.0, "process": {"gamma": {"smoothness": 2.5}}, "ramp": null, "seed": 42,
                          "max_concurrency": 32},
                "warmup": {"requests": 5},
                "limits": {"requests": 61, "duration": null, "failures": {"count": 3}},
                "workers": 2,
            },
            "tokenizer": "/models/llama/tokenizer.json",
            "seed": 42,
            "slo": [{"metric": "time_to_first_token", "limit": 100.0}],
        }),
        workload: json!({
            "kind": "synthetic", "seed": 42, "hash": "sha256:abc", "entries": null, "sampling": null, "lengths": "tokenizer",
            "input_tokens": {"mean": 100.0, "stddev": 0.0}, "output_tokens": {"mean": 3.0, "stddev": 0.5},
        }),
        request: json!({
            "model": "meta/llama-8b", "endpoint_type": "chat", "streaming": true, "server": "vllm", "server_version": "0.11.0",
            "extra": {"temperature": 0.0, "stop": ["a", "b"]},
        }),
        host: json!({
            "name": "box", "os": "Ubuntu 24.04", "kernel": "Linux 6.8.0", "arch": "x86_64", "cpus": 64, "user": "me",
            "memory_bytes": 137_438_953_472_u64, "gpus": ["NVIDIA H200", "NVIDIA H200"],
            "git": {"commit": "0123456789abcdef0123456789abcdef01234567", "branch": "main"},
        }),
    }
}

impl RunJson {
    fn described(&self) -> DescribedRun<'_> {
        DescribedRun {
            facts: &self.facts,
            config: &self.config,
            workload: &self.workload,
            request: &self.request,
            host: &self.host,
            provider: "vllm",
        }
    }
}

fn describe(run: &RunJson, name: Option<&str>, tags: &[(&str, &str)]) -> RunDescription {
    let tags: Vec<(String, String)> = tags
        .iter()
        .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
        .collect();
    RunDescription::with(&run.described(), Wishes { name, tags: &tags })
}

fn params(description: &RunDescription) -> BTreeMap<&str, &str> {
    let params = description.params.iter();
    params.map(|param| (param.key.as_str(), param.value.as_str())).collect()
}

fn assert_params<const N: usize>(description: &RunDescription, expected: [(&str, &str); N]) {
    let params = params(description);
    for (key, value) in expected {
        assert_eq!(params.get(key), Some(&value), "{key}");
    }
}

fn tag<'a>(tags: &'a [Tag], key: &str) -> Option<&'a str> {
    let mut found = tags.iter().filter(|tag| tag.key == key);
    let value = found.next().map(|tag| tag.value.as_str());
    assert!(found.next().is_none(), "{key} is there twice");
    value
}

#[test]
fn settings_have_the_names_that_people_look_for() {
    let description = describe(&run_json(), None, &[]);
    let params = params(&description);
    let expected = BTreeMap::from([
        ("api_key", "[redacted]"),
        ("arrival_pattern", "gamma"),
        ("arrival_smoothness", "2.5"),
        ("dataset", "synthetic"),
        ("dataset.hash", "sha256:abc"),
        ("dataset.kind", "synthetic"),
        ("dataset.lengths", "tokenizer"),
        ("deadlines.connect_s", "10"),
        ("deadlines.idle_s", "0.25"),
        ("endpoint_type", "chat"),
        ("git.branch", "main"),
        ("git.commit", "0123456789abcdef0123456789abcdef01234567"),
        ("goodput", "time_to_first_token:100 inter_token_latency:20"),
        ("headers", "x-tenant, x-b"),
        ("host.arch", "x86_64"),
        ("host.cpus", "64"),
        ("host.gpus", "NVIDIA H200, NVIDIA H200"),
        ("host.kernel", "Linux 6.8.0"),
        ("host.memory_bytes", "137438953472"),
        ("host.name", "box"),
        ("host.os", "Ubuntu 24.04"),
        ("http", "1.1"),
        ("input_tokens.mean", "100"),
        ("input_tokens.stddev", "0"),
        ("load", "poisson 10 req/s, at most 32 at once"),
        ("load.kind", "open"),
        ("load.limits.failures.count", "3"),
        ("load.seed", "42"),
        ("loadspan.version", "0.1.0"),
        ("max_concurrency", "32"),
        ("model", "meta/llama-8b"),
        ("output_tokens.mean", "3"),
        ("output_tokens.stddev", "0.5"),
        ("prompts", "unique"),
        ("provider", "vllm"),
        ("request.extra.stop", "a, b"),
        ("request.extra.temperature", "0"),
        ("request_count", "61"),
        ("request_rate", "10"),
        ("seed", "42"),
        ("server.kind", "vllm"),
        ("server.version", "0.11.0"),
        ("streaming", "true"),
        ("tls", "system_roots"),
        ("tokenizer", "/models/llama/tokenizer.json"),
        ("urls", "http://localhost:8000"),
        ("warmup.requests", "5"),
        ("workers", "2"),
    ]);
    assert_eq!(params, expected);
}

#[test]
fn a_closed_load_and_a_dataset_are_named_as_plainly() {
    let mut run = run_json();
    run.config["load"]["model"] = json!({"type": "closed", "concurrency": 8, "ramp": {"secs": 2, "nanos": 0}});
    run.config["load"]["warmup"] = json!("none");
    run.config["load"]["limits"]["duration"] = json!({"secs": 60, "nanos": 0});
    run.workload = json!({"kind": "dataset", "path": "prompts.jsonl", "content": "sha256:def", "format": "jsonl", "entries": 7,
                          "sampling": "random", "seed": 42});
    assert_params(
        &describe(&run, None, &[]),
        [
            ("concurrency", "8"),
            ("load.kind", "closed"),
            ("load.ramp_s", "2"),
            ("benchmark_duration_s", "60"),
            ("warmup", "none"),
            ("dataset", "prompts.jsonl"),
            ("dataset.hash", "sha256:def"),
            ("dataset.entries", "7"),
            ("dataset.sampling", "random"),
        ],
    );
}

#[test]
fn no_secret_becomes_a_parameter_or_a_tag() {
    let description = describe(&run_json(), None, &[]);
    assert!(!format!("{description:?}").contains("canary"));
}

#[test]
fn keys_and_values_are_cut_to_what_mlflow_takes() {
    let mut run = run_json();
    run.config["request"]["extra"] = json!({"ä (ms)\"": "x".repeat(10_000)});
    run.request = json!({});
    let long = "y".repeat(10_000);
    let description = describe(&run, Some(&long), &[(&long, &long), ("team?", "a")]);
    let params = params(&description);
    assert_eq!(params["request.extra.ä _ms__"].len(), PARAM_VALUE_CHARS);
    assert_eq!(description.name.len(), KEY_CHARS);
    assert_eq!(
        tag(&description.tags, &long[..KEY_CHARS]).map(str::len),
        Some(TAG_VALUE_CHARS)
    );
    assert_eq!(tag(&description.tags, "team_"), Some("a"));
}

#[test]
fn a_run_is_named_by_its_user_or_by_model_load_and_time() {
    let run = run_json();
    let made = describe(&run, None, &[]);
    assert_eq!(
        made.name,
        "meta/llama-8b, poisson 10 req/s, at most 32 at once, 2023-11-14 22:13:20 UTC"
    );
    assert_eq!(describe(&run, Some("mine"), &[]).name, "mine");
    let by_tag = describe(&run, None, &[("mlflow.runName", "tagged")]);
    assert_eq!(
        (by_tag.name.as_str(), tag(&by_tag.tags, "mlflow.runName")),
        ("tagged", None)
    );
}

#[test]
fn tags_say_what_and_whence_and_those_of_the_user_win() {
    let description = describe(&run_json(), None, &[("team", "perf"), ("model", "mine")]);
    assert_eq!(
        (description.benchmark_id.as_str(), description.start_unix_ms),
        ("7f3a09c2", 1_700_000_000_123)
    );
    for (key, value) in [
        ("benchmark_id", "7f3a09c2"),
        ("model", "mine"),
        ("gen_ai.request.model", "meta/llama-8b"),
        ("gen_ai.provider.name", "vllm"),
        ("loadspan.version", "0.1.0"),
        ("load", "poisson 10 req/s, at most 32 at once"),
        ("mlflow.source.name", "loadspan"),
        ("mlflow.source.type", "LOCAL"),
        ("mlflow.source.git.commit", "0123456789abcdef0123456789abcdef01234567"),
        ("mlflow.source.git.branch", "main"),
        ("mlflow.user", "me"),
        ("team", "perf"),
        (
            "mlflow.note.content",
            "`meta/llama-8b` at `http://localhost:8000` (chat, streaming), poisson 10 req/s, at most 32 at once.\n\n\
             Running since 2023-11-14 22:13:20 UTC, on host `box`; loadspan 0.1.0, run `7f3a09c2`.",
        ),
    ] {
        assert_eq!(tag(&description.tags, key), Some(value), "{key}");
    }
}

#[test]
fn what_is_not_known_is_no_tag() {
    let mut run = run_json();
    run.host = json!({});
    let description = describe(&run, None, &[]);
    assert_eq!(tag(&description.tags, "mlflow.source.git.commit"), None);
    assert!(!params(&description).contains_key("git.commit"));
}

#[test]
fn a_model_cannot_write_markdown() {
    let mut run = run_json();
    run.facts.run.model = "x`](http://evil)\n# big".to_owned();
    let description = describe(&run, None, &[]);
    let note = tag(&description.tags, "mlflow.note.content").unwrap();
    assert!(note.starts_with("`x ](http://evil) # big` at"), "{note}");
}

fn outcome_after(change: impl FnOnce(&mut Summary)) -> RunOutcome {
    let mut summary = rich_summary();
    change(&mut summary);
    RunOutcome::of(&summary, None)
}

fn incomplete(reason: &str) -> Completeness {
    Completeness::Incomplete {
        reason: reason.to_owned(),
    }
}

#[test]
fn the_state_is_what_became_of_the_run() {
    let state = |verdict, completeness| {
        let outcome = outcome_after(|summary| {
            summary.verdict.status = verdict;
            summary.run.completeness = completeness;
        });
        let was_cancelled = tag(&outcome.tags, "was_cancelled").map(str::to_owned);
        (outcome.status, was_cancelled.unwrap())
    };
    use loadspan_record::VerdictStatus::{Degraded, Invalid, Valid};
    let cases = [
        (Valid, Completeness::Complete, RunStatus::Finished, "false"),
        (Degraded, Completeness::Complete, RunStatus::Finished, "false"),
        (Invalid, Completeness::Complete, RunStatus::Failed, "false"),
        (
            Valid,
            incomplete(Completeness::TOO_MANY_FAILURES),
            RunStatus::Failed,
            "false",
        ),
        (Valid, incomplete("interrupted"), RunStatus::Killed, "true"),
        (
            Invalid,
            incomplete("loadspan was killed before the run ended"),
            RunStatus::Killed,
            "true",
        ),
    ];
    for (verdict, completeness, status, was_cancelled) in cases {
        assert_eq!(
            state(verdict, completeness.clone()),
            (status, was_cancelled.to_owned()),
            "{verdict:?} {completeness:?}"
        );
    }
}

#[test]
fn a_run_ends_when_its_last_request_did() {
    assert_eq!(outcome_after(|_| ()).end_unix_ms, 1_700_000_006_873);
    let without_measuring = outcome_after(|summary| summary.run.measured_until_s = None);
    assert_eq!(without_measuring.end_unix_ms, 1_700_000_006_623);
}

#[test]
fn a_killed_run_ends_with_its_last_record() {
    let mut killed = rich_summary();
    killed.run.measured_until_s = None;
    killed.client = None;
    let end = |summary, nanos: Option<u64>| RunOutcome::of(summary, nanos.map(RunOffset::from_nanos)).end_unix_ms;
    assert_eq!(end(&killed, Some(6_595_000_000)), 1_700_000_006_718);
    assert_eq!(end(&killed, None), 1_700_000_006_218, "the time that is on record");
    assert_eq!(end(&rich_summary(), Some(1)), 1_700_000_006_873, "it was not killed");
}

#[test]
fn an_outcome_says_why_and_what_came_of_it() {
    let outcome = outcome_after(|summary| summary.run.completeness = incomplete("interrupted"));
    assert_eq!(tag(&outcome.tags, "verdict"), Some("degraded"));
    assert_eq!(
        tag(&outcome.tags, "verdict.reasons"),
        Some("error_rate, prompts_cached, too_few_samples")
    );
    assert_eq!(tag(&outcome.tags, "incomplete.reason"), Some("interrupted"));
    assert_eq!(tag(&outcome.tags, "gpu"), Some("2 × NVIDIA H200"));
    let note = tag(&outcome.tags, "mlflow.note.content").unwrap();
    assert!(note.starts_with("**DEGRADED**: `meta/llama-8b` at"), "{note}");
    for part in [
        "60 requests completed, 1 failed · Requests/s: 9.84 · ",
        "\n\nTime to first token p99: 46.00 ms · ",
        "| Time to first token, ms | 42.90 | 43.00 | 46.00 | 46.00 |\n",
    ] {
        assert!(note.contains(part), "{part}:\n{note}");
    }
    assert!(!outcome.metrics.is_empty());
}

#[test]
fn tags_of_the_user_win_at_the_end_too() {
    let tags = [("verdict".to_owned(), "mine".to_owned())];
    let outcome = outcome_after(|_| ()).without(&tags);
    assert_eq!(tag(&outcome.tags, "verdict"), None);
    assert!(tag(&outcome.tags, "was_cancelled").is_some());
}
