//! `loadspan serve`: the whole program, from its flags to its end.

pub(crate) mod client;

use std::io::Write;
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use loadspan_testkit::OtlpSink;
use rustix::process::Signal;
use serde_json::{Value, json};

use self::client::{Serving, TRACES};
use crate::harness::{Loadspan, wait_until};

#[test]
fn it_says_where_it_listens_and_what_to_type() {
    let server = Serving::start("");
    let lines = server.announcement();
    let url = format!("http://{}", server.address());
    for part in [
        format!("loadspan serve listening on {url} "),
        "loadspan.db, artifacts in ".to_owned(),
        format!("MLFLOW_TRACKING_URI={url}"),
        "OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:".to_owned(),
        format!("--mlflow-tracking-uri {url} --mlflow-traces --otel-url {url}"),
    ] {
        assert!(lines.contains(&part), "`{part}` is not in\n{lines}");
    }
    assert_eq!(server.client().get("/health").0, 200);
    let server = server.stop(Signal::TERM).expect_code(0);
    assert_eq!(server.stderr, "");
}

#[test]
fn a_port_that_is_taken_is_one_clear_message() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let run = Loadspan::new(&["serve", "--otlp-grpc-port", "off", "--otlp-http-port", "off", "--port"]);
    let run = run.arg(port.to_string()).run().expect_code(2);
    for part in [
        &port.to_string(),
        "--port",
        "hint: another program has it",
        "loadspan serve",
    ] {
        assert!(run.stderr.contains(part), "`{part}` is not in\n{}", run.stderr);
    }
    assert_eq!(
        (run.stdout.as_str(), run.stderr.lines().count()),
        ("", 2),
        "{}",
        run.stderr
    );
    assert!(!run.path("loadspan.db").exists());
}

#[test]
fn settings_that_make_no_sense_are_named() {
    for (flags, part) in [
        ("--host 0.0.0.0 --port 0", "--auth-token-file"),
        ("--host mlflow.example.com", "--allowed-hosts"),
        ("--backend-store-uri mysql://a:canary@h/d", "sqlite:///FILE"),
        ("--auth-token-file missing", "missing"),
        (
            "--prices missing.json --port 0 --otlp-grpc-port 0 --otlp-http-port 0",
            "missing.json",
        ),
        ("--tls-cert a.pem", "--tls-key"),
        ("--retention 30", "30d"),
        (
            "--forward-otlp collector:4318 --port 0 --otlp-grpc-port 0 --otlp-http-port 0",
            "--forward-otlp",
        ),
        ("--otlp-grpc-port never", "off"),
        ("--max-body 1parsec", "64MiB"),
        ("--max-body 0", "at least 1"),
    ] {
        let run = Loadspan::new(&["serve"]).args(flags).run().expect_code(2);
        assert!(run.stderr.contains(part), "{flags}: `{part}` is not in\n{}", run.stderr);
        assert!(!run.stderr.contains("canary"), "{}", run.stderr);
    }
    let run = Loadspan::new(&["serve", "--port", "0", "--backend-store-uri", "no/such/folder/x.db"]);
    let run = run.run().expect_code(1);
    assert!(run.stderr.contains("no/such/folder"), "{}", run.stderr);
}

