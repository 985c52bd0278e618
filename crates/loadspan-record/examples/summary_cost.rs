//! What a summary costs: time per record, memory per record, time to finish.
//!
//! `cargo run --release -p loadspan-record --example summary_cost -- 10000000 [stream]`
#![expect(clippy::print_stdout, reason = "an example talks to its user")]

use std::time::Instant;

use loadspan_record::{
    ChunkGaps, Completeness, ConnectionUse, HttpExchange, HttpVersion, LiveStats, LoadFacts, LoadModel, Outcome, Phase,
    PromptReuse, RequestId, RequestRecord, RunFacts, RunId, RunInfo, RunOffset, SummaryBuilder, Thresholds, Timings,
    TokenCounts, TokenSource,
};

fn main() {
    let mut arguments = std::env::args().skip(1);
    let records: u64 = arguments
        .next()
        .and_then(|count| count.parse().ok())
        .unwrap_or(1_000_000);
    let is_stream = arguments.next().is_some();

    let mut builder = SummaryBuilder::new();
    let mut record = example_record();
    let before = Instant::now();
    for index in 0..records {
        vary(&mut record, index, is_stream);
        builder.push(&record);
    }
    report("push", before, records);
    println!("resident: {} MiB", resident_kib() / 1024);

    let before = Instant::now();
    let summary = builder.finish(example_facts());
    report("finish", before, records);
    println!(
        "resident at most: {} MiB; in flight at most {}",
        peak_kib() / 1024,
        summary.load.in_flight.max
    );

    let mut live = LiveStats::new();
    let before = Instant::now();
    for index in 0..records.min(1_000_000) {
        vary(&mut record, index, is_stream);
        live.push(&record);
    }
    report("live", before, records.min(1_000_000));
}

fn report(what: &str, since: Instant, records: u64) {
    let secs = since.elapsed().as_secs_f64();
    println!("{what}: {secs:.2} s, {:.0} ns per record", secs * 1e9 / records as f64);
}

/// 64 in flight; times and output lengths differ from request to request, the input length does not.
fn vary(record: &mut RequestRecord, index: u64, is_stream: bool) {
    let random = index.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40;
    let sent = index * 12_000;
    let at = |nanos: u64| Some(RunOffset::from_nanos(sent + nanos));
    record.id.index = index;
    record.tokens.output = Some(if is_stream { 2 + (random % 200) as u32 } else { 1 });
    record.timings = Timings {
        scheduled_at: RunOffset::from_nanos(sent - (random % 1_000).min(sent)),
        sent_at: at(0),
        first_chunk_at: at(300_000 + random),
        first_token_at: at(310_000 + random).filter(|_| is_stream),
        first_answer_token_at: at(310_000 + random).filter(|_| is_stream),
        last_token_at: at(710_000 + random * 2).filter(|_| is_stream),
        finished_at: RunOffset::from_nanos(sent + 720_000 + random * 2),
    };
    if is_stream {
        record.chunks = record.tokens.output.unwrap_or(0);
        record.chunk_gaps = ChunkGaps::Each([400 + (random % 100) as u32].into());
    }
}

fn example_record() -> RequestRecord {
    RequestRecord {
        id: RequestId {
            run: RunId::new(0),
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
        tokens: TokenCounts {
            input: Some(550),
            source: Some(TokenSource::ServerUsage),
            ..TokenCounts::default()
        },
        finish_reason: Some("length".into()),
        response_id: Some("chatcmpl-0123456789abcdef".into()),
        response_model: Some("mock-model".into()),
        http: HttpExchange {
            version: HttpVersion::Http11,
            status: Some(200),
            connection: ConnectionUse::Reused,
            bytes_sent: 4_000,
            bytes_received: 800,
            server_request_id: None,
        },
        trace_id: 1,
        span_id: 2,
    }
}

fn example_facts() -> RunFacts {
    RunFacts {
        run: RunInfo {
            id: "example".to_owned(),
            name: "example".to_owned(),
            model: "example".to_owned(),
            endpoint_type: "chat".to_owned(),
            streaming: true,
            urls: Vec::new(),
            loadspan_version: env!("CARGO_PKG_VERSION").to_owned(),
            started_unix_ns: 0,
            seed: None,
            measured_from_s: None,
            measured_until_s: None,
            completeness: Completeness::Complete,
        },
        load: LoadFacts {
            description: "64 concurrent".to_owned(),
            model: LoadModel::Closed { concurrency: 64 },
        },
        stages: Vec::new(),
        replays: Vec::new(),
        prompts: PromptReuse::Unique,
        unsent: 0,
        client: None,
        preopened: Vec::new(),
        notices: Vec::new(),
        slo: None,
        thresholds: Thresholds::default(),
        telemetry: loadspan_record::TelemetrySummary::default(),
    }
}

fn resident_kib() -> u64 {
    status_kib("VmRSS:")
}

fn peak_kib() -> u64 {
    status_kib("VmHWM:")
}

/// 0 where there is no `/proc`.
fn status_kib(field: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(field));
    line.and_then(|rest| rest.split_whitespace().next()?.parse().ok())
        .unwrap_or(0)
}
