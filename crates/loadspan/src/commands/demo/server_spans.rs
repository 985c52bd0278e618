//! What the mock knows of each request, as spans of the server: when it waited, read the prompt and wrote. They are children of the
//! client's spans, by the `traceparent` that came with the request, and true: the mock notes the times itself.

use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::Context;
use loadspan_testkit::{RunningServer, Truth, TruthOutcome};
use rustix::time::{ClockId, Timespec, clock_gettime};
use serde_json::{Value, json};

use super::{EXPERIMENT, mock};
use crate::terminal;

/// How often it looks for requests that have ended.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// Requests that are told in one payload.
const AT_A_TIME: usize = 500;
/// How long the server of the page may take for one. It is in the same process.
const PATIENCE: Duration = Duration::from_secs(5);

const INTERNAL: u32 = 1;
const SERVER: u32 = 2;
const ERROR: u32 = 2;

/// The thread that looks and sends.
#[derive(Debug)]
pub(super) struct ServerSpans {
    thread: JoinHandle<()>,
    orders: SyncSender<Order>,
}

#[derive(Debug)]
enum Order {
    /// What has ended by now is to be sent, and this to be answered when that is done. From then on the requests are none of the demo's.
    Rest(SyncSender<()>),
    /// The same, and that was all.
    Finish,
}

impl ServerSpans {
    /// Starts to follow `mock`, and to send to the server at `page`.
    ///
    /// # Errors
    ///
    /// The thread cannot be started.
    pub(super) fn follow(mock: Arc<RunningServer>, page: SocketAddr) -> anyhow::Result<Self> {
        let (orders, ordered) = sync_channel(1);
        let mut teller = Teller {
            mock,
            page,
            told: HashSet::new(),
            experiment: Some(EXPERIMENT),
            ids: RandomState::new(),
            has_warned: false,
        };
        let thread = std::thread::Builder::new()
            .name("loadspan-server-spans".to_owned())
            .spawn(move || teller.work(&ordered))
            .context("cannot start a thread")?;
        Ok(Self { thread, orders })
    }

    /// Waits until the spans of all requests that have ended are there.
    pub(super) fn rest(&self) {
        let (done, waits) = sync_channel(1);
        // A thread that is gone has panicked, which is told at the end.
        if self.orders.send(Order::Rest(done)).is_ok() {
            let _ = waits.recv();
        }
    }

    /// Sends what is left, and ends.
    pub(super) fn finish(self) {
        let _ = self.orders.send(Order::Finish);
        if self.thread.join().is_err() {
            terminal::print_warning("the thread that sends the server's spans panicked; please report this");
        }
    }
}

struct Teller {
    mock: Arc<RunningServer>,
    page: SocketAddr,
    /// Of what the mock remembers, what has been sent.
    told: HashSet<u64>,
    /// That of the demo's own requests. Those of others have theirs from the client.
    experiment: Option<&'static str>,
    ids: RandomState,
    has_warned: bool,
}

impl Teller {
    fn work(&mut self, orders: &Receiver<Order>) {
        loop {
            let order = orders.recv_timeout(LOOK_EVERY);
            self.tell();
            match order {
                Ok(Order::Rest(done)) => {
                    self.experiment = None;
                    let _ = done.send(());
                }
                Err(RecvTimeoutError::Timeout) => {}
                Ok(Order::Finish) | Err(RecvTimeoutError::Disconnected) => return,
            }
        }
    }

    /// Sends the spans of what has ended since the last time. What cannot be sent is tried again with the next.
    fn tell(&mut self) {
        let truths = self.mock.stats().requests;
        let remembered: HashSet<u64> = truths.iter().map(|truth| truth.number).collect();
        self.told.retain(|number| remembered.contains(number));
        let new: Vec<Truth> = truths
            .into_iter()
            .filter(|truth| !self.told.contains(&truth.number))
            .collect();
        let since_1970 = unix_ns_at_monotonic_zero();
        for some in new.chunks(AT_A_TIME) {
            let spans: Vec<Value> = some.iter().flat_map(|truth| self.spans_of(truth, since_1970)).collect();
            match self.post(&payload(&spans)) {
                Ok(()) => self.told.extend(some.iter().map(|truth| truth.number)),
                Err(error) => return self.warn(&error),
            }
        }
    }

    fn warn(&mut self, error: &io::Error) {
        if !self.has_warned {
            self.has_warned = true;
            terminal::print_warning(&format!("the mock's spans cannot be sent to the page: {error}"));
        }
    }

    /// The span of a request and those of its phases; none without a `traceparent` to belong to.
    fn spans_of(&self, truth: &Truth, since_1970: i128) -> Vec<Value> {
        let Some((trace_id, parent)) = truth.traceparent.as_deref().and_then(parse_traceparent) else {
            return Vec::new();
        };
        let at = |monotonic_ns: u64| (since_1970 + i128::from(monotonic_ns)).to_string();
        let id = |place: u32| format!("{:016x}", self.ids.hash_one((truth.number, place)).max(1));
        let phases = Phases::of(truth);
        let own = id(0);
        let mut spans = vec![json!({
            "traceId": trace_id, "spanId": own, "parentSpanId": parent, "name": "llm_request", "kind": SERVER,
            "startTimeUnixNano": at(truth.arrived_ns), "endTimeUnixNano": at(phases.end),
            "attributes": attributes(truth, &phases), "status": status(truth.outcome),
        })];
        let named = ["queue", "prefill", "decode"].into_iter().zip(1..).zip(phases.spans());
        spans.extend(named.filter_map(|((name, place), times)| {
            let (start, end) = times?;
            Some(json!({
                "traceId": trace_id, "spanId": id(place), "parentSpanId": own, "name": name, "kind": INTERNAL,
                "startTimeUnixNano": at(start), "endTimeUnixNano": at(end),
            }))
        }));
        spans
    }

