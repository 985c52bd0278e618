//! Ids of runs and of the requests in them.

use std::fmt::{self, Write};
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::hex::write_hex;

/// Id of a run: eight hexadecimal digits, as in `7f3a09c2`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RunId(u32);

/// Id of a request: the run's id and the number of the request in it, as in `7f3a09c2-17`. Goes out as `x-request-id`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RequestId {
    /// The run.
    pub run: RunId,
    /// Number of the request, from 0, warm-up included.
    pub index: u64,
}

/// Text that is no id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not the id of a request; expected one like `7f3a09c2-17`")]
pub struct IdError(String);

impl RunId {
    /// The id with these bits.
    #[must_use]
    pub const fn new(bits: u32) -> Self {
        Self(bits)
    }
}

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut digits = [0; 8];
        write_hex(u128::from(self.0), &mut digits);
        f.write_str(std::str::from_utf8(&digits).map_err(|_| fmt::Error)?)
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.run)?;
        f.write_char('-')?;
        write!(f, "{}", self.index)
    }
}

impl FromStr for RequestId {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        let parse = || {
            let (run, index) = text.split_once('-').filter(|(run, _)| run.len() == 8)?;
            Some(Self {
                run: RunId(u32::from_str_radix(run, 16).ok()?),
                index: index.parse().ok()?,
            })
        };
        parse().ok_or_else(|| IdError(text.to_owned()))
    }
}

impl Serialize for RequestId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for RequestId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <&str>::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_survives_its_text() {
        let id = RequestId {
            run: RunId::new(0x00ab_cdef),
            index: u64::MAX,
        };
        assert_eq!(id.to_string(), "00abcdef-18446744073709551615");
        assert_eq!(id.to_string().parse(), Ok(id));
    }

    #[test]
    fn other_text_is_no_id() {
        for text in [
            "",
            "00abcdef",
            "abcdef-1",
            "00abcdeg-1",
            "00abcdef-",
            "00abcdef--1",
            "preflight",
        ] {
            assert!(text.parse::<RequestId>().is_err(), "{text}");
        }
    }
}
