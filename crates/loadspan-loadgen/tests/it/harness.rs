//! Loads against a server, and what came of them.

mod raw;

use std::collections::BTreeMap;
use std::num::{NonZeroU32, NonZeroUsize};
use std::sync::Arc;
use std::time::Duration;

use loadspan_loadgen::openai::{EndpointType, ServerKind, StreamUsage};
use loadspan_loadgen::preflight::{CalibrationNeed, Preflight, PreflightConfig, PreflightError};
use loadspan_loadgen::schedule::{ArrivalProcess, ScheduleConfig};
use loadspan_loadgen::sessions::Sessions;
use loadspan_loadgen::workload::{LengthDistribution, LengthModel, SamplingStrategy, SyntheticConfig};
use loadspan_loadgen::{
    BaseUrl, Deadlines, HttpPreference, Limits, Listeners, LoadConfig, LoadModel, OnFailedTurn, Run, RunClock, RunEnd,
    RunError, RunEvent, RunPlan, SessionEnd, StagePlan, StageRole, Subscription, TargetConfig, TextCapture, TlsConfig,
    Traffic, Warmup,
};
use loadspan_record::{Outcome, OutputText, Phase, RequestRecord, RunId, TracePlan};
use loadspan_testkit::{FakeServer, RunningServer, Script, When};
use serde_json::{Map, Value};

pub(crate) use self::raw::{Head, RawServer, SSE_HEAD, Then, chunk, json_answer};

/// A server whose first generation request, which is the preflight's, is answered well whatever the script.
pub(crate) fn server_with(script: Script) -> RunningServer {
    FakeServer::new()
        .on(When::First(1), Script::new())
        .script(script)
        .start()
        .unwrap()
}

pub(crate) fn target(urls: &[String]) -> TargetConfig {
    TargetConfig {
        urls: urls.iter().map(|url| BaseUrl::parse(url).unwrap()).collect(),
        endpoint_type: EndpointType::Chat,
        endpoint_path: None,
        api_key: None,
        headers: Vec::new(),
        session_header: None,
        tls: TlsConfig::SystemRoots,
        http: HttpPreference::Http11,
        // Far beyond what any test takes, so that no deadline is met by chance.
        deadlines: Deadlines {
            connect: Duration::from_secs(10),
            first_byte: Duration::from_secs(20),
            idle: Duration::from_secs(20),
            total: Duration::from_secs(20),
        },
    }
}

/// A preflight of a plain streaming chat, to be changed by the test.
pub(crate) fn preflight_of(url: &str) -> PreflightConfig {
    PreflightConfig {
        target: target(&[url.to_owned()]),
        model: Some("mock-model".to_owned()),
        server: Some(ServerKind::OpenAi),
        streaming: true,
        stream_usage: StreamUsage::AtEnd,
        max_tokens_field: None,
        extra: Map::new(),
        wait: Duration::ZERO,
        calibration: CalibrationNeed::OnePrompt,
        seed: 7,
    }
}

pub(crate) fn run_preflight(config: PreflightConfig) -> Result<Preflight, PreflightError> {
    loadspan_loadgen::preflight::run(config, RunClock::start())
}

/// A load that a test builds up and runs.
pub(crate) struct Load {
    pub(crate) preflight: PreflightConfig,
    pub(crate) config: LoadConfig,
    /// Those of the load; the preflight has its own.
    pub(crate) deadlines: Deadlines,
    pub(crate) output_tokens: Option<u32>,
    pub(crate) input_tokens: u32,
    pub(crate) tokenizer: Option<loadspan_loadgen::workload::PromptTokenizer>,
    /// In place of synthetic prompts.
    pub(crate) workload: Option<loadspan_loadgen::workload::Workload>,
    /// In place of requests.
    pub(crate) sessions: Option<Arc<dyn Sessions>>,
    pub(crate) trace: Option<TracePlan>,
    pub(crate) output_text: TextCapture,
}

/// What came of a load.
pub(crate) struct Report {
    /// By index.
    pub(crate) records: Vec<RequestRecord>,
    /// What was said, by index.
    pub(crate) outputs: BTreeMap<u64, OutputText>,
    pub(crate) end: Arc<RunEnd>,
    /// Sessions, in the order of their ends.
    pub(crate) ended: Vec<SessionEnd>,
}

