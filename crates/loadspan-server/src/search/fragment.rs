//! Pieces of SQL with the values that belong to them. Values are always bound: no text of a client ever becomes part of a statement.

use std::fmt::Write as _;

use crate::database::Value;

/// A value to be bound.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Bound {
    Null,
    Int(i64),
    Real(f64),
    Text(String),
    Blob(Vec<u8>),
}

impl Bound {
    /// As a statement takes it.
    pub(super) fn as_value(&self) -> Value<'_> {
        match self {
            Self::Null => Value::Null,
            Self::Int(value) => Value::Int(*value),
            Self::Real(value) => Value::Real(*value),
            Self::Text(value) => Value::Text(value),
            Self::Blob(value) => Value::Blob(value),
        }
    }
}

impl From<i64> for Bound {
    fn from(value: i64) -> Self {
        Self::Int(value)
    }
}

impl From<f64> for Bound {
    fn from(value: f64) -> Self {
        Self::Real(value)
    }
}

impl From<&str> for Bound {
    fn from(value: &str) -> Self {
        Self::Text(value.to_owned())
    }
}

/// A piece of SQL in which each `?` stands for the next value.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Fragment {
    sql: String,
    values: Vec<Bound>,
}

impl Fragment {
    /// SQL; the values of its `?` follow with [`bind`](Self::bind).
    pub(super) fn new(sql: impl Into<String>) -> Self {
        Self {
            sql: sql.into(),
            values: Vec::new(),
        }
    }

    /// With the value of the next `?`.
    pub(super) fn bind(mut self, value: impl Into<Bound>) -> Self {
        self.values.push(value.into());
        self
    }

    /// With more SQL behind it.
    pub(super) fn sql(mut self, sql: &str) -> Self {
        self.sql.push_str(sql);
        self
    }

    /// With another fragment behind it.
    pub(super) fn then(mut self, other: &Self) -> Self {
        self.sql.push_str(&other.sql);
        self.values.extend_from_slice(&other.values);
        self
    }

    /// With `(?, ?, …)` behind it.
    pub(super) fn list(mut self, values: impl IntoIterator<Item = Bound>) -> Self {
        let before = self.values.len();
        self.values.extend(values);
        let marks = vec!["?"; self.values.len() - before].join(", ");
        let _ = write!(self.sql, "({marks})");
        self
    }

    /// Fragments with SQL between them.
    pub(super) fn join<'a>(fragments: impl IntoIterator<Item = &'a Self>, between: &str) -> Self {
        let mut joined = Self::default();
        for (place, fragment) in fragments.into_iter().enumerate() {
            let between = if place == 0 { "" } else { between };
            joined = joined.sql(between).then(fragment);
        }
        joined
    }

    /// How many values it has.
    pub(super) fn len(&self) -> usize {
        self.values.len()
    }

    /// The statement, with `$1`, `$2`, … for its values.
    pub(super) fn statement(&self) -> String {
        let mut statement = String::with_capacity(self.sql.len() + 2 * self.values.len());
        for (place, piece) in self.sql.split('?').enumerate() {
            if place > 0 {
                let _ = write!(statement, "${place}");
            }
            statement.push_str(piece);
        }
        statement
    }

    /// Its values, in order.
    pub(super) fn values(&self) -> Vec<Value<'_>> {
        self.values.iter().map(Bound::as_value).collect()
    }
}
