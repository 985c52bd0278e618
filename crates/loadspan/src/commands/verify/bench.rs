//! One run of the load generator against one scripted server.

use std::net::TcpListener;
use std::num::{NonZeroU32, NonZeroUsize};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use loadspan_loadgen::openai::{EndpointType, ServerKind, StreamUsage};
use loadspan_loadgen::preflight::{self, CalibrationNeed, Preflight, PreflightConfig};
use loadspan_loadgen::schedule::{ArrivalProcess, ScheduleConfig};
use loadspan_loadgen::workload::{LengthDistribution, LengthModel, SamplingStrategy, SyntheticConfig};
use loadspan_loadgen::{
    BaseUrl, Deadlines, HttpPreference, Limits, Listeners, LoadConfig, LoadModel, RunClock, RunEvent, RunPlan,
    Subscription, TargetConfig, TlsConfig, Warmup,
};
use loadspan_record::{RequestRecord, RunId, Slo};
use loadspan_testkit::{FakeServer, RunningServer};
use serde_json::{Map, Value};

use super::ca_file::CaFile;
use super::evidence::{Evidence, Seen};

/// The beginning of the `x-request-id` of each request of the load.
pub(super) const RUN_ID: RunId = RunId::new(0x0000_7e57);
/// Prompts and arrivals are the same each time.
const SEED: u64 = 7;
const INPUT_TOKENS: u32 = 32;
/// Events that may wait until the load is over; there are some hundred a second.
const QUEUE_EVENTS: usize = 4096;
/// No run can hang, whatever is wrong.
const DEADLINES: Deadlines = Deadlines {
    connect: Duration::from_secs(5),
    first_byte: Duration::from_secs(5),
    idle: Duration::from_secs(5),
    total: Duration::from_secs(10),
};

/// A server and the load for it. The default is 12 streamed chats, four at a time.
#[derive(Debug, Clone)]
pub(super) struct Bench {
    server: FakeServer,
    endpoint_type: EndpointType,
    delivery: Delivery,
    http: HttpPreference,
    deadlines: Deadlines,
    stream_usage: StreamUsage,
    extra: Map<String, Value>,
    model: LoadModel,
    workers: NonZeroUsize,
    warmup: Warmup,
    requests: u64,
    before_load: BeforeLoad,
    slo: Option<Slo>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Delivery {
    Stream,
    Whole,
}

/// What happens between the preflight and the load.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum BeforeLoad {
    Nothing,
    StopServer,
    RestartServer,
}

impl Bench {
    pub(super) fn new(server: FakeServer) -> Self {
        Self {
            server,
            endpoint_type: EndpointType::Chat,
            delivery: Delivery::Stream,
            http: HttpPreference::Http11,
            deadlines: DEADLINES,
            stream_usage: StreamUsage::AtEnd,
            extra: Map::new(),
            model: LoadModel::Closed {
                concurrency: slots(4),
                ramp: None,
            },
            workers: NonZeroUsize::MIN,
            warmup: Warmup::None,
            requests: 12,
            before_load: BeforeLoad::Nothing,
            slo: None,
        }
    }

    pub(super) fn endpoint(self, endpoint_type: EndpointType) -> Self {
        Self { endpoint_type, ..self }
    }

    /// Answers come as one piece.
    pub(super) fn whole(self) -> Self {
        Self {
            delivery: Delivery::Whole,
            ..self
        }
    }

    pub(super) fn http2(self) -> Self {
        Self {
            http: HttpPreference::Http2,
            ..self
        }
    }

    pub(super) fn deadlines(self, change: impl FnOnce(&mut Deadlines)) -> Self {
        let mut deadlines = self.deadlines;
        change(&mut deadlines);
        Self { deadlines, ..self }
    }

    pub(super) fn stream_usage(self, stream_usage: StreamUsage) -> Self {
        Self { stream_usage, ..self }
    }

    /// A further field in each body.
    pub(super) fn field(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.extra.insert(name.to_owned(), value.into());
        self
    }

    pub(super) fn closed(self, concurrency: u32) -> Self {
        Self {
            model: LoadModel::Closed {
                concurrency: slots(concurrency),
                ramp: None,
            },
            ..self
        }
    }

    pub(super) fn open(self, rate: f64, process: ArrivalProcess) -> Self {
        let schedule = ScheduleConfig {
            rate,
            process,
            ramp: None,
            seed: SEED,
        };
        Self {
            model: LoadModel::Open {
                schedule,
                max_concurrency: None,
            },
            ..self
        }
    }

    /// Holds requests of an open load back while so many are in flight.
    pub(super) fn at_most(mut self, limit: u32) -> Self {
        if let LoadModel::Open { max_concurrency, .. } = &mut self.model {
            *max_concurrency = Some(slots(limit));
        }
        self
    }

    /// Splits the load over two worker threads.
    pub(super) fn two_workers(self) -> Self {
        Self {
            workers: NonZeroUsize::MIN.saturating_add(1),
            ..self
        }
    }

    pub(super) fn warmup(self, requests: u64) -> Self {
        Self {
            warmup: Warmup::Requests(requests),
            ..self
        }
    }