/// A load that has started.
pub(crate) struct Running {
    pub(crate) run: Run,
    events: Subscription,
}

impl Load {
    /// `requests` streaming chats, `concurrency` at a time, on one worker.
    pub(crate) fn closed(url: impl AsRef<str>, concurrency: u32, requests: u64) -> Self {
        let concurrency = NonZeroU32::new(concurrency).unwrap();
        let model = LoadModel::Closed {
            concurrency,
            ramp: None,
        };
        Self::new(url.as_ref(), model, Some(requests))
    }

    /// Sessions, `concurrency` at a time, on one worker; all that there are.
    pub(crate) fn sessions(url: impl AsRef<str>, concurrency: u32, sessions: impl Sessions + 'static) -> Self {
        Self {
            sessions: Some(Arc::new(sessions)),
            ..Self::closed(url, concurrency, u64::MAX).change(|load| load.config.limits.requests = None)
        }
    }

    /// Streaming chats at `rate` a second, until the test says when to stop.
    pub(crate) fn open(url: impl AsRef<str>, rate: f64, process: ArrivalProcess) -> Self {
        let schedule = ScheduleConfig {
            rate,
            process,
            ramp: None,
            seed: 3,
        };
        let model = LoadModel::Open {
            schedule,
            max_concurrency: None,
        };
        Self::new(url.as_ref(), model, None)
    }

    fn new(url: &str, model: LoadModel, requests: Option<u64>) -> Self {
        let preflight = preflight_of(url);
        Self {
            deadlines: preflight.target.deadlines,
            preflight,
            config: LoadConfig {
                model,
                warmup: Warmup::None,
                limits: Limits {
                    requests,
                    sessions: None,
                    duration: None,
                    grace: Duration::from_secs(20),
                    drain: Duration::from_secs(20),
                    failures: None,
                },
                workers: NonZeroUsize::MIN,
                on_failed_turn: OnFailedTurn::default(),
            },
            output_tokens: None,
            input_tokens: 8,
            tokenizer: None,
            workload: None,
            sessions: None,
            trace: None,
            output_text: TextCapture::Off,
        }
    }

    pub(crate) fn model(mut self, model: LoadModel) -> Self {
        self.config.model = model;
        self
    }

    pub(crate) fn workers(mut self, workers: usize) -> Self {
        self.config.workers = NonZeroUsize::new(workers).unwrap();
        self
    }

    pub(crate) fn warmup(mut self, warmup: Warmup) -> Self {
        self.config.warmup = warmup;
        self
    }

    pub(crate) fn endpoint(mut self, endpoint: EndpointType) -> Self {
        self.preflight.target.endpoint_type = endpoint;
        self.preflight.streaming &= endpoint.can_stream();
        self
    }

    pub(crate) fn not_streaming(mut self) -> Self {
        self.preflight.streaming = false;
        self
    }

    pub(crate) fn extra(mut self, fields: Value) -> Self {
        self.preflight.extra = fields.as_object().unwrap().clone();
        self
    }

    pub(crate) fn change(mut self, change: impl FnOnce(&mut Self)) -> Self {
        change(&mut self);
        self
    }

    /// Runs to its end.
    pub(crate) fn run(self) -> Report {
        self.start().report()
    }

    pub(crate) fn start(self) -> Running {
        self.start_after(|| {})
    }

    /// Starts after `event` has happened between the preflight and the load.
    pub(crate) fn start_after(self, event: impl FnOnce()) -> Running {
        let (plan, clock) = self.plan();
        event();
        Running::start(plan, clock).unwrap()
    }

    /// Runs to its end for listeners of the test's own.
    pub(crate) fn start_for(self, listeners: Listeners) -> Run {
        let (plan, clock) = self.plan();
        loadspan_loadgen::start(plan, clock, listeners).unwrap()
    }

