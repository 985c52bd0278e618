//! What is asked of a server that has something, and what its answers must have.

use anyhow::ensure;
use serde_json::{Value, json};

use super::child::Backend;
use super::drive::Question;
use super::kept::{Kept, SEED};
use super::spans::WIDE_TRACE;
use super::template::trace_id;
use crate::bench::figure::{Bar, Short};

const SEARCH_TRACES: &str = "/api/3.0/mlflow/traces/search";
const SEARCH_RUNS: &str = "/api/2.0/mlflow/runs/search";

/// A question, what it is called, and what its answer must have something of.
pub(super) struct Asked {
    pub(super) name: String,
    pub(super) bar: Bar,
    pub(super) question: Question,
    pub(super) found: &'static str,
}

impl Asked {
    fn get(name: &str, path: String, found: &'static str) -> Self {
        Self {
            name: name.to_owned(),
            bar: Bar::Open,
            question: Question {
                method: "GET".to_owned(),
                path,
                body: String::new(),
            },
            found,
        }
    }

    fn post(name: &str, (path, body): (&str, Value), found: &'static str) -> Self {
        Self {
            name: name.to_owned(),
            bar: Bar::Open,
            question: Question {
                method: "POST".to_owned(),
                path: path.to_owned(),
                body: body.to_string(),
            },
            found,
        }
    }

    pub(super) fn within_ms(self, bar: f64) -> Self {
        Self {
            bar: Bar::AtMost(bar),
            ..self
        }
    }

    /// Traces of the experiment that has them all.
    pub(super) fn traces((filter, order): (&str, &str), kept: &Kept) -> Self {
        let body = json!({
            "locations": [{"type": "MLFLOW_EXPERIMENT", "mlflow_experiment": {"experiment_id": "0"}}],
            "filter": filter,
            "order_by": if order.is_empty() { vec![] } else { vec![order] },
            "max_results": 100,
        });
        let traces = Short(kept.contents.traces as f64);
        let filtered = if filter.is_empty() {
            "all".to_owned()
        } else {
            code(filter)
        };
        let ordered = if order.is_empty() {
            String::new()
        } else {
            format!(", by {}", code(order))
        };
        let name = format!("Search of {traces} traces, {filtered}{ordered}");
        Self::post(&name, (SEARCH_TRACES, body), "/traces/0").within_ms(50.0)
    }

    /// A trace with its spans.
    pub(super) fn trace(number: u64) -> Self {
        let path = format!(
            "/api/3.0/mlflow/traces/get?trace_id=tr-{}",
            hex(&trace_id(SEED, number))
        );
        Self::get("Get a trace of two spans", path, "/trace/spans/1")
    }

    pub(super) fn run(run_id: &str) -> Self {
        Self::get(
            "Get a run",
            format!("/api/2.0/mlflow/runs/get?run_id={run_id}"),
            "/run/info",
        )
    }

    pub(super) fn wide_trace() -> Self {
        let path = format!("/api/3.0/loadspan/traces/tr-{}/spans", hex(&WIDE_TRACE));
        Self::get("A trace of 33,000 spans, first page of 1,000", path, "/spans/999").within_ms(100.0)
    }

    pub(super) fn runs((most, filter, order): (u32, &str, &str), kept: &Kept) -> Self {
        let body = json!({
            "experiment_ids": [kept.contents.experiment],
            "filter": filter,
            "order_by": [order],
            "max_results": most,
        });
        let name = format!(
            "Search of {} runs, {}, by {}, page of {most}",
            Short(kept.contents.runs as f64),
            code(filter),
            code(order)
        );
        Self::post(&name, (SEARCH_RUNS, body), "/runs/0")
    }

    pub(super) fn history(path: &str, name: &str, kept: &Kept) -> Self {
        let points = Short(kept.contents.points as f64);
        let path = path.replace("RUN", &kept.contents.long_run);
        Self::get(&format!("{name}, of {points} points"), path, "/metrics/100")
    }

    /// Asks once, so that caches are filled, and looks whether the answer has what it must have.
    ///
    /// # Errors
    ///
    /// It has not.
    pub(super) fn check(&self, backend: &Backend) -> anyhow::Result<()> {
        let mut connection = backend.connect()?;
        let answer = connection.send(&self.question.bytes(backend.ports().http))?.ok()?;
        let answer: Value = serde_json::from_slice(answer)?;
        ensure!(
            answer.pointer(self.found).is_some(),
            "{}: nothing was found at {} of the answer",
            self.name,
            self.found
        );
        Ok(())
    }
}

/// As code in Markdown, which may have back-ticks in it.
fn code(text: &str) -> String {
    if text.contains('`') {
        format!("`` {text} ``")
    } else {
        format!("`{text}`")
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
