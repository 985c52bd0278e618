//! What a run file can say, who beats it, and what is said of its mistakes.

mod mistakes;
mod precedence;

use loadspan_loadgen::workload::WorkloadConfig;

use super::keys::{Keys, Shape};
use super::*;
use crate::config::TrafficConfig;

/// Reads `run.yaml`, with flags separated by blanks.
fn parse(text: &str, flags: &str, variables: &[(&str, &str)]) -> Result<RunConfigFile, FileError> {
    let words = flags.split_whitespace().map(OsString::from).collect();
    let variable = |name: &str| {
        let mut variables = variables.iter();
        variables
            .find(|(known, _)| *known == name)
            .map(|(_, value)| (*value).to_owned())
    };
    RunConfigFile::parse("run.yaml", text.as_bytes(), (words, &variable))
}

fn resolve(text: &str, flags: &str) -> Result<RunConfig, String> {
    let file = parse(text, flags, &[]).map_err(|error| error.to_string())?;
    file.resolve(&Environment::of(&[])).map_err(|error| error.to_string())
}

/// A value that the flag takes.
fn sample(keys: &Keys, key: &keys::Key) -> String {
    let choices = keys.argument(key).unwrap().get_possible_values();
    let choices = choices.iter().map(clap::builder::PossibleValue::get_name);
    let takes = |value: &&str| {
        let word = format!("{}={value}", key.flag);
        keys.command.clone().try_get_matches_from([word]).is_ok()
    };
    let values = choices.chain(["x", "7", "0.5", "5s", "5%", "1s..5s"]).find(takes);
    values.unwrap_or_else(|| panic!("no value for {}", key.flag)).to_owned()
}

#[test]
fn every_flag_can_be_said_alone_in_its_group_and_with_hyphens() {
    let keys = Keys::of_profile();
    assert!(keys.all().len() > 60, "{}", keys.all().len());
    for key in keys.all() {
        let (word, value) = match key.shape {
            Shape::Switch => (key.flag.clone(), "true".to_owned()),
            Shape::One | Shape::Many => {
                let value = sample(&keys, key);
                (
                    format!("{}={value}", key.flag),
                    format!("'{value}'").replace("'true'", "true"),
                )
            }
        };
        let typed = parse("request_count: 3", &word, &[]).unwrap();
        let expected: Vec<_> = typed.common.matches.get_raw(&key.id).unwrap().collect();
        let files = [
            format!("{}: {value}", key.name),
            format!("{}: {value}", key.name.replace('_', "-")),
            format!("{}:\n  {}: {value}", key.group, key.name),
        ];
        for text in files {
            let file = parse(&text, "", &[]).unwrap_or_else(|error| panic!("{text}\n{error}"));
            let said: Vec<_> = file.common.matches.get_raw(&key.id).unwrap().collect();
            assert_eq!(said, expected, "{text}");
            let origin = file.typed.origin_of(key, &keys, &|_| None);
            assert_eq!(origin, None, "{text}");
        }
    }
}

