//! Runs whose every time is known.

use loadspan_record::{
    ChunkGaps, ClientStats, Completeness, ConnectionUse, Failure, FailureKind, HttpExchange, HttpVersion, LoadFacts,
    LoadModel, Notice, Outcome, Phase, PromptReuse, RequestId, RequestRecord, RunFacts, RunId, RunInfo, RunOffset,
    Summary, SummaryBuilder, Thresholds, Timings, TokenCounts, TokenSource, WorkerStats,
};

/// 8 users for about 20 s, 128 tokens each, one per chunk; a warm-up; goodput; a measured client.
pub(crate) fn streaming() -> Summary {
    let mut facts = facts("8 concurrent", LoadModel::Closed { concurrency: 8 });
    facts.slo = Some("ttft:120 itl:11".parse().unwrap());
    facts.client = Some(client());
    streaming_builder().finish(facts)
}

pub(crate) fn streaming_builder() -> SummaryBuilder {
    let mut builder = SummaryBuilder::new();
    for user in 0..8 {
        let mut at = f64::from(user) * 13.0;
        for turn in 0..15 {
            let random = jitter(user * 100 + turn);
            let mut record = stream(at, 80.0 + 60.0 * random, 9.0 + 2.0 * random);
            if turn == 0 {
                record.phase = Phase::Warmup;
            }
            at = record.timings.finished_at.as_secs_f64() * 1e3 + 0.05;
            builder.push(&record);
        }
    }
    builder
}

/// 2 users, whole responses, a tenth of which fails.
pub(crate) fn not_streaming() -> Summary {
    let mut builder = SummaryBuilder::new();
    for index in 0..200_u32 {
        let mut record = whole(f64::from(index / 2) * 101.0, 90.0 + 10.0 * jitter(index));
        if index % 10 == 3 {
            let error = Failure::with_message(
                FailureKind::HttpStatus(503),
                "no capacity left\n\x1b[31mtry again later",
            );
            record.outcome = Outcome::Failed(error);
            record.tokens = TokenCounts::default();
        }
        builder.push(&record);
    }
    let mut facts = facts("2 concurrent", LoadModel::Closed { concurrency: 2 });
    facts.run.streaming = false;
    builder.finish(facts)
}

/// Nothing but failures.
pub(crate) fn all_failed() -> Summary {
    let mut builder = SummaryBuilder::new();
    for index in 0..12_u32 {
        let mut record = whole(f64::from(index) * 5.0, 1.0);
        record.tokens = TokenCounts::default();
        record.outcome = Outcome::Failed(match index % 3 {
            0 => Failure::new(FailureKind::TimeoutFirstByte),
            _ => Failure::with_message(FailureKind::Connect, "connection refused"),
        });
        if index % 3 != 0 {
            record.timings.sent_at = None;
            record.http.connection = ConnectionUse::Failed;
        }
        builder.push(&record);
    }
    builder.finish(facts("1 concurrent", LoadModel::Closed { concurrency: 1 }))
}

/// One streamed request of a model that reasons, in chunks of four tokens; cut short by the user.
pub(crate) fn one_request() -> Summary {
    let mut record = stream(0.0, 100.0, 40.0);
    record.tokens.output = Some(512);
    record.tokens.reasoning = Some(400);
    record.timings.first_answer_token_at = Some(RunOffset::from_nanos(4_100_000_000));
    let mut builder = SummaryBuilder::new();
    builder.push(&record);
    let mut facts = facts("1 concurrent", LoadModel::Closed { concurrency: 1 });
    facts.run.completeness = Completeness::Incomplete {
        reason: "interrupted".to_owned(),
    };
    facts.notices.push(Notice {
        message: "the server rejected `stream_options`".to_owned(),
        advice: None,
    });
    builder.finish(facts)
}

