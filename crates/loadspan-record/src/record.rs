//! What is recorded of one request.

use std::fmt;
use std::sync::Arc;

use serde::de::value::MapAccessDeserializer;
use serde::de::{MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::{Outcome, RequestId, RunOffset, TokenCounts};

/// What was observed of one request, from the moment it was due to its last byte.
///
/// Serialised, it is a line of `records.jsonl`; `docs/output-formats.md` describes each field.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RequestRecord {
    /// Its id, which went out as the header `x-request-id`.
    #[serde(rename = "request_id")]
    pub id: RequestId,
    /// The phase in which it was sent.
    pub phase: Phase,
    /// Number of the stage, from 0.
    pub stage: u32,
    /// The conversation it belongs to, if there are conversations.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<u64>,
    /// Its place in the conversation, from 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub turn: Option<u32>,
    /// How many calls its conversation has in all, where that is known when it begins.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub turns: Option<u32>,
    /// How often the same turn had failed before: 0 for a turn that is sent for the first time.
    #[serde(default, skip_serializing_if = "is_first")]
    pub attempt: u32,
    /// Which of the target URLs it went to, from 0.
    pub target: u16,
    /// The worker thread that sent it, from 0.
    pub worker: u16,
    /// When what happened.
    pub timings: Timings,
    /// How long `max_concurrency` held it back after it was due, in nanoseconds.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub held_back_ns: u64,
    /// Gaps between the chunks that carried output.
    #[serde(rename = "chunk_gaps_us", default, skip_serializing_if = "ChunkGaps::is_none")]
    pub chunk_gaps: ChunkGaps,
    /// Chunks that carried output.
    pub chunks: u32,
    /// How it ended.
    pub outcome: Outcome,
    /// Token counts.
    pub tokens: TokenCounts,
    /// The server's `finish_reason` of the first choice.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finish_reason: Option<Box<str>>,
    /// The `id` of the response, as its body says it. What a header says is in [`HttpExchange::server_request_id`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub response_id: Option<Box<str>>,
    /// The model that answered, as the server names it. Records may share the text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub response_model: Option<Arc<str>>,
    /// What the transport did.
    pub http: HttpExchange,
    /// W3C trace id of the request's span, made before it was sent.
    #[serde(with = "hex_u128")]
    pub trace_id: u128,
    /// W3C span id of the request's span, made before it was sent.
    #[serde(with = "hex_u64")]
    pub span_id: u64,
}

/// The phase of a run in which a request was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Recorded, in no figure.
    Warmup,
    /// In the figures.
    Measure,
    /// Nothing is sent any more; requests in flight end.
    Drain,
}

impl Phase {
    /// The name in files and attributes.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Warmup => "warmup",
            Self::Measure => "measure",
            Self::Drain => "drain",
        }
    }
}

/// When what happened to a request. Taken when bytes arrive, before they are parsed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Timings {
    /// When the schedule wanted it sent. In a closed load: when its slot became free.
    #[serde(rename = "scheduled_ns")]
    pub scheduled_at: RunOffset,
    /// When its first byte was handed to the operating system. `None`: never, for want of a connection.
    #[serde(rename = "sent_ns", default, skip_serializing_if = "Option::is_none")]
    pub sent_at: Option<RunOffset>,
    /// First byte of the response body.
    #[serde(rename = "first_chunk_ns", default, skip_serializing_if = "Option::is_none")]
    pub first_chunk_at: Option<RunOffset>,
    /// First non-empty output in any channel: answer, reasoning, tool call, refusal. Streams only.
    #[serde(rename = "first_token_ns", default, skip_serializing_if = "Option::is_none")]
    pub first_token_at: Option<RunOffset>,
    /// First non-empty output that is not reasoning. Streams only.
    #[serde(rename = "first_answer_token_ns", default, skip_serializing_if = "Option::is_none")]
    pub first_answer_token_at: Option<RunOffset>,
    /// Last non-empty output in any channel. Streams only.
    #[serde(rename = "last_token_ns", default, skip_serializing_if = "Option::is_none")]
    pub last_token_at: Option<RunOffset>,
    /// Last byte of the response, or the moment of failure.
    #[serde(rename = "finished_ns")]
    pub finished_at: RunOffset,
}

/// Gaps between successive chunks that carried output, in microseconds.
///
/// Each gap is the difference of two rounded times, not a rounded difference: the sum of the gaps is the time from the first
/// chunk to the last, to the microsecond.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum ChunkGaps {
    /// Fewer than two chunks, or not a stream.
    #[default]
    None,
    /// Every gap, in order. In files: `[40012,39987]`.
    Each(Box<[u32]>),
    /// `(gap, how many of them)`, rounded to three significant digits, in place of the single gaps of a very long stream.
    /// In files: `{"first":40012,"histogram":[[40000,812],[40100,188]]}`.
    Histogram {
        /// The first gap, as it is: the time to the second token.
        first: u32,
        /// All gaps, the first among them.
        buckets: Box<[(u32, u32)]>,
    },
}

