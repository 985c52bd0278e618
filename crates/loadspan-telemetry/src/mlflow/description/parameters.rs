//! The parameters of a run: what `run.json` says of it, flattened, under names that people look for.
//!
//! The same file gives the same parameters, whenever it is read: MLflow refuses a parameter that changes.

use std::collections::BTreeMap;

use loadspan_record::RunFacts;
use loadspan_wire::mlflow::limits::{PARAM_VALUE_CHARS, truncated, valid_key};
use loadspan_wire::mlflow::runs::Param;
use serde_json::{Map, Value};

use super::DescribedRun;

/// Where a setting stands in `run.json`, and what it is called here. What is not listed keeps its name.
const NAMES: &[(&str, &str)] = &[
    ("target.urls", "urls"),
    ("request.model", "model"),
    ("request.endpoint_type", "endpoint_type"),
    ("request.streaming", "streaming"),
    ("request.server", "server.kind"),
    ("request.server_version", "server.version"),
    ("load.model.type", "load.kind"),
    ("load.model.concurrency", "concurrency"),
    ("load.model.max_concurrency", "max_concurrency"),
    ("load.model.rate", "request_rate"),
    ("load.model.process", "arrival_pattern"),
    ("load.model.process.gamma.smoothness", "arrival_smoothness"),
    ("load.limits.requests", "request_count"),
    ("load.limits.duration_s", "benchmark_duration_s"),
    ("load.workers", "workers"),
    ("workload.path", "dataset"),
    ("workload.content", "dataset.hash"),
    ("workload.seed", "seed"),
];

/// The same for whole parts.
const PARTS: &[(&str, &str)] = &[
    ("target.", ""),
    ("load.model.", "load."),
    ("load.warmup", "warmup"),
    ("workload.input_tokens.", "input_tokens."),
    ("workload.output_tokens.", "output_tokens."),
    ("workload.", "dataset."),
    ("host.git.", "git."),
];

/// Settings that are said in another way: targets as `--goodput` has them, headers without their values, the user in a tag, and where
/// the run is logged to by its being there.
const LEFT_OUT: &[&str] = &["slo", "target.headers", "host.user", "mlflow"];

/// The parameters of a run, with keys and values that MLflow takes, in the order of their keys.
pub(super) fn of(run: &DescribedRun<'_>) -> Vec<Param> {
    let mut parameters = Parameters::default();
    for (key, value) in run.config.as_object().into_iter().flatten() {
        match (key.as_str(), value) {
            ("stages", Value::Array(stages)) => parameters.stages(stages, run),
            _ => parameters.flatten(key, value),
        }
    }
    // After the configuration, since that says what was wanted of the server, and this what came of it.
    parameters.flatten("request", run.request);
    if run.facts.stages.is_empty() {
        parameters.flatten("workload", run.workload);
    }
    parameters.flatten("host", run.host);
    parameters.facts(run.facts);
    parameters.headers(run.config);
    parameters.insert("provider", run.provider);
    parameters.complete();
    let all = parameters.0.into_iter();
    all.map(|(key, value)| Param { key, value }).collect()
}

/// Those of one of several stages: what is its own, in place of what stages have in common.
pub(super) fn of_stage(run: &DescribedRun<'_>, number: u32) -> Vec<Param> {
    let own = format!("{STAGE}{number}.");
    let mut parameters: BTreeMap<String, String> = BTreeMap::new();
    for Param { key, value } in of(run) {
        match key.strip_prefix(&own) {
            Some(key @ ("name" | "role" | "pause_s")) => drop(parameters.insert(format!("{STAGE}{key}"), value)),
            Some(key) => drop(parameters.insert(key.to_owned(), value)),
            None if key.starts_with(STAGE) || key == STAGES_DURATION => {}
            None => drop(parameters.entry(key).or_insert(value)),
        }
    }
    parameters.insert("stage".to_owned(), number.to_string());
    let all = parameters.into_iter();
    all.map(|(key, value)| Param { key, value }).collect()
}

/// Before the number of a stage, in the parameters of a run that has several.
const STAGE: &str = "stage.";
/// How long such a run should take, pauses included. Only where each of its stages has an end in time.
const STAGES_DURATION: &str = "stages.duration_s";

#[derive(Default)]
struct Parameters(BTreeMap<String, String>);