    pub(super) fn requests(self, requests: u64) -> Self {
        Self { requests, ..self }
    }

    /// The server is gone when the load begins.
    pub(super) fn server_stops_before_load(self) -> Self {
        Self {
            before_load: BeforeLoad::StopServer,
            ..self
        }
    }

    /// Another server has taken the place of the first when the load begins. Over TLS it is one that the client does not trust.
    pub(super) fn server_restarts_before_load(self) -> Self {
        Self {
            before_load: BeforeLoad::RestartServer,
            ..self
        }
    }

    pub(super) fn goodput(self, slo: Slo) -> Self {
        Self { slo: Some(slo), ..self }
    }

    /// Starts the server, makes the load and gathers what either side knows of it.
    ///
    /// # Errors
    ///
    /// The load could not be made at all.
    pub(super) fn run(self) -> anyhow::Result<Evidence> {
        let server = self.server.clone().start()?;
        let ca = server
            .ca_pem()
            .map(CaFile::write)
            .transpose()
            .context("cannot write the CA certificate")?;
        let target = self.target(&server, ca.as_ref())?;
        let preflight = preflight::run(self.preflight(&target), RunClock::start())?;
        let server = self.before_load.apply(server, &self.server)?;
        let notices = preflight.notices.clone();
        let asked = self.model.clone();
        let slo = self.slo.clone();
        let plan = self.plan(target, preflight)?;
        let clock = RunClock::start();
        let mut listeners = Listeners::default();
        let events = listeners.subscribe(QUEUE_EVENTS);
        let end = loadspan_loadgen::start(plan, clock, listeners)?.join()?;
        let missed = events.missed() + end.records_lost;
        anyhow::ensure!(missed == 0, "{missed} records did not fit into a queue");
        let records = collect(&events);
        let stats = server.as_ref().map(RunningServer::stats);
        Ok(Evidence::new(
            Seen {
                records,
                stats,
                notices,
                anchor: clock.anchor(),
            },
            &asked,
            slo,
        ))
    }

    fn target(&self, server: &RunningServer, ca: Option<&CaFile>) -> anyhow::Result<TargetConfig> {
        Ok(TargetConfig {
            urls: vec![BaseUrl::parse(&server.url())?],
            endpoint_type: self.endpoint_type,
            endpoint_path: None,
            api_key: None,
            headers: Vec::new(),
            tls: ca.map_or(TlsConfig::SystemRoots, |ca| TlsConfig::CaFile(ca.path().to_owned())),
            http: self.http,
            deadlines: self.deadlines,
        })
    }

    fn preflight(&self, target: &TargetConfig) -> PreflightConfig {
        PreflightConfig {
            // The first request is always answered well; only the load shall meet the deadlines of a check.
            target: TargetConfig {
                deadlines: DEADLINES,
                ..target.clone()
            },
            model: None,
            server: Some(ServerKind::OpenAi),
            streaming: self.delivery == Delivery::Stream,
            stream_usage: self.stream_usage,
            max_tokens_field: None,
            extra: self.extra.clone(),
            wait: Duration::ZERO,
            calibration: CalibrationNeed::OnePrompt,
            seed: SEED,
        }
    }

    fn plan(self, target_config: TargetConfig, preflight: Preflight) -> anyhow::Result<RunPlan> {
        let workload = SyntheticConfig {
            input_tokens: LengthDistribution::exactly(INPUT_TOKENS),
            output_tokens: None,
            entries: None,
            seed: SEED,
            sampling: SamplingStrategy::Sequential,
        };
        Ok(RunPlan {
            run_id: RUN_ID,
            target: preflight.target,
            target_config,
            body: preflight.body,
            workload: Arc::new(workload.build(LengthModel::Words)?),
            tokenizer: None,
            load: LoadConfig {
                model: self.model,
                warmup: self.warmup,
                limits: Limits {
                    requests: Some(self.requests),
                    duration: None,
                    grace: Duration::ZERO,
                    drain: Duration::ZERO,
                    failures: None,
                },
                workers: self.workers,
                seed: SEED,
            },
            gap_limit: usize::MAX,
        })
    }
}

impl BeforeLoad {
    /// The server that runs then, if there is one.
    fn apply(self, server: RunningServer, settings: &FakeServer) -> anyhow::Result<Option<RunningServer>> {
        let address = server.address();
        match self {
            Self::Nothing => return Ok(Some(server)),
            Self::StopServer | Self::RestartServer => server.shutdown(),
        }
        if self == Self::StopServer {
            return Ok(None);
        }
        Ok(Some(settings.clone().start_on(TcpListener::bind(address)?)?))
    }
}

fn collect(events: &Subscription) -> Vec<RequestRecord> {
    let mut records = Vec::new();
    while let Some(event) = events.next() {
        match event {
            RunEvent::Records(batch) => records.extend_from_slice(&batch),
            RunEvent::LoadStarted { .. } | RunEvent::Progress(_) => {}
            RunEvent::Finished(_) => break,
        }
    }
    records.sort_unstable_by_key(|record| record.id.index);
    records
}

fn slots(count: u32) -> NonZeroU32 {
    NonZeroU32::new(count).unwrap_or(NonZeroU32::MIN)
}
