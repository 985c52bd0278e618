//! A Prometheus that takes OTLP.

use std::fs;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use serde_json::Value;

use super::daemon::{Daemon, free_ports};
use super::{Workplace, http, install};

/// A running Prometheus.
#[derive(Debug)]
pub(crate) struct Prometheus {
    _daemon: Daemon,
    port: u16,
}

impl Prometheus {
    pub(crate) fn start(place: &Workplace) -> anyhow::Result<Self> {
        let binary = install::prometheus(&place.tools)?;
        let [port] = free_ports()?;
        let home = place.scratch.join("prometheus");
        fs::create_dir_all(&home)?;
        let config = home.join("prometheus.yml");
        fs::copy(
            concat!(env!("CARGO_MANIFEST_DIR"), "/../examples/otel/prometheus.yaml"),
            &config,
        )
        .context("examples/otel/prometheus.yaml is missing")?;
        let mut command = Command::new(binary);
        command
            .current_dir(&home)
            .arg(format!("--config.file={}", config.display()))
            .arg(format!("--storage.tsdb.path={}", home.join("data").display()))
            .arg(format!("--web.listen-address=127.0.0.1:{port}"))
            .args(["--web.enable-otlp-receiver", "--enable-feature=exemplar-storage"]);
        let daemon = Daemon::start(&mut command, &home.join("log"), &[port])?;
        let prometheus = Self { _daemon: daemon, port };
        prometheus.await_ready()?;
        Ok(prometheus)
    }

    /// Where `--otel-url` points.
    pub(crate) fn otlp_url(&self) -> String {
        format!("http://127.0.0.1:{}/api/v1/otlp", self.port)
    }

    fn await_ready(&self) -> anyhow::Result<()> {
        let until = Instant::now() + Duration::from_secs(30);
        while Instant::now() < until {
            if http::get(self.port, "/-/ready").is_ok() {
                return Ok(());
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        bail!("Prometheus is not ready after 30 s")
    }

    /// The samples of an instant query: label sets and values.
    ///
    /// # Errors
    ///
    /// The query is wrong, or Prometheus does not answer.
    pub(crate) fn query(&self, query: &str) -> anyhow::Result<Vec<(Value, f64)>> {
        let answer = http::get(
            self.port,
            &format!("/api/v1/query?query={}", http::percent_encode(query)),
        )
        .with_context(|| format!("query {query}"))?;
        let answer: Value = serde_json::from_str(&answer).context("Prometheus answered no JSON")?;
        let results = answer["data"]["result"]
            .as_array()
            .context("the answer has no result")?;
        let sample = |result: &Value| {
            let value = result["value"][1].as_str().and_then(|text| text.parse().ok());
            Some((result["metric"].clone(), value?))
        };
        Ok(results.iter().filter_map(sample).collect())
    }
}
