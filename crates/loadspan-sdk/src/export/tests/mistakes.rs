//! The commonest mistakes in a configuration are told in words that help.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::thread::JoinHandle;

use super::*;

/// What a peer says as soon as it is connected to.
struct Peer {
    port: u16,
    thread: JoinHandle<()>,
}

impl Peer {
    fn saying(words: &'static [u8]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let thread = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut some = [0; 1_024];
            let _ = stream.read(&mut some);
            let _ = stream.write_all(words);
        });
        Self { port, thread }
    }

    /// What is said of one attempt to send there.
    fn attempt(self, path: &str, protocol: &str) -> String {
        let url = format!("http://127.0.0.1:{}{path}", self.port);
        let variables = [
            ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", url.as_str()),
            ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", protocol),
        ];
        let config = Config::resolve(&Environment::of(&variables)).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        let delivery = runtime.block_on(async {
            let client = Client::build(&config.otlp.unwrap(), Signal::Traces).unwrap();
            client.send(&client.pack(vec![0; 8].into())).await
        });
        self.thread.join().unwrap();
        match delivery {
            Delivery::Retry { reason, .. } | Delivery::Refused { reason } => reason,
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn grpc_to_an_endpoint_of_http() {
    let peer = Peer::saying(b"HTTP/1.1 400 Bad Request\r\nconnection: close\r\ncontent-length: 0\r\n\r\n");
    let said = peer.attempt("", "grpc");
    assert!(said.contains("OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf"), "{said}");
}

#[test]
fn http_to_an_endpoint_of_grpc() {
    // The settings with which every server of HTTP/2 begins.
    let peer = Peer::saying(&[0, 0, 0, 4, 0, 0, 0, 0, 0]);
    let said = peer.attempt("/v1/traces", "http/protobuf");
    assert!(said.contains("OTEL_EXPORTER_OTLP_PROTOCOL=grpc"), "{said}");
}

#[test]
fn an_endpoint_without_its_path() {
    let other = b"HTTP/1.1 405 Method Not Allowed\r\ncontent-length: 0\r\n\r\n";
    let said = Peer::saying(other).attempt("/", "http/protobuf");
    assert!(said.contains("does it lack /v1/traces"), "{said}");
    let missing = b"HTTP/1.1 404 Not Found\r\ncontent-type: text/plain\r\ncontent-length: 9\r\n\r\nno\x07where\n";
    let said = Peer::saying(missing).attempt("", "http/protobuf");
    assert!(said.starts_with("HTTP 404 Not Found: no where"), "{said}");
    assert!(said.contains("does it lack /v1/traces"), "{said}");
    let said = Peer::saying(missing).attempt("/v1/traces", "http/protobuf");
    assert_eq!(said, "HTTP 404 Not Found: no where");
}

#[test]
fn a_server_of_mlflow_is_told_in_its_own_words() {
    let bad = b"HTTP/1.1 422 X\r\ncontent-type: application/json\r\ncontent-length: 28\r\n\r\n{\"detail\":\"Cannot convert.\"}";
    let peer = Peer::saying(bad);
    let url = format!("http://127.0.0.1:{}/", peer.port);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let delivery = runtime.block_on(async {
        let response = reqwest::Client::builder()
            .no_proxy()
            .build()
            .unwrap()
            .get(url)
            .send()
            .await
            .unwrap();
        super::super::client::failure(response).await
    });
    peer.thread.join().unwrap();
    assert_eq!(
        delivery,
        Delivery::Spoiled {
            reason: "HTTP 422 Unprocessable Entity: Cannot convert.".to_owned()
        }
    );
}
