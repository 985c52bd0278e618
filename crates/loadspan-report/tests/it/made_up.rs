//! Made-up runs that look like real ones: a server that slows down under load, fails at times, and is watched.

use loadspan_record::{
    ChunkGaps, Completeness, ConnectionUse, Failure, FailureKind, GpuReading, GpuSample, HttpExchange, HttpVersion,
    LoadFacts, LoadModel, Outcome, Phase, PromptReuse, RequestId, RequestRecord, RunFacts, RunId, RunInfo, RunOffset,
    ServerGauge, ServerSample, Summary, SummaryBuilder, Thresholds, Timings, TokenCounts, TokenSource,
};
use loadspan_report::plot::Requests;

/// What a run leaves behind.
pub(crate) struct MeasuredRun {
    pub(crate) summary: Summary,
    pub(crate) requests: Requests,
    pub(crate) server: Vec<ServerSample>,
    pub(crate) gpus: Vec<GpuSample>,
}

/// A run to be made up.
pub(crate) struct MadeUpRun {
    requests: u32,
    rate: f64,
    speed: f64,
    load: LoadFacts,
    dice: Dice,
}

impl MadeUpRun {
    /// 40 requests per second, with a slow stretch and a few failures.
    pub(crate) fn open_load(requests: u32) -> Self {
        Self::at_rate(40.0, requests, 7)
    }

    /// The same at another rate; the faster, the slower the server.
    pub(crate) fn at_rate(rate: f64, requests: u32, seed: u64) -> Self {
        Self {
            requests,
            rate,
            speed: (40.0 / rate).clamp(0.4, 1.3),
            load: LoadFacts {
                description: format!("poisson {rate} req/s, at most 256 at once"),
                model: LoadModel::Open {
                    target_rate: Some(rate),
                    max_concurrency: Some(256),
                },
            },
            dice: Dice(seed),
        }
    }

    /// 400 requests at some concurrency; the server saturates at about 48.
    pub(crate) fn closed_load(concurrency: u32, seed: u64) -> Self {
        let busy = 1.0 + f64::from(concurrency) / 48.0;
        Self {
            requests: 400,
            rate: f64::from(concurrency) / (2.4 * busy),
            speed: 1.0 / busy,
            load: LoadFacts {
                description: format!("{concurrency} concurrent"),
                model: LoadModel::Closed { concurrency },
            },
            dice: Dice(seed * 31 + 1),
        }
    }

    /// Its requests, in the order in which they are due.
    pub(crate) fn records(&mut self) -> Vec<RequestRecord> {
        let (mut due_s, requests) = (0.0, self.requests);
        let record = |index| {
            due_s += -self.dice.share().max(1e-9).ln() / self.rate;
            self.record(index, due_s)
        };
        (0..requests).map(record).collect()
    }

    /// Runs it.
    pub(crate) fn measure(mut self) -> MeasuredRun {
        let mut summary = SummaryBuilder::new();
        let mut requests = Requests::new();
        let records = self.records();
        for record in &records {
            summary.push(record);
            requests.push(record);
        }
        let due_s = records
            .last()
            .map_or(0.0, |last| last.timings.scheduled_at.as_secs_f64());
        let seconds = due_s as u64 + 3;
        let server = (0..seconds).map(|second| self.server(second, due_s)).collect();
        let gpus = (0..seconds).map(|second| self.gpus(second, due_s)).collect();
        MeasuredRun {
            summary: summary.finish(self.facts()),
            requests,
            server,
            gpus,
        }
    }

    /// How slow the server is at a moment: twice as slow in a stretch of the middle.
    fn load_at(&self, share_of_run: f64) -> f64 {
        let bump = (-((share_of_run - 0.6) / 0.08).powi(2)).exp();
        (1.0 + 1.6 * bump) / self.speed
    }

    fn record(&mut self, index: u32, due_s: f64) -> RequestRecord {
        let slow = self.load_at(f64::from(index) / f64::from(self.requests));
        let lag_ms = 0.02 + 0.3 * self.dice.share().powi(6) + if self.dice.share() > 0.999 { 6.0 } else { 0.0 };
        let sent_ms = due_s * 1e3 + lag_ms;
        let ttft_ms = (60.0 + 50.0 * -self.dice.share().max(1e-9).ln()) * slow;
        let output = 20 + (200.0 * self.dice.share()) as u32;
        let gaps: Box<[u32]> = (1..output)
            .map(|_| ((11_000.0 + 3_000.0 * self.dice.share() + 60_000.0 * self.dice.share().powi(90)) * slow) as u32)
            .collect();
        let stream_ms = gaps.iter().map(|gap| f64::from(*gap)).sum::<f64>() / 1e3;
        let at = |ms: f64| RunOffset::from_nanos((ms * 1e6) as u64);
        let mut record = RequestRecord {
            timings: Timings {
                scheduled_at: at(due_s * 1e3),
                sent_at: Some(at(sent_ms)),
                first_chunk_at: Some(at(sent_ms + ttft_ms)),
                first_token_at: Some(at(sent_ms + ttft_ms)),
                first_answer_token_at: Some(at(sent_ms + ttft_ms)),
                last_token_at: Some(at(sent_ms + ttft_ms + stream_ms)),
                finished_at: at(sent_ms + ttft_ms + stream_ms + 0.2),
            },
            chunk_gaps: ChunkGaps::Each(gaps),
            chunks: output,
            ..blank(index)
        };
        record.tokens.output = Some(output);
        record.tokens.input = Some(256 + (512.0 * self.dice.share() * self.dice.share()) as u32);
        if due_s < 8.0 && self.load.model.is_open() {
            record.phase = Phase::Warmup;
        }
        if self.dice.share() > 1.0 - 0.004 * slow * slow {
            self.fail(&mut record, ttft_ms);
        }
        record
    }

