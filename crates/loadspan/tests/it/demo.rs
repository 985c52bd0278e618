//! `loadspan demo`: the mock, the page and the benchmarks, as a user or a script starts them.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read};
use std::net::TcpListener;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::process::ChildStdout;
use std::time::{Duration, Instant};

use rustix::process::Signal;
use serde_json::{Value, json};

use crate::harness::{Finished, Loadspan, Started};
use crate::serve::client::{Client, Serving};

/// A demo that is as short as can be.
const SHORT: &str = "--benchmark-duration 0.4";

/// A demo in progress, at a terminal, until it is ended or dropped.
struct Demo {
    started: Option<Started>,
    stdout: BufReader<ChildStdout>,
    said: String,
    _terminal: OwnedFd,
}

impl Demo {
    fn start(run: Loadspan, flags: &str) -> Self {
        let (run, terminal) = run.args(flags).at_terminal();
        let mut started = run.start();
        let stdout = BufReader::new(started.child.stdout.take().unwrap());
        Self {
            started: Some(started),
            stdout,
            said: String::new(),
            _terminal: terminal,
        }
    }

    /// Reads on until it says so.
    fn until(mut self, said: &str) -> Self {
        while !self.said.contains(said) {
            let read = self.stdout.read_line(&mut self.said).unwrap();
            assert_ne!(read, 0, "it ended without `{said}`:\n{}", self.said);
        }
        self
    }

    fn path(&self, name: &str) -> PathBuf {
        self.started.as_ref().unwrap().path(name)
    }

    /// A client of the page, by the link that was printed.
    fn page(&self) -> Client {
        Client::of(address_in(&self.said).parse().unwrap())
    }

    fn end(mut self, signal: Signal) -> Finished {
        let started = self.started.take().unwrap();
        started.signal(signal);
        self.stdout.read_to_string(&mut self.said).unwrap();
        let mut finished = started.wait();
        finished.stdout.clone_from(&self.said);
        finished
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        if let Some(started) = &mut self.started {
            // It may have ended by itself; a test that fails says why.
            let _ = started.child.kill();
            let _ = started.child.wait();
        }
    }
}

/// Of `see it live: http://127.0.0.1:5000/runs/…`.
fn address_in(said: &str) -> &str {
    let link = said.split("see it live: http://").nth(1).unwrap();
    link.split('/').next().unwrap().trim()
}

/// Runs of the demo that a server has, by name: id and status.
fn runs(client: &Client) -> BTreeMap<String, (String, String)> {
    let (status, experiment) = client.get("/api/2.0/mlflow/experiments/get-by-name?experiment_name=demo");
    assert_eq!(status, 200, "{experiment}");
    let experiment: Value = serde_json::from_str(&experiment).unwrap();
    let id = &experiment["experiment"]["experiment_id"];
    let found = client.post(
        "/api/2.0/mlflow/runs/search",
        &json!({"experiment_ids": [id], "max_results": 100}),
    );
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let infos = found["runs"].as_array().unwrap().iter().map(|run| &run["info"]);
    infos
        .map(|info| (text(&info["run_name"]), (text(&info["run_id"]), text(&info["status"]))))
        .collect()
}

/// Every span of the experiment of the demo: by service, name, and by id of trace and span.
fn spans(database: &Path) -> Vec<(String, Value)> {
    let export = Loadspan::new(&["serve", "export", "--experiment", "demo", "--backend-store-uri"]).arg(database);
    let export = export.run().expect_code(0);
    let lines = export
        .stdout
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap());
    let mut spans = Vec::new();
    for resource in lines.flat_map(|line| line["resourceSpans"].as_array().unwrap().clone()) {
        let attributes = resource["resource"]["attributes"].as_array().unwrap();
        let service = attributes
            .iter()
            .find(|attribute| attribute["key"] == "service.name")
            .unwrap();
        let service = service["value"]["stringValue"].as_str().unwrap().to_owned();
        for scope in resource["scopeSpans"].as_array().unwrap() {
            let of_scope = scope["spans"].as_array().unwrap();
            spans.extend(of_scope.iter().map(|span| (service.clone(), span.clone())));
        }
    }
    spans
}

