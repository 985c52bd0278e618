use std::time::Duration;

use loadspan_record::Secret;

use super::super::super::Environment;
use super::*;

type Change = fn(&mut MlflowOptions);

const URI: Change = |o| o.tracking_uri = Some(Secret::new("http://flag:5000"));
const VARIABLE: (&str, &str) = (URI_VARIABLE, "http://variable:5000");

fn resolved(changes: &[Change], environment: &[(&str, &str)]) -> Result<(Option<MlflowConfig>, usize), ConfigError> {
    let mut options = MlflowOptions::default();
    changes.iter().for_each(|change| change(&mut options));
    let environment = Environment::of(environment);
    let mut settings = Settings::new(&environment);
    let config = options.resolve(&mut settings)?;
    Ok((config, settings.into_warnings().len()))
}

fn config(changes: &[Change], environment: &[(&str, &str)]) -> MlflowConfig {
    resolved(changes, environment).unwrap().0.unwrap()
}

type Effect = fn(&MlflowConfig) -> bool;

/// Each flag but the tracking URI, and what it does.
const FLAGS: &[(&str, Change, Effect)] = &[
    (
        "--mlflow-experiment",
        |o| o.experiment = Some(" mine ".to_owned()),
        |c| c.experiment == ExperimentChoice::Name("mine".to_owned()),
    ),
    (
        "--mlflow-run-name",
        |o| o.run_name = Some("mine".to_owned()),
        |c| c.run_name.as_deref() == Some("mine"),
    ),
    (
        "--mlflow-tag",
        |o| o.tags = vec!["a:b".to_owned(), "c=d".to_owned()],
        |c| c.tags.len() == 2 && c.tags[1] == ("c".to_owned(), "d".to_owned()),
    ),
    (
        "--mlflow-parent-run-id",
        |o| o.parent_run_id = Some("0af1".to_owned()),
        |c| c.parent == ParentRun::Id("0af1".to_owned()),
    ),
    (
        "--mlflow-parent-run-name",
        |o| o.parent_run_name = Some("sweep".to_owned()),
        |c| c.parent == ParentRun::Name("sweep".to_owned()),
    ),
    (
        "--mlflow-artifact-glob",
        |o| o.artifact_globs = vec!["only/*.txt".to_owned()],
        |c| c.artifact_globs == ["only/*.txt"],
    ),
    (
        "--mlflow-live",
        |o| o.live = Some(LiveMetrics::Off),
        |c| c.live == LiveMetrics::Off,
    ),
    (
        "--mlflow-traces",
        |o| o.traces = Some(TraceStore::On),
        |c| c.traces == TraceStore::On,
    ),
    (
        "--mlflow-flush-timeout",
        |o| o.flush_timeout = Some(Duration::from_secs(7)),
        |c| c.flush_timeout == Duration::from_secs(7),
    ),
];

#[test]
fn each_flag_has_its_effect() {
    let plain = config(&[URI], &[]);
    for (flag, change, holds) in FLAGS {
        assert!(!holds(&plain), "{flag} proves nothing: it is so without it");
        assert!(holds(&config(&[URI, *change], &[])), "{flag} has not its effect");
    }
}

#[test]
fn without_a_tracking_server_each_flag_is_named() {
    assert_eq!(resolved(&[], &[]).unwrap().1, 0);
    for (flag, change, _) in FLAGS {
        let error = resolved(&[*change], &[]).unwrap_err();
        assert_eq!(error.message, format!("{flag} has no effect without a tracking server"));
        assert!(error.advice.contains("--mlflow-tracking-uri"), "{error}");
        assert!(resolved(&[*change], &[VARIABLE]).unwrap().0.is_some(), "{flag}");
    }
}

#[test]
fn a_flag_beats_a_variable_and_a_variable_the_default() {
    let uri = |changes: &[Change]| config(changes, &[VARIABLE]).server.tracking_uri.to_string();
    assert_eq!(uri(&[URI]), "http://flag:5000/");
    assert_eq!(uri(&[]), "http://variable:5000/");
    let experiment = |changes: &[Change], environment: &[(&str, &str)]| config(changes, environment).experiment;
    let name = |name: &str| ExperimentChoice::Name(name.to_owned());
    let both = [(EXPERIMENT_NAME, "variable"), (EXPERIMENT_ID, "7")];
    let flag: Change = |o| o.experiment = Some("flag".to_owned());
    assert_eq!(experiment(&[URI, flag], &both), name("flag"));
    assert_eq!(experiment(&[URI], &both), name("variable"));
    assert_eq!(experiment(&[URI], &both[1..]), ExperimentChoice::Id("7".to_owned()));
    assert_eq!(experiment(&[URI], &[]), ExperimentChoice::Usual);
}

#[test]
fn a_flag_that_says_nothing_is_an_error() {
    let empty: [(&str, Change); 5] = [
        ("--mlflow-tracking-uri", |o| o.tracking_uri = Some(Secret::new(" "))),
        ("--mlflow-experiment", |o| o.experiment = Some(String::new())),
        ("--mlflow-run-name", |o| o.run_name = Some(" ".to_owned())),
        ("--mlflow-parent-run-id", |o| o.parent_run_id = Some(String::new())),
        ("--mlflow-parent-run-name", |o| o.parent_run_name = Some(String::new())),
    ];
    for (flag, change) in empty {
        let error = resolved(&[change], &[VARIABLE]).unwrap_err();
        assert_eq!(error.message, format!("{flag} is empty"));
    }
}

#[test]
fn what_contradicts_itself_or_is_too_long_is_an_error() {
    let both: Change = |o| {
        o.parent_run_id = Some("1".to_owned());
        o.parent_run_name = Some("a".to_owned());
    };
    let long: Change = |o| o.experiment = Some("x".repeat(501));
    for (change, expected) in [(both, "contradict each other"), (long, "500 characters at most")] {
        let error = resolved(&[URI, change], &[]).unwrap_err();
        assert!(error.message.contains(expected), "{error}");
    }
}

#[test]
fn a_server_of_the_environment_that_cannot_be_used_is_an_error_that_names_its_variable() {
    let error = resolved(&[], &[(URI_VARIABLE, "file:./mlruns")]).unwrap_err();
    assert!(
        error.message.starts_with("MLFLOW_TRACKING_URI: `file:./mlruns`"),
        "{error}"
    );
    assert!(error.advice.ends_with(", or unset it"), "{error}");
    assert!(resolved(&[URI], &[(URI_VARIABLE, "file:./mlruns")]).is_ok());
}

#[test]
fn variables_say_nothing_where_there_is_no_server() {
    let environment = [
        ("MLFLOW_RUN_ID", "1"),
        ("MLFLOW_TRACKING_USERNAME", "me"),
        (EXPERIMENT_NAME, "x"),
    ];
    let (config, warnings) = resolved(&[], &environment).unwrap();
    assert!(config.is_none() && warnings == 0);
}

#[test]
fn options_and_configuration_show_no_credentials() {
    let options = MlflowOptions {
        tracking_uri: Some(Secret::new("http://me:canary@h")),
        ..MlflowOptions::default()
    };
    assert!(!format!("{options:?}").contains("canary"));
    let config = options.resolve(&mut Settings::new(&Environment::default())).unwrap();
    assert!(!format!("{config:?}").contains("canary"));
}
