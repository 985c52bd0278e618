//! Where settings come from: methods of the builder before variables of the environment, both by the names of the variables.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt;
use std::time::Duration;

use super::variables;
use crate::error::InitError;

/// Stands for no limit. Deadlines can be computed with it.
pub(crate) const UNLIMITED: Duration = Duration::from_secs(365 * 24 * 3600);

/// Whoever says the first of these in code does not mean the others, which would win over it.
const RIVALS: &[(&str, &[&str])] = &[
    ("MLFLOW_EXPERIMENT_ID", &["MLFLOW_EXPERIMENT_NAME"]),
    ("MLFLOW_EXPERIMENT_NAME", &["MLFLOW_EXPERIMENT_ID"]),
    (
        "MLFLOW_TRACKING_TOKEN",
        &["MLFLOW_TRACKING_USERNAME", "MLFLOW_TRACKING_PASSWORD"],
    ),
    ("MLFLOW_TRACKING_USERNAME", &["MLFLOW_TRACKING_TOKEN"]),
    (
        "OTEL_EXPORTER_OTLP_PROTOCOL",
        &[
            "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL",
            "OTEL_EXPORTER_OTLP_METRICS_PROTOCOL",
        ],
    ),
    (
        "OTEL_EXPORTER_OTLP_HEADERS",
        &[
            "OTEL_EXPORTER_OTLP_TRACES_HEADERS",
            "OTEL_EXPORTER_OTLP_METRICS_HEADERS",
        ],
    ),
];

/// Empty, they mean that there is nothing.
const LISTS: [&str; 2] = ["OTEL_EXPORTER_OTLP_HEADERS", "LOADSPAN_SDK_METRIC_ATTRIBUTES"];

/// Settings by the names of their variables. Its `Debug` shows names only: values may be credentials.
#[derive(Clone, Default)]
pub(crate) struct Environment(BTreeMap<String, Entry>);

#[derive(Clone)]
struct Entry {
    value: String,
    /// The method of the builder that said it. `None`: the variable did.
    method: Option<&'static str>,
}

impl Environment {
    /// The variables of this process that are read at all.
    ///
    /// # Errors
    ///
    /// One of them is no text.
    pub(crate) fn of_process() -> Result<Self, InitError> {
        let read = variables::TABLE
            .iter()
            .filter_map(|variable| Some((variable.name, std::env::var_os(variable.name)?)));
        Self::from_os(read)
    }

