//! What searches cost on many traces and runs: figures for people, and the bars that they must be under.
//!
//! ```text
//! cargo test --release -p loadspan-server --lib search::cost -- --ignored --nocapture
//! ```
//!
//! `LOADSPAN_SEARCH_COST` names a folder where the databases stay, for the next time.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::*;
use crate::config::Durability;
use crate::database::{Access, Connection, Database, Sqlite, migrate};

/// Rare and frequent values of everything: of `n`, 1,000,000 in the order in which they came, more or less in order of time.
const TRACES: &str = "
WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 1000000)
INSERT INTO traces (trace_key, trace_id, experiment_id, state, name, client_request_id, request_time, execution_duration, start_ns, end_ns,
    request_preview, response_preview, session_id, user_id, total_tokens, spans, finalized, last_update_time)
SELECT n, 'tr-' || printf('%032x', n * 2654435761), CASE WHEN n / 10 % 10 = 0 THEN 2 ELSE 1 END,
    CASE WHEN n % 1000 = 551 THEN 'IN_PROGRESS' WHEN n % 101 = 7 THEN 'ERROR' ELSE 'OK' END,
    CASE WHEN n % 10007 = 0 THEN 'needle' WHEN n % 2 = 0 THEN 'chat' WHEN n % 3 = 0 THEN 'agent' ELSE 'step ' || (n % 400) END,
    CASE WHEN n % 3 = 0 THEN 'req-' || n END, 1700000000000 + n * 100 + (n * 7919) % 5000,
    CASE WHEN n % 1000 = 551 THEN NULL ELSE ((n * 104729) % 10007) * ((n * 104729) % 10007) / 10000 END, n * 100000000, n * 100000000,
    printf('%.200c', 'q'), printf('%.200c', 'a'), CASE WHEN n % 2 = 0 THEN 'session-' || (n / 20) END,
    CASE WHEN n % 4 = 0 THEN 'user-' || (n % 500) END, n % 5000, 2, 1, 0
FROM numbers";

const OF_TRACES: &[&str] = &[
    "INSERT INTO trace_tags (trace_key, key, value) SELECT trace_key, 'env', CASE WHEN trace_key % 10 < 7 THEN 'prod' ELSE 'dev' END FROM traces",
    "INSERT INTO trace_tags (trace_key, key, value) SELECT trace_key, 'ticket', 'T' || trace_key FROM traces WHERE trace_key % 1000 = 77",
    "INSERT INTO trace_tags (trace_key, key, value) SELECT trace_key, 'model', 'model-' || (trace_key % 40) FROM traces",
    "INSERT INTO trace_tags (trace_key, key, value) SELECT trace_key, 'mlflow.artifactLocation', 'mlflow-artifacts:/' || experiment_id || '/traces/' || trace_id || '/artifacts' FROM traces",
    "INSERT INTO trace_tags (trace_key, key, value) SELECT trace_key, 'mlflow.spansLocation', 'TRACKING_STORE' FROM traces",
    "INSERT INTO trace_tags (trace_key, key, value) SELECT trace_key, 'mlflow.traceName', name FROM traces",
    "INSERT INTO trace_metadata (trace_key, key, value) SELECT trace_key, 'mlflow.sourceRun', 'run-' || (trace_key % 7) FROM traces WHERE trace_key % 10 = 3",
    "INSERT INTO trace_metadata (trace_key, key, value) SELECT trace_key, 'mlflow.trace_schema.version', '3' FROM traces",
    "INSERT INTO trace_metadata (trace_key, key, value) SELECT trace_key, 'region', 'eu-' || (trace_key % 3) FROM traces",
    "INSERT INTO trace_runs (run_id, trace_key) SELECT value, trace_key FROM trace_metadata WHERE key = 'mlflow.sourceRun'",
    "INSERT INTO trace_runs (run_id, trace_key) SELECT 'rare', trace_key FROM traces WHERE trace_key % 50021 = 0",
    "INSERT INTO assessments (assessment_id, trace_key, name, kind, value, valid, create_time, last_update_time, content) SELECT 'a-' || trace_key, trace_key, 'quality', 'feedback', CASE WHEN trace_key % 3 = 0 THEN '\"bad\"' ELSE '\"good\"' END, 1, 0, 0, '{\"metadata\":{}}' FROM traces WHERE trace_key / 7 % 20 = 3",
    "INSERT INTO spans (trace_key, span_id, name, type, status, start_ns, end_ns, resource_key, scope_key, content) SELECT trace_key, x'0000000000000001', 'root', 'CHAIN', 'OK', start_ns, start_ns, 1, 1, zeroblob(300) FROM traces",
    "INSERT INTO spans (trace_key, span_id, name, type, status, start_ns, end_ns, resource_key, scope_key, content) SELECT trace_key, x'0000000000000002', CASE WHEN trace_key % 50021 = 0 THEN 'odd' ELSE 'call' END, 'LLM', 'OK', start_ns, start_ns, 1, 1, zeroblob(900) FROM traces",
];

