//! Where settings come from: methods of the builder before variables of the environment, both by the names of the variables.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use super::variables;
use crate::error::InitError;

/// Stands for no limit. Deadlines can be computed with it.
pub(crate) const UNLIMITED: Duration = Duration::from_secs(365 * 24 * 3600);

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
    pub(crate) fn of_process() -> Self {
        let read = variables::TABLE.iter().filter_map(|variable| {
            let value = std::env::var_os(variable.name)?;
            Some((variable.name.to_owned(), value.to_string_lossy().into_owned()))
        });
        Self::from_pairs(read)
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

    /// Itself before `other`.
    #[must_use]
    pub(crate) fn before(mut self, other: &Self) -> Self {
        for (name, entry) in &other.0 {
            self.0.entry(name.clone()).or_insert_with(|| entry.clone());
        }
        self
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

    /// `true`, also as `1`.
    pub(crate) fn flag(&self, name: &str) -> Result<Option<bool>, InitError> {
        self.read(name, "true or false", |text| match text.to_ascii_lowercase().as_str() {
            "true" | "1" => Some(true),
            "false" | "0" => Some(false),
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
}
