//! A column of many rows as one array: rows are inserted by `SELECT * FROM UNNEST($1, $2, …)`, in one round trip.

use std::error::Error;

use bytes::{BufMut, BytesMut};
use tokio_postgres::types::{IsNull, Kind, ToSql, Type, to_sql_checked};

use crate::database::Value;

/// A column of rows whose values follow each other.
#[derive(Debug)]
pub(super) struct Column<'a> {
    pub(super) values: &'a [Value<'a>],
    /// How many columns the rows have, and which one this is.
    pub(super) columns: usize,
    pub(super) column: usize,
}

impl Column<'_> {
    fn cells(&self) -> impl ExactSizeIterator<Item = &Value<'_>> {
        self.values.iter().skip(self.column).step_by(self.columns)
    }
}

impl ToSql for Column<'_> {
    /// PostgreSQL's binary form of an array with one dimension: its header, then each element after its length.
    fn to_sql(&self, kind: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        let Kind::Array(element) = kind.kind() else {
            return Err(format!("a column of values where {kind} should be").into());
        };
        out.put_i32(1);
        out.put_i32(i32::from(self.cells().any(|cell| *cell == Value::Null)));
        out.put_u32(element.oid());
        out.put_i32(self.cells().len().try_into()?);
        out.put_i32(1);
        for cell in self.cells() {
            let start = out.len();
            out.put_i32(-1);
            if let IsNull::No = cell.to_sql(element, out)? {
                let length = i32::try_from(out.len() - start - 4)?;
                out[start..start + 4].copy_from_slice(&length.to_be_bytes());
            }
        }
        Ok(IsNull::No)
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}
