use loadspan_record::Secret;

use super::super::environment::Environment;
use super::super::stream;
use super::*;

const MLFLOW: MlflowShare = MlflowShare::Run {
    live: true,
    traces: false,
};

const ENDPOINT: (&str, &str) = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://c:4318");
const ENABLED: (&str, &str) = ("OTEL_TRACES_ENABLED", "true");
const OTLP: Option<Place> = Some(Place::Otlp);
const CONSOLE: Option<Place> = Some(Place::Console);

/// Places of traces and metrics, and the number of warnings. Flags: `--otel-url` or nothing, then words of `--stream`.
fn chosen(flags: &str, environment: &[(&str, &str)]) -> Result<(Option<Place>, Option<Place>, usize), String> {
    let environment = Environment::of(environment);
    let mut settings = Settings::new(&environment);
    let signals = choose_beside(MlflowShare::Absent, flags, &mut settings)?;
    Ok((signals.traces, signals.metrics, settings.into_warnings().len()))
}

fn choose_beside(mlflow: MlflowShare, flags: &str, settings: &mut Settings<'_>) -> Result<Signals, String> {
    let mut words = flags.split_whitespace().map(str::to_owned).peekable();
    let url = words.next_if(|word| word == "--otel-url").map(|_| Secret::new("c"));
    let otlp = OtlpOptions {
        url,
        ..OtlpOptions::default()
    };
    let ask = Ask {
        otlp: &otlp,
        stream: stream::parse(&words.collect::<Vec<_>>()).unwrap(),
        mlflow,
    };
    choose(ask, settings).map_err(|error| error.to_string())
}

#[test]
fn nothing_is_exported_unless_there_is_a_reason() {
    assert_eq!(chosen("", &[]), Ok((None, None, 0)));
    assert_eq!(
        chosen("", &[("OTEL_TRACES_ENABLED", "1")]),
        Ok((None, None, 1)),
        "only `true` is true"
    );
}

#[test]
fn metrics_are_on_where_they_have_an_endpoint() {
    assert_eq!(chosen("--otel-url", &[]), Ok((None, OTLP, 0)));
    assert_eq!(chosen("", &[ENDPOINT]), Ok((None, OTLP, 0)));
    assert_eq!(
        chosen("", &[("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", "c")]),
        Ok((None, OTLP, 0))
    );
    assert_eq!(
        chosen("", &[("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "c")]),
        Ok((None, None, 0))
    );
    assert_eq!(
        chosen("", &[ENDPOINT, ("OTEL_METRICS_EXPORTER", "none")]),
        Ok((None, None, 0))
    );
}

#[test]
fn traces_are_on_when_they_are_asked_for() {
    assert_eq!(chosen("", &[ENABLED, ENDPOINT]), Ok((OTLP, OTLP, 0)));
    assert_eq!(chosen("--otel-url traces", &[]), Ok((OTLP, None, 0)));
    assert_eq!(chosen("--otel-url all", &[]), Ok((OTLP, OTLP, 0)));
    assert_eq!(chosen("", &[("OTEL_TRACES_EXPORTER", "otlp")]), Ok((OTLP, None, 0)));
    assert_eq!(
        chosen("", &[("OTEL_TRACES_EXPORTER", "console")]),
        Ok((CONSOLE, None, 0))
    );
}

#[test]
fn traces_without_an_endpoint_go_to_the_console_as_inference_perf_s_do() {
    assert_eq!(chosen("", &[ENABLED]), Ok((CONSOLE, None, 0)));
    assert_eq!(chosen("all", &[ENABLED]), Ok((CONSOLE, None, 0)));
    assert_eq!(
        chosen("", &[ENABLED, ("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", "c")]),
        Ok((CONSOLE, OTLP, 0))
    );
}

#[test]
fn stream_says_what_is_exported_whatever_the_environment_says() {
    assert_eq!(chosen("metrics", &[ENABLED, ENDPOINT]), Ok((None, OTLP, 1)));
    assert_eq!(chosen("traces", &[ENDPOINT]), Ok((OTLP, None, 0)));
    assert_eq!(chosen("none", &[ENABLED, ENDPOINT]), Ok((None, None, 0)));
    assert_eq!(
        chosen("metrics", &[ENDPOINT, ("OTEL_METRICS_EXPORTER", "none")]),
        Ok((None, OTLP, 0))
    );
}

#[test]
fn the_url_says_where_whatever_the_environment_says() {
    let console = ("OTEL_METRICS_EXPORTER", "console");
    assert_eq!(chosen("--otel-url", &[console]), Ok((None, OTLP, 1)));
    assert_eq!(chosen("", &[console, ENDPOINT]), Ok((None, CONSOLE, 0)));
}

#[test]
fn what_is_named_and_has_no_place_is_an_error() {
    for (flags, environment) in [
        ("metrics", [ENABLED]),
        ("traces,metrics", [ENABLED]),
        ("timing", [ENABLED]),
    ] {
        let error = chosen(flags, &environment).unwrap_err();
        assert!(
            error.contains("has no effect: there is no place for metrics"),
            "{flags}: {error}"
        );
    }
}

#[test]
fn a_word_that_names_what_mlflow_gets_is_not_in_vain() {
    let chosen = |mlflow, flags| choose_beside(mlflow, flags, &mut Settings::new(&Environment::default()));
    for flags in ["metrics", "default", "metrics,timing", "all", "none"] {
        assert!(!chosen(MLFLOW, flags).unwrap().any(), "{flags}");
    }
    for flags in ["timing", "traces", "metrics,traces"] {
        assert!(
            chosen(MLFLOW, flags).unwrap_err().contains("there is no place for"),
            "{flags}"
        );
    }
    let with_traces = MlflowShare::Run {
        live: false,
        traces: true,
    };
    assert!(chosen(with_traces, "traces").is_ok());
    assert!(chosen(with_traces, "metrics").is_err(), "with --mlflow-live off");
}

#[test]
fn stream_says_nothing_of_mlflow() {
    let share = |flags| {
        choose_beside(MLFLOW, flags, &mut Settings::new(&Environment::default()))
            .unwrap()
            .mlflow
    };
    for flags in ["--otel-url none", "--otel-url traces", "--otel-url timing"] {
        assert_eq!(share(flags), MLFLOW, "{flags}");
    }
}

#[test]
fn one_exporter_of_a_list_is_used_and_strangers_are_ignored() {
    let traces = |list| chosen("", &[("OTEL_TRACES_EXPORTER", list)]).unwrap();
    assert_eq!(traces("console,otlp"), (OTLP, None, 1));
    assert_eq!(traces("zipkin"), (None, None, 1));
    assert_eq!(traces("zipkin, Console"), (CONSOLE, None, 1));
    assert_eq!(traces("console,otlp/stdout"), (CONSOLE, None, 0));
    assert_eq!(
        chosen("", &[ENABLED, ("OTEL_TRACES_EXPORTER", "none")]),
        Ok((None, None, 1))
    );
}
