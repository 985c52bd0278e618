use std::time::Instant;
use loadspan_record::*;
fn main() {
    let record = RequestRecord {
        index: 123456, phase: Phase::Measure, stage: 0, session: None, turn: None, target: 0, worker: 0,
        timings: Timings { scheduled_at: RunOffset::from_nanos(1234567890), sent_at: Some(RunOffset::from_nanos(1234567990)), first_chunk_at: Some(RunOffset::from_nanos(1235567990)), finished_at: RunOffset::from_nanos(1236567990), ..Timings::default() },
        held_back_ns: 0, chunk_gaps: ChunkGaps::None, chunks: 0, outcome: Outcome::Completed,
        tokens: TokenCounts { input: Some(550), output: Some(1), source: Some(TokenSource::ServerUsage), ..TokenCounts::default() },
        finish_reason: Some("length".into()),
        http: HttpExchange { version: HttpVersion::Http11, status: Some(200), connection: ConnectionUse::Reused, bytes_sent: 4000, bytes_received: 800, server_request_id: Some("chatcmpl-0123456789abcdef".into()) },
        trace_id: 0x1234_5678_9abc_def0_1234_5678_9abc_def0, span_id: 0x1234_5678_9abc_def0,
    };
    let mut out = Vec::new();
    let n = 1_000_000;
    let t = Instant::now();
    let mut bytes = 0;
    for _ in 0..n / 100 { out.clear(); for _ in 0..100 { loadspan_report::records_jsonl::encode_serde(&record, &mut out); } bytes += out.len(); }
    println!("{} ns {} bytes\n{}", t.elapsed().as_nanos() as f64 / n as f64, bytes / n, String::from_utf8_lossy(&out[..600]));
}