#[test]
fn in_a_script_it_ends_by_itself_and_leaves_its_runs() {
    // Without --exit: there is no terminal.
    let demo = Loadspan::new(&["demo"]).args(SHORT).run().expect_code(0);
    assert!(
        demo.stdout.starts_with("see it live: http://127.0.0.1:"),
        "{}",
        demo.stdout
    );
    for rate in ["10/s", "30/s", "50/s"] {
        let line = demo.stdout.lines().find(|line| line.trim_start().starts_with(rate));
        assert!(
            line.is_some_and(|line| line.contains(" ms ")),
            "{rate}: {}",
            demo.stdout
        );
    }
    assert!(!demo.stdout.contains("Ctrl-C"), "{}", demo.stdout);

    let database = demo.path("artifacts/demo/loadspan.db");
    let server = Serving::start(&format!("--backend-store-uri {}", database.display()));
    let runs = runs(&server.client());
    let names: Vec<_> = runs.keys().map(String::as_str).collect();
    assert_eq!(
        names[..3],
        ["10 requests a second", "30 requests a second", "50 requests a second"]
    );
    assert!(
        names[3].starts_with("demo of 20"),
        "the parent of the others: {names:?}"
    );
    assert!(runs.values().all(|(_, status)| status == "FINISHED"), "{runs:?}");
    let first = &runs["10 requests a second"].0;
    assert!(demo.stdout.contains(&format!("/runs/{first}\n")), "{}", demo.stdout);
    server.stop(Signal::TERM).expect_code(0);

    let spans = spans(&database);
    let clients: Vec<_> = spans.iter().filter(|(service, _)| service == "loadspan").collect();
    let servers: Vec<_> = spans.iter().filter(|(_, span)| span["name"] == "llm_request").collect();
    assert!(servers.len() > 20, "{} spans of the server", servers.len());
    for (service, server) in servers {
        assert_eq!(service, "loadspan-mock");
        let of_client = |(_, client): &&&(String, Value)| client["spanId"] == server["parentSpanId"];
        let client = &clients.iter().find(of_client).unwrap().1;
        assert_eq!(client["traceId"], server["traceId"]);
        let at = |span: &Value, key: &str| span[key].as_str().unwrap().parse::<u64>().unwrap();
        assert!(
            at(client, "startTimeUnixNano") <= at(server, "startTimeUnixNano"),
            "{client}\n{server}"
        );
        assert!(
            at(server, "endTimeUnixNano") > at(server, "startTimeUnixNano"),
            "{server}"
        );
    }
    for phase in ["queue", "prefill", "decode"] {
        assert!(spans.iter().any(|(_, span)| span["name"] == phase), "{phase}");
    }
}

#[test]
fn ports_that_are_in_use_are_said_and_others_taken() {
    // Those that cannot be had are in use already.
    let _taken: Vec<_> = [5000, 4317, 4318]
        .into_iter()
        .filter_map(|port| TcpListener::bind(("127.0.0.1", port)).ok())
        .collect();
    let demo = Loadspan::new(&["demo", "--exit"]).args(SHORT).run().expect_code(0);
    let line = demo.stderr.lines().find(|line| line.contains("in use"));
    let line = line.unwrap_or_else(|| panic!("{}", demo.stderr));
    assert!(line.starts_with("ports 5000, 4317 and 4318 are in use: "), "{line}");
    let port = address_in(&demo.stdout).rsplit(':').next().unwrap();
    assert_ne!(port, "5000");
    assert!(line.contains(port), "{line}");
}

