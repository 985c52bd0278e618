//! Someone who writes, and notes what was acknowledged.

use std::sync::atomic::Ordering;
use std::thread;
use std::time::Duration;

use anyhow::{Context, ensure};
use serde_json::{Value, json};

use super::super::client::{Client, Request};
use super::super::payload;
use super::super::served::Served;
use super::Shared;

/// Between two writes: it is about being killed, and not about load.
const PAUSE: Duration = Duration::from_millis(10);
/// Between two attempts when the server is not there.
const RETRY: Duration = Duration::from_millis(20);
/// Attempts at one write. The server is back after a fraction of them.
const ATTEMPTS: u32 = 1_000;
/// Numbers of one writer begin here, those of the next so much later.
const APART: u64 = 1_000_000_000;
/// Points of a batch of metrics.
const POINTS: u64 = 100;
/// OTLP points and log records of a request.
const ITEMS: u64 = 20;

const START_MS: u64 = 1_700_000_000_000;

/// What is written.
#[derive(Debug, Clone, Copy)]
pub(super) enum Work {
    Spans { batch: u64 },
    Metrics,
    Runs,
    PointsAndLogs,
}

/// What came of it.
#[derive(Debug)]
pub(super) struct Written {
    pub(super) name: String,
    work: Work,
    /// The run of metrics.
    run: Option<String>,
    /// Ids of items, as they are found later.
    pub(super) acknowledged: Vec<String>,
    /// How many may be there or not: the connection ended before the answer, and they were not sent again.
    pub(super) unknown: usize,
    /// Answers other than success.
    pub(super) faults: Vec<String>,
}

pub(super) struct Writer {
    client: Client,
    number: u64,
    written: Written,
}

impl Writer {
    pub(super) fn new(port: u16, number: u64, work: Work) -> Self {
        let kind = match work {
            Work::Spans { batch } => format!("{batch} spans at once"),
            Work::Metrics => "metrics".to_owned(),
            Work::Runs => "runs".to_owned(),
            Work::PointsAndLogs => "OTLP points and log records".to_owned(),
        };
        Self {
            client: Client::new(port),
            number,
            written: Written {
                name: format!("writer {number}, {kind}"),
                work,
                run: None,
                acknowledged: Vec::new(),
                unknown: 0,
                faults: Vec::new(),
            },
        }
    }

    pub(super) fn run(mut self, shared: &Shared) -> Written {
        let mut next = self.number * APART;
        while !shared.is_over() {
            next = match self.written.work {
                Work::Spans { batch } => self.spans(next..next + batch, shared),
                Work::Metrics => self.metrics(next..next + POINTS),
                Work::Runs => self.make_run(next),
                Work::PointsAndLogs => self.points_and_logs(next..next + ITEMS),
            };
            thread::sleep(PAUSE);
        }
        self.written
    }

    fn spans(&mut self, numbers: std::ops::Range<u64>, shared: &Shared) -> u64 {
        let body = payload::spans(&self.written.service(self.number), numbers.clone());
        if self.insist(&Request::post("/v1/traces", &body)).is_some() {
            self.written.acknowledged.extend(numbers.clone().map(payload::span_id));
            if self.number == 0 {
                shared.acknowledged.store(numbers.end, Ordering::Relaxed);
            }
        }
        numbers.end
    }

    fn metrics(&mut self, numbers: std::ops::Range<u64>) -> u64 {
        let Some(run) = self.own_run() else {
            return numbers.start;
        };
        let point = |number: u64| json!({"key": "m", "value": number as f64, "timestamp": START_MS + number % APART, "step": number});
        let points: Vec<Value> = numbers.clone().map(point).collect();
        let body = json!({"run_id": run, "metrics": points}).to_string();
        if self
            .insist(&Request::post("/api/2.0/mlflow/runs/log-batch", &body))
            .is_some()
        {
            self.written
                .acknowledged
                .extend(numbers.clone().map(|number| number.to_string()));
        }
        numbers.end
    }

    /// The run that metrics are logged to.
    fn own_run(&mut self) -> Option<String> {
        if self.written.run.is_none() {
            self.written.run = self.create("metrics");
        }
        self.written.run.clone()
    }

    /// A run with a parameter. Creating one is not tried again: nobody could say whether it is there.
    fn make_run(&mut self, number: u64) -> u64 {
        match self.create("many") {
            Some(id) => {
                let body = json!({"run_id": id, "key": "number", "value": number.to_string()}).to_string();
                // Until this is acknowledged, the run is one without parameter, and not looked for.
                self.insist(&Request::post("/api/2.0/mlflow/runs/log-parameter", &body));
                self.written.acknowledged.push(id);
            }
            None => self.written.unknown += 1,
        }
        number + 1
    }

