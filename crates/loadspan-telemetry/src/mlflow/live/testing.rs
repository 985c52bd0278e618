//! Records for the tests of this folder.

use std::time::Duration;

use crate::testing::request;
use loadspan_record::{
    ChunkGaps, HttpExchange, RequestId, RequestRecord, RunOffset, Timings, TokenCounts, TokenSource,
};

/// Wall clock at offset zero.
pub(crate) const START_UNIX_NS: u64 = 1_700_000_000_000_000_000;

/// A measured stream that took 250 ms: four chunks, the first after 100 ms, then one every 50 ms.
pub(crate) fn stream(index: u64, ended_at_ms: u64) -> RequestRecord {
    let at = |before_end: u64| RunOffset::from_duration(Duration::from_millis(ended_at_ms.saturating_sub(before_end)));
    RequestRecord {
        id: RequestId { index, ..request().id },
        timings: Timings {
            scheduled_at: at(250),
            sent_at: Some(at(250)),
            first_chunk_at: Some(at(150)),
            first_token_at: Some(at(150)),
            first_answer_token_at: Some(at(150)),
            last_token_at: Some(at(0)),
            finished_at: at(0),
        },
        chunk_gaps: ChunkGaps::Each([50_000; 3].into()),
        chunks: 4,
        tokens: TokenCounts {
            input: Some(550),
            output: Some(4),
            source: Some(TokenSource::ServerUsage),
            ..TokenCounts::default()
        },
        http: HttpExchange {
            bytes_sent: 3_000,
            bytes_received: 40_000,
            ..request().http
        },
        trace_id: u128::from(index) + 1,
        span_id: index + 1,
        ..request()
    }
}
