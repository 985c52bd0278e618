//! Traces with their spans, as MLflow's client gives them.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use super::MlflowReader;

/// What an experiment has of traces.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub(crate) struct StoredTraces {
    pub(crate) experiment_id: String,
    /// The one that began first is the first.
    pub(crate) traces: Vec<StoredTrace>,
}

/// A trace, and everything that is known of it.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub(crate) struct StoredTrace {
    /// `tr-` and the trace id.
    pub(crate) id: String,
    pub(crate) state: String,
    pub(crate) client_request_id: Option<String>,
    pub(crate) request_time_ms: i64,
    pub(crate) duration_ms: Option<i64>,
    /// Tokens by kind.
    pub(crate) tokens: BTreeMap<String, u64>,
    pub(crate) request_preview: Option<String>,
    pub(crate) response_preview: Option<String>,
    pub(crate) tags: BTreeMap<String, String>,
    pub(crate) metadata: BTreeMap<String, String>,
    pub(crate) spans: Vec<StoredSpan>,
}

/// A span. Values that are JSON are decoded.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub(crate) struct StoredSpan {
    pub(crate) id: String,
    pub(crate) parent: Option<String>,
    pub(crate) name: String,
    #[serde(rename = "type")]
    pub(crate) kind: String,
    pub(crate) status: String,
    pub(crate) status_message: String,
    pub(crate) start_ns: u64,
    pub(crate) end_ns: u64,
    pub(crate) inputs: Value,
    pub(crate) outputs: Value,
    pub(crate) attributes: BTreeMap<String, Value>,
    pub(crate) events: Vec<StoredEvent>,
    /// Ids of the traces that it points to.
    pub(crate) links: Vec<String>,
}

/// Something that happened within a span.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub(crate) struct StoredEvent {
    pub(crate) name: String,
    pub(crate) time_ns: u64,
    pub(crate) attributes: BTreeMap<String, Value>,
}

impl MlflowReader {
    /// All traces of an experiment. `None`: there is no such experiment.
    pub(crate) fn traces(&mut self, experiment: &str) -> anyhow::Result<Option<StoredTraces>> {
        self.ask(&json!({"traces": experiment, "run": null}))
    }

    /// Those of its traces that are linked to a run.
    pub(crate) fn traces_of_run(&mut self, experiment: &str, run_id: &str) -> anyhow::Result<Vec<StoredTrace>> {
        let stored: Option<StoredTraces> = self.ask(&json!({"traces": experiment, "run": run_id}))?;
        Ok(stored.map(|stored| stored.traces).unwrap_or_default())
    }

    /// Makes an experiment, if there is none of this name, and gives its id.
    pub(crate) fn make_experiment(&mut self, name: &str) -> anyhow::Result<String> {
        self.ask(&json!({ "make_experiment": name }))
    }
}

impl StoredTrace {
    pub(crate) fn span(&self, name: &str) -> Option<&StoredSpan> {
        self.spans.iter().find(|span| span.name == name)
    }

    /// Each span and the one that it is below, by name, sorted.
    pub(crate) fn tree(&self) -> Vec<(&str, Option<&str>)> {
        let name_of = |id: &str| {
            let parent = self.spans.iter().find(|span| span.id == id);
            parent.map_or("a span that is not there", |parent| parent.name.as_str())
        };
        let mut tree: Vec<_> = self
            .spans
            .iter()
            .map(|span| (span.name.as_str(), span.parent.as_deref().map(name_of)))
            .collect();
        tree.sort_unstable();
        tree
    }
}