/// Logs points of a metric from several threads until the server is ended with `signal`; then starts it again, and compares what was
/// acknowledged with what is there.
fn acknowledged_is_stored(signal: Signal) {
    let server = Serving::start("");
    let run_id = server.client().create_run();
    let acknowledged: Vec<_> = (0..4).map(|_| AtomicU64::new(0)).collect();
    let ended = std::thread::scope(|scope| {
        for (writer, count) in acknowledged.iter().enumerate() {
            let (client, run_id) = (server.client(), &run_id);
            scope.spawn(move || {
                let point = |step: u64| {
                    json!({"run_id": run_id, "key": format!("m{writer}"), "value": step, "timestamp": step, "step": step})
                };
                let mut step = 0;
                while client.try_post("/api/2.0/mlflow/runs/log-metric", &point(step)) == Some(200) {
                    step += 1;
                    count.store(step, Ordering::Relaxed);
                }
            });
        }
        wait_until("every writer has been answered", || {
            acknowledged.iter().all(|count| count.load(Ordering::Relaxed) > 20)
        });
        server.stop(signal)
    });
    assert_eq!(
        ended.code,
        if signal == Signal::TERM { Some(0) } else { None },
        "{}",
        ended.stderr
    );

    let again = Serving::start(&format!("--backend-store-uri {}", ended.path("loadspan.db").display()));
    for (writer, count) in acknowledged.iter().enumerate() {
        let path =
            format!("/api/2.0/mlflow/metrics/get-history?run_id={run_id}&metric_key=m{writer}&max_results=25000");
        let (_, history) = again.client().get(&path);
        let history: Value = serde_json::from_str(&history).unwrap();
        let stored = history["metrics"].as_array().map_or(0, Vec::len) as u64;
        let acknowledged = count.load(Ordering::Relaxed);
        // One more may be there: stored, and the answer never came.
        assert!(
            (acknowledged..=acknowledged + 1).contains(&stored),
            "{acknowledged} acknowledged, {stored} stored"
        );
    }
}

#[test]
fn what_is_acknowledged_is_there_after_sigterm() {
    acknowledged_is_stored(Signal::TERM);
}

#[test]
fn what_is_acknowledged_is_there_after_sigkill() {
    acknowledged_is_stored(Signal::KILL);
}

#[test]
fn a_second_signal_ends_it_at_once() {
    let server = Serving::start("");
    let mut stream = TcpStream::connect(server.address()).unwrap();
    let head =
        "POST /v1/traces HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{";
    stream.write_all(head.as_bytes()).unwrap();
    wait_until("the request is in flight", || {
        let (_, text) = server.client().get("/metrics");
        // The one that asks is the other.
        text.contains("loadspan_server_requests_in_flight 2")
    });
    let begun = Instant::now();
    server.signal(Signal::INT);
    wait_until("it takes nothing more", || {
        TcpStream::connect(server.address()).is_err()
    });
    let ended = server.stop(Signal::INT);
    assert_eq!(ended.code, Some(130));
    assert!(begun.elapsed() < Duration::from_secs(5));
}

#[test]
fn tokens_are_asked_for_and_kept_secret() {
    let run = Loadspan::new(&["serve"]);
    let folder = run.folder().to_owned();
    std::fs::write(folder.join("tokens"), "canary-that-may-write\n").unwrap();
    std::fs::write(folder.join("readers"), "canary-that-may-read\n").unwrap();
    let server = Serving::start_with(
        run,
        "--host 0.0.0.0 --auth-token-file tokens --read-only-token-file readers --access-log",
    );
    let lines = server.announcement();
    assert!(lines.contains("MLFLOW_TRACKING_TOKEN"));
    assert!(
        lines.contains("listening on http://0.0.0.0:") && lines.contains("others    reach it"),
        "{lines}"
    );
    let create = |token: &str| {
        let client = server.client().header("authorization", &format!("Bearer {token}"));
        let name = format!("made-by-{}", token.len());
        client.try_post("/api/2.0/mlflow/experiments/create", &json!({ "name": name }))
    };
    assert_eq!(create("canary-that-may-write"), Some(200));
    assert_eq!(create("canary-that-may-read"), Some(403));
    assert_eq!(create("canary-that-may-wrong"), Some(401));
    let ended = server.stop(Signal::TERM).expect_code(0);
    assert!(ended.stderr.contains("\"status\":401"), "{}", ended.stderr);
    assert!(!ended.stderr.contains("canary"), "{}", ended.stderr);
}

