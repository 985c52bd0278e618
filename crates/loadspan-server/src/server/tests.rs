//! A server with its listeners, and clients that are kind or not.

mod ingest;

use std::path::Path;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use url::Url;

use super::*;
use crate::config::{Backend, Durability, Limits, OtlpPort, Security, TlsFiles};

/// A server on free ports, whose files are in `folder`.
pub(crate) fn test_config(folder: &Path) -> ServerConfig {
    ServerConfig {
        host: "127.0.0.1".parse().expect("an address"),
        port: 0,
        otlp_grpc: OtlpPort::At(0),
        otlp_http: OtlpPort::At(0),
        security: Security::default(),
        backend: Backend::Sqlite(folder.join("served.db")),
        artifacts: Url::from_directory_path(folder.join("artifacts")).expect("a URL"),
        durability: Durability::Process,
        limits: Limits::default(),
        prices: None,
        forward: None,
        retention: None,
    }
}

/// A server that serves.
struct Running {
    addresses: Addresses,
    stop: oneshot::Sender<()>,
    stopped: JoinHandle<Stopped>,
    said: Arc<Mutex<Vec<String>>>,
}

impl Running {
    async fn start(config: ServerConfig) -> Result<Self, ServerError> {
        let said = Arc::<Mutex<Vec<String>>>::default();
        let heard = Arc::clone(&said);
        let outlet = Outlet {
            access: None,
            warnings: Box::new(move |warning| heard.lock().unwrap().push(warning.to_owned())),
        };
        let server = Server::bind(config, outlet).await?;
        let addresses = server.addresses().unwrap();
        let (stop, asked) = oneshot::channel();
        let stopped = tokio::spawn(server.serve(async move { drop(asked.await) }));
        Ok(Self {
            addresses,
            stop,
            stopped,
            said,
        })
    }

    async fn stop(self) -> (Stopped, Vec<String>) {
        drop(self.stop);
        let stopped = self.stopped.await.unwrap();
        let said = self.said.lock().unwrap().clone();
        (stopped, said)
    }
}

/// Sends bytes; what comes back until the server closes.
async fn talk(address: SocketAddr, bytes: &str) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(bytes.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    String::from_utf8_lossy(&answer).into_owned()
}

fn get(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")
}

