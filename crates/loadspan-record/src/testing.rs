//! Records for this crate's tests.

use proptest::prelude::*;

use crate::{
    ChunkGaps, Completeness, ConnectionUse, Failure, FailureKind, HttpExchange, HttpVersion, LoadFacts, LoadModel,
    Outcome, Phase, PromptReuse, RequestId, RequestRecord, RunFacts, RunId, RunInfo, RunOffset, Thresholds, Timings,
    TokenCounts, TokenSource,
};

/// A request in the making: a completed stream unless told otherwise. Times in milliseconds.
#[derive(Debug, Clone)]
pub(crate) struct RecordBuilder {
    scheduled: f64,
    sent: f64,
    ttft: f64,
    itl: f64,
    total: Option<f64>,
    tokens_per_chunk: u32,
    record: RequestRecord,
}

/// A stream of 10 tokens, one per chunk: the first after 100 ms, then one every 10 ms.
pub(crate) fn stream() -> RecordBuilder {
    RecordBuilder {
        scheduled: 0.0,
        sent: 0.0,
        ttft: 100.0,
        itl: 10.0,
        total: None,
        tokens_per_chunk: 1,
        record: blank(),
    }
}

/// A whole response of 10 tokens after 100 ms.
pub(crate) fn whole() -> RecordBuilder {
    let mut builder = stream();
    builder.tokens_per_chunk = 0;
    builder
}

impl RecordBuilder {
    pub(crate) fn sent_ms(mut self, sent: f64) -> Self {
        (self.scheduled, self.sent) = (sent, sent);
        self
    }

    pub(crate) fn scheduled_ms(mut self, scheduled: f64) -> Self {
        self.scheduled = scheduled;
        self
    }

    pub(crate) fn shifted_ms(mut self, later: f64) -> Self {
        (self.scheduled, self.sent) = (self.scheduled + later, self.sent + later);
        self
    }

    pub(crate) fn ttft_ms(mut self, ttft: f64) -> Self {
        self.ttft = ttft;
        self
    }

    pub(crate) fn itl_ms(mut self, itl: f64) -> Self {
        self.itl = itl;
        self
    }

    pub(crate) fn total_ms(mut self, total: f64) -> Self {
        self.total = Some(total);
        self
    }

    pub(crate) fn tokens(mut self, output: u32) -> Self {
        self.record.tokens.output = Some(output);
        self
    }

    pub(crate) fn tokens_per_chunk(mut self, tokens: u32) -> Self {
        self.tokens_per_chunk = tokens;
        self
    }

    pub(crate) fn with(mut self, change: impl FnOnce(&mut RequestRecord)) -> Self {
        change(&mut self.record);
        self
    }

    pub(crate) fn failed(self, kind: FailureKind) -> Self {
        self.with(|record| record.outcome = Outcome::Failed(Failure::new(kind)))
    }

    pub(crate) fn build(mut self) -> RequestRecord {
        let at = |ms: f64| RunOffset::from_nanos((ms * 1e6).round() as u64);
        let output = self.record.tokens.output.unwrap_or(0);
        let chunks = if self.tokens_per_chunk == 0 {
            0
        } else {
            output.div_ceil(self.tokens_per_chunk)
        };
        let gap = self.itl * f64::from(self.tokens_per_chunk);
        let last = self.ttft + gap * f64::from(chunks.saturating_sub(1));
        let timings = &mut self.record.timings;
        timings.scheduled_at = at(self.scheduled);
        timings.sent_at = Some(at(self.sent));
        timings.first_chunk_at = Some(at(self.sent + self.ttft));
        timings.finished_at = at(self.sent + self.total.unwrap_or(last));
        if chunks > 0 {
            timings.first_token_at = Some(at(self.sent + self.ttft));
            timings.first_answer_token_at = timings.first_token_at;
            timings.last_token_at = Some(at(self.sent + last));
        }
        if chunks > 1 {
            self.record.chunk_gaps = ChunkGaps::Each(vec![(gap * 1e3) as u32; chunks as usize - 1].into());
        }
        self.record.chunks = chunks;
        self.record
    }
}

/// The facts of a closed load.
pub(crate) fn closed_facts(concurrency: u32) -> RunFacts {
    facts(format!("{concurrency} concurrent"), LoadModel::Closed { concurrency })
}

/// The facts of an open load.
pub(crate) fn open_facts(rate: f64) -> RunFacts {
    facts(
        format!("constant {rate} req/s"),
        LoadModel::Open {
            target_rate: Some(rate),
            max_concurrency: None,
        },
    )
}

fn facts(description: String, model: LoadModel) -> RunFacts {
    RunFacts {
        run: RunInfo {
            id: "run-1".to_owned(),
            name: "a run".to_owned(),
            model: "some-model".to_owned(),
            endpoint_type: "chat".to_owned(),
            streaming: true,
            urls: vec!["http://localhost:8000".to_owned()],
            loadspan_version: "0.1.0".to_owned(),
            started_unix_ns: 1_700_000_000_000_000_000,
            seed: None,
            measured_from_s: None,
            measured_until_s: None,
            completeness: Completeness::Complete,
        },
        load: LoadFacts { description, model },
        stages: Vec::new(),
        replays: Vec::new(),
        prompts: PromptReuse::Unique,
        unsent: 0,
        client: None,
        preopened: Vec::new(),
        notices: Vec::new(),
        slo: None,
        thresholds: Thresholds::default(),
        telemetry: crate::TelemetrySummary::default(),
    }
}

fn blank() -> RequestRecord {
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
            input: Some(100),
            output: Some(10),
            source: Some(TokenSource::ServerUsage),
            ..TokenCounts::default()
        },
        finish_reason: Some("stop".into()),
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
        span_id: 2,
    }
}

/// Records of every shape, also odd ones: streams of one chunk, no tokens, answers that never come.
pub(crate) fn any_record() -> impl Strategy<Value = RequestRecord> {
    let times = (0.0_f64..1e5, 0.0_f64..50.0, 0.01_f64..2e3, 0.01_f64..100.0);
    let shape = (
        prop::option::of(0_u32..500),
        0_u32..6,
        prop::option::of(0_u32..5),
        prop::option::of(0.0_f64..50.0),
    );
    let fate = (0_usize..6, 0_usize..3, prop::bool::ANY);
    (times, shape, fate).prop_map(
        |((sent, lag, ttft, itl), (output, per_chunk, first_chunk, thought), (outcome, opened, warmup))| {
            let builder = stream()
                .sent_ms(sent + lag)
                .scheduled_ms(sent)
                .ttft_ms(ttft)
                .itl_ms(itl)
                .tokens_per_chunk(per_chunk);
            let mut record = builder.with(|record| record.tokens.output = output).build();
            record.tokens.first_chunk = first_chunk;
            record.phase = if warmup { Phase::Warmup } else { Phase::Measure };
            record.outcome = match outcome {
                0 => Outcome::Cancelled,
                1 => Outcome::Failed(Failure::new(FailureKind::HttpStatus(503))),
                _ => Outcome::Completed,
            };
            record.http.connection = match opened {
                0 => ConnectionUse::Opened {
                    connect_ns: 30_000,
                    tls_ns: 1_000,
                },
                _ => ConnectionUse::Reused,
            };
            let first = record.timings.first_token_at;
            record.timings.first_answer_token_at = first
                .zip(thought)
                .map(|(first, ms)| first.after(std::time::Duration::from_secs_f64(ms / 1e3)));
            record
        },
    )
}
