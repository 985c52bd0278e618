//! The `OTEL_*` variables, read by the rules of OpenTelemetry's specification, and the `MLFLOW_*` variables.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use loadspan_record::{Notice, TelemetrySignal};

use super::words::Words;

/// What stands for no limit. Nothing here runs for a year, and deadlines can be computed with it.
pub(super) const UNLIMITED: Duration = Duration::from_secs(365 * 24 * 3600);

/// The variables of a process that concern OpenTelemetry and MLflow. Its `Debug` shows names only: values may be credentials.
#[derive(Clone, Default)]
pub struct Environment(BTreeMap<String, String>);

impl Environment {
    /// Those of this process.
    #[must_use]
    pub fn from_process() -> Self {
        let variables = std::env::vars_os().filter_map(|(name, value)| {
            let is_ours = |name: &String| name.starts_with("OTEL_") || name.starts_with("MLFLOW_");
            let name = name.into_string().ok().filter(is_ours)?;
            Some((name, value.to_string_lossy().into_owned()))
        });
        Self(variables.collect())
    }

    /// The given ones.
    #[must_use]
    pub fn of(variables: &[(&str, &str)]) -> Self {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        Self(variables.iter().map(owned).collect())
    }

    /// All but the given ones.
    pub(super) fn without(&self, names: &[String]) -> Self {
        let mut rest = self.0.clone();
        rest.retain(|name, _| !names.contains(name));
        Self(rest)
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// The value of a variable. An empty one counts as unset.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0
            .get(name)
            .map(|value| value.trim())
            .filter(|value| !value.is_empty())
    }
}

impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

/// Reads variables, and gathers what is wrong with them: a value that cannot be read is a warning and counts as unset.
#[derive(Debug)]
pub(super) struct Settings<'a> {
    environment: &'a Environment,
    warnings: Vec<Notice>,
}

impl<'a> Settings<'a> {
    pub(super) fn new(environment: &'a Environment) -> Self {
        Self {
            environment,
            warnings: Vec::new(),
        }
    }

    pub(super) fn into_warnings(self) -> Vec<Notice> {
        self.warnings
    }

    /// Adds a warning, once: both signals read the variables that they share.
    pub(super) fn warn(&mut self, message: impl Into<String>, advice: impl Into<String>) {
        let warning = Notice {
            message: message.into(),
            advice: Some(advice.into()),
        };
        if !self.warnings.contains(&warning) {
            self.warnings.push(warning);
        }
    }

    pub(super) fn text(&self, name: &str) -> Option<&'a str> {
        self.environment.get(name)
    }

    pub(super) fn word<T: Words>(&mut self, name: &str) -> Option<T> {
        self.read(name, &T::expected(), T::of_word)
    }

    /// Only `true` is true.
    pub(super) fn is_true(&mut self, name: &str) -> bool {
        let boolean = |text: &str| match text.to_ascii_lowercase().as_str() {
            "true" => Some(true),
            "false" => Some(false),
            _ => None,
        };
        self.read(name, "expected true or false", boolean).unwrap_or(false)
    }

    /// As MLflow has it: `1` is true, too.
    pub(super) fn is_on(&mut self, name: &str) -> bool {
        let boolean = |text: &str| match text.to_ascii_lowercase().as_str() {
            "true" | "1" => Some(true),
            "false" | "0" => Some(false),
            _ => None,
        };
        self.read(name, "expected true, 1, false or 0", boolean)
            .unwrap_or(false)
    }

    pub(super) fn count(&mut self, name: &str) -> Option<usize> {
        self.read(name, "expected a whole number", |text| text.parse().ok())
    }

    pub(super) fn positive(&mut self, name: &str) -> Option<usize> {
        let positive = |text: &str| text.parse().ok().filter(|count| *count > 0);
        self.read(name, "expected a whole number above 0", positive)
    }

    /// A time limit in milliseconds, of which 0 stands for [`UNLIMITED`].
    pub(super) fn time_limit(&mut self, name: &str) -> Option<Duration> {
        let limit = self.milliseconds(name)?;
        Some(if limit.is_zero() { UNLIMITED } else { limit })
    }

    pub(super) fn milliseconds(&mut self, name: &str) -> Option<Duration> {
        let expected = "expected a whole number of milliseconds";
        let milliseconds = self.read(name, expected, |text| text.parse().ok())?;
        Some(Duration::from_millis(milliseconds).min(UNLIMITED))
    }

    /// A value in its own syntax.
    pub(super) fn read<T>(&mut self, name: &str, expected: &str, parse: impl Fn(&str) -> Option<T>) -> Option<T> {
        let text = self.text(name)?;
        let value = parse(text);
        if value.is_none() {
            self.warn(format!("{name}=`{text}` is ignored"), expected);
        }
        value
    }
}

/// `OTEL_EXPORTER_OTLP_TRACES_TIMEOUT` before `OTEL_EXPORTER_OTLP_TIMEOUT`.
pub(super) fn otlp_names(signal: TelemetrySignal, setting: &str) -> [String; 2] {
    [
        format!("OTEL_EXPORTER_OTLP_{}_{setting}", signal_word(signal)),
        format!("OTEL_EXPORTER_OTLP_{setting}"),
    ]
}

/// A signal in the names of variables.
pub(super) const fn signal_word(signal: TelemetrySignal) -> &'static str {
    match signal {
        TelemetrySignal::Traces => "TRACES",
        TelemetrySignal::Metrics => "METRICS",
    }
}

#[cfg(test)]
mod tests {
    use super::super::Compression;
    use super::*;

    #[test]
    fn what_cannot_be_read_is_a_warning_and_counts_as_unset() {
        let environment = Environment::of(&[("A", "x"), ("B", "-1"), ("C", "zstd"), ("D", "1"), ("E", "0")]);
        let mut settings = Settings::new(&environment);
        assert_eq!(settings.count("A"), None);
        assert_eq!(settings.milliseconds("B"), None);
        assert_eq!(settings.word::<Compression>("C"), None);
        assert!(!settings.is_true("D"), "only `true` is true");
        assert_eq!(settings.positive("E"), None);
        let warnings = settings.into_warnings();
        assert_eq!(warnings.len(), 5);
        assert_eq!(warnings[2].message, "C=`zstd` is ignored");
        assert_eq!(warnings[2].advice.as_deref(), Some("expected one of none, gzip"));
    }

    #[test]
    fn an_empty_variable_is_unset_and_says_nothing() {
        let environment = Environment::of(&[("A", ""), ("B", "  ")]);
        let mut settings = Settings::new(&environment);
        assert_eq!((settings.count("A"), settings.count("B")), (None, None));
        assert!(settings.into_warnings().is_empty());
    }

    #[test]
    fn a_limit_of_zero_is_none_and_a_huge_one_can_be_computed_with() {
        let huge = u64::MAX.to_string();
        let environment = Environment::of(&[("A", "0"), ("B", &huge)]);
        let mut settings = Settings::new(&environment);
        assert_eq!(settings.time_limit("A"), Some(UNLIMITED));
        assert_eq!(settings.time_limit("B"), Some(UNLIMITED));
    }

    #[test]
    fn the_values_of_an_environment_are_not_shown() {
        let environment = Environment::of(&[("OTEL_EXPORTER_OTLP_HEADERS", "x=canary")]);
        assert_eq!(format!("{environment:?}"), r#"{"OTEL_EXPORTER_OTLP_HEADERS"}"#);
    }
}