    fn create(&mut self, kind: &str) -> Option<String> {
        let tags = json!([{"key": "kind", "value": kind}]);
        let body = json!({"experiment_id": "0", "start_time": START_MS, "tags": tags}).to_string();
        let Ok(answer) = self.client.send(&Request::post("/api/2.0/mlflow/runs/create", &body)) else {
            thread::sleep(RETRY);
            return None;
        };
        let made: Value = serde_json::from_str(&answer.body).unwrap_or_default();
        let id = made["run"]["info"]["run_id"].as_str().map(str::to_owned);
        if id.is_none() {
            self.written
                .fault(format!("creating a run: {} {}", answer.status, answer.body));
        }
        id
    }

    fn points_and_logs(&mut self, numbers: std::ops::Range<u64>) -> u64 {
        let service = self.written.service(self.number);
        for (kind, path, body) in [
            ("point", "/v1/metrics", payload::points(&service, numbers.clone())),
            ("record", "/v1/logs", payload::logs(&service, numbers.clone())),
        ] {
            if self.insist(&Request::post(path, &body)).is_some() {
                let ids = numbers
                    .clone()
                    .map(|number| format!("{kind} {}", payload::time(number)));
                self.written.acknowledged.extend(ids);
            }
        }
        numbers.end
    }

    /// Sends something until there is an answer, as exporters do.
    fn insist(&mut self, request: &Request<'_>) -> Option<String> {
        for _ in 0..ATTEMPTS {
            match self.client.send(request) {
                Ok(answer) if answer.status == 200 && !answer.body.contains("partialSuccess") => {
                    return Some(answer.body);
                }
                Ok(answer) => {
                    self.written
                        .fault(format!("{}: {} {}", request.path, answer.status, answer.body));
                    return None;
                }
                Err(_) => thread::sleep(RETRY),
            }
        }
        self.written.fault(format!("{}: nobody answers", request.path));
        None
    }
}

impl Written {
    fn service(&self, number: u64) -> String {
        format!("soak-{number}")
    }

    fn fault(&mut self, fault: String) {
        if self.faults.len() < 5 {
            self.faults.push(fault);
        }
    }

    /// What the server has of it.
    pub(super) fn stored(&self, served: &Served) -> anyhow::Result<Vec<String>> {
        match self.work {
            Work::Spans { .. } => {
                let number = self.name.split([' ', ',']).nth(1).unwrap_or_default();
                served.spans(&format!("soak-{number}"))
            }
            Work::Metrics => history(served, self.run.as_deref().context("there is no run")?),
            Work::Runs => runs(served),
            Work::PointsAndLogs => points_and_logs(served),
        }
    }
}

/// Steps of the points of a metric.
fn history(served: &Served, run: &str) -> anyhow::Result<Vec<String>> {
    let mut steps = Vec::new();
    let mut token = String::new();
    loop {
        let path = format!(
            "/api/2.0/mlflow/metrics/get-history?run_id={run}&metric_key=m&max_results=25000&page_token={token}"
        );
        let page: Value = serde_json::from_str(&served.ask(&Request::get(&path))?.body)?;
        for point in page["metrics"].as_array().into_iter().flatten() {
            ensure!(
                point["value"].as_f64() == point["step"].as_f64(),
                "a point was changed: {point}"
            );
            steps.push(point["step"].to_string());
        }
        match page["next_page_token"].as_str() {
            Some(next) if !next.is_empty() => token = next.to_owned(),
            _ => return Ok(steps),
        }
    }
}

/// Ids of the runs that were made one after another.
fn runs(served: &Served) -> anyhow::Result<Vec<String>> {
    let mut ids = Vec::new();
    let mut token = Value::Null;
    loop {
        let mut body = json!({"experiment_ids": ["0"], "filter": "tags.kind = 'many'", "max_results": 1000});
        body["page_token"] = token;
        let answer = served.ask(&Request::post("/api/2.0/mlflow/runs/search", &body.to_string()))?;
        let page: Value = serde_json::from_str(&answer.body)?;
        for run in page["runs"].as_array().into_iter().flatten() {
            ids.push(run["info"]["run_id"].as_str().unwrap_or_default().to_owned());
        }
        match page["next_page_token"].as_str() {
            Some(next) if !next.is_empty() => token = Value::from(next),
            _ => return Ok(ids),
        }
    }
}

/// There is no API that lists them.
fn points_and_logs(served: &Served) -> anyhow::Result<Vec<String>> {
    let mut ids = Vec::new();
    for (kind, table) in [("point", "otlp_points"), ("record", "log_records")] {
        let times = match served.database.ask(&served.database.listing("time_ns", table))? {
            times if times.is_empty() => continue,
            times => times,
        };
        ids.extend(times.split(',').map(|time| format!("{kind} {time}")));
    }
    Ok(ids)
}