const RUNS: &[&str] = &[
    "WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 10000)
     INSERT INTO runs (run_key, run_id, experiment_id, name, user_id, status, start_time, lifecycle_stage, artifact_uri)
     SELECT n, printf('%032x', n * 2654435761), 1, 'run ' || n, 'ann', 'FINISHED', n * 1000, 'active', 'mlflow-artifacts:/1/x/artifacts' FROM numbers",
    "WITH RECURSIVE keys (k) AS (SELECT 0 UNION ALL SELECT k + 1 FROM keys WHERE k < 49)
     INSERT INTO run_metrics (run_key, key, value, is_nan, step, timestamp)
     SELECT run_key, 'metric-' || k, ((run_key * 7919 + k * 31) % 1000) / 1000.0, 0, 1, 1 FROM runs, keys",
    "WITH RECURSIVE keys (k) AS (SELECT 0 UNION ALL SELECT k + 1 FROM keys WHERE k < 49)
     INSERT INTO params (run_key, key, value) SELECT run_key, 'param-' || k, 'value ' || ((run_key + k) % 100) FROM runs, keys",
    "INSERT INTO run_tags (run_key, key, value) SELECT run_key, 'mlflow.parentRunId', 'parent-' || (run_key % 500) FROM runs",
    "INSERT INTO run_tags (run_key, key, value) SELECT run_key, 'mlflow.user', 'ann' FROM runs",
];

/// A database with rows, made unless it is there.
fn database(folder: &Path, name: &str, statements: &[&str]) -> Box<dyn Connection> {
    let path = folder.join(name);
    let is_there = path.exists();
    let database = Sqlite::new(path, Durability::Process);
    if !is_there {
        let mut connection = database.connect(Access::Write).expect("a new database");
        migrate(&mut *connection).expect("a schema");
        for statement in statements {
            connection.execute(statement, &[]).expect("rows");
        }
    }
    database.connect(Access::Read).expect("a reader")
}

fn folder() -> (PathBuf, Option<tempfile::TempDir>) {
    if let Some(kept) = std::env::var_os("LOADSPAN_SEARCH_COST") {
        return (PathBuf::from(kept), None);
    }
    let folder = tempfile::tempdir().expect("a folder");
    (folder.path().to_owned(), Some(folder))
}

/// The median of some times, after one that fills caches.
fn median(mut search: impl FnMut() -> usize) -> (Duration, Duration, usize) {
    let begun = Instant::now();
    let found = search();
    let first = begun.elapsed();
    let mut times: Vec<Duration> = (0..9)
        .map(|_| {
            let begun = Instant::now();
            search();
            begun.elapsed()
        })
        .collect();
    times.sort_unstable();
    (times[4], first, found)
}

fn report(what: &str, search: impl FnMut() -> usize) -> Duration {
    let (median, first, found) = median(search);
    println!(
        "{:>8.2} ms, first {:>8.2} ms, {found:>5} found: {what}",
        millis(median),
        millis(first)
    );
    median
}

fn millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}

