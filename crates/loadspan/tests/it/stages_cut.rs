//! Runs of several stages that do not come to their planned end: what was measured of each stage is there.

use loadspan_testkit::{DurationExt, FakeServer, Fault, RunningServer, Script, When, every};
use rustix::process::Signal;
use serde_json::{Value, json};

use crate::harness::{Finished, Loadspan, Started, wait_until};

/// Ten requests, then as many as there is time for, then one more.
const STAGES: &str = "isl: 8\nosl: 4\nstreaming: true\nstages:\n- {name: first, request_count: 10}\n- {name: long, request_count: 100000}\n- {name: last, request_count: 1}\n";

fn server() -> RunningServer {
    FakeServer::new().ttft(5.ms()).tokens(4, every(1.ms())).start().unwrap()
}

fn start(server: &RunningServer, text: &str) -> Started {
    let run = Loadspan::profile(server, "-f run.yaml");
    std::fs::write(run.folder().join("run.yaml"), text).unwrap();
    run.start()
}

/// Records of a stage that are on the disk.
fn recorded(run: &Started, stage: u64) -> usize {
    let text = std::fs::read_to_string(run.path("run/records.jsonl")).unwrap_or_default();
    let records = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    // The first stage has no number.
    records
        .filter(|record| record["stage"].as_u64().unwrap_or(0) == stage)
        .count()
}

/// Name, completed requests and verdict of each stage that was begun.
fn stages(summary: &Value) -> Vec<(String, u64, String)> {
    let stages = summary["stages"].as_array().unwrap().iter();
    let told = stages.map(|stage| {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        (
            text(&stage["name"]),
            stage["counts"]["completed"].as_u64().unwrap(),
            text(&stage["verdict"]["status"]),
        )
    });
    told.collect()
}

/// Text that was broken into lines.
fn in_a_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// That the first stage is whole, the second is not, and the third is named as one that was not begun.
fn is_cut_in_the_second(run: &Finished, printed: &str, reason: &str) {
    let summary = run.summary();
    let stages = stages(&summary);
    let [first, (name, completed, verdict)] = &stages[..] else {
        panic!("{stages:?}")
    };
    assert_eq!(first, &("first".to_owned(), 10, "valid".to_owned()));
    assert_eq!((name.as_str(), verdict.as_str()), ("long", "degraded"));
    assert!(*completed > 0);
    assert_eq!(summary["counts"]["completed"], json!(10 + completed));
    let p50 = |stage: usize| summary["stages"][stage]["metrics"]["request_latency"]["p50"].as_f64();
    assert!(p50(0) > Some(5.0) && p50(1) > Some(5.0), "{summary}");
    assert_eq!(
        summary["verdict"]["reasons"][0]["message"],
        json!(format!("the run was cut short: {reason}; not begun: last"))
    );
    assert!(in_a_line(printed).contains("not begun: last"), "{printed}");
}

#[test]
fn ctrl_c_in_the_second_stage_ends_it_and_begins_no_other() {
    let server = server();
    let run = start(&server, STAGES);
    wait_until("the second stage is recorded", || recorded(&run, 1) > 0);
    run.signal(Signal::INT);
    let run = run.wait().expect_code(130);
    is_cut_in_the_second(&run, &run.stdout, "interrupted");
    let ends = run.json("run/run.json")["end"]["stages"].clone();
    let reasons: Vec<&Value> = ends.as_array().unwrap().iter().map(|end| &end["reason"]).collect();
    assert_eq!(reasons, ["finished", "interrupted"]);
}

#[test]
fn after_sigkill_in_the_second_stage_the_figures_of_both_are_made_again() {
    let server = server();
    let run = start(&server, STAGES);
    wait_until("the second stage is recorded", || recorded(&run, 1) > 0);
    run.signal(Signal::KILL);
    let killed = run.wait();
    assert_eq!(killed.code, None);
    let report = killed.report("").expect_code(0);
    is_cut_in_the_second(&killed, &report.stdout, "loadspan was killed before the run ended");
}

#[test]
fn a_server_that_is_gone_after_the_first_stage_spoils_only_the_others() {
    let server = server();
    let text = "isl: 8\nosl: 4\nstages:\n- {name: first, request_count: 10}\n- {name: second, request_count: 5, pause: 3s}\n- {name: third, num_sessions: 1, session_count: 2}\n";
    let run = start(&server, text);
    wait_until("the first stage is recorded", || recorded(&run, 0) == 10);
    drop(server);
    let run = run.wait().expect_code(4);
    let summary = run.summary();
    let stage = |name: &str, completed, verdict: &str| (name.to_owned(), completed, verdict.to_owned());
    assert_eq!(
        stages(&summary),
        [
            stage("first", 10, "valid"),
            stage("second", 0, "invalid"),
            stage("third", 0, "invalid")
        ]
    );
    assert_eq!(summary["counts"]["by_error"], json!({"connect": 7}));
}

#[test]
fn too_many_failures_are_told_of_the_stage_that_had_them() {
    // Two requests before the run, ten of the first stage, and those of the second that fail.
    let fails = || Script::new().fault(Fault::status(500));
    let server = FakeServer::new()
        .on(When::Number(13), fails())
        .on(When::Number(14), fails())
        .start()
        .unwrap();
    let text = "isl: 8\nrequest_count: 10\nstages:\n- {name: calm}\n- {name: peak, failed_request_threshold: 0}\n- {name: last}\n";
    let run = start(&server, text).wait().expect_code(3);
    let counts = run.summary()["stages"][1]["counts"].clone();
    let (completed, failed) = (
        counts["completed"].as_u64().unwrap(),
        counts["failed"].as_u64().unwrap(),
    );
    let noun = if completed + failed == 1 { "request" } else { "requests" };
    let warning = format!(
        "warning: peak: {failed} of {} {noun} failed, more than --failed-request-threshold allows",
        completed + failed
    );
    assert!(run.stderr.lines().any(|line| line == warning), "{}", run.stderr);
    assert!(in_a_line(&run.stdout).contains("not begun: last"), "{}", run.stdout);
}
