//! One client's connection, and what it sends over it.

use anyhow::bail;

use super::{Plan, Ports, Protocol, Work};
use crate::bench::backend::connection::{Connection, Head, create_run};
use crate::bench::backend::grpc::Channel;
use crate::bench::backend::points;
use crate::bench::backend::spans::{Shape, TRACE_GAP};
use crate::bench::backend::template::{Fresh, Marks, Template};

/// When the first trace of a load began. The same always: a database that is filled twice has the same in it.
const FIRST_TRACE_NS: u64 = 1_700_000_000_000_000_000;
const PROTOBUF: &str = "application/x-protobuf";

/// Whether the server took a request.
#[derive(Debug, Clone, Copy)]
pub(super) enum Taken {
    Yes,
    No,
}

/// A connection and what is sent over it.
pub(super) struct Sender {
    line: Line,
    requests: Requests,
}

enum Line {
    Http(Connection),
    Grpc(Channel),
}

enum Requests {
    Templates {
        templates: Vec<Template>,
        seed: u64,
        /// Time from a request to the next.
        gap_ns: u64,
    },
    Whole(Vec<Vec<u8>>),
    Runs {
        experiment: String,
        port: u16,
        /// The last one.
        bytes: Vec<u8>,
    },
}

impl Sender {
    /// # Errors
    ///
    /// The server is not there, or makes no run.
    pub(super) fn new(plan: &Plan, client: usize) -> anyhow::Result<Self> {
        let Ports { http, grpc } = plan.ports;
        if let Work::Spans(Protocol::Grpc, shape) = plan.clients[client] {
            return Ok(Self {
                line: Line::Grpc(Channel::open(grpc)?),
                requests: spans(plan.seed, shape, client, |message| message),
            });
        }
        let mut connection = Connection::open(http)?;
        let requests = match &plan.clients[client] {
            Work::Spans(_, shape) => {
                let head = Head {
                    content_type: PROTOBUF,
                    more: "x-mlflow-experiment-id: 0\r\n",
                    ..Head::json(http, "POST", "/v1/traces")
                };
                spans(plan.seed, *shape, client, |message| head.with(&message))
            }
            Work::LogBatch { keys } => log_batch(http, &create_run(&mut connection, "0")?, *keys),
            Work::LogTo { run_id } => log_batch(http, run_id, 1),
            Work::LogMetric => {
                let run_id = create_run(&mut connection, "0")?;
                let marks = Marks::default();
                let body = points::single(&marks, &run_id);
                let head = Head::json(http, "POST", "/api/2.0/mlflow/runs/log-metric");
                Requests::of(Template::new(head.with(body.as_bytes()), marks))
            }
            Work::Runs { experiment } => Requests::Runs {
                experiment: experiment.clone(),
                port: http,
                bytes: Vec::new(),
            },
            Work::Ask(questions) => Requests::Whole(questions.iter().map(|question| question.bytes(http)).collect()),
        };
        Ok(Self {
            line: Line::Http(connection),
            requests,
        })
    }

    /// Sends the next request. `turn` counts those of this client, `request` those of all.
    ///
    /// # Errors
    ///
    /// The connection broke.
    pub(super) fn send(&mut self, turn: u64, request: u64) -> anyhow::Result<Taken> {
        let bytes = match &mut self.requests {
            Requests::Templates {
                templates,
                seed,
                gap_ns,
            } => {
                let template = turn as usize % templates.len();
                templates[template].fill(Fresh {
                    seed: *seed,
                    request,
                    time_ns: FIRST_TRACE_NS + request * *gap_ns,
                })
            }
            Requests::Whole(requests) => &requests[turn as usize % requests.len()],
            Requests::Runs {
                experiment,
                port,
                bytes,
            } => {
                let Line::Http(connection) = &mut self.line else {
                    bail!("runs are made over HTTP");
                };
                let run_id = create_run(connection, experiment)?;
                let body = points::whole_run(&run_id, request);
                *bytes = Head::json(*port, "POST", "/api/2.0/mlflow/runs/log-batch").with(body.as_bytes());
                bytes
            }
        };
        match &mut self.line {
            Line::Grpc(channel) => channel.send(bytes).map(|()| Taken::Yes),
            Line::Http(connection) => Ok(match connection.send(bytes)?.status {
                200 => Taken::Yes,
                _ => Taken::No,
            }),
        }
    }
}

impl Requests {
    /// Requests whose times do not matter.
    fn of(template: Template) -> Self {
        Self::Templates {
            templates: vec![template],
            seed: 0,
            gap_ns: 0,
        }
    }
}

/// Requests of several variants; clients have different ones.
fn spans(seed: u64, shape: Shape, client: usize, wrap: impl Fn(Vec<u8>) -> Vec<u8>) -> Requests {
    let variants = match shape {
        Shape::Pairs => 16,
        _ => 4,
    };
    let templates = (client * variants..(client + 1) * variants).map(|variant| {
        let marks = Marks::default();
        let message = shape.encode(&marks, variant);
        Template::new(wrap(message), marks)
    });
    Requests::Templates {
        templates: templates.collect(),
        seed,
        gap_ns: shape.traces() as u64 * TRACE_GAP,
    }
}

fn log_batch(port: u16, run_id: &str, keys: usize) -> Requests {
    let marks = Marks::default();
    let body = points::batch(&marks, run_id, keys);
    let head = Head::json(port, "POST", "/api/2.0/mlflow/runs/log-batch");
    Requests::of(Template::new(head.with(body.as_bytes()), marks))
}