    fn post(&self, payload: &Value) -> io::Result<()> {
        let body = payload.to_string();
        let mut stream = TcpStream::connect_timeout(&self.page, PATIENCE)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        let experiment = self
            .experiment
            .map_or(String::new(), |name| format!("x-mlflow-experiment-name: {name}\r\n"));
        write!(
            stream,
            "POST /v1/traces HTTP/1.1\r\nhost: {}\r\nconnection: close\r\ncontent-type: application/json\r\n{experiment}content-length: \
             {}\r\n\r\n{body}",
            self.page,
            body.len()
        )?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer)?;
        if answer.starts_with(b"HTTP/1.1 200 ") {
            return Ok(());
        }
        let answer = String::from_utf8_lossy(&answer);
        Err(io::Error::other(
            answer.lines().next().unwrap_or("no answer").to_owned(),
        ))
    }
}

/// The phases of a request, on the monotonic clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Phases {
    arrived: u64,
    /// `None`: it was never served, or had no output.
    service: Option<u64>,
    first_token: Option<u64>,
    last_token: Option<u64>,
    end: u64,
}

impl Phases {
    fn of(truth: &Truth) -> Self {
        let service = truth.service_ns.map(|at| at.max(truth.arrived_ns));
        let known = [service, truth.first_byte_ns, truth.last_token_ns, truth.last_byte_ns];
        Self {
            arrived: truth.arrived_ns,
            service,
            first_token: truth.first_token_ns,
            last_token: truth.last_token_ns,
            end: known.into_iter().flatten().fold(truth.arrived_ns, u64::max),
        }
    }

    /// Start and end of queue, prefill and decode, as far as they took place.
    fn spans(&self) -> [Option<(u64, u64)>; 3] {
        [
            self.service.map(|service| (self.arrived, service)),
            self.service.zip(self.first_token),
            self.first_token.zip(self.last_token),
        ]
    }
}

/// In vLLM's words, which everybody knows to read.
fn attributes(truth: &Truth, phases: &Phases) -> Vec<Value> {
    let [queue, prefill, decode] = phases.spans();
    let seconds = |key: &str, times: Option<(u64, u64)>| {
        let (start, end) = times?;
        let seconds = end.saturating_sub(start) as f64 / 1e9;
        Some(json!({"key": key, "value": {"doubleValue": seconds}}))
    };
    let count = |key: &str, count: u32| Some(json!({"key": key, "value": {"intValue": count.to_string()}}));
    let text = |key: &str, text: &str| Some(json!({"key": key, "value": {"stringValue": text}}));
    let first_token = truth.first_token_ns.map(|at| (truth.arrived_ns, at));
    [
        text("gen_ai.response.model", mock::MODEL),
        truth.request_id.as_deref().and_then(|id| text("gen_ai.request.id", id)),
        count("gen_ai.usage.prompt_tokens", truth.prompt_tokens),
        count("gen_ai.usage.completion_tokens", truth.tokens),
        seconds("gen_ai.latency.time_in_queue", queue),
        seconds("gen_ai.latency.time_in_model_prefill", prefill),
        seconds("gen_ai.latency.time_in_model_decode", decode),
        seconds("gen_ai.latency.time_to_first_token", first_token),
        seconds("gen_ai.latency.e2e", Some((truth.arrived_ns, phases.end))),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn status(outcome: TruthOutcome) -> Value {
    let message = match outcome {
        TruthOutcome::Completed => return json!({}),
        TruthOutcome::Status(status) => format!("answered with {status}, as the demo wants it"),
        TruthOutcome::Truncated => "cut off within the answer, as the demo wants it".to_owned(),
        TruthOutcome::ClientLeft => "the client left".to_owned(),
        other => format!("{other:?}"),
    };
    json!({"code": ERROR, "message": message})
}

fn payload(spans: &[Value]) -> Value {
    let resource = json!({"attributes": [{"key": "service.name", "value": {"stringValue": mock::SERVICE}}]});
    json!({"resourceSpans": [{
        "resource": resource,
        "scopeSpans": [{"scope": {"name": "loadspan.mock", "version": env!("CARGO_PKG_VERSION")}, "spans": spans}],
    }]})
}

/// Trace and span id of a `traceparent`.
fn parse_traceparent(text: &str) -> Option<(&str, &str)> {
    let mut parts = text.split('-').skip(1);
    parts.next().zip(parts.next())
}

/// Where the zero of the monotonic clock lies on the wall's.
fn unix_ns_at_monotonic_zero() -> i128 {
    let nanos = |time: Timespec| i128::from(time.tv_sec) * 1_000_000_000 + i128::from(time.tv_nsec);
    nanos(clock_gettime(ClockId::Realtime)) - nanos(clock_gettime(ClockId::Monotonic))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn phases_are_those_that_took_place() {
        let served = Phases {
            arrived: 10,
            service: Some(20),
            first_token: Some(50),
            last_token: Some(90),
            end: 91,
        };
        assert_eq!(served.spans(), [Some((10, 20)), Some((20, 50)), Some((50, 90))]);
        let refused = Phases {
            first_token: None,
            last_token: None,
            ..served
        };
        assert_eq!(refused.spans(), [Some((10, 20)), None, None]);
    }

    #[test]
    fn a_parent_is_read_from_its_header() {
        let header = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        assert_eq!(
            parse_traceparent(header),
            Some(("0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"))
        );
        assert_eq!(parse_traceparent("00"), None);
    }
}
