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

/// Headers and protocol that the endpoint gets, and what is said about others.
fn otlp(text: &str, flags: &str, variables: &[(&str, &str)]) -> (Vec<String>, Option<String>, Vec<String>) {
    let file = parse(text, flags, variables).unwrap();
    let notices = file.displaced().into_iter();
    let told = notices.map(|notice| format!("{} [{}]", notice.message, notice.advice.unwrap_or_default()));
    let otlp = &file.common.args.telemetry.otlp;
    let protocol = otlp.otel_protocol.map(|protocol| format!("{protocol:?}"));
    (otlp.otel_header.clone(), protocol, told.collect())
}

#[test]
fn credentials_for_the_endpoint_of_the_file_go_to_no_other() {
    let text = "otel_url: http://file:4318\notel_header: authorization=Bearer x\notel_protocol: http/json";
    let own = || {
        (
            vec!["authorization=Bearer x".to_owned()],
            Some("HttpJson".to_owned()),
            Vec::new(),
        )
    };
    let endpoint = |url| [("OTEL_EXPORTER_OTLP_ENDPOINT", url)];
    assert_eq!(otlp(text, "", &[]), own());
    // The same place, named once more.
    assert_eq!(otlp(text, "", &endpoint("http://file:4318/")), own());
    assert_eq!(otlp(text, "--otel-url http://file:4318", &[]), own());
    let told = |by: &str| {
        let told = |(line, key, flag, variable)| {
            format!(
                "run.yaml:{line}: `{key}` has no effect: it is for the `otel_url` of the file, and {by} names another \
                 [use {flag}, or set {variable}]"
            )
        };
        vec![
            told((2, "otel_header", "--otel-header", "OTEL_EXPORTER_OTLP_HEADERS")),
            told((3, "otel_protocol", "--otel-protocol", "OTEL_EXPORTER_OTLP_PROTOCOL")),
        ]
    };
    assert_eq!(
        otlp(text, "", &endpoint("http://env:4318")),
        (Vec::new(), None, told("OTEL_EXPORTER_OTLP_ENDPOINT"))
    );
    assert_eq!(
        otlp(text, "--otel-url http://flag:4318", &[]),
        (Vec::new(), None, told("--otel-url"))
    );
    // What is said beside the endpoint that is used goes there.
    let (headers, protocol, told) = otlp(
        text,
        "--otel-url http://flag:4318 --otel-header a=b --otel-protocol grpc",
        &[],
    );
    assert_eq!((headers, protocol), (vec!["a=b".to_owned()], Some("Grpc".to_owned())));
    assert_eq!(told, Vec::<String>::new());
    // A file that leaves it to others to name the endpoint speaks of theirs.
    let text = "otel_header: authorization=Bearer x";
    let (headers, _, told) = otlp(text, "", &endpoint("http://env:4318"));
    assert_eq!((headers.len(), told.len()), (1, 0));
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
