//! `run.json`: what was run, and how it ended.

use std::time::Duration;

use loadspan_loadgen::{ClockAnchor, FailureThreshold, RunEnd};
use loadspan_record::{
    ClientStats, Completeness, Counts, Notice, Preopened, RunFacts, StageSummary, Summary, TelemetrySummary, counted,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::stages::{completeness, fill};
use crate::run_config_file::FileIdentity;

/// Version of the layout of `run.json`.
const RUN_SCHEMA_VERSION: &str = "1.0";

/// `run.json`: what was run. Written before the first request, and once more, with `end`, after the last.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct RunFile {
    pub(crate) schema_version: String,
    /// What the report needs beside the records.
    pub(crate) facts: RunFacts,
    /// Where offset zero of the records lies on the clocks of the host.
    pub(crate) clock: ClockAnchor,
    /// Length of a time slice, in seconds, if the user chose one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) slice_seconds: Option<f64>,
    /// The resolved configuration, without secrets.
    pub(crate) config: Value,
    /// The file that it was made from, if there was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) config_file: Option<FileIdentity>,
    /// What was sent.
    pub(crate) workload: Value,
    /// The server, as far as requests to it depend on it.
    pub(crate) request: Value,
    /// `gen_ai.provider.name` of the server.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) provider: String,
    /// The machine that made the load.
    pub(crate) host: Value,
    /// How it ended. Absent while it runs, and for ever if it was killed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) end: Option<EndFacts>,
}

/// How a run ended, and what it took the client.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct EndFacts {
    #[serde(flatten)]
    pub(crate) end: RunEnd,
    pub(crate) peak_rss_bytes: u64,
    /// Records that a listener of ours missed.
    pub(crate) records_missed: u64,
    /// What became of the telemetry. `None` while that is open, and for ever if loadspan was killed before it was known.
    #[serde(default)]
    pub(crate) telemetry: Option<TelemetrySummary>,
    /// What came up while server and GPUs were watched.
    #[serde(default)]
    pub(crate) notices: Vec<Notice>,
}

impl RunFile {
    /// Length of a time slice, if the user chose one.
    pub(crate) fn slice(&self) -> Option<Duration> {
        let seconds = self.slice_seconds?;
        Duration::try_from_secs_f64(seconds).ok()
    }

    /// Says where more requests failed than `--failed-request-threshold` allows, if they did. Here every share means something, also
    /// that of a run which was too short to be stopped for it. Of several stages each has its own.
    pub(crate) fn too_many_failures(&self, summary: &Summary) -> Option<String> {
        let failures = |load: &str, counts: &Counts| {
            let threshold = self.config.pointer(&format!("{load}/limits/failures"))?;
            let threshold = FailureThreshold::deserialize(threshold).ok()?;
            let finished = counts.completed + counts.failed;
            let are_too_many = threshold.is_exceeded(counts.failed, finished, 1);
            are_too_many.then(|| format!("{} of {} failed", counts.failed, counted(finished, "request")))
        };
        let of_stage = |stage: &StageSummary| {
            let failures = failures(&format!("/stages/{}/load", stage.number), &stage.counts)?;
            Some(format!("{}: {failures}", stage.label()))
        };
        let failures = failures("/load", &summary.counts).or_else(|| summary.stages.iter().find_map(of_stage))?;
        Some(format!("{failures}, more than --failed-request-threshold allows"))
    }

    pub(crate) fn new(facts: RunFacts, clock: ClockAnchor) -> Self {
        Self {
            schema_version: RUN_SCHEMA_VERSION.to_owned(),
            facts,
            clock,
            slice_seconds: None,
            config: Value::Null,
            config_file: None,
            workload: Value::Null,
            request: Value::Null,
            provider: String::new(),
            host: Value::Null,
            end: None,
        }
    }

    /// The facts of the run as they stand after its end, or after its death.
    pub(crate) fn final_facts(&self) -> RunFacts {
        let mut facts = self.facts.clone();
        let Some(EndFacts {
            end,
            peak_rss_bytes,
            records_missed,
            telemetry,
            notices,
        }) = &self.end
        else {
            let reason = "loadspan was killed before the run ended".to_owned();
            facts.run.completeness = Completeness::Incomplete { reason };
            return facts;
        };
        facts.run.completeness = completeness(end.reason);
        fill(&mut facts.stages, &end.stages);
        let measured = end.measure_started_at.filter(|at| *at <= end.ended_at);
        facts.run.measured_from_s = measured.map(|at| at.as_secs_f64());
        facts.run.measured_until_s = measured.map(|_| end.ended_at.as_secs_f64());
        facts.unsent = end.unsent;
        facts.telemetry = telemetry.clone().unwrap_or_default();
        facts.notices.extend(notices.iter().cloned());
        facts.preopened = end.preopened.clone();
        facts.client = Some(ClientStats {
            cpu_seconds: end.cpu_seconds,
            wall_seconds: end.ended_at.nanos_since(end.load_started_at) as f64 / 1e9,
            peak_rss_bytes: *peak_rss_bytes,
            records_lost: end.records_lost + records_missed,
            workers: end.workers.clone(),
        });
        facts.notices.extend(end.preopened.iter().filter_map(unopened));
        facts
    }
}

/// What the user should know of connections that could not be opened.
fn unopened(preopened: &Preopened) -> Option<Notice> {
    (preopened.failed > 0).then(|| Notice {
        message: format!(
            "{} of {} could not be opened ahead of the load",
            preopened.failed,
            counted(preopened.opened + preopened.failed, "connection")
        ),
        advice: Some("look for connect failures among the errors; they count from the request on".to_owned()),
    })
}
