//! Other load generators, for comparison: they only count responses.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::Context;
use serde::Deserialize;

use super::process;
use super::server::{Mode, Server, chat_body};
use super::setup::{Core, Setup};
use super::throughput::{CONNECTIONS, Load, SECONDS};

/// A client that may be installed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Peer {
    Wrk,
    Oha,
}

impl Peer {
    pub(crate) const ALL: [Self; 2] = [Self::Wrk, Self::Oha];

    /// What it is called, and started as.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Wrk => "wrk",
            Self::Oha => "oha",
        }
    }

    /// Sends the same requests as loadspan for as long, over as many connections.
    pub(crate) fn load(self, setup: &Setup, server: &Server, mode: Mode) -> anyhow::Result<Load> {
        let mut command = setup.command_on(Core::Client, Path::new(self.name()));
        let url = format!("{}/v1/chat/completions", server.url());
        let script = std::env::temp_dir().join(format!("loadspan-bench-{}.lua", std::process::id()));
        match self {
            Self::Wrk => {
                fs::write(&script, wrk_script(mode)).context("cannot write a script for wrk")?;
                wrk_arguments(&mut command).arg("-s").arg(&script).arg(&url);
            }
            Self::Oha => _ = oha_arguments(&mut command).args(["-d", &chat_body(mode), &url]),
        }
        let finished = process::run(&mut command);
        // Only wrk has one.
        let _ = fs::remove_file(script);
        let finished = finished?.expect_exit(&[0])?;
        let output = String::from_utf8_lossy(&finished.output.stdout);
        let counted = match self {
            Self::Wrk => read_wrk(&output),
            Self::Oha => read_oha(&output),
        };
        let (requests, rate) = counted.with_context(|| format!("cannot read what {} says:\n{output}", self.name()))?;
        Ok(Load {
            requests,
            rate,
            cpu_seconds: finished.cpu_seconds,
        })
    }
}

fn wrk_arguments(command: &mut Command) -> &mut Command {
    command.args(["-t1", &format!("-c{CONNECTIONS}"), &format!("-d{SECONDS}s")])
}

fn wrk_script(mode: Mode) -> String {
    let body = chat_body(mode);
    format!("wrk.method = 'POST'\nwrk.headers['content-type'] = 'application/json'\nwrk.body = [[{body}]]\n")
}

fn oha_arguments(command: &mut Command) -> &mut Command {
    let (connections, time) = (CONNECTIONS.to_string(), format!("{SECONDS}s"));
    command.args([
        "--no-tui",
        "--output-format",
        "json",
        "-m",
        "POST",
        "-T",
        "application/json",
    ]);
    command.args(["-c", &connections, "-z", &time])
}

/// Requests and requests per second.
fn read_wrk(output: &str) -> Option<(f64, f64)> {
    let requests = output.lines().find_map(|line| line.split_once(" requests in "))?.0;
    let rate = output.lines().find_map(|line| line.strip_prefix("Requests/sec:"))?;
    Some((requests.trim().parse().ok()?, rate.trim().parse().ok()?))
}

/// Requests and requests per second.
fn read_oha(output: &str) -> Option<(f64, f64)> {
    #[derive(Deserialize)]
    struct Report {
        summary: Summary,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Summary {
        /// Seconds.
        total: f64,
        requests_per_sec: f64,
    }
    let Report { summary } = serde_json::from_str(output).ok()?;
    Some((summary.total * summary.requests_per_sec, summary.requests_per_sec))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_report_of_wrk_is_read() {
        let output = "  64 connections\n  1017500 requests in 5.00s, 350.00MB read\nRequests/sec: 203500.12\nTransfer/sec: 70MB\n";
        assert_eq!(read_wrk(output), Some((1_017_500.0, 203_500.12)));
        assert_eq!(read_wrk("unable to connect"), None);
    }

    #[test]
    fn the_report_of_oha_is_read() {
        let output = r#"{"summary":{"successRate":1.0,"total":5.0,"requestsPerSec":134600.0}}"#;
        assert_eq!(read_oha(output), Some((673_000.0, 134_600.0)));
        assert_eq!(read_oha("{}"), None);
    }
}
