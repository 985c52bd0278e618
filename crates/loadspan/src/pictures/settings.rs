//! What a run was set up with, in few words: how the points of a comparison are told apart, and which runs are repetitions.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::{Map, Value, json};

use crate::artifacts::RunFile;

/// What shapes load and requests, by its place in `run.json` and the flag that sets it. What a summary knows (model, endpoint, size
/// of the load) is not among them, nor is what two repetitions may differ in: seed, deadlines, length of the run, files.
const SETTINGS: [(&str, &str); 15] = [
    ("/config/load/model/process", "arrival-pattern"),
    ("/config/load/model/ramp", "ramp"),
    ("/config/request/max_tokens_field", "max-tokens-field"),
    ("/config/request/stream_usage", "stream-usage"),
    ("/config/target/endpoint_path", "endpoint"),
    ("/config/target/http", "http"),
    ("/config/target/tls", "tls"),
    ("/config/tokenizer", "tokenizer"),
    ("/request/server", "server"),
    ("/workload/kind", "workload"),
    ("/workload/input_tokens/mean", "isl"),
    ("/workload/input_tokens/stddev", "isl-stddev"),
    ("/workload/output_tokens/mean", "osl"),
    ("/workload/output_tokens/stddev", "osl-stddev"),
    ("/workload/sampling", "sampling"),
];

/// The settings of a run by their names. What is not set is not among them. What differs between its measured stages is told in their
/// order.
pub(super) fn of(run: &RunFile) -> BTreeMap<String, String> {
    let mut by_stage: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for stage in each_stage(run) {
        let all = json!({ "config": stage.config, "request": run.request, "workload": stage.workload });
        for (place, name) in SETTINGS {
            let words = all.pointer(place).and_then(in_words);
            by_stage.entry(name.to_owned()).or_default().extend(words);
        }
        let file = dataset(&stage.workload);
        by_stage.entry("input-file".to_owned()).or_default().extend(file);
    }
    let told = by_stage.into_iter().filter(|(_, words)| !words.is_empty());
    let mut settings: BTreeMap<String, String> = told.map(|(name, words)| (name, in_turn(words))).collect();
    settings.extend(stages(run).map(|words| ("stages".to_owned(), words)));
    let extra = run.config.pointer("/request/extra").and_then(Value::as_object);
    settings.extend(extra.into_iter().flat_map(each));
    settings
}

/// What `run.json` says of one load.
struct LoadSettings {
    config: Value,
    workload: Value,
}

/// Of the only load, or of each measured stage as if it were the only one.
fn each_stage(run: &RunFile) -> Vec<LoadSettings> {
    let several = (
        run.config.get("stages").and_then(Value::as_array),
        run.workload.as_array(),
    );
    let (Some(stages), Some(workloads)) = several else {
        return vec![LoadSettings {
            config: run.config.clone(),
            workload: run.workload.clone(),
        }];
    };
    let measured = stages
        .iter()
        .zip(workloads)
        .filter(|(stage, _)| stage["role"] != "warmup");
    let alone = measured.map(|(stage, workload)| {
        let mut config = run.config.clone();
        config["load"] = stage["load"].clone();
        LoadSettings {
            config,
            workload: workload.clone(),
        }
    });
    alone.collect()
}

/// What is the same all the time is said once.
fn in_turn(words: Vec<String>) -> String {
    match &words[..] {
        [first, others @ ..] if others.iter().all(|other| other == first) => first.clone(),
        _ => words.join("; "),
    }
}

/// The loads of several stages, one after the other.
fn stages(run: &RunFile) -> Option<String> {
    let stages = run.facts.stages.iter().map(|stage| stage.load.description.as_str());
    let stages: Vec<&str> = stages.collect();
    (!stages.is_empty()).then(|| stages.join("; "))
}

fn each(fields: &Map<String, Value>) -> impl Iterator<Item = (String, String)> {
    fields
        .iter()
        .filter_map(|(name, value)| Some((name.clone(), in_words(value)?)))
}

/// What the user calls the run in MLflow.
pub(super) fn tags(run: &RunFile) -> BTreeMap<String, String> {
    let pairs = run.config.pointer("/mlflow/tags").and_then(Value::as_array);
    let pair = |pair: &Value| Some((pair.get(0)?.as_str()?.to_owned(), pair.get(1)?.as_str()?.to_owned()));
    pairs.into_iter().flatten().filter_map(pair).collect()
}