#[test]
#[ignore = "takes minutes; for a release build"]
fn the_first_page_of_a_million_traces_takes_50_ms() {
    let (folder, _guard) = folder();
    let statements: Vec<&str> = std::iter::once(TRACES).chain(OF_TRACES.iter().copied()).collect();
    let mut connection = database(&folder, "traces.db", &statements);
    let mut slow = Vec::new();
    for (filter, order) in [
        ("", ""),
        ("", "timestamp ASC"),
        ("", "execution_time DESC"),
        ("", "execution_time ASC"),
        ("status = 'OK'", ""),
        ("status = 'ERROR'", ""),
        ("status = 'IN_PROGRESS'", ""),
        ("status = 'ERROR'", "execution_time DESC"),
        ("status != 'OK'", ""),
        ("name = 'chat'", ""),
        ("name = 'chat'", "execution_time DESC"),
        ("name = 'needle'", ""),
        ("name = 'needle'", "execution_time DESC"),
        ("name = 'needle' AND status = 'OK'", ""),
        ("name LIKE 'ch%'", ""),
        ("name ILIKE '%AGENT%'", ""),
        ("tags.env = 'prod'", ""),
        ("tags.env = 'dev' AND tags.model = 'model-7'", ""),
        (
            "tags.env = 'dev' AND name = 'chat' AND status = 'OK'",
            "execution_time DESC",
        ),
        ("tags.ticket = 'T77077'", ""),
        ("tags.model = 'model-3' AND status = 'ERROR'", ""),
        ("metadata.region = 'eu-1'", ""),
        ("metadata.mlflow.trace.session = 'session-777'", ""),
        ("user_id = 'user-4'", ""),
        ("run_id = 'run-3'", ""),
        ("run_id = 'rare'", ""),
        ("client_request_id = 'req-300'", ""),
        ("request_id = 'tr-000000000000000000000009e3779b100'", ""),
        ("execution_time > 9990", ""),
        ("execution_time > 100", ""),
        ("execution_time > 100 AND execution_time < 110", ""),
        ("timestamp > 1700099990000", ""),
        (
            "timestamp > 1700050000000 AND timestamp < 1700050100000",
            "execution_time DESC",
        ),
        ("timestamp > 1700050000000 AND status = 'ERROR'", "execution_time DESC"),
        ("feedback.quality = 'bad'", ""),
        ("feedback.quality = 'bad' AND name = 'chat'", ""),
        ("span.type = 'LLM'", ""),
        ("span.name = 'odd'", ""),
        ("span.content LIKE '%nothing%'", ""),
    ] {
        for experiments in [&["1"][..], &["1", "2"]] {
            let search = TraceSearch {
                experiment_ids: experiments.iter().map(|id| (*id).to_owned()).collect(),
                filter: filter.to_owned(),
                order_by: Some(order.to_owned())
                    .filter(|order| !order.is_empty())
                    .into_iter()
                    .collect(),
                ..TraceSearch::default()
            };
            let what = format!("{} experiments: {filter} | {order}", experiments.len());
            let median = report(&what, || traces(&mut *connection, &search).expect("a page").keys.len());
            if median > Duration::from_millis(50) && !filter.contains("span.") {
                slow.push(what);
            }
        }
    }
    assert_eq!(slow, [""; 0]);
}

#[test]
#[ignore = "takes minutes; for a release build"]
fn a_page_of_ten_thousand_runs_takes_100_ms() {
    let (folder, _guard) = folder();
    let mut connection = database(&folder, "runs.db", RUNS);
    let mut slow = Vec::new();
    for (filter, order) in [
        ("", ""),
        ("metrics.`metric-7` > 0.5", "metrics.`metric-8` DESC"),
        (
            "metrics.`metric-7` > 0.5 AND metrics.`metric-20` < 0.5 AND params.`param-3` LIKE 'value 1%'",
            "metrics.`metric-8` DESC",
        ),
        ("params.`param-3` = 'value 17'", ""),
        ("tags.mlflow.parentRunId = 'parent-33'", ""),
        ("attributes.status = 'FINISHED'", "params.`param-9`"),
    ] {
        let search = RunSearch {
            experiment_ids: vec!["1".to_owned()],
            filter: filter.to_owned(),
            order_by: Some(order.to_owned())
                .filter(|order| !order.is_empty())
                .into_iter()
                .collect(),
            ..RunSearch::default()
        };
        let what = format!("{filter} | {order}");
        let median = report(&what, || runs(&mut *connection, &search).expect("a page").keys.len());
        if median > Duration::from_millis(100) {
            slow.push(what);
        }
    }
    assert_eq!(slow, [""; 0]);
}