/// 20 req/s asked for and 18 made, by a client short of CPU.
pub(crate) fn missed_rate() -> Summary {
    let mut builder = SummaryBuilder::new();
    for index in 0..300_u32 {
        let mut record = stream(f64::from(index) * 55.0, 80.0 + 60.0 * jitter(index), 9.5);
        record.timings.scheduled_at = RunOffset::from_nanos(u64::from(index) * 50_000_000);
        record.tokens.source = Some(TokenSource::ChunkCount);
        builder.push(&record);
    }
    let model = LoadModel::Open {
        target_rate: Some(20.0),
        max_concurrency: Some(256),
    };
    let mut facts = facts("constant 20 req/s, at most 256 at once", model);
    facts.client = Some(client());
    facts
        .client
        .iter_mut()
        .for_each(|client| client.workers[0].busy_share = 0.97);
    facts.unsent = 3;
    builder.finish(facts)
}

/// A streamed request of 128 tokens; times in milliseconds.
pub(crate) fn stream(sent: f64, ttft: f64, itl: f64) -> RequestRecord {
    let mut record = whole(sent, ttft + 127.0 * itl);
    let gap = (itl * 1e3) as u32;
    record.timings.first_token_at = Some(at(sent + ttft));
    record.timings.first_answer_token_at = record.timings.first_token_at;
    record.timings.first_chunk_at = record.timings.first_token_at;
    record.timings.last_token_at = Some(record.timings.finished_at);
    record.chunks = 128;
    record.chunk_gaps = ChunkGaps::Each(vec![gap; 127].into());
    record.tokens.output = Some(128);
    record
}

/// A whole response of 16 tokens; times in milliseconds.
pub(crate) fn whole(sent: f64, took: f64) -> RequestRecord {
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
        timings: Timings {
            scheduled_at: at(sent),
            sent_at: Some(at(sent)),
            first_chunk_at: Some(at(sent + took)),
            finished_at: at(sent + took),
            ..Timings::default()
        },
        held_back_ns: 0,
        chunk_gaps: ChunkGaps::None,
        chunks: 0,
        outcome: Outcome::Completed,
        tokens: TokenCounts {
            input: Some(550),
            output: Some(16),
            source: Some(TokenSource::ServerUsage),
            ..TokenCounts::default()
        },
        finish_reason: Some("length".into()),
        response_id: Some("chatcmpl-1".into()),
        response_model: Some("mock-model".into()),
        http: HttpExchange {
            version: HttpVersion::Http11,
            status: Some(200),
            connection: ConnectionUse::Reused,
            bytes_sent: 4_000,
            bytes_received: 900,
            server_request_id: Some("req-1".into()),
        },
        trace_id: 0xabc,
        span_id: 0xdef,
    }
}

fn at(ms: f64) -> RunOffset {
    RunOffset::from_nanos((ms * 1e6).round() as u64)
}

/// A fraction from 0 to 1 that looks random and is always the same.
fn jitter(seed: u32) -> f64 {
    f64::from((seed + 1).wrapping_mul(0x9e37_79b9) >> 8) / f64::from(1 << 24)
}

fn client() -> ClientStats {
    let worker = WorkerStats {
        cpu_seconds: 1.2,
        busy_share: 0.06,
        loop_lag_p50_ms: 0.05,
        loop_lag_p99_ms: 0.31,
        loop_lag_max_ms: 2.4,
    };
    ClientStats {
        cpu_seconds: 1.5,
        wall_seconds: 20.0,
        peak_rss_bytes: 45 << 20,
        records_lost: 0,
        workers: vec![worker],
    }
}

pub(crate) fn facts(description: &str, model: LoadModel) -> RunFacts {
    RunFacts {
        run: RunInfo {
            id: "5f0c6a8e".to_owned(),
            name: "llama-3.1-8b-chat-c8".to_owned(),
            model: "meta-llama/Llama-3.1-8B-Instruct".to_owned(),
            endpoint_type: "chat".to_owned(),
            streaming: true,
            urls: vec!["http://localhost:8000".to_owned()],
            loadspan_version: "0.1.0".to_owned(),
            started_unix_ns: 1_700_000_000_000_000_000,
            seed: Some(7),
            measured_from_s: Some(1.25),
            measured_until_s: None,
            completeness: Completeness::Complete,
        },
        load: LoadFacts {
            description: description.to_owned(),
            model,
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
