//! Values on their way to PostgreSQL. The statement says which type a value must have; whole and real numbers are made to fit.

use std::error::Error;

use bytes::{BufMut, BytesMut};
use tokio_postgres::types::{IsNull, ToSql, Type, to_sql_checked};

use crate::database::{Value, text};

impl ToSql for Value<'_> {
    fn to_sql(&self, kind: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        match *self {
            Value::Null => return Ok(IsNull::Yes),
            Value::Int(value) => put_int(value, kind, out)?,
            Value::Real(value) => put_real(value, kind, out)?,
            Value::Text(value) if is_text(kind) => out.put_slice(text::encode(value).as_bytes()),
            Value::Blob(value) if *kind == Type::BYTEA => out.put_slice(value),
            Value::Text(_) => return Err(format!("a text where {kind} should be").into()),
            Value::Blob(_) => return Err(format!("bytes where {kind} should be").into()),
        }
        Ok(IsNull::No)
    }

    /// What does not fit is an error of its own, which says what was there.
    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

fn is_text(kind: &Type) -> bool {
    matches!(
        *kind,
        Type::TEXT | Type::VARCHAR | Type::BPCHAR | Type::NAME | Type::UNKNOWN
    )
}

fn put_int(value: i64, kind: &Type, out: &mut BytesMut) -> Result<(), Box<dyn Error + Sync + Send>> {
    match *kind {
        Type::INT8 => out.put_i64(value),
        Type::INT4 => out.put_i32(value.try_into()?),
        Type::INT2 => out.put_i16(value.try_into()?),
        #[expect(clippy::cast_precision_loss, reason = "as SQLite compares them")]
        Type::FLOAT8 => out.put_f64(value as f64),
        _ => return Err(format!("a number where {kind} should be").into()),
    }
    Ok(())
}

fn put_real(value: f64, kind: &Type, out: &mut BytesMut) -> Result<(), Box<dyn Error + Sync + Send>> {
    match *kind {
        Type::FLOAT8 => out.put_f64(value),
        #[expect(clippy::cast_possible_truncation, reason = "the column has no more")]
        Type::FLOAT4 => out.put_f32(value as f32),
        #[expect(clippy::cast_possible_truncation, reason = "it is a whole number in range")]
        Type::INT8 if value.fract() == 0.0 && value.abs() < 9.2e18 => out.put_i64(value as i64),
        _ => return Err(format!("a real number where {kind} should be").into()),
    }
    Ok(())
}
