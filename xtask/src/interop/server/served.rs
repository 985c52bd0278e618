//! A `loadspan serve` of the release build, that can be killed and started again.

use std::path::PathBuf;
use std::process::Output;

use anyhow::{Context, bail, ensure};
use serde::Deserialize;

use super::super::daemon::free_ports;
use super::super::loadspan::clean_command;
use super::super::mlflow_server::MlflowServer;
use super::super::{Workplace, http};
use super::client::{Answer, Client, Request};
use super::store::{Database, Store};

/// A server, and its database.
#[derive(Debug)]
pub(super) struct Served {
    pub(super) server: MlflowServer,
    pub(super) database: Database,
    pub(super) ports: Ports,
    loadspan: Workplace,
}

/// Where it listens.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ports {
    pub(super) main: u16,
    pub(super) grpc: u16,
    pub(super) http: u16,
}

/// How it is started.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Flags<'a> {
    pub(super) arguments: &'a [&'a str],
    /// The main port. Any that is free, if there is none.
    pub(super) port: Option<u16>,
}

impl Served {
    /// Starts one with a new database of this name.
    pub(super) fn start(place: &Workplace, store: Store<'_>, name: &str) -> anyhow::Result<Self> {
        Self::start_with(place, (store, name), Flags::default())
    }

    /// The same with more flags.
    pub(super) fn start_with(
        place: &Workplace,
        (store, name): (Store<'_>, &str),
        flags: Flags<'_>,
    ) -> anyhow::Result<Self> {
        let home = place.scratch.join(name);
        let database = store.make(&home, name)?;
        let [main, grpc, http] = free_ports()?;
        let ports = Ports {
            main: flags.port.unwrap_or(main),
            grpc,
            http,
        };
        let mut command = clean_command(place);
        command.args(["serve", "--port", &ports.main.to_string()]);
        command.args(["--otlp-grpc-port", &ports.grpc.to_string()]);
        command.args(["--otlp-http-port", &ports.http.to_string()]);
        command.args(["--backend-store-uri", database.uri()]);
        command.arg("--artifacts-destination").arg(home.join("artifacts"));
        command.args(flags.arguments);
        let server = MlflowServer::start_instead(command, (&home, ports.main))?;
        Ok(Self {
            server,
            database,
            ports,
            loadspan: place.clone(),
        })
    }

    pub(super) fn url(&self) -> String {
        self.server.url()
    }

    pub(super) fn grpc_url(&self) -> String {
        format!("http://127.0.0.1:{}", self.ports.grpc)
    }

    /// The port of OTLP over HTTP, which is not the main port.
    pub(super) fn http_url(&self) -> String {
        format!("http://127.0.0.1:{}", self.ports.http)
    }

    /// Asks it something. The answer must be one of success.
    pub(super) fn ask(&self, request: &Request<'_>) -> anyhow::Result<Answer> {
        let answer = Client::new(self.ports.main).send(request)?;
        ensure!(
            answer.status == 200,
            "{}: {} {}",
            request.path,
            answer.status,
            answer.body
        );
        Ok(answer)
    }

    /// Items of a signal by their fate, as `/metrics` has them: received, stored, rejected.
    pub(super) fn ledger(&self, signal: &str) -> anyhow::Result<[u64; 3]> {
        let text = http::get(self.ports.main, "/metrics")?;
        let count = |fate: &str| -> anyhow::Result<u64> {
            let name = format!("loadspan_server_items_{fate}_total{{signal=\"{signal}\"}} ");
            let line = text.lines().find_map(|line| line.strip_prefix(&name));
            let value = line.with_context(|| format!("/metrics has no {name}"))?;
            Ok(value.parse()?)
        };
        Ok([count("received")?, count("stored")?, count("rejected")?])
    }

    /// The ids of all spans of an experiment: `trace/span`, sorted, as `loadspan serve export` gives them. None: there is no such
    /// experiment.
    pub(super) fn spans(&self, experiment: &str) -> anyhow::Result<Vec<String>> {
        let output = self.command(&["export", "--experiment", experiment])?;
        let said = String::from_utf8_lossy(&output.stderr);
        if said.contains("there is no experiment") {
            return Ok(Vec::new());
        }
        ensure!(output.status.success(), "loadspan serve export: {said}");
        let mut ids = Vec::new();
        for line in output
            .stdout
            .split(|byte| *byte == b'\n')
            .filter(|line| !line.is_empty())
        {
            let payload: Payload = serde_json::from_slice(line).context("an exported line is no OTLP")?;
            let scopes = payload.resource_spans.iter().flat_map(|resource| &resource.scope_spans);
            let spans = scopes.flat_map(|scope| &scope.spans);
            ids.extend(spans.map(|span| format!("{}/{}", span.trace_id, span.span_id)));
        }
        ids.sort_unstable();
        Ok(ids)
    }

    /// A sub-command of `loadspan serve` on its database.
    pub(super) fn command(&self, arguments: &[&str]) -> anyhow::Result<Output> {
        let mut command = clean_command(&self.loadspan);
        command.arg("serve").args(arguments);
        command.args(["--backend-store-uri", self.database.uri()]);
        command.output().context("cannot start loadspan")
    }

    /// Asks it to end, and tells how it did.
    pub(super) fn stop(&mut self) -> anyhow::Result<()> {
        self.server.terminate()
    }

    /// What it has said since it was started last.
    pub(super) fn log(&self) -> PathBuf {
        self.server.log()
    }
}

/// What counts of OTLP/JSON.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Payload {
    resource_spans: Vec<ResourceSpans>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ResourceSpans {
    scope_spans: Vec<ScopeSpans>,
}

#[derive(Debug, Deserialize)]
struct ScopeSpans {
    spans: Vec<SpanIds>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct SpanIds {
    trace_id: String,
    span_id: String,
}

/// Waits until something is so.
///
/// # Errors
///
/// It is not, after this many seconds.
pub(super) fn await_that(what: &str, seconds: u64, is_so: impl Fn() -> anyhow::Result<bool>) -> anyhow::Result<()> {
    let until = std::time::Instant::now() + std::time::Duration::from_secs(seconds);
    while !is_so()? {
        if std::time::Instant::now() > until {
            bail!("{what}: not after {seconds} seconds");
        }
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    Ok(())
}
