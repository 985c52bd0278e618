//! Values on their way from PostgreSQL, as SQLite would hand them over: truth is 0 or 1, a sum of whole numbers is one.

use std::error::Error;

use tokio_postgres::types::{FromSql, Type};

use crate::database::row::Cell;
use crate::database::text;

type Decoded = Result<Cell, Box<dyn Error + Sync + Send>>;

impl<'a> FromSql<'a> for Cell {
    fn from_sql(kind: &Type, raw: &'a [u8]) -> Decoded {
        Ok(match *kind {
            Type::INT8 => Self::Int(i64::from_be_bytes(raw.try_into()?)),
            Type::INT4 => Self::Int(i32::from_be_bytes(raw.try_into()?).into()),
            Type::INT2 => Self::Int(i16::from_be_bytes(raw.try_into()?).into()),
            Type::BOOL => Self::Int(i64::from(raw != [0])),
            Type::FLOAT8 => Self::Real(f64::from_be_bytes(raw.try_into()?)),
            Type::FLOAT4 => Self::Real(f32::from_be_bytes(raw.try_into()?).into()),
            Type::NUMERIC => numeric(raw)?,
            Type::BYTEA => Self::Blob(raw.to_vec()),
            Type::TEXT | Type::VARCHAR | Type::BPCHAR | Type::NAME | Type::UNKNOWN => {
                Self::Text(text::decode(std::str::from_utf8(raw)?.to_owned()))
            }
            // What a function without a result answers.
            Type::VOID => Self::Null,
            _ => return Err(format!("a column of type {kind}, which nothing here has").into()),
        })
    }

    fn from_sql_null(_: &Type) -> Decoded {
        Ok(Self::Null)
    }

    /// What does not fit is an error of its own, which says what was there.
    fn accepts(_: &Type) -> bool {
        true
    }
}

/// A number of any size, which sums and means of whole numbers are: digits to the base of 10,000, the first one times 10,000 to the
/// power of `weight`.
fn numeric(raw: &[u8]) -> Decoded {
    let mut words = raw.chunks_exact(2).map(|word| [word[0], word[1]]);
    let mut next = || words.next().ok_or("a number that breaks off");
    let digits = usize::from(u16::from_be_bytes(next()?));
    let weight = i16::from_be_bytes(next()?);
    let sign = u16::from_be_bytes(next()?);
    let _scale = next()?;
    let sign = match sign {
        0x0000 => 1.0,
        0x4000 => -1.0,
        0xD000 => f64::INFINITY,
        0xF000 => f64::NEG_INFINITY,
        _ => f64::NAN,
    };
    if !sign.is_finite() {
        return Ok(Cell::Real(sign));
    }
    let mut whole = Some(0_i64);
    let mut real = 0.0;
    for place in 0..digits {
        let digit = i16::from_be_bytes(next()?);
        let power = i32::from(weight) - i32::try_from(place)?;
        real += f64::from(digit) * 10_000_f64.powi(power);
        whole = whole.and_then(|whole| {
            let power = u32::try_from(power).ok()?;
            whole.checked_add(10_000_i64.checked_pow(power)?.checked_mul(digit.into())?)
        });
    }
    Ok(match whole {
        Some(whole) if sign > 0.0 => Cell::Int(whole),
        Some(whole) => Cell::Int(-whole),
        None => Cell::Real(sign * real),
    })
}