    /// Runs the preflight.
    pub(crate) fn plan(self) -> (RunPlan, RunClock) {
        let clock = RunClock::start();
        let target_config = TargetConfig {
            deadlines: self.deadlines,
            ..self.preflight.target.clone()
        };
        let preflight = loadspan_loadgen::preflight::run(self.preflight, clock).unwrap();
        let synthetic = SyntheticConfig {
            input_tokens: LengthDistribution::exactly(self.input_tokens),
            output_tokens: self.output_tokens.map(LengthDistribution::exactly),
            entries: None,
            seed: 1,
            sampling: SamplingStrategy::Sequential,
        };
        let workload = self
            .workload
            .unwrap_or_else(|| synthetic.build(LengthModel::Words).unwrap());
        let plan = RunPlan {
            run_id: RunId::new(0x7e57),
            target: preflight.target,
            target_config,
            body: preflight.body,
            stages: vec![StagePlan {
                name: None,
                load: self.config,
                traffic: match self.sessions {
                    Some(sessions) => Traffic::Sessions(sessions),
                    None => Traffic::Requests(Arc::new(workload)),
                },
                pause: Duration::ZERO,
                role: StageRole::Measured,
            }],
            tokenizer: self.tokenizer.map(Arc::new),
            gap_limit: 1_000,
            trace: self.trace,
            output_text: self.output_text,
        };
        (plan, clock)
    }
}

impl Running {
    pub(crate) fn start(plan: RunPlan, clock: RunClock) -> Result<Self, RunError> {
        let mut listeners = Listeners::default();
        let events = listeners.subscribe_with_output(100_000);
        let run = loadspan_loadgen::start(plan, clock, listeners)?;
        Ok(Self { run, events })
    }

    pub(crate) fn report(self) -> Report {
        let end = self.run.join().unwrap();
        let (mut records, mut outputs, mut ended) = (Vec::new(), BTreeMap::new(), Vec::new());
        while let Some(event) = self.events.next() {
            if let RunEvent::Records(batch) = event {
                for (position, record) in batch.iter().enumerate() {
                    outputs.extend(batch.output_of(position).map(|said| (record.id.index, said.clone())));
                }
                records.extend_from_slice(&batch);
                ended.extend_from_slice(batch.ended_sessions());
            }
        }
        assert_eq!((self.events.missed(), end.records_lost), (0, 0));
        records.sort_by_key(|record| record.id.index);
        Report {
            records,
            outputs,
            end,
            ended,
        }
    }
}

impl Report {
    /// How many requests ended how: `completed`, `cancelled`, or the class of their failure.
    pub(crate) fn outcomes(&self) -> BTreeMap<String, usize> {
        let mut counts = BTreeMap::new();
        for record in &self.records {
            *counts.entry(name(&record.outcome)).or_default() += 1;
        }
        counts
    }

    /// The one record of a load of one request.
    pub(crate) fn only(&self) -> &RequestRecord {
        let [record] = &self.records[..] else {
            panic!("{} records", self.records.len())
        };
        record
    }

    /// Asserts that every request completed, and that there were so many.
    pub(crate) fn assert_completed(&self, requests: usize) -> &Self {
        assert_eq!(
            self.outcomes(),
            counts([("completed", requests)]),
            "{:?}",
            self.messages()
        );
        self
    }

    /// What was said about failures.
    pub(crate) fn messages(&self) -> Vec<&str> {
        let failures = self.records.iter().filter_map(|record| record.outcome.failure());
        failures.filter_map(|failure| failure.message.as_deref()).collect()
    }

    pub(crate) fn phase(&self, phase: Phase) -> impl Iterator<Item = &RequestRecord> {
        self.records.iter().filter(move |record| record.phase == phase)
    }
}

pub(crate) fn counts<const N: usize>(counts: [(&str, usize); N]) -> BTreeMap<String, usize> {
    counts
        .into_iter()
        .map(|(name, count)| (name.to_owned(), count))
        .collect()
}

fn name(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Completed => "completed".to_owned(),
        Outcome::Cancelled => "cancelled".to_owned(),
        Outcome::Failed(failure) => failure.kind.to_string(),
    }
}

/// Waits for what happens on another thread.
pub(crate) fn eventually(condition: impl Fn() -> bool) {
    for _ in 0..5_000 {
        if condition() {
            return;
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    panic!("it did not come true in 5 s");
}
