//! Someone who reads, and notes what was not as it should be.

use std::sync::atomic::Ordering;
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

use super::super::client::{Client, Request};
use super::super::payload;
use super::Shared;

const PAUSE: Duration = Duration::from_millis(25);

/// What is read.
#[derive(Debug, Clone, Copy)]
pub(super) enum Read {
    /// The trace that was acknowledged last: it must be there.
    LatestTrace,
    Traces,
    Runs,
    History,
}

pub(super) struct Reader {
    client: Client,
    read: Read,
    seen: Seen,
}

/// What came of it.
#[derive(Debug, Default)]
pub(super) struct Seen {
    pub(super) answers: usize,
    pub(super) faults: Vec<String>,
}

impl Reader {
    pub(super) fn new(port: u16, read: Read) -> Self {
        Self {
            client: Client::new(port),
            read,
            seen: Seen::default(),
        }
    }

    pub(super) fn run(mut self, shared: &Shared) -> Seen {
        let mut run = None;
        while !shared.is_over() {
            match self.read {
                Read::LatestTrace => self.latest_trace(shared.acknowledged.load(Ordering::Relaxed)),
                Read::Traces => self.traces(),
                Read::Runs => run = self.runs().or(run),
                Read::History => {
                    run = run.or_else(|| self.runs());
                    if let Some(run) = &run {
                        self.history(run);
                    }
                }
            }
            thread::sleep(PAUSE);
        }
        self.seen
    }

    fn latest_trace(&mut self, end: u64) {
        let Some(number) = end.checked_sub(1) else {
            return;
        };
        let path = format!("/api/3.0/mlflow/traces/get?trace_id=tr-{}", payload::trace_id(number));
        let Some(answer) = self.ask(&Request::get(&path)) else {
            return;
        };
        if answer["trace"]["spans"].as_array().is_none_or(|spans| spans.len() < 5) {
            self.fault(format!("{path}: not all of it is there: {answer}"));
        }
    }

    fn traces(&mut self) {
        let locations: Vec<Value> = (0..6)
            .map(|id| json!({"type": "MLFLOW_EXPERIMENT", "mlflow_experiment": {"experiment_id": id.to_string()}}))
            .collect();
        let filter = "span.name = 'chat' AND status = 'OK'";
        let body =
            json!({"locations": locations, "filter": filter, "order_by": ["timestamp_ms DESC"], "max_results": 20});
        self.ask(&Request::post("/api/3.0/mlflow/traces/search", &body.to_string()));
    }

    /// Some run with metrics.
    fn runs(&mut self) -> Option<String> {
        let filter = "tags.kind = 'metrics'";
        let body =
            json!({"experiment_ids": ["0"], "filter": filter, "order_by": ["metrics.m DESC"], "max_results": 20});
        let answer = self.ask(&Request::post("/api/2.0/mlflow/runs/search", &body.to_string()))?;
        answer["runs"][0]["info"]["run_id"].as_str().map(str::to_owned)
    }

    fn history(&mut self, run: &str) {
        let path = format!("/api/2.0/mlflow/metrics/get-history?run_id={run}&metric_key=m&max_results=1000");
        self.ask(&Request::get(&path));
    }

    /// An answer. None: the server is not there.
    fn ask(&mut self, request: &Request<'_>) -> Option<Value> {
        let answer = self.client.send(request).ok()?;
        self.seen.answers += 1;
        let parsed = serde_json::from_str(&answer.body);
        match parsed {
            Ok(parsed) if answer.status == 200 && !answer.body.contains("locked") => Some(parsed),
            _ => {
                self.fault(format!("{}: {} {}", request.path, answer.status, answer.body));
                None
            }
        }
    }

    fn fault(&mut self, fault: String) {
        if self.seen.faults.len() < 5 {
            self.seen.faults.push(fault);
        }
    }
}