#[test]
fn at_a_terminal_it_stays_until_ctrl_c() {
    let demo = Demo::start(Loadspan::new(&["demo"]), SHORT).until("until you press Ctrl-C");
    assert_eq!(demo.page().get("/runs").0, 200);
    assert_eq!(runs(&demo.page()).len(), 4);
    let compare = demo.said.split("/compare?runs=").nth(1).unwrap();
    assert_eq!(compare.lines().next().unwrap().split(',').count(), 3, "{compare}");

    // Another one beside it has another folder, and other ports.
    let beside = Loadspan::new(&["demo", "--exit"]).in_folder(&demo.path("")).args(SHORT);
    let beside = beside.run().expect_code(0);
    assert!(
        beside
            .stderr
            .contains("another demo has artifacts/demo: this one has artifacts/demo-2"),
        "{}",
        beside.stderr
    );
    assert_ne!(address_in(&beside.stdout), address_in(&demo.said));
    let chosen = Loadspan::new(&["demo", "--exit", "--artifact-dir", "artifacts/demo"]);
    let chosen = chosen.in_folder(&demo.path("")).run().expect_code(2);
    assert!(chosen.stderr.contains("in use by another demo"), "{}", chosen.stderr);

    let begun = Instant::now();
    let ended = demo.end(Signal::INT).expect_code(0);
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    assert!(ended.stdout.contains("stopped: "), "{}", ended.stdout);
    // SQLite has put its journal away: the database was closed.
    assert!(!ended.path("artifacts/demo/loadspan.db-wal").exists());
}

#[test]
fn ctrl_c_during_a_benchmark_ends_all_of_it() {
    let demo = Demo::start(Loadspan::new(&["demo"]), "--benchmark-duration 60").until("see it live");
    let ended = demo.end(Signal::INT).expect_code(130);
    assert!(ended.stderr.contains("interrupted"), "{}", ended.stderr);
    assert!(!ended.stdout.contains("press Ctrl-C"), "{}", ended.stdout);
    assert!(!ended.path("artifacts/demo/loadspan.db-wal").exists());
}

#[test]
fn a_killed_demo_keeps_what_was_written_and_the_next_one_adds_to_it() {
    let demo = Demo::start(Loadspan::new(&["demo"]), "--benchmark-duration 60").until("see it live");
    let killed = demo.end(Signal::KILL);
    assert_eq!(killed.code, None);
    let again = Loadspan::new(&["demo", "--exit", "--artifact-dir"]);
    again
        .arg(killed.path("artifacts/demo"))
        .args(SHORT)
        .run()
        .expect_code(0);
    let folders = std::fs::read_dir(killed.path("artifacts/demo")).unwrap();
    let runs_of_both = folders
        .map(|folder| folder.unwrap().path())
        .filter(|folder| folder.join("records.jsonl").exists())
        .count();
    assert_eq!(runs_of_both, 4, "that which was killed, and three of the next demo");
    let database = killed.path("artifacts/demo/loadspan.db");
    let server = Serving::start(&format!("--backend-store-uri {}", database.display()));
    let found = server.client().post(
        "/api/2.0/mlflow/runs/search",
        &json!({"experiment_ids": ["1"], "filter": "attributes.status = 'RUNNING'", "max_results": 100}),
    );
    assert_eq!(found["runs"].as_array().map(Vec::len), Some(1), "{found}");
    assert_eq!(runs(&server.client()).len(), 5, "three names, and two parents");
}

#[test]
fn without_a_browser_there_is_the_link() {
    let run = Loadspan::new(&["demo", "--exit", "--open"]).env("PATH", "/nonexistent");
    let demo = run.args(SHORT).run().expect_code(0);
    assert!(demo.stderr.contains("opens no browser"), "{}", demo.stderr);
    assert!(demo.stdout.contains("see it live: "), "{}", demo.stdout);
}

#[test]
fn variables_of_other_tools_have_no_say() {
    let run = Loadspan::new(&["demo", "--exit"])
        .env("MLFLOW_TRACKING_URI", "http://127.0.0.1:1")
        .env("OTEL_SDK_DISABLED", "true")
        .env("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1");
    let demo = run
        .args(SHORT)
        .args("--backend-store-uri sqlite:///mine.db")
        .run()
        .expect_code(0);
    assert!(demo.path("mine.db").exists());
    assert!(!spans(&demo.path("mine.db")).is_empty());
}
