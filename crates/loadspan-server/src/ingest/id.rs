//! Ids of traces and spans.

use super::refusal::Reason;
use crate::hex;

/// A trace, in the database `tr-` and 32 hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct TraceId([u8; 16]);

/// A span.
pub(crate) type SpanId = [u8; 8];

impl TraceId {
    /// From OTLP. An id that is shorter than it should be has zeros in front, as MLflow has it.
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, Reason> {
        match padded(bytes) {
            Ok(id) => Ok(Self(id)),
            Err(Flaw::Empty) if bytes.is_empty() => Err(Reason::no_trace_id("the trace id is empty")),
            Err(Flaw::Empty) => Err(Reason::no_trace_id("the trace id is all zeros")),
            Err(Flaw::Long) => Err("the trace id has more than 16 bytes".into()),
        }
    }
}

impl std::fmt::Display for TraceId {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut text = *b"tr-00000000000000000000000000000000";
        for (digits, byte) in text[3..].chunks_exact_mut(2).zip(self.0) {
            digits.copy_from_slice(&hex::digits(byte));
        }
        formatter.write_str(str::from_utf8(&text).map_err(|_| std::fmt::Error)?)
    }
}

/// The id of a span, from OTLP.
pub(super) fn span(bytes: &[u8]) -> Result<SpanId, &'static str> {
    match padded(bytes) {
        Ok(id) => Ok(id),
        Err(Flaw::Empty) => Err("the span id is empty"),
        Err(Flaw::Long) => Err("the span id has more than 8 bytes"),
    }
}

/// The id of a span's parent, from OTLP. `None`: it has none, which some senders say with zeros.
pub(super) fn parent(bytes: &[u8]) -> Result<Option<SpanId>, &'static str> {
    match padded(bytes) {
        Ok(id) => Ok(Some(id)),
        Err(Flaw::Empty) => Ok(None),
        Err(Flaw::Long) => Err("the parent span id has more than 8 bytes"),
    }
}

enum Flaw {
    /// No bytes, or only zeros.
    Empty,
    Long,
}

fn padded<const N: usize>(bytes: &[u8]) -> Result<[u8; N], Flaw> {
    let mut id = [0; N];
    let start = N.checked_sub(bytes.len()).ok_or(Flaw::Long)?;
    id[start..].copy_from_slice(bytes);
    if id == [0; N] { Err(Flaw::Empty) } else { Ok(id) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ingest::refusal;

    #[test]
    fn a_trace_is_called_as_mlflow_calls_it() {
        let id = TraceId::parse(&[
            0x5b, 0x8e, 0xff, 0xf7, 0x98, 0x03, 0x81, 0x03, 0xd2, 0x69, 0xb6, 0x33, 0x81, 0x3f, 0xc6, 0x0c,
        ]);
        assert_eq!(id.unwrap().to_string(), "tr-5b8efff798038103d269b633813fc60c");
        let short = TraceId::parse(&[0xab; 8]).unwrap();
        assert_eq!(short.to_string(), "tr-0000000000000000abababababababab");
    }

    #[test]
    fn ids_that_are_none_are_told_apart() {
        let flaw = |bytes: &[u8]| TraceId::parse(bytes).map_err(|reason| (reason.to_string(), reason.flaw()));
        let none = refusal::Flaw::NoTraceId;
        assert_eq!(flaw(&[]), Err(("the trace id is empty".to_owned(), none)));
        assert_eq!(flaw(&[0; 16]), Err(("the trace id is all zeros".to_owned(), none)));
        let long = "the trace id has more than 16 bytes".to_owned();
        assert_eq!(flaw(&[1; 17]), Err((long, refusal::Flaw::Other)));
        assert_eq!(span(&[1; 9]), Err("the span id has more than 8 bytes"));
        assert_eq!(parent(&[0; 8]), Ok(None));
        assert_eq!(parent(&[1; 9]), Err("the parent span id has more than 8 bytes"));
    }
}
