//! What the server tells of what comes in: receivers, senders, and what clients do wrong.

use loadspan_wire::otlp::trace::{ResourceSpans, ScopeSpans, Span};
use loadspan_wire::otlp::{ExportTraceServiceRequest, Message, Resource, attribute};
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE};
use serde_json::Value;

use super::*;

const TOKEN: &str = "0123456789abcdef";
const CALL: &str = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";
const PROTOBUF: &str = "application/x-protobuf";

/// Spans of now: what is older than the server keeps would be swept away.
fn spans(trace_ids: &[u8]) -> Vec<u8> {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let now_ns = now.unwrap().as_nanos() as u64;
    let span = |trace: &u8| Span {
        trace_id: vec![*trace; 16],
        span_id: vec![1; 8],
        start_time_unix_nano: now_ns,
        end_time_unix_nano: now_ns + 1,
        ..Span::default()
    };
    let attributes = [
        ("service.name", "checkout"),
        ("telemetry.sdk.name", "opentelemetry"),
        ("telemetry.sdk.language", "python"),
        ("telemetry.sdk.version", "1.2.3"),
    ];
    let request = ExportTraceServiceRequest {
        resource_spans: vec![ResourceSpans {
            resource: Some(Resource {
                attributes: attributes.map(|(key, value)| attribute(key, value)).to_vec(),
                ..Resource::default()
            }),
            scope_spans: vec![ScopeSpans {
                spans: trace_ids.iter().map(span).collect(),
                ..ScopeSpans::default()
            }],
            ..ResourceSpans::default()
        }],
    };
    request.encode_to_vec()
}

/// A client of the server's that has its token.
struct Client {
    client: reqwest::Client,
    addresses: Addresses,
}

impl Client {
    fn new(addresses: Addresses) -> Self {
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        Self { client, addresses }
    }

    async fn post(&self, address: SocketAddr, path: &str, (kind, body): (&str, Vec<u8>)) -> reqwest::Response {
        let request = self.client.post(format!("http://{address}{path}"));
        let request = request.header(CONTENT_TYPE, kind).bearer_auth(TOKEN).body(body);
        request.send().await.unwrap()
    }

    async fn ingest(&self) -> Value {
        let url = format!("http://{}/api/3.0/loadspan/ingest", self.addresses.main);
        let answer = self.client.get(url).bearer_auth(TOKEN).send().await.unwrap();
        serde_json::from_str(&answer.text().await.unwrap()).unwrap()
    }
}