impl Parameters {
    /// A value, or those within, by its place.
    fn flatten(&mut self, place: &str, value: &Value) {
        if LEFT_OUT.contains(&place) {
            return;
        }
        match value {
            Value::Object(object) => match seconds(object) {
                Some(seconds) => self.insert(&name_of(&format!("{place}_s")), &number(seconds)),
                None => object
                    .iter()
                    .for_each(|(key, value)| self.flatten(&format!("{place}.{key}"), value)),
            },
            value => self.insert(&name_of(place), &text(value)),
        }
    }

    /// Those of each stage: `stage.0.concurrency`.
    fn stages(&mut self, stages: &[Value], run: &DescribedRun<'_>) {
        let mut planned = Some(0.0);
        for (number, stage) in stages.iter().enumerate() {
            let mut own = Self::default();
            for (key, value) in stage.as_object().into_iter().flatten() {
                own.flatten(key, value);
            }
            own.flatten("workload", run.workload.get(number).unwrap_or(&Value::Null));
            if let Some(facts) = run.facts.stages.get(number) {
                own.insert("load", &facts.load.description);
            }
            own.complete();
            let number_of = |key| own.0.get(key).and_then(|text| text.parse::<f64>().ok());
            let pause = number_of("pause_s").unwrap_or(0.0);
            let lasts = number_of("benchmark_duration_s");
            planned = planned.zip(lasts).map(|(before, lasts)| before + pause + lasts);
            for (key, value) in own.0 {
                self.insert(&format!("{STAGE}{number}.{key}"), &value);
            }
        }
        if let Some(planned) = planned {
            self.insert(STAGES_DURATION, &self::number(planned));
        }
    }

    fn facts(&mut self, facts: &RunFacts) {
        let RunFacts { run, load, .. } = facts;
        self.insert("model", &run.model);
        self.insert("endpoint_type", &run.endpoint_type);
        self.insert("streaming", &run.streaming.to_string());
        self.insert("urls", &run.urls.join(", "));
        self.insert("loadspan.version", &run.loadspan_version);
        self.insert("load", &load.description);
        self.insert("seed", &run.seed.map(|seed| seed.to_string()).unwrap_or_default());
        self.insert(
            "goodput",
            &facts.slo.as_ref().map(ToString::to_string).unwrap_or_default(),
        );
        let prompts = serde_json::to_value(facts.prompts).unwrap_or_default();
        self.insert("prompts", &text(&prompts));
    }

    /// The names of the user's own headers. Their values are secrets, and redacted long before they come here.
    fn headers(&mut self, config: &Value) {
        let headers = config.pointer("/target/headers").and_then(Value::as_array);
        let names: Vec<&str> = headers
            .into_iter()
            .flatten()
            .filter_map(|header| header.get(0)?.as_str())
            .collect();
        self.insert("headers", &names.join(", "));
    }

    /// What follows from the others.
    fn complete(&mut self) {
        if self.0.contains_key("arrival_smoothness") {
            self.insert("arrival_pattern", "gamma");
        }
        if let Some(kind) = self.0.get("dataset.kind").cloned() {
            self.0.entry("dataset".to_owned()).or_insert(kind);
        }
    }

    /// What says nothing is left out.
    fn insert(&mut self, key: &str, value: &str) {
        if !value.is_empty() {
            self.0
                .insert(valid_key(key), truncated(value, PARAM_VALUE_CHARS).to_owned());
        }
    }
}

fn name_of(place: &str) -> String {
    if let Some((_, name)) = NAMES.iter().find(|(known, _)| *known == place) {
        return (*name).to_owned();
    }
    let part = PARTS
        .iter()
        .find_map(|(part, name)| Some((name, place.strip_prefix(part)?)));
    part.map_or_else(|| place.to_owned(), |(name, rest)| format!("{name}{rest}"))
}

/// A duration, as it is serialised.
fn seconds(object: &Map<String, Value>) -> Option<f64> {
    let (secs, nanos) = (object.get("secs")?.as_f64()?, object.get("nanos")?.as_f64()?);
    (object.len() == 2).then_some(secs + nanos / 1e9)
}

/// A value for people. A list of single values is one value, of others JSON.
fn text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::Bool(bool) => bool.to_string(),
        Value::Number(value) if value.is_f64() => number(value.as_f64().unwrap_or_default()),
        Value::Number(value) => value.to_string(),
        Value::String(text) => text.clone(),
        Value::Array(list) if list.iter().any(|value| value.is_array() || value.is_object()) => value.to_string(),
        Value::Array(list) => list.iter().map(text).collect::<Vec<_>>().join(", "),
        Value::Object(_) => value.to_string(),
    }
}

/// Without a point where there is nothing behind it.
fn number(value: f64) -> String {
    value.to_string()
}
