//! `-f run.yaml`: the examples run, stages are measured each for itself, and `loadspan config` tells what a file says.

use std::path::{Path, PathBuf};

use loadspan_testkit::{FakeServer, Fault, RunningServer, Script, When};
use serde_json::{Value, json};

use crate::harness::{Finished, Loadspan};

fn examples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/run")
}

/// Runs an example against `server`, as short as the flags make it.
fn example(server: &RunningServer, name: &str, flags: &str) -> Finished {
    let file = |name: &str| examples().join(name).display().to_string();
    Loadspan::new(&[
        "profile",
        "--url",
        &server.url(),
        "--model",
        "mock-model",
        "--artifact-dir",
        "run",
        "-f",
    ])
    .arg(examples().join(name))
    .args(flags)
    .env("PROMPTS", &file("prompts.jsonl"))
    .env("RECORDING", &file("recording.jsonl"))
    .run()
}

/// A run of a file with this text.
fn run_of(server: &RunningServer, text: &str, flags: &str) -> Finished {
    let run = Loadspan::profile(server, "-f run.yaml").args(flags);
    std::fs::write(run.folder().join("run.yaml"), text).unwrap();
    run.run()
}

fn config(command: &str, text: &str, flags: &str) -> Finished {
    let run = Loadspan::new(&["config", command, "run.yaml"]).args(flags);
    std::fs::write(run.folder().join("run.yaml"), text).unwrap();
    run.run()
}

/// Runs an example to its end, without an opinion on its figures: 0 is a valid run, 4 one too short to be.
#[track_caller]
fn example_runs(name: &str, flags: &str) {
    let server = FakeServer::new().start().unwrap();
    let run = example(&server, name, flags);
    assert!(
        matches!(run.code, Some(0 | 4)),
        "{name}: {:?}\n{}",
        run.code,
        run.stderr
    );
    let completed = run.summary()["counts"]["completed"].as_u64();
    assert!(completed > Some(0), "{name}\n{}", run.stderr);
    let file = run.json("run/run.json")["config_file"].clone();
    assert!(file["name"].as_str().unwrap().ends_with(name), "{file}");
    assert_eq!(file["sha256"].as_str().map(str::len), Some(64));
}

#[test]
fn the_example_of_a_closed_load_runs() {
    example_runs("closed.yaml", "--request-count 10 --osl 4 --warmup-request-count 2");
}

#[test]
fn the_example_of_an_open_load_runs() {
    example_runs(
        "open-with-slo.yaml",
        "--request-count 10 --request-rate 100 --warmup-duration 100ms",
    );
}

#[test]
fn the_example_of_stages_runs() {
    example_runs("rate-ladder.yaml", "--benchmark-duration 300ms --osl 4 --isl 8");
}

#[test]
fn the_example_of_ramps_runs() {
    let ramps = "--concurrency-ramp-duration 100ms --request-rate-ramp-duration 100ms";
    example_runs(
        "ramp.yaml",
        &format!("--benchmark-duration 300ms --isl 8 --osl 4 {ramps}"),
    );
}

#[test]
fn the_example_of_a_dataset_runs() {
    example_runs("dataset.yaml", "");
}

#[test]
fn the_example_of_telemetry_runs_with_nobody_there() {
    let nobody = "--otel-url 127.0.0.1:9 --mlflow-tracking-uri http://127.0.0.1:9";
    let patience = "--otel-flush-timeout 100ms --mlflow-flush-timeout 100ms";
    example_runs(
        "telemetry.yaml",
        &format!("--request-rate 50 --request-count 10 --osl 4 {nobody} {patience}"),
    );
}

#[test]
fn the_example_of_a_gate_runs() {
    example_runs(
        "ci-gate.yaml",
        "--request-count 20 --request-rate 100 --warmup-request-count 2 --osl 4",
    );
}

#[test]
fn the_example_of_sessions_runs() {
    let think = "--session-turn-delay-mean 20 --session-turn-delay-stddev 10 --tool-time 20ms";
    example_runs(
        "sessions.yaml",
        &format!("--num-sessions 4 --session-count 6 --isl 8 --osl 4 {think}"),
    );
}

#[test]
fn the_example_of_shared_prefixes_runs() {
    example_runs(
        "shared-prefixes.yaml",
        "--session-count 8 --osl 4 --prefix-prompt-length 64",
    );
}

#[test]
fn the_example_of_a_replay_runs() {
    example_runs("replay.yaml", "--replay-speed 10");
}

#[test]
fn every_example_is_tested_named_and_fine() {
    let readme = std::fs::read_to_string(examples().join("README.md")).unwrap();
    let tests = include_str!("run_file.rs");
    for entry in std::fs::read_dir(examples()).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "yaml") {
            continue;
        }
        let name = path.file_name().unwrap().to_string_lossy();
        assert!(readme.contains(&format!("[{name}]")), "{name} is not in README.md");
        assert!(tests.contains(&format!("\"{name}\"")), "{name} is not run by a test");
        let root = examples().join("../..");
        Loadspan::new(&["config", "check"])
            .arg(&path)
            .in_folder(&root)
            .run()
            .expect_code(0);
    }
}

