//! A scripted server and the load for it.

mod run;

use std::num::{NonZeroU32, NonZeroUsize};
use std::time::Duration;

use loadspan_loadgen::openai::{EndpointType, StreamUsage};
use loadspan_loadgen::schedule::{ArrivalProcess, ScheduleConfig};
use loadspan_loadgen::{Deadlines, HttpPreference, LoadModel, Warmup};
use loadspan_record::{RunId, Slo};
use loadspan_testkit::FakeServer;
use serde_json::{Map, Value};

/// The beginning of the `x-request-id` of each request of the load.
pub(super) const RUN_ID: RunId = RunId::new(0x0000_7e57);
/// Prompts and arrivals are the same each time.
const SEED: u64 = 7;
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
}

fn slots(count: u32) -> NonZeroU32 {
    NonZeroU32::new(count).unwrap_or(NonZeroU32::MIN)
}