impl ChunkGaps {
    /// The gaps one by one, or, when they are more than `limit`, how many there were of each length.
    #[must_use]
    pub fn from_gaps(gaps_us: &[u32], limit: usize) -> Self {
        if gaps_us.is_empty() {
            return Self::None;
        }
        if gaps_us.len() <= limit {
            return Self::Each(gaps_us.into());
        }
        let mut buckets = std::collections::BTreeMap::new();
        for gap in gaps_us {
            *buckets.entry(three_digits(*gap)).or_insert(0) += 1;
        }
        Self::Histogram {
            first: gaps_us[0],
            buckets: buckets.into_iter().collect(),
        }
    }

    /// Whether there are no gaps.
    #[must_use]
    pub fn is_none(&self) -> bool {
        matches!(self, Self::None)
    }
}

/// `value` rounded to three significant decimal digits.
fn three_digits(value: u32) -> u32 {
    let unit = 10_u64.pow(value.checked_ilog10().unwrap_or(0).saturating_sub(2));
    let rounded = (u64::from(value) + unit / 2) / unit * unit;
    u32::try_from(rounded).unwrap_or(u32::MAX)
}

/// A [`ChunkGaps::Histogram`] in files.
#[derive(Serialize, Deserialize)]
struct GapHistogram {
    first: u32,
    histogram: Vec<(u32, u32)>,
}

impl Serialize for ChunkGaps {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::None => serializer.collect_seq([0_u32; 0]),
            Self::Each(gaps) => serializer.collect_seq(gaps.iter()),
            Self::Histogram { first, buckets } => {
                let histogram = GapHistogram {
                    first: *first,
                    histogram: buckets.to_vec(),
                };
                histogram.serialize(serializer)
            }
        }
    }
}

impl<'de> Deserialize<'de> for ChunkGaps {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct GapsVisitor;

        impl<'de> Visitor<'de> for GapsVisitor {
            type Value = ChunkGaps;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of gaps, or an object with their `histogram`")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<ChunkGaps, A::Error> {
                let mut gaps = Vec::new();
                while let Some(gap) = list.next_element()? {
                    gaps.push(gap);
                }
                Ok(if gaps.is_empty() {
                    ChunkGaps::None
                } else {
                    ChunkGaps::Each(gaps.into())
                })
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<ChunkGaps, A::Error> {
                let fields = MapAccessDeserializer::new(map);
                let GapHistogram { first, histogram } = GapHistogram::deserialize(fields)?;
                Ok(ChunkGaps::Histogram {
                    first,
                    buckets: histogram.into(),
                })
            }
        }

        deserializer.deserialize_any(GapsVisitor)
    }
}

/// What the transport did for one request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HttpExchange {
    /// Protocol version of the connection.
    pub version: HttpVersion,
    /// Status of the response, if there was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// The connection it used.
    pub connection: ConnectionUse,
    /// Bytes of the request, head and body, without TLS and framing of HTTP/2.
    pub bytes_sent: u64,
    /// Bytes of the response body and, over HTTP/1.1, its head and chunk framing.
    pub bytes_received: u64,
    /// The request id that the server gave: the header `x-request-id` of the response.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server_request_id: Option<Box<str>>,
}

/// Protocol version of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum HttpVersion {
    /// HTTP/1.1.
    #[default]
    #[serde(rename = "1.1")]
    Http11,
    /// HTTP/2.
    #[serde(rename = "2")]
    Http2,
}

/// The connection that a request used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ConnectionUse {
    /// An open connection, used before or opened ahead of the load.
    Reused,
    /// A connection opened for this request, between `scheduled_at` and `sent_at`.
    Opened {
        /// TCP connect, in nanoseconds.
        connect_ns: u64,
        /// TLS handshake, in nanoseconds; 0 without TLS.
        tls_ns: u64,
    },
    /// There was none.
    Failed,
}

impl RequestRecord {
    /// How long the client itself kept the request back: from when it was due to its first byte, less what opening a
    /// connection took and less what `max_concurrency` imposed. `None` when it was never sent.
    #[must_use]
    pub fn dispatch_delay_ns(&self) -> Option<u64> {
        let lag = self
            .timings
            .sent_at?
            .nanos_since(self.timings.scheduled_at)
            .saturating_sub(self.held_back_ns);
        Some(match self.http.connection {
            ConnectionUse::Opened { connect_ns, tls_ns } => lag.saturating_sub(connect_ns.saturating_add(tls_ns)),
            ConnectionUse::Reused | ConnectionUse::Failed => lag,
        })
    }
}

