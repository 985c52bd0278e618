//! What is written, and that it can be rebuilt.

use loadspan_testkit::{DurationExt, FakeServer, RunningServer, every};
use serde_json::Value;

use crate::harness::{Finished, Loadspan};

fn server() -> RunningServer {
    FakeServer::new()
        .ttft(5.ms())
        .tokens(6, every(2.ms()))
        .jitter(0.3)
        .start()
        .unwrap()
}

fn run(server: &RunningServer, flags: &str) -> Finished {
    Loadspan::profile(
        server,
        "--streaming --concurrency 4 --request-count 40 --isl 16 --osl 6",
    )
    .args(flags)
    .run()
    .expect_code(0)
}

#[test]
fn a_report_from_the_records_is_the_report_of_the_run() {
    let server = server();
    let run = run(
        &server,
        "--warmup-request-count 4 --goodput request_latency:500 --slice-duration 0.05",
    );
    let files = ["summary.json", "summary.csv", "timeslices.csv", "console.txt"].map(|file| format!("run/{file}"));
    let before = files.clone().map(|file| run.read(&file));
    for file in &files {
        std::fs::remove_file(run.path(file)).unwrap();
    }
    let report = run.report("").expect_code(0);
    assert_eq!(files.map(|file| run.read(&file)), before);
    let table = |text: &str| text.split("results:").next().map(str::to_owned);
    assert_eq!(table(&report.stdout), table(&run.stdout));
}

#[test]
fn records_agree_with_what_the_server_saw() {
    let server = server();
    let run = run(&server, "");
    let stats = server.stats();
    let records = run.records();
    assert_eq!(records.len(), 40);
    let clock = run.json("run/run.json")["clock"]["monotonic_start_ns"]
        .as_u64()
        .unwrap();
    for record in records {
        let truth = stats
            .request(record["request_id"].as_str().unwrap())
            .expect("the header carried the id");
        let sent = clock + record["timings"]["sent_ns"].as_u64().unwrap();
        let first = clock + record["timings"]["first_token_ns"].as_u64().unwrap();
        assert!(
            sent <= truth.arrived_ns && truth.first_token_ns.unwrap() <= first,
            "{record} {truth:?}"
        );
        assert_eq!(record["tokens"]["output"], truth.tokens);
        assert_eq!(record["tokens"]["input"], truth.prompt_tokens);
    }
}

#[test]
fn every_file_of_a_run_is_documented() {
    const PAGE: &str = include_str!("../../../../docs/output-formats.md");
    let server = server();
    let run = run(&server, "--export-inputs --export-format aiperf,vllm");
    let files = std::fs::read_dir(run.path("run")).unwrap();
    for file in files.map(|file| file.unwrap().file_name().into_string().unwrap()) {
        let ending = file.rsplit_once('.').map_or("", |(_, ending)| ending);
        let is_named = PAGE.contains(&format!("`{file}`"))
            || file.starts_with("profile_export_aiperf.") && PAGE.contains(&format!("`.{ending}`"));
        assert!(is_named, "docs/output-formats.md does not name {file}");
    }
}

#[test]
fn the_table_is_kept_as_it_was_printed() {
    let server = server();
    let run = run(&server, "");
    let printed = run.stdout.split("\nresults:").next().unwrap();
    assert_eq!(run.read("run/console.txt"), printed);
}

#[test]
fn the_log_has_what_was_printed_with_time_and_level() {
    let server = server();
    let run = Loadspan::profile(&server, "--request-count 5 --isl 8 --stream all --otel-flush-timeout 1")
        .args("--otel-url http://127.0.0.1:1")
        .run()
        .expect_code(0);
    let log = run.read("run/loadspan.log");
    let lines: Vec<(&str, &str, &str)> = log
        .lines()
        .map(|line| {
            let (time, rest) = line.split_once(' ').unwrap();
            let (level, text) = rest.split_once(' ').unwrap();
            (time, level, text)
        })
        .collect();
    assert_eq!(lines[0].1, "NOTE");
    assert!(
        lines[0].2.starts_with("benchmarking mock-model at http://127.0.0.1"),
        "{log}"
    );
    let mut printed = run
        .stderr
        .lines()
        .map(|line| line.trim().trim_start_matches("warning: "));
    for (time, level, text) in lines {
        assert!(time.len() == 24 && time.ends_with('Z'), "{time}");
        assert!(["NOTE", "WARNING"].contains(&level), "{level}");
        assert!(
            printed.any(|line| line == text),
            "{text} was not printed:\n{}",
            run.stderr
        );
    }
    assert!(log.contains(" WARNING ") && log.contains(" WARNING hint: "), "{log}");
}

#[test]
fn inputs_are_kept_when_they_are_asked_for_and_each_once() {
    let server = FakeServer::new().capture(50).start().unwrap();
    let inputs = |flags: &str| {
        let before = server.requests().len();
        let run = run(&server, flags);
        let lines: Vec<Value> = run
            .read("run/inputs.jsonl")
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        let sent: Vec<Value> = server.requests()[before..]
            .iter()
            .filter_map(|request| serde_json::from_slice(&request.body).ok())
            .collect();
        (lines, sent)
    };
    let (lines, sent) = inputs("--export-inputs --num-dataset-entries 7");
    let indexes: Vec<u64> = lines.iter().map(|line| line["index"].as_u64().unwrap()).collect();
    assert_eq!(indexes, [0, 1, 2, 3, 4, 5, 6]);
    assert!(lines.iter().all(|line| sent.contains(&line["body"])));
    let (lines, _) = inputs("--export-inputs --warmup-request-count 2");
    assert_eq!(lines.len(), 42);
    assert!(!run(&server, "").path("run/inputs.jsonl").exists());
}

#[test]
fn json_for_scripts_is_all_that_stdout_has() {
    let server = server();
    let run = run(&server, "--output-format json");
    let printed: Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(printed, run.summary());
    assert_eq!(printed["counts"]["completed"], 40);
}

#[test]
fn other_tools_scripts_find_their_files() {
    let server = server();
    let run = run(&server, "--export-format aiperf,vllm");
    let aiperf = run.json("run/profile_export_aiperf.json");
    assert_eq!(aiperf["request_count"]["avg"], 40.0);
    assert!(aiperf["time_to_first_token"]["p99"].is_number());
    assert!(
        run.read("run/profile_export_aiperf.csv")
            .contains("Time to First Token")
    );
    assert_eq!(run.json("run/vllm_bench.json")["completed"], 40);
}

#[test]
fn the_export_level_says_how_much_is_kept() {
    let server = server();
    let summary_only = run(&server, "--export-level summary");
    assert!(!summary_only.path("run/records.jsonl").exists());
    let refused = summary_only.report("").expect_code(2);
    assert!(refused.stderr.contains("--export-level summary"), "{}", refused.stderr);
    let chunks = run(&server, "--export-level chunks");
    assert_eq!(chunks.records()[0]["chunk_gaps_us"].as_array().unwrap().len(), 5);
}

#[test]
fn a_seed_fixes_the_prompts_and_none_makes_them_new() {
    let server = FakeServer::new().capture(200).start().unwrap();
    let prompts = |flags: &str| {
        let before = server.requests().len();
        let run = Loadspan::profile(&server, "--request-count 3 --isl 16")
            .args(flags)
            .run()
            .expect_code(0);
        drop(run);
        let bodies: Vec<String> = server.requests()[before..]
            .iter()
            .map(|request| format!("{:?}", request.body))
            .collect();
        bodies
    };
    assert_eq!(prompts("--random-seed 7"), prompts("--random-seed 7"));
    assert_ne!(prompts(""), prompts(""));
}
