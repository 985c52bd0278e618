//! Values that are no messages. `null` is what is absent: protobuf's default.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;
use std::str::FromStr;

use base64::Engine;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use serde::de::{Deserialize, Deserializer, Error, MapAccess, Visitor};

/// Base64 with or without padding, as protobuf's JSON mapping takes it.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

pub(super) fn text<'de, A: MapAccess<'de>>(json: &mut A) -> Result<String, A::Error> {
    Ok(json.next_value::<Option<String>>()?.unwrap_or_default())
}

pub(super) fn texts<'de, A: MapAccess<'de>>(json: &mut A) -> Result<Vec<String>, A::Error> {
    super::list(json)
}

pub(super) fn flag<'de, A: MapAccess<'de>>(json: &mut A) -> Result<bool, A::Error> {
    Ok(json.next_value::<Option<bool>>()?.unwrap_or_default())
}

/// Hexadecimal digits of either case.
pub(super) fn id<'de, A: MapAccess<'de>>(json: &mut A) -> Result<Vec<u8>, A::Error> {
    let digits = json.next_value::<Option<Cow<'_, str>>>()?.unwrap_or_default();
    hex(&digits).ok_or_else(|| A::Error::custom("an id is not hexadecimal digits"))
}

pub(super) fn bytes<'de, A: MapAccess<'de>>(json: &mut A) -> Result<Vec<u8>, A::Error> {
    let text = json.next_value::<Option<Cow<'_, str>>>()?.unwrap_or_default();
    let standard = text.replace('-', "+").replace('_', "/");
    BASE64.decode(standard).map_err(A::Error::custom)
}

/// Any number, also as a string.
pub(super) fn number<'de, N: Number, A: MapAccess<'de>>(json: &mut A) -> Result<N, A::Error> {
    Ok(optional_number(json)?.unwrap_or_default())
}

pub(super) fn optional_number<'de, N: Number, A: MapAccess<'de>>(json: &mut A) -> Result<Option<N>, A::Error> {
    Ok(json.next_value::<Option<Read<N>>>()?.map(|number| number.0))
}

pub(super) fn numbers<'de, N: Number, A: MapAccess<'de>>(json: &mut A) -> Result<Vec<N>, A::Error> {
    Ok(super::list::<Read<N>, A>(json)?
        .into_iter()
        .map(|number| number.0)
        .collect())
}

/// A number, or a name of which `named` knows the number. An unknown name is 0, which all enums have for "not specified".
pub(super) fn variant<'de, A: MapAccess<'de>>(
    json: &mut A,
    named: impl Fn(&str) -> Option<i32>,
) -> Result<i32, A::Error> {
    Ok(match json.next_value::<Option<Variant<'_>>>()? {
        None => 0,
        Some(Variant::Number(number)) => number,
        Some(Variant::Name(name)) => named(&name).or_else(|| name.parse().ok()).unwrap_or(0),
    })
}

#[derive(serde::Deserialize)]
#[serde(untagged)]
enum Variant<'a> {
    Number(i32),
    #[serde(borrow)]
    Name(Cow<'a, str>),
}

/// Numbers, as JSON has them.
pub(super) trait Number: Default + FromStr {
    fn of_unsigned(number: u64) -> Option<Self>;
    fn of_signed(number: i64) -> Option<Self>;
    fn of_double(number: f64) -> Option<Self>;
}

macro_rules! whole {
    ($($kind:ty)*) => {$(
        impl Number for $kind {
            fn of_unsigned(number: u64) -> Option<Self> {
                Self::try_from(number).ok()
            }

            fn of_signed(number: i64) -> Option<Self> {
                Self::try_from(number).ok()
            }

            /// Whole numbers with an exponent or a fraction of zero.
            fn of_double(number: f64) -> Option<Self> {
                let whole = number as Self;
                (whole as f64 == number).then_some(whole)
            }
        }
    )*};
}

whole!(u64 i64 u32 i32);

impl Number for f64 {
    fn of_unsigned(number: u64) -> Option<Self> {
        Some(number as Self)
    }

    fn of_signed(number: i64) -> Option<Self> {
        Some(number as Self)
    }

    fn of_double(number: f64) -> Option<Self> {
        Some(number)
    }
}

struct Read<N>(N);

impl<'de, N: Number> Deserialize<'de> for Read<N> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NumberVisitor(PhantomData)).map(Self)
    }
}

struct NumberVisitor<N>(PhantomData<N>);

impl<N: Number> Visitor<'_> for NumberVisitor<N> {
    type Value = N;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a number in its range")
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<N, E> {
        N::of_unsigned(number).ok_or_else(|| E::custom("a number is out of range"))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<N, E> {
        N::of_signed(number).ok_or_else(|| E::custom("a number is out of range"))
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<N, E> {
        N::of_double(number).ok_or_else(|| E::custom("a number is out of range"))
    }

    /// Rust's own reading knows `NaN`, `Infinity` and `-Infinity`.
    fn visit_str<E: Error>(self, text: &str) -> Result<N, E> {
        text.parse().map_err(|_| E::custom("a text is no number in its range"))
    }
}

fn hex(digits: &str) -> Option<Vec<u8>> {
    let digits = digits.as_bytes();
    if !digits.len().is_multiple_of(2) {
        return None;
    }
    let digit = |digit: u8| char::from(digit).to_digit(16);
    let bytes = digits
        .chunks_exact(2)
        .map(|pair| u8::try_from(digit(pair[0])? * 16 + digit(pair[1])?).ok());
    bytes.collect()
}