async fn guarded(folder: &Path) -> Running {
    let mut config = test_config(folder);
    let tokens = folder.join("tokens");
    std::fs::write(&tokens, TOKEN).unwrap();
    config.security.tokens = Some(tokens);
    config.limits.body_bytes = 10_000;
    config.retention = Some(Duration::from_secs(7 * 86_400));
    Running::start(config).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_comes_in_is_counted_by_receiver_and_sender() {
    let folder = tempfile::tempdir().unwrap();
    let server = guarded(folder.path()).await;
    let client = Client::new(server.addresses);
    let http = server.addresses.otlp_http.unwrap();
    let answer = client.post(http, "/v1/traces", (PROTOBUF, spans(&[1, 2, 0]))).await;
    assert!(answer.status().is_success());
    let body = br#"{"name": "shop"}"#.to_vec();
    let path = "/api/2.0/mlflow/experiments/create";
    let answer = client
        .post(server.addresses.main, path, ("application/json", body))
        .await;
    assert!(answer.status().is_success());
    let found = client.ingest().await;
    let receivers = &found["receivers"];
    assert_eq!(receivers[0]["name"], "otlp_grpc");
    assert_eq!(
        (&receivers[0]["accepted"], &receivers[0]["last_seen_ms"]),
        (&0.into(), &Value::Null)
    );
    assert_eq!(
        (&receivers[1]["name"], &receivers[1]["address"]),
        (&"otlp_http".into(), &http.to_string().into())
    );
    assert_eq!(
        (&receivers[1]["accepted"], &receivers[1]["rejected"]),
        (&2.into(), &1.into())
    );
    assert_eq!(
        (&receivers[2]["accepted"], &receivers[2]["bytes"]),
        (&1.into(), &16.into())
    );
    let sender = &found["senders"][0];
    assert_eq!((&sender["service"], &sender["spans"]), (&"checkout".into(), &3.into()));
    assert_eq!(
        (&sender["sdk"], &sender["sdk_version"]),
        (&"opentelemetry (python)".into(), &"1.2.3".into())
    );
    assert_eq!(sender["address"], "127.0.0.1");
    let storage = &found["storage"];
    assert_eq!(storage["retention"], "7d");
    assert!(
        storage["bytes"].as_i64().unwrap() > 0 && storage["oldest_ms"].is_i64(),
        "{storage}"
    );
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_mistake_of_a_client_is_named_with_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let server = guarded(folder.path()).await;
    let client = Client::new(server.addresses);
    let addresses = server.addresses;
    let (main, http, grpc) = (
        addresses.main,
        addresses.otlp_http.unwrap(),
        addresses.otlp_grpc.unwrap(),
    );
    let answer = client.post(http, CALL, ("application/grpc", vec![0; 5])).await;
    assert_eq!(answer.headers()["grpc-status"], "12");
    client.post(grpc, "/v1/traces", (PROTOBUF, spans(&[1]))).await;
    let mut stream = TcpStream::connect(main).await.unwrap();
    stream.write_all(b"\x16\x03\x01\x02\x00\x01\x00").await.unwrap();
    let mut rest = Vec::new();
    drop(stream.read_to_end(&mut rest).await);
    client.post(http, "/v1/traces", (PROTOBUF, spans(&[0]))).await;
    client.post(http, "/v1/traces", ("text/plain", spans(&[1]))).await;
    client.post(main, "/v1/traces", (PROTOBUF, vec![0; 20_000])).await;
    let unauthorized = client.client.post(format!("http://{main}/v1/traces"));
    let unauthorized = unauthorized
        .header(AUTHORIZATION, "Bearer wrong-and-secret")
        .send()
        .await;
    assert_eq!(unauthorized.unwrap().status(), 401);
    client
        .post(http, "/v1/traces", (PROTOBUF, b"\xff\xff\xff".to_vec()))
        .await;
    client
        .post(http, "/v1/traces", ("application/json", b"{\"a".to_vec()))
        .await;
    // The connection that wanted TLS is looked at when it is over, which its client sees first.
    let mut found = client.ingest().await;
    for _ in 0..50 {
        if found["rejects"].to_string().contains("tls_to_plain") {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
        found = client.ingest().await;
    }
    let rejects = found["rejects"].as_array().unwrap();
    let of = |kind: &str| {
        let found = rejects.iter().find(|reject| reject["kind"] == kind);
        found.unwrap_or_else(|| panic!("{kind} among {rejects:?}"))
    };
    for (kind, count, remedy) in [
        ("grpc_to_http", 1, format!("Use port {}", grpc.port())),
        ("http_to_grpc", 1, format!("Use port {}", http.port())),
        ("tls_to_plain", 1, "http://".to_owned()),
        ("no_trace_id", 1, "Start a span".to_owned()),
        ("content_type", 1, PROTOBUF.to_owned()),
        ("too_large", 1, "--max-body".to_owned()),
        ("unauthorized", 1, "OTEL_EXPORTER_OTLP_HEADERS".to_owned()),
        ("damaged", 2, "proxy".to_owned()),
    ] {
        let reject = of(kind);
        assert_eq!(reject["count"], count, "{reject}");
        assert!(reject["remedy"].as_str().unwrap().contains(&remedy), "{reject}");
        let sample = reject["sample"].as_str().unwrap();
        assert!(!sample.is_empty() && !sample.contains("secret"), "{reject}");
    }
    assert!(of("no_trace_id")["sample"].as_str().unwrap().contains("checkout"));
    assert_eq!(rejects.len(), 8, "{rejects:?}");
    let metrics = client.client.get(format!("http://{main}/metrics")).bearer_auth(TOKEN);
    let metrics = metrics.send().await.unwrap().text().await.unwrap();
    assert!(
        metrics.contains("loadspan_server_client_mistakes_total{kind=\"damaged\"} 2"),
        "{metrics}"
    );
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn plain_http_to_a_port_of_tls_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let (files, trusted) = certificate(folder.path());
    let mut config = test_config(folder.path());
    config.security.tls = Some(files);
    let server = Running::start(config).await.unwrap();
    talk(server.addresses.main, &get("/version")).await;
    let client = reqwest::Client::builder()
        .tls_certs_only([trusted])
        .no_proxy()
        .build()
        .unwrap();
    let url = format!(
        "https://localhost:{}/api/3.0/loadspan/ingest",
        server.addresses.main.port()
    );
    let answer = client.get(url).send().await.unwrap().text().await.unwrap();
    assert!(
        answer.contains("\"plain_to_tls\"") && answer.contains("https://"),
        "{answer}"
    );
    drop(client);
    server.stop().await;
}
