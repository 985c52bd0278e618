//! One comparison of what was measured with what is true.

use serde::{Serialize, Serializer};

/// A figure as it should be and as it came out.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Finding {
    /// What is compared, in the words of a table.
    pub(super) figure: String,
    pub(super) expected: Value,
    pub(super) measured: Value,
    pub(super) unit: Unit,
    pub(super) tolerance: Tolerance,
}

/// One side of a comparison.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    Number(f64),
    Text(String),
    /// There is no such figure.
    Absent,
}

/// What a number counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unit {
    /// Milliseconds.
    Millis,
    /// A rate.
    PerSecond,
    /// Requests, tokens, chunks: the figure says which.
    Count,
    /// A number without dimension.
    Ratio,
    /// Not a number.
    Label,
}

/// How far the two may be apart.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Tolerance {
    /// Not at all.
    Exact,
    /// By so much, in the unit of the figure.
    Within(f64),
}

impl Finding {
    /// Two counts, which must be equal.
    pub(super) fn count(figure: impl Into<String>, expected: u64, measured: u64) -> Self {
        let numbers = (expected as f64, Value::Number(measured as f64));
        Self::number(figure, Unit::Count, numbers, Tolerance::Exact)
    }

    /// Two numbers, of which the second may be missing.
    pub(super) fn number(
        figure: impl Into<String>,
        unit: Unit,
        (expected, measured): (f64, impl Into<Value>),
        tolerance: Tolerance,
    ) -> Self {
        let (expected, measured) = (Value::Number(expected), measured.into());
        Self {
            figure: figure.into(),
            expected,
            measured,
            unit,
            tolerance,
        }
    }

    /// Two words, which must be the same.
    pub(super) fn label(figure: impl Into<String>, expected: &str, measured: impl Into<String>) -> Self {
        Self {
            figure: figure.into(),
            expected: Value::Text(expected.to_owned()),
            measured: Value::Text(measured.into()),
            unit: Unit::Label,
            tolerance: Tolerance::Exact,
        }
    }

    /// A figure that must not exist.
    pub(super) fn absent(figure: impl Into<String>, measured: impl Into<Value>) -> Self {
        Self {
            figure: figure.into(),
            expected: Value::Absent,
            measured: measured.into(),
            unit: Unit::Millis,
            tolerance: Tolerance::Exact,
        }
    }

    /// Whether what was measured is true, as far as the tolerance asks.
    pub(super) fn passes(&self) -> bool {
        match (&self.expected, &self.measured, self.tolerance) {
            (Value::Number(expected), Value::Number(measured), Tolerance::Within(distance)) => {
                (measured - expected).abs() <= distance
            }
            (expected, measured, _) => expected == measured,
        }
    }

    /// Whether another run could come out otherwise: counts and words cannot.
    pub(super) fn is_inexact(&self) -> bool {
        self.tolerance != Tolerance::Exact
    }
}

impl From<Option<f64>> for Value {
    fn from(number: Option<f64>) -> Self {
        number.map_or(Self::Absent, Self::Number)
    }
}

impl From<f64> for Value {
    fn from(number: f64) -> Self {
        Self::Number(number)
    }
}

impl Unit {
    /// The unit as it stands behind a number; empty where the figure says it.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Millis => "ms",
            Self::PerSecond => "/s",
            Self::Count | Self::Ratio | Self::Label => "",
        }
    }
}

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Number(number) => serializer.serialize_f64(*number),
            Self::Text(text) => serializer.serialize_str(text),
            Self::Absent => serializer.serialize_none(),
        }
    }
}

/// The distance; 0 where none is allowed.
impl Serialize for Tolerance {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(match self {
            Self::Exact => 0.0,
            Self::Within(distance) => *distance,
        })
    }
}

impl Serialize for Unit {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn millis(expected: f64, measured: impl Into<Value>) -> bool {
        Finding::number("latency", Unit::Millis, (expected, measured), Tolerance::Within(1.0)).passes()
    }

    #[test]
    fn a_number_may_miss_by_its_tolerance_to_either_side() {
        assert!(millis(20.0, 21.0) && millis(20.0, 19.0));
        assert!(!millis(20.0, 21.1) && !millis(20.0, 18.9));
    }

    #[test]
    fn what_is_no_number_never_passes_for_one() {
        assert!(!millis(20.0, f64::NAN));
        assert!(!millis(20.0, None));
        assert!(!millis(f64::NAN, f64::NAN));
    }

    #[test]
    fn counts_and_words_have_to_be_the_same() {
        assert!(Finding::count("requests", 8, 8).passes());
        assert!(!Finding::count("requests", 8, 9).passes());
        assert!(Finding::label("source", "server_usage", "server_usage").passes());
        assert!(!Finding::label("source", "server_usage", "chunk_count").passes());
    }

    #[test]
    fn a_figure_that_must_not_exist_fails_when_it_does() {
        assert!(Finding::absent("time to first token", None).passes());
        assert!(!Finding::absent("time to first token", Some(0.0)).passes());
    }
}
