//! A real OpenTelemetry Collector: OTLP in, files and Prometheus out.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use serde_json::Value;

use super::daemon::{Daemon, free_ports};
use super::{Workplace, http, install, otlp_json};

/// How a Collector is set up.
#[derive(Debug, Clone, Default)]
pub(crate) struct Setup {
    /// Signals it has a pipeline for.
    pub(crate) signals: Signals,
    /// Certificate, key and client CA, as files.
    pub(crate) tls: Option<[PathBuf; 3]>,
    /// The bearer token that it wants.
    pub(crate) token: Option<&'static str>,
}

/// Signals that a Collector has a pipeline for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Signals {
    #[default]
    All,
    /// As Jaeger: it does not take metrics.
    TracesOnly,
}

/// A Collector that can be killed and started again.
#[derive(Debug)]
pub(crate) struct Collector {
    binary: PathBuf,
    home: PathBuf,
    daemon: Option<Daemon>,
    signals: Signals,
    grpc: u16,
    http: u16,
    prometheus: u16,
    starts: u32,
}

impl Collector {
    /// Starts one whose files lie in a folder of this name.
    pub(crate) fn start(place: &Workplace, name: &str, setup: &Setup) -> anyhow::Result<Self> {
        let binary = install::collector(&place.tools)?;
        let home = place.scratch.join(name);
        fs::create_dir_all(&home)?;
        let [grpc, http, prometheus] = free_ports()?;
        let mut collector = Self {
            binary,
            home,
            daemon: None,
            signals: setup.signals,
            grpc,
            http,
            prometheus,
            starts: 0,
        };
        fs::write(collector.home.join("config.yaml"), collector.config(setup))?;
        collector.restart()?;
        Ok(collector)
    }

    /// Starts it again, on the same ports and with the same files, which it appends to.
    pub(crate) fn restart(&mut self) -> anyhow::Result<()> {
        self.starts += 1;
        let log = self.home.join(format!("log-{}", self.starts));
        let mut command = Command::new(&self.binary);
        command.arg("--config").arg(self.home.join("config.yaml"));
        let mut ports = vec![self.grpc, self.http];
        if self.signals == Signals::All {
            ports.push(self.prometheus);
        }
        self.daemon = Some(Daemon::start(&mut command, &log, &ports)?);
        Ok(())
    }

    /// Kills it.
    pub(crate) fn kill(&mut self) {
        if let Some(daemon) = self.daemon.take() {
            daemon.kill();
        }
    }

    pub(crate) fn grpc_url(&self, scheme: &str) -> String {
        format!("{scheme}://localhost:{}", self.grpc)
    }

    pub(crate) fn http_url(&self, scheme: &str) -> String {
        format!("{scheme}://localhost:{}", self.http)
    }

    /// What its Prometheus exporter shows.
    pub(crate) fn scrape(&self) -> anyhow::Result<String> {
        http::get(self.prometheus, "/metrics")
    }

    /// Ends it and reads what it has received: payloads of traces and of metrics.
    pub(crate) fn finish(mut self) -> anyhow::Result<Received> {
        if let Some(daemon) = self.daemon.take() {
            daemon.terminate()?;
        }
        Ok(Received {
            traces: otlp_json::read_lines(&self.home.join("traces.jsonl"))?,
            metrics: otlp_json::read_lines(&self.home.join("metrics.jsonl"))?,
        })
    }

    fn config(&self, setup: &Setup) -> String {
        let guard = |indent: &str| guard(setup, indent);
        let (grpc, http, prometheus) = (self.grpc, self.http, self.prometheus);
        let auth = setup.token.map_or(String::new(), |token| {
            format!("extensions:\n  bearertokenauth:\n    token: {token}\n")
        });
        let metrics = match setup.signals {
            Signals::All => "    metrics: {receivers: [otlp], exporters: [file/metrics, prometheus]}\n",
            Signals::TracesOnly => "",
        };
        let extensions = if setup.token.is_some() {
            "  extensions: [bearertokenauth]\n"
        } else {
            ""
        };
        format!(
            "receivers:\n  otlp:\n    protocols:\n      \
             grpc:\n        endpoint: 127.0.0.1:{grpc}\n{guarded}      \
             http:\n        endpoint: 127.0.0.1:{http}\n{guarded}\
             exporters:\n  file/traces: {{path: {traces}, append: true}}\n  \
             file/metrics: {{path: {points}, append: true}}\n  \
             prometheus:\n    endpoint: 127.0.0.1:{prometheus}\n    enable_open_metrics: true\n    \
             resource_to_telemetry_conversion: {{enabled: true}}\n\
             {auth}\
             service:\n{extensions}  telemetry:\n    metrics: {{level: none}}\n  pipelines:\n    \
             traces: {{receivers: [otlp], exporters: [file/traces]}}\n{metrics}",
            guarded = guard("        "),
            traces = self.home.join("traces.jsonl").display(),
            points = self.home.join("metrics.jsonl").display(),
        )
    }
}

/// What a receiver wants of a client.
fn guard(setup: &Setup, indent: &str) -> String {
    let tls = setup
        .tls
        .as_ref()
        .map_or(String::new(), |[certificate, key, client_ca]| {
            format!(
                "{indent}tls:\n{indent}  cert_file: {}\n{indent}  key_file: {}\n{indent}  client_ca_file: {}\n",
                certificate.display(),
                key.display(),
                client_ca.display()
            )
        });
    let auth = if setup.token.is_some() {
        format!("{indent}auth: {{authenticator: bearertokenauth}}\n")
    } else {
        String::new()
    };
    tls + &auth
}

/// What a Collector has received.
#[derive(Debug)]
pub(crate) struct Received {
    pub(crate) traces: Vec<Value>,
    pub(crate) metrics: Vec<Value>,
}
