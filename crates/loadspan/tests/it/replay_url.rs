//! Traces of a server as a recording: what `loadspan replay inspect` tells of them, and what is said when they cannot be had.

use loadspan_testkit::{DurationExt, FakeServer, RunningServer, every};
use rustix::process::Signal;
use serde_json::Value;

use crate::harness::{Finished, Loadspan};
use crate::serve::client::Serving;

fn server() -> RunningServer {
    FakeServer::new().ttft(5.ms()).tokens(4, every(1.ms())).start().unwrap()
}

fn inspect(source: &str, flags: &str) -> Finished {
    let inspect = Loadspan::new(&["replay", "inspect"]).arg(source);
    inspect.args(flags).run()
}

#[test]
fn inspect_tells_what_a_server_has() {
    let (server, tracking) = (server(), Serving::start(""));
    let url = format!("http://{}", tracking.address());
    let sessions =
        "--streaming --num-sessions 2 --session-count 3 --session-turns-mean 2 --session-turns-stddev 0 --osl 4";
    Loadspan::profile(&server, sessions)
        .args(&format!("--stream traces --capture-content --otel-url {url}"))
        .run()
        .expect_code(0);
    let told = inspect(&format!("{url}/?experiment=loadspan"), "--output-format json").expect_code(0);
    let recording: Value = serde_json::from_str(&told.stdout).unwrap();
    let calls = |session: &Value| session["calls"].as_array().unwrap().len();
    let sessions: Vec<usize> = recording["sessions"].as_array().unwrap().iter().map(calls).collect();
    assert_eq!(sessions, [2, 2, 2]);
    assert_eq!(recording["edges"]["turn"], 3);

    // In flags, and fewer of them.
    let some = inspect(
        &url,
        "--replay-experiment loadspan --replay-max-traces 1 --output-format json",
    )
    .expect_code(0);
    let recording: Value = serde_json::from_str(&some.stdout).unwrap();
    assert_eq!(recording["sessions"].as_array().unwrap().len(), 1);
    let none = inspect(&url, "--replay-experiment loadspan --replay-filter session_id='none'").expect_code(2);
    assert!(
        none.stderr.contains("the experiment has no such traces"),
        "{}",
        none.stderr
    );
    tracking.stop(Signal::TERM);
}

#[test]
fn what_names_no_traces_is_refused() {
    let server = server();
    let url = server.url();
    for (source, flags, says) in [
        (url.as_str(), "", "replay inspect: which traces of this server?"),
        (
            url.as_str(),
            "--replay-experiment a --replay-format csv",
            "--replay-format has no effect on traces of a server",
        ),
        (
            "recording.json",
            "--replay-experiment a",
            "--replay-experiment has no effect unless the URL of a server is inspected",
        ),
        (
            url.as_str(),
            "--replay-experiment a",
            "no MLflow server: check the URL of the recording (--replay)",
        ),
    ] {
        let refused = inspect(source, flags).expect_code(2);
        assert!(refused.stderr.contains(says), "{source} {flags}: {}", refused.stderr);
    }
    let refused = Loadspan::profile(&server, "--streaming --replay")
        .arg(format!("{url}/?experiment=a"))
        .run()
        .expect_code(2);
    assert!(
        refused.stderr.contains("check the URL of the recording (--replay)"),
        "{}",
        refused.stderr
    );
    assert!(!refused.stderr.contains("--mlflow-tracking-uri"), "{}", refused.stderr);
}
