//! The SDK: its examples, each in a process of its own, with only the environment differing. What they send is read back from a real
//! MLflow server by its own client, from the files of a real Collector, and from a real Prometheus.

mod across;
mod automatic;
mod content;
mod destinations;
mod genai;
mod metrics;
mod outage;
mod program;
mod protocols;
mod sampling;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Command;

use anyhow::Context;
use serde_json::Value;

use self::program::Program;
use super::check::Checks;
use super::collector::Collector;
use super::mlflow_reader::{MlflowReader, StoredSpan, StoredTrace};
use super::mlflow_server::MlflowServer;
use super::otlp_json::{Span, attributes, spans};
use super::{Workplace, install};
use crate::cargo;

/// # Errors
///
/// Something cannot be installed, built or started. What is wrong with the SDK is a failed check instead.
pub(super) fn run(place: &Workplace, checks: &mut Checks) -> anyhow::Result<()> {
    let programs = install::mlflow(&place.tools)?;
    let server = MlflowServer::start(Command::new(programs.join("mlflow")), &place.scratch.join("server"))?;
    let mut suite = Suite::new(place, checks, server)?;
    destinations::check(&mut suite)?;
    sampling::check(&mut suite)?;
    protocols::check(&mut suite)?;
    content::check(&mut suite)?;
    genai::check(&mut suite)?;
    metrics::check(&mut suite)?;
    automatic::check(&mut suite)?;
    across::check(&mut suite)?;
    outage::check(&mut suite)
}

/// What a server that stands in for MLflow must be able to do.
pub(super) fn essentials(place: &Workplace, checks: &mut Checks, server: MlflowServer) -> anyhow::Result<()> {
    let mut suite = Suite::new(place, checks, server)?;
    destinations::check(&mut suite)?;
    sampling::check(&mut suite)?;
    content::check(&mut suite)?;
    genai::check(&mut suite)?;
    automatic::check(&mut suite)?;
    across::check(&mut suite)
}

/// What every check of the suite needs.
struct Suite<'a> {
    place: &'a Workplace,
    examples: PathBuf,
    server: MlflowServer,
    reader: MlflowReader,
    checks: &'a mut Checks,
}

impl<'a> Suite<'a> {
    fn new(place: &'a Workplace, checks: &'a mut Checks, server: MlflowServer) -> anyhow::Result<Self> {
        // As `.ci/run` has them already.
        cargo::run(&["build", "--package", "loadspan-sdk", "--all-features", "--examples"])?;
        let python = install::mlflow(&place.tools)?.join("python");
        let reader = MlflowReader::start(&python, &server.url(), &place.scratch.join("reader"))?;
        Ok(Self {
            place,
            examples: cargo::target_dir()?.join("debug/examples"),
            server,
            reader,
            checks,
        })
    }

    /// An example, with nothing set.
    fn program(&self, example: &str) -> Program {
        Program::new(&self.examples.join(example))
    }

    /// An example whose environment names the MLflow server, and an experiment that is told apart from all others by this name.
    fn to_mlflow(&self, example: &str, experiment: &str) -> Program {
        self.program(example)
            .env("MLFLOW_TRACKING_URI", &self.server.url())
            .env("MLFLOW_EXPERIMENT_NAME", experiment)
    }

    /// The traces of an experiment. None, if there is no such experiment.
    fn traces(&mut self, experiment: &str) -> anyhow::Result<Vec<StoredTrace>> {
        let stored = self.reader.traces(experiment)?;
        Ok(stored.map(|stored| stored.traces).unwrap_or_default())
    }

    /// The trace of an experiment that has a span of this name.
    fn trace(&mut self, experiment: &str, name: &str) -> anyhow::Result<StoredTrace> {
        let traces = self.traces(experiment)?;
        let found = traces.iter().find(|trace| trace.span(name).is_some()).cloned();
        found.with_context(|| format!("{experiment}: MLflow has no trace with a span {name}, but {traces:?}"))
    }
}

/// Spans that a Collector has received, by the name of the service that they came from.
struct ByService(BTreeMap<String, Vec<Span>>);

impl ByService {
    /// Ends the Collector, which then has written everything.
    fn of(collector: Collector) -> anyhow::Result<Self> {
        let mut services: BTreeMap<String, Vec<Span>> = BTreeMap::new();
        for payload in collector.finish()?.traces {
            for resource in payload["resourceSpans"].as_array().into_iter().flatten() {
                let service = attributes(&resource["resource"]).remove("service.name");
                let service = service.as_ref().and_then(Value::as_str).unwrap_or_default();
                let alone = serde_json::json!({ "resourceSpans": [resource] });
                services.entry(service.to_owned()).or_default().extend(spans(&[alone]));
            }
        }
        Ok(Self(services))
    }

    fn spans(&self, service: &str) -> &[Span] {
        self.0.get(service).map(Vec::as_slice).unwrap_or_default()
    }

    /// Names of spans, sorted.
    fn names(&self, service: &str) -> Vec<&str> {
        let mut names: Vec<_> = self.spans(service).iter().map(|span| span.name.as_str()).collect();
        names.sort_unstable();
        names
    }
}

/// Ids of spans, sorted: `trace/span`.
fn ids_in_mlflow(traces: &[StoredTrace]) -> Vec<String> {
    let ids = traces.iter().flat_map(|trace| {
        let id = trace.id.trim_start_matches("tr-");
        trace.spans.iter().map(move |span| format!("{id}/{}", span.id))
    });
    sorted(ids)
}

fn ids_in_collector(spans: &[Span]) -> Vec<String> {
    sorted(spans.iter().map(|span| format!("{}/{}", span.trace_id, span.span_id)))
}

fn sorted(ids: impl Iterator<Item = String>) -> Vec<String> {
    let mut ids: Vec<_> = ids.collect();
    ids.sort_unstable();
    ids
}