#[test]
fn a_file_is_the_same_run_as_its_flags() {
    let text = "
        url: [http://a, http://b]
        model: m
        endpoint: {streaming: true, header: {X-Tenant: blue, X-Id: '1'}}
        extra_inputs: {temperature: 0.5, stop: [END, '1'], seed: ~, nested: {deep: true}}
        load:
          request-rate: 20
          benchmark_duration: 30s
          random_seed: 7
        workload: {isl: 128, synthetic_input_tokens_stddev: 10, osl: 64}
        output:
          goodput: {time_to_first_token: 200, inter_token_latency: 20}
          export_format: [aiperf, vllm]
    ";
    let words = "--url http://a --url http://b --model m --streaming -H X-Tenant:blue -H X-Id:1 --request-rate 20 \
                 --benchmark-duration 30s --random-seed 7 --isl 128 --isl-stddev 10 --osl 64 --export-format aiperf,vllm \
                 --extra-inputs {\"temperature\":0.5,\"stop\":[\"END\",\"1\"],\"seed\":null,\"nested\":{\"deep\":true}} \
                 --goodput=time_to_first_token:200";
    let (from_file, typed) = (resolve(text, "").unwrap(), resolve("request_count: 3", words).unwrap());
    let mut typed = serde_json::to_value(&typed).unwrap();
    typed["load"]["limits"]["requests"] = serde_json::Value::Null;
    let mut from_file = serde_json::to_value(&from_file).unwrap();
    assert_eq!(
        from_file["slo"].as_object().map(serde_json::Map::len),
        typed["slo"].as_object().map(serde_json::Map::len)
    );
    from_file["slo"] = typed["slo"].clone();
    assert_eq!(from_file, typed);
}

#[test]
fn stages_have_what_all_have_in_common_and_their_own() {
    let text = "
        isl: 100
        concurrency: 4
        stages:
          - {name: warm, role: warmup, request_count: 20}
          - {name: low, pause: 2s, load: {benchmark_duration: 30}, isl: 50}
          - {request_rate: 9, concurrency: ~, benchmark_duration: 500ms}
    ";
    let config = resolve(text, "").unwrap();
    let told: Vec<String> = config
        .stages
        .iter()
        .enumerate()
        .map(|(number, stage)| {
            let tokens = match &stage.traffic {
                TrafficConfig::Requests(WorkloadConfig::Synthetic(synthetic)) => synthetic.input_tokens.mean,
                other => unreachable!("{other:?}"),
            };
            let (title, load, length) = (stage.title(number), stage.describe_load(), stage.describe_length());
            format!(
                "{title}: {:?} {load}, {length}, {tokens} tokens, pause {:?}",
                stage.role, stage.pause
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            "warm: Warmup 4 concurrent, 20 requests, 100 tokens, pause 0ns",
            "low: Measured 4 concurrent, 30s, 50 tokens, pause 2s",
            "stage 2: Measured poisson 9 req/s, 500ms, 100 tokens, pause 0ns",
        ]
    );
}

#[test]
fn a_setting_has_to_have_an_effect_in_one_stage_and_a_stage_s_own_in_itself() {
    let ladder = "
        arrival_pattern: constant
        stages: [{concurrency: 2}, {request_rate: 5}]
    ";
    assert!(resolve(ladder, "").is_ok());
    let nowhere = ladder.replace("request_rate: 5", "concurrency: 5");
    assert!(
        resolve(&nowhere, "")
            .unwrap_err()
            .starts_with("run.yaml:2:9: `arrival_pattern` has no effect")
    );
    let own = "stages:\n- {name: a, osl_stddev: 3}\n- {osl: 5}\n";
    let error = resolve(own, "").unwrap_err();
    assert!(
        error.starts_with("run.yaml:2:13: stage `a`: `osl_stddev` has no effect without `osl`"),
        "{error}"
    );
}

#[test]
fn variables_of_secret_keys_are_told_to_nobody() {
    let text = "api_key: ${KEY}\nheader: {X-Auth: '${KEY}'}\nurl: http://me:${KEY}@h/v1\nmlflow_tag: {a: '$${x}'}\n";
    let variables = [("KEY", "canary-canary")];
    let file = parse(text, "", &variables).unwrap();
    assert_eq!(file.common.args.endpoint.api_key.as_deref(), Some("canary-canary"));
    assert_eq!(file.common.args.mlflow.mlflow_tag, ["a=${x}"]);
    let shown = file.show_in(&|_| None).render();
    assert!(
        shown.contains("api_key") && shown.contains("X-Auth: [redacted]"),
        "{shown}"
    );
    let config = serde_json::to_string(&file.common.args.endpoint.url).unwrap();
    assert!(config.contains("canary"), "it is really there");
    assert!(!shown.contains("canary"), "{shown}");
}

#[test]
fn a_mistake_quotes_a_variable_as_it_is_written() {
    let told = |text: &str| {
        let file = parse(text, "", &[("KEY", "canary-canary")]).unwrap();
        file.resolve(&Environment::of(&[])).unwrap_err().to_string()
    };
    let fields = told("url: http://h\nextra_inputs: ${KEY}\n");
    assert!(
        fields.starts_with("run.yaml:2:1: `extra_inputs`: `${KEY}` is neither"),
        "{fields}"
    );
    let goodput = told("url: http://h\ngoodput: ${KEY}\n");
    assert_eq!(
        goodput,
        "run.yaml:2:1: `goodput`: `${KEY}` has no value; write `${KEY}:200`"
    );
}

#[test]
fn what_holds_is_shown_with_where_it_comes_from() {
    let text = "concurrency: 8\nisl: 100\nmlflow_tracking_uri: http://file\nstages:\n- {name: a, isl: 50}\n- osl: 9\n  isl: 60\n";
    let variables = [("MLFLOW_TRACKING_URI", "http://env"), ("OPENAI_API_KEY", "")];
    let file = parse(text, "--osl 20 --random-seed 3", &variables).unwrap();
    let shown = file.show_in(&|name| {
        variables
            .iter()
            .find(|(known, _)| *known == name)
            .map(|(_, value)| (*value).to_owned())
    });
    insta::assert_snapshot!(shown.render());
}

#[test]
fn the_schema_is_kept_and_knows_what_a_file_may_say() {
    let rendered = serde_json::to_string_pretty(&schema()).unwrap() + "\n";
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/schema/run.schema.json");
    if std::env::var_os("UPDATE_SCHEMA").is_some() {
        std::fs::write(&path, &rendered).unwrap();
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(kept == rendered, "run with UPDATE_SCHEMA=1 to write {}", path.display());
    let validator = jsonschema::validator_for(&schema()).unwrap();
    let good = serde_json::json!({
        "url": "http://h", "streaming": true, "endpoint": { "header": { "a": "b" } }, "request_rate": "${RATE}",
        "stages": [{ "name": "a", "concurrency": 4, "isl": null, "load": { "benchmark_duration": "5s" } }],
    });
    assert!(
        validator.is_valid(&good),
        "{:?}",
        validator.iter_errors(&good).collect::<Vec<_>>()
    );
    let bad = [
        serde_json::json!({ "urll": "x" }),
        serde_json::json!({ "streaming": "yes" }),
        serde_json::json!({ "concurrency": 0 }),
        serde_json::json!({ "load": { "isl": 5 } }),
        serde_json::json!({ "stages": [{ "url": "x" }] }),
        serde_json::json!({ "arrival_pattern": "often" }),
    ];
    for bad in bad {
        assert!(!validator.is_valid(&bad), "{bad}");
    }
}

#[test]
fn editors_accept_every_example() {
    let validator = jsonschema::validator_for(&schema()).unwrap();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/run");
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "yaml") {
            let root = yaml::parse(&std::fs::read_to_string(&path).unwrap()).unwrap();
            let file = entries::as_json(&root);
            let errors: Vec<String> = validator.iter_errors(&file).map(|error| error.to_string()).collect();
            assert!(errors.is_empty(), "{}: {errors:?}", path.display());
        }
    }
}
