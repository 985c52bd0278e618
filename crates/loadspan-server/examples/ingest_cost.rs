//! What a span costs on its way from bytes of OTLP to a committed row, and how fast spans come in over HTTP and gRPC, client included.
//!
//! ```text
//! cargo run --release -p loadspan-server --example ingest_cost [prepare|commit|http|single|grpc]
//! ```

#![expect(clippy::print_stdout, reason = "its output is what it is for")]

use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use axum::Router;
use bytes::Bytes;
use loadspan_server::probe::{Probe, rows_of_protobuf};
use loadspan_wire::otlp::trace::{ResourceSpans, ScopeSpans, Span};
use loadspan_wire::otlp::{ExportTraceServiceRequest, Message, Resource, attribute};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Mutex;

/// Spans of a request, and of a trace.
const BATCH: u64 = 512;
const TRACE: u64 = 8;
const CLIENTS: u64 = 4;
const TIME: Duration = Duration::from_secs(8);

fn main() -> Result<(), Box<dyn Error>> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let all = ["prepare", "commit", "http", "single", "grpc"];
    let wanted: Vec<_> = std::env::args().skip(1).collect();
    let wanted = if wanted.is_empty() {
        all.map(str::to_owned).to_vec()
    } else {
        wanted
    };
    for name in wanted {
        runtime.block_on(measure(&name))?;
    }
    Ok(())
}

async fn measure(name: &str) -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let probe = Probe::open(folder.path())?;
    match name {
        "prepare" => prepare(),
        "commit" => commit(&probe).await,
        "http" => over_http(&probe, BATCH).await?,
        "single" => over_http(&probe, 1).await?,
        "grpc" => over_grpc(&probe).await?,
        other => return Err(format!("nothing is called {other}").into()),
    }
    probe.close().await;
    Ok(())
}

/// A request of spans that nobody has sent before: traces of [`TRACE`] spans, each with six attributes, two of them GenAI's.
fn request(number: u64, spans: u64) -> Vec<u8> {
    let span = |index: u64| {
        let trace = (number << 20) | (index / TRACE);
        let place = index % TRACE;
        let id = |place: u64| (trace << 8 | (place + 1)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let start = 1_700_000_000_000_000_000 + number * 1_000_000 + index * 1000;
        Span {
            trace_id: u128::from(trace + 1)
                .wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835)
                .to_be_bytes()
                .to_vec(),
            span_id: id(place).to_be_bytes().to_vec(),
            parent_span_id: if place == 0 {
                Vec::new()
            } else {
                id(0).to_be_bytes().to_vec()
            },
            name: format!("operation {}", index % 50),
            kind: 3,
            start_time_unix_nano: start,
            end_time_unix_nano: start + 5_000_000,
            attributes: vec![
                attribute("http.request.method", "POST"),
                attribute("http.response.status_code", 200_i64),
                attribute("server.address", "api.example.com"),
                attribute("thread.id", 17_i64),
                attribute("gen_ai.operation.name", "chat"),
                attribute("gen_ai.request.model", "llama-3.1-8b"),
            ],
            ..Span::default()
        }
    };
    let resource = Resource {
        attributes: vec![
            attribute("service.name", "bench"),
            attribute("service.version", "1.2.3"),
        ],
        ..Resource::default()
    };
    let request = ExportTraceServiceRequest {
        resource_spans: vec![ResourceSpans {
            resource: Some(resource),
            scope_spans: vec![ScopeSpans {
                spans: (0..spans).map(span).collect(),
                ..ScopeSpans::default()
            }],
            ..ResourceSpans::default()
        }],
    };
    request.encode_to_vec()
}

fn prepare() {
    let body = request(0, BATCH);
    let begun = Instant::now();
    let rounds = 200;
    for _ in 0..rounds {
        assert_eq!(rows_of_protobuf(&body), usize::try_from(BATCH).ok());
    }
    let spans = u32::try_from(BATCH).unwrap_or(u32::MAX) * rounds;
    println!(
        "prepare: {:?} a span, {} bytes",
        begun.elapsed() / spans,
        body.len() as u64 / BATCH
    );
}