#[tokio::test(flavor = "multi_thread")]
async fn all_ports_are_served_until_the_end() {
    let folder = tempfile::tempdir().unwrap();
    let server = Running::start(test_config(folder.path())).await.unwrap();
    let addresses = server.addresses;
    let answer = talk(addresses.main, &get("/version")).await;
    assert!(
        answer.starts_with("HTTP/1.1 200") && answer.ends_with("3.17.2"),
        "{answer}"
    );
    // The extra port has OTLP and nothing else.
    let answer = talk(addresses.otlp_http.unwrap(), &get("/version")).await;
    assert!(
        answer.starts_with("HTTP/1.1 404") && answer.contains("ENDPOINT_NOT_FOUND"),
        "{answer}"
    );
    let answer = talk(addresses.otlp_http.unwrap(), &get("/v1/traces")).await;
    assert!(answer.starts_with("HTTP/1.1 405"), "{answer}");
    let answer = talk(
        addresses.otlp_grpc.unwrap(),
        "POST /opentelemetry.proto.collector.trace.v1.TraceService/Export HTTP/1.1\r\nhost: localhost\r\nconnection: \
         close\r\ncontent-length: 0\r\n\r\n",
    )
    .await;
    assert!(answer.starts_with("HTTP/1.1 415"), "{answer}");

    let (stopped, said) = server.stop().await;
    assert_eq!((stopped.cut_off, said), (0, Vec::new()));
    assert!(TcpStream::connect(addresses.main).await.is_err());
    // The log of SQLite is put away, which only the last connection does.
    assert!(!folder.path().join("served.db-wal").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_server_of_a_database_is_told_of_the_first() {
    let folder = tempfile::tempdir().unwrap();
    let first = Running::start(test_config(folder.path())).await.unwrap();
    let mut config = test_config(folder.path());
    for port in [0, first.addresses.main.port()] {
        config.port = port;
        let error = Running::start(config.clone()).await.err().unwrap().to_string();
        let process = format!("another loadspan serve (process {}) uses it", std::process::id());
        assert!(error.contains(&process) && error.contains("served.db"), "{error}");
    }
    // Of another database, it is the port that matters.
    config.backend = Backend::Sqlite(folder.path().join("other.db"));
    let error = Running::start(config).await.err().unwrap().to_string();
    assert!(error.contains("--port"), "{error}");
    first.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_port_that_is_taken_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let mut config = test_config(folder.path());
    config.otlp_grpc = OtlpPort::At(port);
    let error = Running::start(config.clone()).await.err().unwrap();
    assert!(error.to_string().contains("--otlp-grpc-port"), "{error}");
    assert!(error.hint().unwrap().contains("another program has it"), "{error}");
    assert!(
        !folder.path().join("served.db").exists(),
        "nothing is made before the ports are had"
    );

    // Nobody has asked for it: then it goes on without.
    config.otlp_grpc = OtlpPort::IfFree(port);
    let server = Running::start(config).await.unwrap();
    assert_eq!(server.addresses.otlp_grpc, None);
    let (_, said) = server.stop().await;
    assert_eq!(said.len(), 1);
    assert!(
        said[0].contains(&port.to_string()) && said[0].contains("gRPC is not served"),
        "{said:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_in_flight_is_answered_before_the_end() {
    let folder = tempfile::tempdir().unwrap();
    let server = Running::start(test_config(folder.path())).await.unwrap();
    let body = r#"{"name": "late"}"#;
    let head = format!(
        "POST /api/2.0/mlflow/experiments/create HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\nexpect: \
         100-continue\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    let mut stream = TcpStream::connect(server.addresses.main).await.unwrap();
    stream.write_all(head.as_bytes()).await.unwrap();
    // It is in flight: the handler asks for the body.
    let mut asked = [0; 25];
    stream.read_exact(&mut asked).await.unwrap();
    assert!(asked.starts_with(b"HTTP/1.1 100"));
    // One that has nothing to say does not hold up the end.
    let idle = TcpStream::connect(server.addresses.main).await.unwrap();
    let stopping = tokio::spawn(server.stop());
    stream.write_all(body.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(
        answer.starts_with("HTTP/1.1 200") && answer.contains("experiment_id"),
        "{answer}"
    );
    assert_eq!(stopping.await.unwrap().0.cut_off, 0);
    drop(idle);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_nobody_uses_gives_way_to_a_new_one() {
    let folder = tempfile::tempdir().unwrap();
    let mut config = test_config(folder.path());
    config.limits.connections = 2;
    let server = Running::start(config).await.unwrap();
    let address = server.addresses.main;
    // One is being asked for something, and has said that it takes the body now.
    let mut busy = TcpStream::connect(address).await.unwrap();
    busy.write_all(
        b"POST /v1/traces HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/x-protobuf\r\nconnection: close\r\nexpect: \
          100-continue\r\ncontent-length: 2\r\n\r\n",
    )
    .await
    .unwrap();
    let mut asked = [0; 25];
    busy.read_exact(&mut asked).await.unwrap();
    // The other one never gets to the end of the head, and the next ones do not either.
    let mut silent = Vec::new();
    for _ in 0..3 {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream
            .write_all(b"GET / HTTP/1.1\r\nhost: localhost\r\nx: ")
            .await
            .unwrap();
        silent.push(stream);
    }
    let answer = tokio::time::timeout(Duration::from_secs(5), talk(address, &get("/health"))).await;
    assert!(answer.expect("it is not kept waiting").starts_with("HTTP/1.1 200"));
    busy.write_all(b"\x0a\x00").await.unwrap();
    let mut answer = String::new();
    busy.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    drop(silent);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_counted_adds_up() {
    let folder = tempfile::tempdir().unwrap();
    let server = Running::start(test_config(folder.path())).await.unwrap();
    let main = server.addresses.main;
    let body = r#"{"resourceSpans":[{"scopeSpans":[{"spans":[
        {"traceId":"01010101010101010101010101010101","spanId":"0202020202020202","name":"a","startTimeUnixNano":"1","endTimeUnixNano":"2"},
        {"traceId":"01010101010101010101010101010101","spanId":"","name":"b"}]}]}]}"#;
    let post = format!(
        "POST /v1/traces HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: \
         {}\r\n\r\n{body}",
        body.len()
    );
    assert!(talk(main, &post).await.starts_with("HTTP/1.1 200"));
    talk(main, &get("/no/such/path")).await;
    let text = talk(main, &get("/metrics")).await;
    for line in [
        "loadspan_server_items_received_total{signal=\"traces\"} 2",
        "loadspan_server_items_stored_total{signal=\"traces\"} 1",
        "loadspan_server_items_rejected_total{signal=\"traces\"} 1",
        "loadspan_server_request_duration_seconds_count{method=\"POST\",route=\"/v1/traces\",status=\"200\"} 1",
        "loadspan_server_request_duration_seconds_bucket{method=\"GET\",route=\"unknown\",status=\"404\",le=\"+Inf\"} 1",
        "loadspan_server_requests_in_flight 1",
    ] {
        assert!(text.lines().any(|found| found == line), "`{line}` is not in\n{text}");
    }
    let value = |name: &str| -> f64 {
        let line = text.lines().find_map(|line| line.strip_prefix(name)).unwrap();
        line.trim().parse().unwrap()
    };
    assert!(value("loadspan_server_database_bytes ") > 4096.0);
    assert!(value("loadspan_server_store_transactions_total ") >= 1.0);
    server.stop().await;
}

/// A certificate for `localhost` in files of a folder, and the same as a client trusts it.
fn certificate(folder: &Path) -> (TlsFiles, reqwest::Certificate) {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let files = TlsFiles {
        certificate: folder.join("cert.pem"),
        key: folder.join("key.pem"),
    };
    std::fs::write(&files.certificate, made.cert.pem()).unwrap();
    std::fs::write(&files.key, made.signing_key.serialize_pem()).unwrap();
    let trusted = reqwest::Certificate::from_pem(made.cert.pem().as_bytes()).unwrap();
    (files, trusted)
}

#[tokio::test(flavor = "multi_thread")]
async fn all_ports_speak_tls() {
    let folder = tempfile::tempdir().unwrap();
    let (files, trusted) = certificate(folder.path());
    let mut config = test_config(folder.path());
    config.security.tls = Some(files);
    let server = Running::start(config).await.unwrap();
    let client = reqwest::Client::builder()
        .tls_certs_only([trusted])
        .no_proxy()
        .build()
        .unwrap();
    let url = |address: SocketAddr, path: &str| format!("https://localhost:{}{path}", address.port());
    let addresses = server.addresses;
    let answer = client.get(url(addresses.main, "/version")).send().await.unwrap();
    assert_eq!(answer.version(), reqwest::Version::HTTP_2);
    assert_eq!(answer.text().await.unwrap(), "3.17.2");
    let grpc = client
        .post(url(
            addresses.otlp_grpc.unwrap(),
            "/opentelemetry.proto.collector.trace.v1.TraceService/Export",
        ))
        .header("content-type", "application/grpc")
        .body(vec![0; 5]);
    let answer = grpc.send().await.unwrap();
    assert_eq!(
        (answer.status().as_u16(), answer.version()),
        (200, reqwest::Version::HTTP_2)
    );
    // Who does not speak it gets no answer, and holds up nobody.
    let alert = talk(addresses.otlp_http.unwrap(), &get("/v1/traces")).await;
    assert!(!alert.contains("HTTP"), "{alert:?}");
    drop(client);
    assert_eq!(server.stop().await.0.cut_off, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn files_that_do_not_belong_together_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let (mut files, _) = certificate(folder.path());
    let refused = async |files: &TlsFiles| {
        let mut config = test_config(folder.path());
        config.security.tls = Some(files.clone());
        Running::start(config).await.err().unwrap().to_string()
    };
    let other = rcgen::generate_simple_self_signed(["other".to_owned()]).unwrap();
    std::fs::write(&files.key, other.signing_key.serialize_pem()).unwrap();
    let error = refused(&files).await;
    assert!(error.starts_with("--tls-key") && error.contains("key.pem"), "{error}");
    files.certificate = folder.path().join("missing.pem");
    let error = refused(&files).await;
    assert!(
        error.starts_with("--tls-cert") && error.contains("missing.pem"),
        "{error}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_the_servers_own_fault_is_said_once() {
    let folder = tempfile::tempdir().unwrap();
    let server = Running::start(test_config(folder.path())).await.unwrap();
    let file = crate::database::Sqlite::new(folder.path().join("served.db"), Durability::Process);
    let mut connection = crate::database::Database::connect(&file, crate::database::Access::Write).unwrap();
    connection.batch("DROP TABLE experiments").unwrap();
    drop(connection);
    let path = "/api/2.0/mlflow/experiments/get?experiment_id=canary";
    assert!(
        talk(server.addresses.main, &get(path))
            .await
            .starts_with("HTTP/1.1 400")
    );
    let answer = talk(
        server.addresses.main,
        &get("/api/2.0/mlflow/experiments/get?experiment_id=1"),
    )
    .await;
    assert!(
        answer.starts_with("HTTP/1.1 500") && !answer.contains("SELECT"),
        "{answer}"
    );
    let (_, said) = server.stop().await;
    assert_eq!(said.len(), 1, "{said:?}");
    assert!(said[0].starts_with("GET /api/2.0/mlflow/experiments/get: "), "{said:?}");
}
