//! The one request that tests and examples make theirs from.

use loadspan_record::{
    ChunkGaps, ConnectionUse, HttpExchange, HttpVersion, Outcome, Phase, RequestId, RequestRecord, RunId, Timings,
    TokenCounts,
};

/// The first request of a run: measured and completed, over a connection that was open. It took no time and has no tokens.
pub(crate) fn request() -> RequestRecord {
    RequestRecord {
        id: RequestId {
            run: RunId::new(0x7f3a_09c2),
            index: 0,
        },
        phase: Phase::Measure,
        stage: 0,
        session: None,
        turn: None,
        turns: None,
        attempt: 0,
        target: 0,
        worker: 0,
        timings: Timings::default(),
        held_back_ns: 0,
        chunk_gaps: ChunkGaps::None,
        chunks: 0,
        outcome: Outcome::Completed,
        tokens: TokenCounts::default(),
        finish_reason: None,
        response_id: None,
        response_model: None,
        http: HttpExchange {
            version: HttpVersion::Http11,
            status: Some(200),
            connection: ConnectionUse::Reused,
            bytes_sent: 400,
            bytes_received: 4_000,
            server_request_id: None,
        },
        trace_id: 1,
        span_id: 1,
    }
}
