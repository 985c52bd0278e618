//! What the store itself costs, with rows like those of spans:
//! `cargo test --release -p loadspan-server --lib store::cost -- --ignored --nocapture --test-threads=1`

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Instant;

use super::*;
use crate::database::{Insert, Value};
use crate::error::ApiError;
use crate::testing::each_empty_database;

/// How long each measurement takes.
const TIME: Duration = Duration::from_secs(5);
const BATCH: i64 = 512;
const SPANS_OF_A_TRACE: i64 = 16;

/// The next span's number.
static NEXT: AtomicI64 = AtomicI64::new(0);

#[test]
#[ignore = "a measurement, for release builds"]
fn batches_of_spans() {
    on_each_store(async |store| {
        let latencies = repeat(2, store, |store| async move { write(&store, BATCH).await }).await;
        let spans = latencies.len() as f64 * BATCH as f64;
        println!(
            "  {:.0} spans/s in batches of {BATCH}, {}",
            spans / TIME.as_secs_f64(),
            percentiles(latencies)
        );
    });
}

#[test]
#[ignore = "a measurement, for release builds"]
fn single_spans() {
    on_each_store(async |store| {
        let latencies = repeat(4, store, |store| async move { write(&store, 1).await }).await;
        let jobs = latencies.len() as f64;
        println!(
            "  {:.0} jobs/s of one span from 4 tasks, {}",
            jobs / TIME.as_secs_f64(),
            percentiles(latencies)
        );
    });
}

#[test]
#[ignore = "a measurement, for release builds"]
fn reads_during_ingest() {
    on_each_store(async |store| {
        let writing = tokio::spawn(repeat(
            2,
            store.clone(),
            |store| async move { write(&store, BATCH).await },
        ));
        let latencies = repeat(1, store, |store| async move { read(&store).await }).await;
        println!(
            "  {} reads of a trace during ingest, {}",
            latencies.len(),
            percentiles(latencies)
        );
        println!("  {} batches meanwhile", writing.await.unwrap().len());
    });
}

/// Does something again and again, in some tasks; how long it took each time.
async fn repeat<F>(tasks: usize, store: Store, work: fn(Store) -> F) -> Vec<Duration>
where
    F: Future<Output = ()> + Send + 'static,
{
    let until = Instant::now() + TIME;
    let tasks = (0..tasks).map(|_| {
        let store = store.clone();
        tokio::spawn(async move {
            let mut latencies = Vec::new();
            while Instant::now() < until {
                let begun = Instant::now();
                work(store.clone()).await;
                latencies.push(begun.elapsed());
            }
            latencies
        })
    });
    let mut all = Vec::new();
    for task in tasks.collect::<Vec<_>>() {
        all.extend(task.await.unwrap());
    }
    all
}

fn percentiles(mut latencies: Vec<Duration>) -> String {
    latencies.sort();
    let at = |share: f64| latencies[((latencies.len() - 1) as f64 * share) as usize].as_secs_f64() * 1e3;
    format!("p50 {:.2} ms, p99 {:.2} ms, max {:.2} ms", at(0.5), at(0.99), at(1.0))
}

async fn write(store: &Store, spans: i64) {
    let first = NEXT.fetch_add(spans, Ordering::Relaxed);
    let content = vec![b'c'; 600];
    let job = move |connection: &mut dyn Connection| {
        let ids: Vec<_> = (first..first + spans)
            .map(|span| (span as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15).to_be_bytes())
            .collect();
        let values: Vec<Value<'_>> = (first..)
            .zip(&ids)
            .flat_map(|(span, id)| row(span, id, &content))
            .collect();
        Ok::<_, ApiError>(connection.insert(&SPANS, &values)?)
    };
    store.write(spans as usize * 1000, job).await.unwrap();
}

const SPANS: Insert<'_> = Insert {
    into: "spans (trace_key, span_id, parent_span_id, name, type, status, start_ns, end_ns, resource_key, scope_key, model, provider,
           input_tokens, output_tokens, total_tokens, content, translated)",
    columns: 17,
    otherwise: "ON CONFLICT (trace_key, span_id) DO UPDATE SET name = excluded.name, content = excluded.content",
};

fn row<'a>(span: i64, id: &'a [u8; 8], content: &'a [u8]) -> [Value<'a>; 17] {
    let at = 1_760_000_000_000_000_000 + span * 1000;
    [
        (span / SPANS_OF_A_TRACE).into(),
        id.as_slice().into(),
        Value::Null,
        "chat gpt-oss-120b".into(),
        "LLM".into(),
        "OK".into(),
        at.into(),
        (at + 1_000_000).into(),
        1.into(),
        1.into(),
        "gpt-oss-120b".into(),
        "openai".into(),
        100.into(),
        20.into(),
        120.into(),
        content.into(),
        r#"{"mlflow.spanType":"\"LLM\"","mlflow.chat.tokenUsage":"{\"input_tokens\":100,\"output_tokens\":20}"}"#
            .into(),
    ]
}

async fn read(store: &Store) {
    let trace = NEXT.load(Ordering::Relaxed) / SPANS_OF_A_TRACE / 2;
    let job = move |connection: &mut dyn Connection| {
        let sql =
            "SELECT span_id, name, content, translated FROM spans WHERE trace_key = $1 ORDER BY start_ns LIMIT $2";
        Ok::<_, ApiError>(connection.query(sql, &[trace.into(), 1000.into()])?.len())
    };
    store.read(job).await.unwrap();
}

fn on_each_store(test: impl AsyncFn(Store)) {
    each_empty_database(|database| {
        let store = Store::open(database).unwrap();
        println!("{}", database.name());
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async {
            test(store.clone()).await;
            let figures = store.figures();
            println!(
                "  {} jobs in {} transactions, {} retries",
                figures.writes(),
                figures.transactions(),
                figures.retries()
            );
            store.close().await;
        });
    });
}