fn is_zero(nanos: &u64) -> bool {
    *nanos == 0
}

fn is_first(attempt: &u32) -> bool {
    *attempt == 0
}

/// Ids as lower-case hex of fixed width.
macro_rules! hex_id {
    ($module:ident, $int:ty, $digits:literal) => {
        mod $module {
            use serde::{Deserialize, Deserializer, Serializer, de::Error};

            pub(super) fn serialize<S: Serializer>(id: &$int, serializer: S) -> Result<S::Ok, S::Error> {
                let mut digits = [0; $digits];
                crate::hex::write_hex(u128::from(*id), &mut digits);
                serializer.serialize_str(std::str::from_utf8(&digits).expect("hex digits are ASCII"))
            }

            pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<$int, D::Error> {
                let digits = <&str>::deserialize(deserializer)?;
                <$int>::from_str_radix(digits, 16).map_err(D::Error::custom)
            }
        }
    };
}

hex_id!(hex_u128, u128, 32);
hex_id!(hex_u64, u64, 16);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Failure, FailureKind, TokenSource};

    fn record() -> RequestRecord {
        RequestRecord {
            id: "0000002a-17".parse().unwrap(),
            phase: Phase::Measure,
            stage: 0,
            session: None,
            turn: None,
            turns: None,
            attempt: 0,
            target: 0,
            worker: 0,
            timings: Timings {
                scheduled_at: RunOffset::from_nanos(1_000),
                sent_at: Some(RunOffset::from_nanos(5_000)),
                finished_at: RunOffset::from_nanos(9_000),
                ..Timings::default()
            },
            held_back_ns: 0,
            chunk_gaps: ChunkGaps::Each([40_012, 39_987].into()),
            chunks: 3,
            outcome: Outcome::Failed(Failure::with_message(FailureKind::HttpStatus(429), "slow \"down\"")),
            tokens: TokenCounts {
                output: Some(3),
                source: Some(TokenSource::ChunkCount),
                ..TokenCounts::default()
            },
            finish_reason: None,
            response_id: Some("chatcmpl-1".into()),
            response_model: Some("mock-model".into()),
            http: HttpExchange {
                version: HttpVersion::Http11,
                status: Some(429),
                connection: ConnectionUse::Opened {
                    connect_ns: 1_500,
                    tls_ns: 500,
                },
                bytes_sent: 200,
                bytes_received: 300,
                server_request_id: Some("req-1".into()),
            },
            trace_id: 0xabc,
            span_id: 0x1,
        }
    }

    #[test]
    fn a_record_survives_its_line() {
        let mut record = record();
        for gaps in [
            ChunkGaps::None,
            record.chunk_gaps.clone(),
            ChunkGaps::Histogram {
                first: 40_012,
                buckets: [(40_000, 7)].into(),
            },
        ] {
            record.chunk_gaps = gaps;
            let line = serde_json::to_string(&record).unwrap();
            assert_eq!(serde_json::from_str::<RequestRecord>(&line).unwrap(), record, "{line}");
        }
    }

    #[test]
    fn a_line_of_an_older_version_has_no_response_id_and_no_model() {
        let mut line = serde_json::to_value(record()).unwrap();
        for field in ["response_id", "response_model"] {
            assert!(line.as_object_mut().unwrap().remove(field).is_some(), "{field}");
        }
        let read: RequestRecord = serde_json::from_str(&line.to_string()).unwrap();
        assert_eq!((&read.response_id, &read.response_model), (&None, &None));
        assert_eq!(serde_json::to_value(&read).unwrap(), line);
    }

    #[test]
    fn a_long_stream_keeps_a_histogram_of_three_digits() {
        let gaps = [40_012, 39_987, 40_040, 7, 0];
        assert_eq!(ChunkGaps::from_gaps(&gaps, 5), ChunkGaps::Each(gaps.into()));
        let histogram = [(0, 1), (7, 1), (40_000, 3)];
        assert_eq!(
            ChunkGaps::from_gaps(&gaps, 4),
            ChunkGaps::Histogram {
                first: 40_012,
                buckets: histogram.into()
            }
        );
        assert_eq!(three_digits(u32::MAX), 4_290_000_000);
    }

    #[test]
    fn opening_a_connection_is_not_the_clients_delay() {
        assert_eq!(record().dispatch_delay_ns(), Some(2_000));
    }
}