/// The name of a file says what it was, its fingerprint that it was the same.
fn dataset(workload: &Value) -> Option<String> {
    let path = Path::new(workload.get("path")?.as_str()?);
    let name = path.file_name()?.to_string_lossy();
    let fingerprint = workload.get("content").and_then(Value::as_str).unwrap_or_default();
    let digits = fingerprint.rsplit(':').next().unwrap_or_default();
    Some(format!("{name} {}", digits.get(..6).unwrap_or(digits)))
}

/// `None` for what is not set.
fn in_words(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.as_f64().map_or(number.to_string(), |number| number.to_string())),
        Value::Object(fields) if fields.contains_key("secs") && fields.contains_key("nanos") => {
            let [secs, nanos] = ["secs", "nanos"].map(|name| fields[name].as_f64().unwrap_or(0.0));
            Some(format!("{}s", secs + nanos / 1e9))
        }
        other => Some(other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(config: Value, workload: Value) -> RunFile {
        let run = json!({
            "schema_version": "1.0",
            "facts": {
                "run": {
                    "id": "1", "name": "a", "model": "m", "endpoint_type": "chat", "streaming": true, "urls": [],
                    "loadspan_version": "0", "started_unix_ns": 0, "completeness": { "status": "complete" },
                },
                "load": { "description": "1 concurrent", "mode": "closed", "concurrency": 1 },
            },
            "clock": { "wall_start_unix_ns": 0, "monotonic_start_ns": 0 },
            "config": config,
            "workload": workload,
            "request": { "server": "vllm" },
            "host": {},
        });
        serde_json::from_value(run).unwrap()
    }

    #[test]
    fn settings_have_the_names_of_their_flags() {
        let config = json!({
            "seed": 1,
            "load": { "model": { "type": "open", "rate": 5.0, "process": "poisson", "ramp": { "secs": 2, "nanos": 500_000_000 } } },
            "request": { "extra": { "temperature": 0.5 }, "max_tokens_field": null },
            "mlflow": { "tags": [["build", "fp8"]] },
        });
        let workload = json!({ "kind": "synthetic", "seed": 3, "input_tokens": { "mean": 200.0, "stddev": 0.0 } });
        let run = run(config, workload);
        let settings = of(&run);
        let shown: Vec<String> = settings.iter().map(|(name, value)| format!("{name}={value}")).collect();
        assert_eq!(
            shown.join(" "),
            "arrival-pattern=poisson isl=200 isl-stddev=0 ramp=2.5s server=vllm temperature=0.5 workload=synthetic"
        );
        assert_eq!(tags(&run), [("build".to_owned(), "fp8".to_owned())].into());
    }

    #[test]
    fn stages_have_the_settings_of_one_load_and_what_differs_in_turn() {
        let stage = |role: &str, process: &str| json!({ "role": role, "load": { "model": { "process": process } } });
        let lengths = |isl: u32, osl: u32| json!({ "kind": "synthetic", "input_tokens": { "mean": isl }, "output_tokens": { "mean": osl } });
        let config = json!({
            "stages": [stage("warmup", "constant"), stage("measured", "poisson"), stage("measured", "poisson")],
        });
        let run = run(config, json!([lengths(1, 1), lengths(200, 64), lengths(400, 64)]));
        let shown: Vec<String> = of(&run).iter().map(|(name, value)| format!("{name}={value}")).collect();
        assert_eq!(
            shown.join(" "),
            "arrival-pattern=poisson isl=200; 400 osl=64 server=vllm workload=synthetic"
        );
    }

    #[test]
    fn another_file_under_the_same_name_is_another_setting() {
        let dataset = |content: &str| {
            let workload = json!({ "kind": "dataset", "path": "/data/prompts.jsonl", "content": content });
            of(&run(json!({}), workload))["input-file"].clone()
        };
        assert_eq!(dataset("fnv1a64:0123456789abcdef"), "prompts.jsonl 012345");
        assert_ne!(dataset("fnv1a64:0123456789abcdef"), dataset("fnv1a64:ffff456789abcdef"));
    }
}
