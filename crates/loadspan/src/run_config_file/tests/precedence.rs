//! Flag, then environment, then stage, then file, then default.

use super::{parse, resolve};

/// The concurrency of the only stage.
fn load(text: &str, flags: &str) -> String {
    resolve(text, flags)
        .unwrap_or_else(|error| panic!("{text} {flags}: {error}"))
        .describe_load()
}

#[test]
fn flags_beat_stages_stages_beat_the_file_and_the_file_beats_defaults() {
    let cases = [
        ("isl: 5", "", "1 concurrent"),
        ("concurrency: 2", "", "2 concurrent"),
        ("concurrency: 2", "--concurrency 3", "3 concurrent"),
        ("concurrency: 2\nstages: [{concurrency: 4}]", "", "4 concurrent"),
        (
            "concurrency: 2\nstages: [{concurrency: 4}]",
            "--concurrency 3",
            "3 concurrent",
        ),
        ("request_rate: 2\nstages: [{request_rate: ~}]", "", "1 concurrent"),
        (
            "request_rate: 2\nstages: [{request_rate: ~}]",
            "--request-rate 5",
            "poisson 5 req/s",
        ),
        // What excludes what was said further up gives way.
        (
            "request_rate: 2\nconcurrency: 2",
            "--max-concurrency 3",
            "poisson 2 req/s, at most 3 at once",
        ),
        (
            "request_rate: 2\nconcurrency: 2\nstages: [{max_concurrency: 7}]",
            "",
            "poisson 2 req/s, at most 7 at once",
        ),
        (
            "concurrency: 2\nstages: [{concurrency: 4}, {isl: 3}]",
            "",
            "2 stages: 4 concurrent; 2 concurrent",
        ),
    ];
    for (text, flags, expected) in cases {
        assert_eq!(load(text, flags), expected, "{text} {flags}");
    }
}

#[test]
fn the_environment_beats_the_file() {
    let url = |text: &str, flags: &str, variables: &[(&str, &str)]| {
        parse(text, flags, variables)
            .unwrap()
            .common
            .args
            .telemetry
            .otlp
            .otel_url
    };
    let variable = [("OTEL_EXPORTER_OTLP_ENDPOINT", "http://env")];
    assert_eq!(url("otel_url: http://file", "", &[]).as_deref(), Some("http://file"));
    assert_eq!(
        url("otel_url: http://file", "", &variable),
        None,
        "it is read elsewhere"
    );
    assert_eq!(
        url("otel_url: http://file", "--otel-url http://flag", &variable).as_deref(),
        Some("http://flag")
    );
    assert_eq!(
        url("otel_url: http://file", "", &[("OTEL_EXPORTER_OTLP_ENDPOINT", "")]).as_deref(),
        Some("http://file")
    );
}

#[test]
fn a_key_that_is_typed_displaces_the_one_of_the_file_s_other_kind() {
    let file = parse("api_key_file: key.txt", "--api-key typed", &[]).unwrap();
    assert_eq!(file.common.args.endpoint.api_key_file, None);
    let file = parse("server_metrics: [http://h]", "--no-server-metrics", &[]).unwrap();
    assert!(file.common.args.observation.server_metrics.is_empty());
}

#[test]
fn what_needs_another_flag_finds_it_in_the_file() {
    assert!(resolve("auto_plot: true", "--plot-required").is_ok());
    assert!(resolve("request_rate: 5", "--arrival-pattern constant").is_ok());
}
