//! Rows that come out of queries.

use super::DatabaseError;

/// What one column of a row has.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Cell {
    Null,
    Int(i64),
    Real(f64),
    Text(String),
    Blob(Vec<u8>),
}

/// A row. Columns are taken by their place in the query; a text or blob can be taken once.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Row(Vec<Cell>);

impl Row {
    pub(super) fn new(cells: Vec<Cell>) -> Self {
        Self(cells)
    }

    /// Bytes that it takes in memory.
    pub(super) fn bytes(&self) -> usize {
        let texts = self.0.iter().map(|cell| match cell {
            Cell::Null | Cell::Int(_) | Cell::Real(_) => 0,
            Cell::Text(text) => text.len(),
            Cell::Blob(blob) => blob.len(),
        });
        size_of::<Self>() + self.0.len() * size_of::<Cell>() + texts.sum::<usize>()
    }

    /// A number that is never null.
    pub(crate) fn int(&self, column: usize) -> Result<i64, DatabaseError> {
        self.maybe_int(column)?.ok_or_else(|| self.mismatch(column, "a number"))
    }

    /// A number, or null.
    pub(crate) fn maybe_int(&self, column: usize) -> Result<Option<i64>, DatabaseError> {
        match self.0.get(column) {
            Some(Cell::Int(value)) => Ok(Some(*value)),
            Some(Cell::Null) => Ok(None),
            _ => Err(self.mismatch(column, "a number")),
        }
    }

    /// Whether a number is not 0.
    pub(crate) fn flag(&self, column: usize) -> Result<bool, DatabaseError> {
        Ok(self.int(column)? != 0)
    }

    /// A floating-point number, or null.
    pub(crate) fn maybe_real(&self, column: usize) -> Result<Option<f64>, DatabaseError> {
        match self.0.get(column) {
            Some(Cell::Real(value)) => Ok(Some(*value)),
            #[expect(clippy::cast_precision_loss, reason = "SQLite hands over whole numbers as such")]
            Some(Cell::Int(value)) => Ok(Some(*value as f64)),
            Some(Cell::Null) => Ok(None),
            _ => Err(self.mismatch(column, "a real number")),
        }
    }

    /// A floating-point number that is never null.
    pub(crate) fn real(&self, column: usize) -> Result<f64, DatabaseError> {
        self.maybe_real(column)?
            .ok_or_else(|| self.mismatch(column, "a real number"))
    }

    /// Takes a text that is never null.
    pub(crate) fn text(&mut self, column: usize) -> Result<String, DatabaseError> {
        self.maybe_text(column)?.ok_or_else(|| self.mismatch(column, "a text"))
    }

    /// Takes a text, or null.
    pub(crate) fn maybe_text(&mut self, column: usize) -> Result<Option<String>, DatabaseError> {
        match self.0.get_mut(column) {
            Some(Cell::Text(value)) => Ok(Some(std::mem::take(value))),
            Some(Cell::Null) => Ok(None),
            _ => Err(self.mismatch(column, "a text")),
        }
    }

    /// Takes bytes that are never null.
    pub(crate) fn blob(&mut self, column: usize) -> Result<Vec<u8>, DatabaseError> {
        self.maybe_blob(column)?.ok_or_else(|| self.mismatch(column, "bytes"))
    }

    /// Takes bytes, or null.
    pub(crate) fn maybe_blob(&mut self, column: usize) -> Result<Option<Vec<u8>>, DatabaseError> {
        match self.0.get_mut(column) {
            Some(Cell::Blob(value)) => Ok(Some(std::mem::take(value))),
            Some(Cell::Null) => Ok(None),
            _ => Err(self.mismatch(column, "bytes")),
        }
    }

    fn mismatch(&self, column: usize, wanted: &str) -> DatabaseError {
        let found = match self.0.get(column) {
            None => "nothing",
            Some(Cell::Null) => "null",
            Some(Cell::Int(_)) => "a number",
            Some(Cell::Real(_)) => "a real number",
            Some(Cell::Text(_)) => "a text",
            Some(Cell::Blob(_)) => "bytes",
        };
        DatabaseError::Permanent(format!("column {column} of a row has {found} where {wanted} should be"))
    }
}