#[test]
fn the_access_log_has_no_content() {
    let server = Serving::start("--access-log");
    let client = server.client();
    client.post(
        "/api/2.0/mlflow/experiments/create?secret=canary",
        &json!({"name": "canary"}),
    );
    client.get("/api/2.0/mlflow-artifacts/artifacts/canary/canary.txt?x=canary");
    client.get("/canary");
    let ended = server.stop(Signal::TERM).expect_code(0);
    let lines: Vec<Value> = ended
        .stderr
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let seen: Vec<_> = lines
        .iter()
        .map(|line| (line["method"].as_str().unwrap(), line["status"].as_u64().unwrap()))
        .collect();
    assert_eq!(seen, [("POST", 200), ("GET", 404), ("GET", 404)]);
    assert!(!ended.stderr.contains("canary"), "{}", ended.stderr);
}

#[test]
fn what_is_taken_is_passed_on() {
    let sink = OtlpSink::new().start().unwrap();
    let server = Serving::start(&format!("--forward-otlp {}", sink.url()));
    server
        .client()
        .post("/v1/traces", &serde_json::from_str(TRACES).unwrap());
    let counts = sink.wait_until(Duration::from_secs(10), |counts| counts.spans == 1);
    assert_eq!(counts.spans, 1);
    wait_until("it is counted", || {
        let (_, text) = server.client().get("/metrics");
        text.contains("loadspan_server_forward_requests_total{signal=\"traces\",outcome=\"delivered\"} 1")
    });
    server.stop(Signal::TERM).expect_code(0);
}

#[test]
fn two_servers_do_not_share_a_file() {
    let server = Serving::start("");
    let database = server.path("loadspan.db");
    let second = Loadspan::new(&["serve", "--port", "0", "--backend-store-uri"]).arg(&database);
    let second = second
        .args("--otlp-grpc-port off --otlp-http-port off")
        .run()
        .expect_code(1);
    assert!(second.stderr.contains("another loadspan serve"), "{}", second.stderr);
    server.stop(Signal::TERM).expect_code(0);
}

#[test]
fn data_can_be_copied_exported_and_collected() {
    let server = Serving::start("");
    let client = server.client();
    client.post("/v1/traces", &serde_json::from_str(TRACES).unwrap());
    let run_id = client.create_run();
    client.post("/api/2.0/mlflow/runs/delete", &json!({ "run_id": run_id }));
    let uri = server.path("loadspan.db");
    let serve = |command: &str| {
        let args = command.split_whitespace();
        let run = args.fold(Loadspan::new(&["serve"]), |run, word| run.arg(word));
        run.arg("--backend-store-uri").arg(&uri)
    };
    // While it serves: the copy, and the export of traces.
    let copied = serve("backup copy.db").run().expect_code(0);
    assert!(copied.path("copy.db").metadata().unwrap().len() > 4096);
    assert!(copied.stdout.contains("artifacts are not in it"), "{}", copied.stdout);
    let target = copied.path("copy.db");
    let again = serve("backup").arg(&target).run().expect_code(2);
    let in_the_way = format!("{} is there already", target.display());
    assert!(again.stderr.contains(&in_the_way), "{}", again.stderr);
    let exported = serve("export --experiment Default").run().expect_code(0);
    let line: Value = serde_json::from_str(&exported.stdout).unwrap();
    assert_eq!(line["resourceSpans"][0]["scopeSpans"][0]["spans"][0]["name"], "a");
    assert!(exported.stderr.contains("1 trace, 1 span"), "{}", exported.stderr);
    let missing = serve("export --experiment nothing").run().expect_code(2);
    assert!(missing.stderr.contains("--experiment"), "{}", missing.stderr);
    // Not while it serves: what would write.
    let refused = serve("gc").run().expect_code(1);
    assert!(refused.stderr.contains("another loadspan serve"), "{}", refused.stderr);
    // The folder of the database is kept until the end.
    let ended = server.stop(Signal::TERM).expect_code(0);
    let collected = serve("gc --shrink").run().expect_code(0);
    assert!(
        collected.stdout.contains("1 run, 0 experiments, 0 traces"),
        "{}",
        collected.stdout
    );
    drop(ended);
}
