//! What MLflow gets to know of a run: parameters and tags when it begins, outcome when it is over.
//!
//! Both are functions of what stands in the folder of the run, so that `loadspan push` says the same as the run itself did.

mod note;
mod outcome;
mod parameters;
mod rounded;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use jiff::Timestamp;
use loadspan_record::{RunFacts, RunInfo, StageSummary};
use loadspan_wire::mlflow::limits::{KEY_CHARS, TAG_VALUE_CHARS, truncated, valid_key};
use loadspan_wire::mlflow::runs::{Param, Tag};
use loadspan_wire::mlflow::tags;
use serde_json::Value;

pub use self::outcome::RunOutcome;
use crate::config::MlflowConfig;

/// What `run.json` says of a run before its first request.
#[derive(Debug, Clone, Copy)]
pub struct DescribedRun<'a> {
    /// What is not in its records.
    pub facts: &'a RunFacts,
    /// The resolved configuration, redacted.
    pub config: &'a Value,
    /// What was sent.
    pub workload: &'a Value,
    /// The server.
    pub request: &'a Value,
    /// The machine, and what was checked out on it.
    pub host: &'a Value,
    /// `gen_ai.provider.name`.
    pub provider: &'a str,
}

/// A run, as MLflow gets to know it when it begins.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct RunDescription {
    /// Our id of it: its tag `benchmark_id`.
    pub benchmark_id: String,
    /// Its name.
    pub name: String,
    /// When it began, in milliseconds since 1970.
    pub start_unix_ms: i64,
    /// Its parameters, with keys and values that MLflow takes.
    pub params: Vec<Param>,
    /// Its tags, the user's included, with keys and values that MLflow takes.
    pub tags: Vec<Tag>,
}

/// What the user wants a run to be called, and to be tagged with.
#[derive(Debug, Clone, Copy)]
struct Wishes<'a> {
    name: Option<&'a str>,
    tags: &'a [(String, String)],
}

impl RunDescription {
    /// Describes a run.
    #[must_use]
    pub fn of(run: &DescribedRun<'_>, config: &MlflowConfig) -> Self {
        let name = config.run_name.as_deref();
        let tags = &config.tags;
        Self::with(run, Wishes { name, tags })
    }

    /// Describes one of several stages, as a run nested under that of the benchmark. `benchmark_id` is that of the benchmark with
    /// the number of the stage behind it, so that either is found by its own.
    #[must_use]
    pub fn of_stage(run: &DescribedRun<'_>, config: &MlflowConfig, stage: &StageSummary) -> Self {
        let benchmark = Self::of(run, config);
        let (label, load) = (stage.label(), &stage.load.asked.description);
        let is_named = benchmark.name != truncated(&name_of(run, &run.facts.load.description), KEY_CHARS);
        let name = if is_named { benchmark.name } else { name_of(run, load) };
        let began = (stage.started_s.unwrap_or(0.0) * 1e3).round() as i64;
        let mut tags: BTreeMap<String, String> = benchmark
            .tags
            .into_iter()
            .map(|Tag { key, value }| (key, value))
            .collect();
        let id = format!("{}.stage-{}", benchmark.benchmark_id, stage.number);
        for (key, value) in [
            (tags::BENCHMARK_ID, id.as_str()),
            ("stage", &stage.number.to_string()),
            ("stage.name", stage.name.as_deref().unwrap_or_default()),
            ("load", load),
            (tags::NOTE, &note::of_stage(&run.facts.run, stage)),
        ] {
            insert_tag(&mut tags, key, value);
        }
        Self {
            benchmark_id: id,
            name: truncated(&format!("{label}: {name}"), KEY_CHARS).to_owned(),
            start_unix_ms: benchmark.start_unix_ms + began,
            params: parameters::of_stage(run, stage.number),
            tags: tags.into_iter().map(|(key, value)| Tag { key, value }).collect(),
        }
    }

    fn with(run: &DescribedRun<'_>, wishes: Wishes<'_>) -> Self {
        let facts = &run.facts.run;
        let mut tags = own_tags(run);
        for (key, value) in wishes.tags {
            insert_tag(&mut tags, key, value);
        }
        // The server refuses a name and a tag that say two things.
        let named_by_tag = tags.remove(tags::RUN_NAME);
        let name = wishes.name.map(str::to_owned).or(named_by_tag);
        let name = name.unwrap_or_else(|| name_of(run, &run.facts.load.description));
        Self {
            benchmark_id: facts.id.clone(),
            name: truncated(&name, KEY_CHARS).to_owned(),
            start_unix_ms: (facts.started_unix_ns / 1_000_000) as i64,
            params: parameters::of(run),
            tags: tags.into_iter().map(|(key, value)| Tag { key, value }).collect(),
        }
    }
}

/// `llama, 8 concurrent, 2026-01-31 23:59:59 UTC`
fn name_of(run: &DescribedRun<'_>, load: &str) -> String {
    let RunFacts { run, .. } = run.facts;
    format!("{}, {load}, {}", run.model, started_at(run))
}

/// `2026-01-31 23:59:59 UTC`
fn started_at(run: &RunInfo) -> String {
    let time = Timestamp::from_nanosecond(i128::from(run.started_unix_ns)).unwrap_or_default();
    time.strftime("%Y-%m-%d %H:%M:%S UTC").to_string()
}

fn own_tags(run: &DescribedRun<'_>) -> BTreeMap<String, String> {
    let facts = &run.facts.run;
    let host = |pointer| run.host.pointer(pointer).and_then(Value::as_str);
    let known = [
        (tags::BENCHMARK_ID, Some(facts.id.as_str())),
        ("model", Some(&facts.model)),
        ("gen_ai.request.model", Some(&facts.model)),
        ("gen_ai.provider.name", Some(run.provider)),
        ("loadspan.version", Some(&facts.loadspan_version)),
        ("load", Some(&run.facts.load.description)),
        (tags::SOURCE_NAME, Some("loadspan")),
        (tags::SOURCE_TYPE, Some("LOCAL")),
        (tags::GIT_COMMIT, host("/git/commit")),
        (tags::GIT_BRANCH, host("/git/branch")),
        (tags::USER, host("/user")),
        (tags::NOTE, Some(&note::beginning(run))),
    ];
    let mut tags = BTreeMap::new();
    for (key, value) in known {
        insert_tag(&mut tags, key, value.unwrap_or_default());
    }
    tags
}

/// Adds a tag as MLflow takes it, in place of one of the same name. One that says nothing is left out.
fn insert_tag(tags: &mut BTreeMap<String, String>, key: &str, value: &str) {
    if !value.is_empty() {
        tags.insert(valid_key(key), truncated(value, TAG_VALUE_CHARS).to_owned());
    }
}