async fn commit(probe: &Probe) {
    let load = Load::new(BATCH);
    let clients = (0..CLIENTS).map(|_| {
        let (probe, load) = (probe.clone(), load.clone());
        tokio::spawn(async move {
            while let Some(body) = load.next() {
                let sent = Instant::now();
                assert_eq!(probe.traces(Bytes::from(body)).await, Ok(0));
                load.done(sent).await;
            }
        })
    });
    for client in clients.collect::<Vec<_>>() {
        client.await.expect("clients do not panic");
    }
    load.report("commit").await;
}

async fn over_http(probe: &Probe, spans: u64) -> Result<(), Box<dyn Error>> {
    let address = serve(probe.http()).await?;
    let load = Load::new(spans);
    let mut clients = Vec::new();
    for _ in 0..CLIENTS {
        let mut connection = TcpStream::connect(address).await?;
        connection.set_nodelay(true)?;
        let load = load.clone();
        clients.push(tokio::spawn(async move {
            let mut answer = [0; 1024];
            while let Some(body) = load.next() {
                let sent = Instant::now();
                let length = body.len();
                let head = format!(
                    "POST /v1/traces HTTP/1.1\r\nhost: x\r\ncontent-type: application/x-protobuf\r\ncontent-length: {length}\r\n\r\n"
                );
                let message = [head.into_bytes(), body].concat();
                connection.write_all(&message).await.expect("a connection");
                // The answer is small: it comes in one piece.
                let length = connection.read(&mut answer).await.expect("an answer");
                assert!(answer[..length].starts_with(b"HTTP/1.1 200"));
                load.done(sent).await;
            }
        }));
    }
    for client in clients {
        client.await?;
    }
    load.report(if spans == 1 { "single" } else { "http" }).await;
    Ok(())
}

async fn over_grpc(probe: &Probe) -> Result<(), Box<dyn Error>> {
    let address = serve(probe.grpc()).await?;
    let load = Load::new(BATCH);
    let client = reqwest::Client::builder().http2_prior_knowledge().build()?;
    let url = format!("http://{address}/opentelemetry.proto.collector.trace.v1.TraceService/Export");
    let clients = (0..CLIENTS).map(|_| {
        let (client, load, url) = (client.clone(), load.clone(), url.clone());
        tokio::spawn(async move {
            while let Some(body) = load.next() {
                let sent = Instant::now();
                let mut message = vec![0];
                message.extend(u32::try_from(body.len()).expect("small").to_be_bytes());
                message.extend(body);
                let post = client
                    .post(&url)
                    .header("content-type", "application/grpc")
                    .body(message);
                let answer = post.send().await.expect("an answer");
                assert!(answer.headers().get("grpc-status").is_none(), "a failure has no body");
                assert_eq!(answer.bytes().await.expect("a message").len(), 5);
                load.done(sent).await;
            }
        })
    });
    for client in clients.collect::<Vec<_>>() {
        client.await?;
    }
    load.report("grpc").await;
    Ok(())
}

async fn serve(router: Router) -> Result<std::net::SocketAddr, std::io::Error> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    tokio::spawn(async move { axum::serve(listener, router).await });
    Ok(address)
}

/// Requests, and how long they took.
#[derive(Clone)]
struct Load {
    spans: u64,
    next: Arc<AtomicU64>,
    begun: Instant,
    times: Arc<Mutex<Vec<Duration>>>,
}

impl Load {
    fn new(spans: u64) -> Self {
        Self {
            spans,
            next: Arc::default(),
            begun: Instant::now(),
            times: Arc::default(),
        }
    }

    /// The next request, until the time is over.
    fn next(&self) -> Option<Vec<u8>> {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        (self.begun.elapsed() < TIME).then(|| request(number, self.spans))
    }

    async fn done(&self, sent: Instant) {
        self.times.lock().await.push(sent.elapsed());
    }

    async fn report(&self, name: &str) {
        let elapsed = self.begun.elapsed();
        let mut times = self.times.lock().await;
        times.sort_unstable();
        let spans = times.len() as f64 * self.spans as f64;
        let quantile = |share: f64| times[((times.len() - 1) as f64 * share) as usize];
        println!(
            "{name}: {:.0} spans/s, p50 {:?}, p99 {:?}",
            spans / elapsed.as_secs_f64(),
            quantile(0.5),
            quantile(0.99)
        );
    }
}