#[test]
fn stages_are_run_one_after_the_other_and_measured_each_for_itself() {
    let server = FakeServer::new().start().unwrap();
    let text = "
isl: 8
stages:
  - {name: warm, role: warmup, concurrency: 2, request_count: 6}
  - {name: low, concurrency: 1, request_count: 10}
  - {name: high, concurrency: 4, request_count: 20, isl: 16, pause: 50ms}
";
    let run = run_of(&server, text, "--export-inputs").expect_code(0);
    for line in [
        "3 stages",
        "warm  warm-up   2 concurrent  6 requests",
        "20 requests, after a pause of 50ms",
    ] {
        assert!(run.stderr.contains(line), "{line}\n{}", run.stderr);
    }
    let records = run.records();
    let of = |stage: u64| {
        records
            .iter()
            .filter(|record| record["stage"].as_u64().unwrap_or(0) == stage)
            .count()
    };
    assert_eq!((of(0), of(1), of(2)), (6, 10, 20));
    let summary = run.summary();
    assert_eq!(summary["counts"]["completed"], 30);
    assert_eq!(summary["counts"]["warmup"], 6);
    let completed: Vec<&Value> = summary["stages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|stage| &stage["counts"]["completed"])
        .collect();
    assert_eq!(completed, [&json!(0), &json!(10), &json!(20)]);
    let file = run.json("run/run.json");
    assert_eq!(file["config"]["stages"][2]["load"]["model"]["concurrency"], 4);
    assert!(file["config"]["load"].is_null());
    // A report that is made again says the same.
    let again = run.report("--output-format json").expect_code(0);
    let again: Value = serde_json::from_str(&again.stdout).unwrap();
    assert_eq!(again["stages"], summary["stages"]);
}

#[test]
fn a_run_of_one_stage_is_written_as_one_without_a_file() {
    let server = FakeServer::new().start().unwrap();
    let shape = |run: &Finished| {
        let mut file = run.json("run/run.json");
        let config = file["config"].as_object_mut().unwrap();
        config.remove("seed");
        let load = config["load"].to_string();
        (
            config.keys().cloned().collect::<Vec<_>>(),
            load,
            file["facts"]["load"].clone(),
        )
    };
    let typed = Loadspan::profile(&server, "--concurrency 2 --request-count 4 --isl 8")
        .run()
        .expect_code(0);
    let file = run_of(&server, "load: {concurrency: 2, request_count: 4}\nisl: 8\n", "").expect_code(0);
    assert_eq!(shape(&file), shape(&typed));
}

#[test]
fn a_stage_with_too_many_failures_ends_the_run_and_another_is_measured_by_its_own_threshold() {
    // Two requests before the run, ten of the first stage, and two of the second that fail.
    let server = || {
        FakeServer::new()
            .on(When::Number(13), Script::new().fault(Fault::status(500)))
            .on(When::Number(14), Script::new().fault(Fault::status(500)))
            .start()
            .unwrap()
    };
    let stages = |thresholds: [u32; 2]| {
        let [first, second] = thresholds;
        format!(
            "isl: 8\nrequest_count: 10\nstages:\n- failed_request_threshold: {first}\n- failed_request_threshold: {second}\n- {{}}\n"
        )
    };
    run_of(&server(), &stages([0, 5]), "").expect_code(0);
    let run = run_of(&server(), &stages([5, 0]), "").expect_code(3);
    let stages = run.summary()["stages"].as_array().unwrap().len();
    assert!(stages >= 2, "{}", run.stderr);
    assert!(
        run.records().iter().all(|record| record["stage"] != 2),
        "the third is not begun"
    );
}

#[test]
fn mistakes_end_with_2_and_name_the_place() {
    let server = FakeServer::new().start().unwrap();
    let run = run_of(&server, "load:\n  concurency: 8\n", "").expect_code(2);
    assert!(
        run.stderr.contains("run.yaml:2:3: there is no key `concurency`")
            && run.stderr.contains("hint: did you mean `concurrency`?"),
        "{}",
        run.stderr
    );
    let missing = Loadspan::new(&["profile", "-f", "missing.yaml"]).run().expect_code(2);
    assert!(missing.stderr.contains("missing.yaml"), "{}", missing.stderr);
    let flag = config("show", "isl: 8\n", "--concurency 8").expect_code(2);
    assert!(flag.stderr.contains("--concurrency"), "{}", flag.stderr);
    let file = config("check", "input_file: none.jsonl\n", "").expect_code(2);
    assert!(file.stderr.contains("none.jsonl"), "{}", file.stderr);
}

#[test]
fn a_file_is_checked_and_shown() {
    let text = "url: http://h:1\nmodel: m\napi_key: ${KEY:-canary}\nstages:\n- {name: a, concurrency: 4, request_count: 1}\n- {request_rate: 2, benchmark_duration: 1m}\n";
    let checked = config("check", text, "").expect_code(0);
    assert_eq!(
        checked.stdout,
        "m at http://h:1 (chat)\n  a        measured  4 concurrent     1 request\n  stage 1  measured  poisson 2 req/s  60s\n"
    );
    let shown = config("show", text, "--isl 9 --output-format json").expect_code(0);
    assert!(!shown.stdout.contains("canary"), "{}", shown.stdout);
    let shown: Value = serde_json::from_str(&shown.stdout).unwrap();
    let settings = shown["settings"].as_array().unwrap();
    let from = |key: &str| {
        settings
            .iter()
            .find(|setting| setting["key"] == key)
            .map(|setting| setting["from"].clone())
    };
    assert_eq!(from("isl"), Some(json!("flag")));
    assert_eq!(from("model"), Some(json!("run.yaml:2")));
    assert_eq!(from("endpoint_type"), Some(json!("default")));
    assert_eq!(shown["stages"][1]["settings"][0]["values"], json!(["2"]));
}

#[test]
fn the_schema_is_printed() {
    let schema = Loadspan::new(&["config", "schema"]).run().expect_code(0);
    let kept = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/schema/run.schema.json");
    assert_eq!(schema.stdout, std::fs::read_to_string(kept).unwrap());
}