    fn fail(&mut self, record: &mut RequestRecord, after_ms: f64) {
        let kind = match (self.dice.share() * 10.0) as u32 {
            0..6 => FailureKind::HttpStatus(503),
            6..9 => FailureKind::TimeoutIdle,
            _ => FailureKind::TruncatedStream,
        };
        record.outcome = Outcome::Failed(Failure::new(kind));
        let sent = record.timings.sent_at.unwrap_or_default();
        record.timings.finished_at = sent.after(std::time::Duration::from_secs_f64(after_ms / 1e3));
        record.timings.first_token_at = None;
        record.timings.last_token_at = None;
        record.chunk_gaps = ChunkGaps::None;
        record.tokens = TokenCounts::default();
    }

    fn server(&mut self, second: u64, length_s: f64) -> ServerSample {
        let slow = self.load_at(second as f64 / length_s);
        let metrics = [
            (
                ServerGauge::RequestsRunning,
                (60.0 * slow + 8.0 * self.dice.share()).round(),
            ),
            (
                ServerGauge::RequestsWaiting,
                (20.0 * (slow - 1.0) * self.dice.share()).round(),
            ),
            (
                ServerGauge::KvCacheUsage,
                (0.3 * slow + 0.04 * self.dice.share()).min(1.0),
            ),
        ];
        ServerSample {
            at: RunOffset::from_nanos(second * 1_000_000_000),
            source: "http://127.0.0.1:8000/metrics".to_owned(),
            metrics: metrics.into(),
            ..ServerSample::default()
        }
    }

    fn gpus(&mut self, second: u64, length_s: f64) -> GpuSample {
        let slow = self.load_at(second as f64 / length_s);
        let gpus = (0..2).map(|index| GpuReading {
            index: Some(index),
            uuid: format!("GPU-{index}"),
            utilization: Some((0.55 + 0.15 * slow + 0.1 * self.dice.share()).min(1.0)),
            memory_used_bytes: Some(70 << 30),
            memory_total_bytes: Some(80 << 30),
            power_watts: Some(380.0 + 90.0 * slow + 30.0 * self.dice.share() - 20.0 * f64::from(index)),
            ..GpuReading::default()
        });
        GpuSample {
            at: RunOffset::from_nanos(second * 1_000_000_000),
            source: "nvml".to_owned(),
            gpus: gpus.collect(),
        }
    }

    /// What is known of it besides its requests.
    pub(crate) fn facts(self) -> RunFacts {
        RunFacts {
            run: RunInfo {
                id: "0123abcd".to_owned(),
                name: "made-up".to_owned(),
                model: "Qwen/Qwen3-8B".to_owned(),
                endpoint_type: "chat".to_owned(),
                streaming: true,
                urls: vec!["http://127.0.0.1:8000".to_owned()],
                loadspan_version: "0.1.0".to_owned(),
                started_unix_ns: 1_700_000_000_000_000_000,
                seed: Some(7),
                measured_from_s: self.load.model.is_open().then_some(8.0),
                measured_until_s: None,
                completeness: Completeness::Complete,
            },
            load: self.load,
            stages: Vec::new(),
            replays: Vec::new(),
            prompts: PromptReuse::Unique,
            unsent: 0,
            client: None,
            preopened: Vec::new(),
            notices: Vec::new(),
            slo: None,
            thresholds: Thresholds::default(),
            telemetry: Default::default(),
        }
    }
}

/// A completed request without times.
pub(crate) fn blank(index: u32) -> RequestRecord {
    RequestRecord {
        id: RequestId {
            run: RunId::new(1),
            index: index.into(),
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
            source: Some(TokenSource::ServerUsage),
            ..TokenCounts::default()
        },
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
        span_id: 2,
    }
}

/// The same numbers every time.
struct Dice(u64);

impl Dice {
    /// From 0 to 1.
    fn share(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }
}
