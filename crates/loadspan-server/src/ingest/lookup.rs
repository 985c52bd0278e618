//! Rows whose column has one of many values, in statements of few different lengths, so that the database prepares few.

use crate::database::{Connection, DatabaseError, Row, Value};

/// Values of a statement.
const CHUNK: usize = 128;

/// `SELECT … WHERE … IN`, to which the list of values is added.
#[derive(Debug, Clone, Copy)]
pub(super) struct Lookup<'a> {
    select: &'a str,
    fixed: &'a [Value<'a>],
    then: &'a str,
}

impl<'a> Lookup<'a> {
    /// `select` ends with `IN`.
    pub(super) fn new(select: &'a str) -> Self {
        Self {
            select,
            fixed: &[],
            then: "",
        }
    }

    /// Values that `select` has as `$1`, `$2`, …
    pub(super) fn with(self, fixed: &'a [Value<'a>]) -> Self {
        Self { fixed, ..self }
    }

    /// What follows the list.
    pub(super) fn then(self, then: &'a str) -> Self {
        Self { then, ..self }
    }

    /// Calls `each` for each row. Values that are there twice may give a row twice.
    pub(super) fn rows(
        &self,
        connection: &mut dyn Connection,
        values: &[Value<'a>],
        mut each: impl FnMut(&mut Row) -> Result<(), DatabaseError>,
    ) -> Result<(), DatabaseError> {
        for chunk in values.chunks(CHUNK) {
            // The last value again, up to a power of two.
            let length = chunk.len().next_power_of_two();
            let padding = std::iter::repeat_n(chunk[chunk.len() - 1], length - chunk.len());
            let bound: Vec<_> = self.fixed.iter().chain(chunk).copied().chain(padding).collect();
            for mut row in connection.query(&self.sql(length), &bound)? {
                each(&mut row)?;
            }
        }
        Ok(())
    }

    fn sql(&self, length: usize) -> String {
        let first = self.fixed.len() + 1;
        let places: Vec<_> = (first..first + length).map(|place| format!("${place}")).collect();
        format!("{} ({}) {}", self.select, places.join(", "), self.then)
    }
}
