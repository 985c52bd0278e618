//! The name of a payload's file: `00000007-traces-512-73211.otlp`.

use std::fmt;
use std::str::FromStr;

use crate::export::{Contents, Payload};

/// What the name of a payload's file tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::export) struct PayloadName {
    /// Place in the order of spooling.
    pub(in crate::export) order: u64,
    pub(in crate::export) contents: Contents,
    /// Spans or data points.
    pub(in crate::export) items: u64,
    /// Size of the file.
    pub(in crate::export) bytes: u64,
}

/// No payload of ours is larger.
const MAX_PAYLOAD_BYTES: u64 = 64 * 1024 * 1024;
/// No run spools so many payloads.
const MAX_ORDER: u64 = u32::MAX as u64;

/// What is spooled. Points of MLflow are not: they can be made again from the records of the run.
const SPOOLED: [Contents; 3] = [Contents::Traces, Contents::Metrics, Contents::MlflowTraces];

/// Not the name of a payload's file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::export) struct NotAPayload;

impl PayloadName {
    pub(in crate::export) fn of(payload: &Payload, order: u64) -> Self {
        Self {
            order,
            contents: payload.contents,
            items: payload.items,
            bytes: payload.body.len() as u64,
        }
    }

    /// Whether a payload can be what its name tells. An item takes a byte at least, so that sums of what is plausible cannot overflow.
    pub(super) fn is_plausible(&self) -> bool {
        self.order <= MAX_ORDER && self.items <= self.bytes && self.bytes <= MAX_PAYLOAD_BYTES
    }
}

impl fmt::Display for PayloadName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            order,
            contents,
            items,
            bytes,
        } = self;
        write!(f, "{order:08}-{}-{items}-{bytes}.otlp", contents.as_str())
    }
}

impl FromStr for PayloadName {
    type Err = NotAPayload;

    /// Takes exactly what `Display` writes.
    fn from_str(text: &str) -> Result<Self, NotAPayload> {
        let fields: Vec<_> = text.strip_suffix(".otlp").ok_or(NotAPayload)?.split('-').collect();
        let &[order, contents, items, bytes] = fields.as_slice() else {
            return Err(NotAPayload);
        };
        let number = |text: &str| text.parse().map_err(|_| NotAPayload);
        let contents = SPOOLED.into_iter().find(|known| known.as_str() == contents);
        let name = Self {
            order: number(order)?,
            contents: contents.ok_or(NotAPayload)?,
            items: number(items)?,
            bytes: number(bytes)?,
        };
        (name.to_string() == text).then_some(name).ok_or(NotAPayload)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_tells_what_it_was_made_of() {
        for (contents, text) in [
            (Contents::Traces, "00000007-traces-512-73211.otlp"),
            (Contents::MlflowTraces, "00000007-mlflow_traces-512-73211.otlp"),
        ] {
            let name = PayloadName {
                order: 7,
                contents,
                items: 512,
                bytes: 73_211,
            };
            assert_eq!(name.to_string(), text);
            assert_eq!(text.parse(), Ok(name));
        }
    }

    #[test]
    fn other_names_are_not_taken_for_one() {
        for name in [
            "",
            "spool.json",
            "00000007-traces-512-73211.otlp.partial",
            "7-traces-512-73211.otlp",
            "00000007-traces-+512-73211.otlp",
            "00000007-logs-512-73211.otlp",
            "00000007-mlflow_points-512-73211.otlp",
            "00000007-traces-512.otlp",
            "../00000007-traces-512-73211.otlp",
            "00000007-traces-512-99999999999999999999.otlp",
        ] {
            assert_eq!(name.parse::<PayloadName>(), Err(NotAPayload), "{name}");
        }
    }
}
