//! Every mistake has its place and says what to do.

use super::{parse, resolve};
use crate::run_config_file::{FileError, RunConfigFile};

/// What is said of a file, with flags beside it.
#[track_caller]
fn said(text: &str, flags: &str) -> String {
    match resolve(text, flags) {
        Ok(_) => panic!("nothing is wrong with\n{text}"),
        Err(error) => error,
    }
}

#[test]
fn each_mistake_is_told_with_its_place() {
    let cases = [
        ("concurency: 8", ""),
        ("load:\n  reqeust-rate: 8", ""),
        ("load:\n  isl: 8", ""),
        ("batch_size: 8", ""),
        ("stagges: []", ""),
        ("load: 5", ""),
        ("just words", ""),
        ("concurrency: 8\nload:\n  concurrency: 9", ""),
        ("isl: 8\nsynthetic-input-tokens-mean: 8", ""),
        ("concurrency: eight", ""),
        ("concurrency: [1, 2]", ""),
        ("concurrency:", ""),
        ("concurrency: 0", ""),
        ("streaming: yes", ""),
        ("streaming: 1", ""),
        ("benchmark_duration: soon", ""),
        ("arrival_pattern: poison\nrequest_rate: 5", ""),
        ("arrival_pattern: often\nrequest_rate: 5", ""),
        ("url: []", ""),
        ("url: [[http://h]]", ""),
        ("url: {a: b}", ""),
        ("model: ${LOADSPAN_NO_SUCH_VARIABLE}", ""),
        ("api_key: ${LOADSPAN_NO_SUCH_VARIABLE}", ""),
        ("goodput: nonsense:1", ""),
        ("goodput: {time_to_first_token: 100}", ""),
        ("isl: 8\ninput_file: x.jsonl", ""),
        ("isl_stddev: -1", ""),
        ("header: [canary]", ""),
        ("osl_stddev: 3", ""),
        ("concurrency: 8\nmax_concurrency: 9\nrequest_rate: 1", ""),
        ("plot_required: true", ""),
        ("stages: 3", ""),
        ("stages: []", ""),
        ("stages: [5]", ""),
        ("stages: [{nam: a}]", ""),
        ("stages: [{name: a}, {name: a}]", ""),
        ("stages: [{role: cold}]", ""),
        ("stages: [{role: warmup}]", ""),
        ("stages: [{pause: -1}]", ""),
        ("stages: [{url: http://h}]", ""),
        ("stages: [{endpoint: {url: http://h}}]", ""),
        ("stages: [{random_seed: 5}]", ""),
        ("stages: [{concurrency: ~}]", ""),
        ("stages: [{name: peak, request_rate: 0}]", ""),
        ("concurrency: 8\npause: 5s", ""),
        ("load: {name: a}", ""),
        ("stages: [{load: {role: warmup}}]", ""),
        ("load:\n  concurrency:2", ""),
        ("load: {workload: {isl: 8}}", ""),
        ("stages: [{stages: []}]", ""),
        ("H: {a: b}", ""),
        ("c\u{43e}ncurrency: 8", ""),
        ("api_key: $KEY", ""),
        ("header: {}", ""),
        ("benchmark_duration: 0", ""),
        ("stages: [{isl: 0}]", ""),
        ("model: m\nconcurrency:8\n\nisl: 2", ""),
        ("load:\n    concurrency: 8\n  isl: 8", ""),
        ("load:\n\tisl: 8", ""),
        ("isl:\t8", ""),
        ("model: \"m\nisl: 8", ""),
        ("model: @m", ""),
        ("model: m: n", ""),
        ("model: \"m\" n", ""),
        ("stages: [{isl: 8}\nosl: 8", ""),
        ("isl: *none", ""),
        ("url: ftp://x", ""),
        ("otel_url: 'http://h h'", ""),
        ("otel_protocol: grpc", ""),
    ];
    let told = cases.map(|(text, flags)| format!("{text} {flags}\n=> {}\n", said(text, flags)));
    insta::assert_snapshot!(told.join("\n"));
}

#[test]
fn a_secret_is_not_repeated() {
    for text in [
        "api_key: [canary, canary]",
        "header: {x: [canary]}",
        "header: canary",
        "otel_header: canary",
        "mlflow_tracking_uri: 'ftp://canary@h'",
    ] {
        let error = said(text, "");
        assert!(!error.contains("canary"), "{error}");
    }
}

#[test]
fn sessions_that_cannot_be_are_told_with_their_place() {
    let stage = "stages:\n  - {name: talk, num_sessions: 2, session_turns_mean: 0}";
    assert_eq!(
        said(stage, "").lines().next(),
        Some(
            "run.yaml:2:35: stage `talk`: `session_turns_mean` 0 with a deviation of 0 is out of range; the mean must be between 1 \
             and 10000, the deviation 0 or more"
        )
    );
    assert_eq!(
        said("num_sessions: 2\nsession_turns_mean: 3\nprefix_share: 0.8", ""),
        "run.yaml:3:1: `prefix_share` can only be aimed at when answers have a length; give one with `osl`"
    );
    assert_eq!(
        said("num_sessions: 2\nendpoint_type: completions", "").lines().next(),
        Some("run.yaml:2:1: `endpoint_type`: sessions cannot be sent as completions: they are chats")
    );
}

#[test]
fn what_a_variable_holds_is_not_repeated() {
    let variables = [("KEY", "canary")];
    for text in [
        "streaming: ${KEY}",
        "concurrency: ${KEY}",
        "arrival_pattern: x${KEY}",
        "benchmark_duration: ${KEY}",
        "trace_sample_ratio: '${KEY}'",
        "url: ['http://h', '${KEY}']\nrequest_rate: [${KEY}]",
        "stages: [{role: '${KEY}'}]",
        "stages: [{pause: '${KEY}'}]",
        "stages: [{isl: '${KEY}'}]",
    ] {
        let Err(FileError::Usage(error)) = parse(text, "", &variables) else {
            panic!("nothing is wrong with\n{text}")
        };
        assert!(!error.to_string().contains("canary"), "{error}");
    }
}

#[test]
fn what_is_no_text_is_told_with_its_place() {
    let parsed = RunConfigFile::parse("run.yaml", b"isl: 8\nmodel: caf\xe9\n", (Vec::new(), &|_| None));
    let Err(FileError::Usage(error)) = parsed else {
        panic!("nothing is wrong with it")
    };
    assert_eq!(error.message(), "run.yaml:2:11: the file is no text in UTF-8");
}