    fn from_os(variables: impl IntoIterator<Item = (&'static str, OsString)>) -> Result<Self, InitError> {
        let texts = variables.into_iter().map(|(name, value)| match value.into_string() {
            Ok(value) => Ok((name.to_owned(), value)),
            Err(_) => Err(InitError::Setting {
                name: name.to_owned(),
                reason: "it is no UTF-8".to_owned(),
                advice: "use characters of Unicode, in names of files, too".to_owned(),
            }),
        });
        Ok(Self::from_pairs(texts.collect::<Result<Vec<_>, _>>()?))
    }

    /// The given ones.
    #[cfg(test)]
    pub(crate) fn of(variables: &[(&str, &str)]) -> Self {
        Self::from_pairs(
            variables
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned())),
        )
    }

    pub(crate) fn from_pairs(variables: impl IntoIterator<Item = (String, String)>) -> Self {
        let entry = |(name, value)| (name, Entry { value, method: None });
        Self(variables.into_iter().map(entry).collect())
    }

    /// What a method of the builder says.
    pub(crate) fn say(&mut self, name: &'static str, method: &'static str, value: String) {
        let method = Some(method);
        self.0.insert(name.to_owned(), Entry { value, method });
    }

    /// Itself before `other`, of which also that is left out which would win over what is said here, or mix with it.
    #[must_use]
    pub(crate) fn before(mut self, other: &Self) -> Self {
        let rivals: Vec<&str> = RIVALS
            .iter()
            .filter(|(name, _)| self.0.contains_key(*name))
            .flat_map(|(_, rivals)| *rivals)
            .copied()
            .collect();
        for (name, entry) in other.0.iter().filter(|(name, _)| !rivals.contains(&name.as_str())) {
            self.0.entry(name.clone()).or_insert_with(|| entry.clone());
        }
        self
    }

    /// # Errors
    ///
    /// A method of the builder was given nothing: it would neither count nor leave the variable in force.
    pub(crate) fn refuse_empty(&self) -> Result<(), InitError> {
        let is_empty = |(name, entry): &(&String, &Entry)| {
            entry.method.is_some() && entry.value.trim().is_empty() && !LISTS.contains(&name.as_str())
        };
        match self.0.iter().find(is_empty) {
            None => Ok(()),
            Some((name, _)) => Err(self.wrong(name, "it is empty", "give a value, or leave the call out")),
        }
    }

    /// Whether a method of the builder said it.
    pub(crate) fn is_said(&self, name: &str) -> bool {
        self.0.get(name).is_some_and(|entry| entry.method.is_some())
    }

    /// A setting as text. An empty one counts as unset.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        let value = self.0.get(name)?.value.trim();
        (!value.is_empty()).then_some(value)
    }

    /// The first of these names that is set.
    pub(crate) fn first<'n>(&self, names: &'n [String]) -> Option<&'n str> {
        names.iter().map(String::as_str).find(|name| self.text(name).is_some())
    }

    /// What is wrong with a setting. The value is not part of it: it may be a secret.
    pub(crate) fn wrong(&self, name: &str, reason: impl Into<String>, advice: impl Into<String>) -> InitError {
        let method = self.0.get(name).and_then(|entry| entry.method);
        InitError::Setting {
            name: method.unwrap_or(name).to_owned(),
            reason: reason.into(),
            advice: advice.into(),
        }
    }

    /// A setting in its own syntax.
    pub(crate) fn read<T>(
        &self,
        name: &str,
        expected: &str,
        parse: impl Fn(&str) -> Option<T>,
    ) -> Result<Option<T>, InitError> {
        let Some(text) = self.text(name) else { return Ok(None) };
        match parse(text) {
            Some(value) => Ok(Some(value)),
            None => Err(self.wrong(name, format!("`{text}` makes no sense"), format!("expected {expected}"))),
        }
    }

    /// `true` or `false`. MLflow takes them as `1` and `0`, too; OpenTelemetry does not.
    pub(crate) fn flag(&self, name: &str) -> Result<Option<bool>, InitError> {
        let takes_digits = name.starts_with("MLFLOW_");
        self.read(name, "true or false", |text| match text.to_ascii_lowercase().as_str() {
            "true" => Some(true),
            "false" => Some(false),
            "1" if takes_digits => Some(true),
            "0" if takes_digits => Some(false),
            _ => None,
        })
    }

    /// Above zero.
    pub(crate) fn count(&self, name: &str) -> Result<Option<usize>, InitError> {
        self.read(name, "a whole number above 0", |text| {
            text.parse().ok().filter(|count| *count > 0)
        })
    }

    /// Milliseconds; 0 is no limit.
    pub(crate) fn time_limit_ms(&self, name: &str) -> Result<Option<Duration>, InitError> {
        let limit = self.read(name, "a whole number of milliseconds", |text| text.parse().ok())?;
        Ok(limit.map(|limit: u64| {
            if limit == 0 {
                UNLIMITED
            } else {
                Duration::from_millis(limit).min(UNLIMITED)
            }
        }))
    }

    /// Milliseconds, above zero.
    pub(crate) fn interval_ms(&self, name: &str) -> Result<Option<Duration>, InitError> {
        let interval = self.read(name, "a whole number of milliseconds above 0", |text| {
            text.parse().ok().filter(|milliseconds| *milliseconds > 0)
        })?;
        Ok(interval.map(|interval| Duration::from_millis(interval).min(UNLIMITED)))
    }
}

impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_method_wins_over_a_variable_and_is_named_when_it_is_wrong() {
        let mut builder = Environment::default();
        builder.say("MLFLOW_TRACE_SAMPLING_RATIO", "Builder::sampling_ratio", "x".to_owned());
        let both = builder.before(&Environment::of(&[("MLFLOW_TRACE_SAMPLING_RATIO", "1"), ("B", " ")]));

        let error = both.count("MLFLOW_TRACE_SAMPLING_RATIO").unwrap_err();
        assert_eq!(
            error.to_string(),
            "Builder::sampling_ratio: `x` makes no sense; expected a whole number above 0"
        );
        assert_eq!(both.text("B"), None, "empty is unset");
        assert_eq!(format!("{both:?}"), r#"{"B", "MLFLOW_TRACE_SAMPLING_RATIO"}"#);
    }

    #[test]
    fn a_limit_of_zero_is_none() {
        let environment = Environment::of(&[("A", "0"), ("B", "7"), ("C", "-1")]);
        assert_eq!(environment.time_limit_ms("A").unwrap(), Some(UNLIMITED));
        assert_eq!(environment.interval_ms("B").unwrap(), Some(Duration::from_millis(7)));
        assert!(environment.interval_ms("A").is_err());
        assert!(environment.time_limit_ms("C").is_err());
    }

    #[cfg(unix)]
    #[test]
    fn what_is_no_text_is_not_guessed_at() {
        use std::os::unix::ffi::OsStringExt;

        let path = OsString::from_vec(b"/ca-\xff.pem".to_vec());
        let error = Environment::from_os([("MLFLOW_TRACKING_SERVER_CERT_PATH", path)]).unwrap_err();
        assert!(
            error
                .to_string()
                .starts_with("MLFLOW_TRACKING_SERVER_CERT_PATH: it is no UTF-8")
        );
    }
}
