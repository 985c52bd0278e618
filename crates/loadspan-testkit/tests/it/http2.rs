//! HTTP/2 with prior knowledge, and both versions over TLS.

use std::sync::Arc;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use loadspan_testkit::{DurationExt, FakeServer, Fault, RunningServer, Script, TruthOutcome, When, every};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::harness::chat;

type Sender = http2::SendRequest<Full<Bytes>>;

async fn connect(server: &RunningServer) -> Sender {
    let stream = TcpStream::connect(server.address()).await.unwrap();
    handshake(TokioIo::new(stream)).await
}

async fn handshake<T>(io: T) -> Sender
where
    T: hyper::rt::Read + hyper::rt::Write + Unpin + Send + 'static,
{
    let (sender, connection) = http2::handshake(TokioExecutor::new(), io).await.unwrap();
    tokio::spawn(connection);
    sender
}

async fn connect_tls(server: &RunningServer, protocol: &str) -> TlsStream<TcpStream> {
    let mut roots = RootCertStore::empty();
    roots
        .add(CertificateDer::from_pem_slice(server.ca_pem().unwrap().as_bytes()).unwrap())
        .unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap();
    let mut config = builder.with_root_certificates(roots).with_no_client_auth();
    config.alpn_protocols = vec![protocol.as_bytes().to_vec()];
    let stream = TcpStream::connect(server.address()).await.unwrap();
    let name = ServerName::try_from("127.0.0.1").unwrap();
    TlsConnector::from(Arc::new(config))
        .connect(name, stream)
        .await
        .unwrap()
}

fn request(rest: &str) -> Request<Full<Bytes>> {
    Request::post("http://x/v1/chat/completions")
        .header("x-request-id", "r")
        .body(chat(rest).into())
        .unwrap()
}

async fn text(response: Response<Incoming>) -> String {
    String::from_utf8(response.into_body().collect().await.unwrap().to_bytes().to_vec()).unwrap()
}

#[tokio::test]
async fn http2_with_prior_knowledge_plays_the_same_scripts() {
    let server = FakeServer::new().ttft(5.ms()).tokens(3, every(1.ms())).start().unwrap();
    let mut sender = connect(&server).await;
    let streamed = sender.send_request(request(r#","stream":true"#)).await.unwrap();
    assert_eq!(streamed.headers()["content-type"], "text/event-stream; charset=utf-8");
    assert!(text(streamed).await.ends_with("data: [DONE]\n\n"));
    let whole = sender.send_request(request("")).await.unwrap();
    assert!(text(whole).await.contains(r#""content":" the server answers""#));
    let stats = server.stats();
    assert_eq!((stats.generation_requests, stats.connections_opened), (2, 1));
    assert_eq!(stats.request("r").unwrap().tokens, 3);
}

#[tokio::test]
async fn streams_of_one_connection_run_side_by_side() {
    let server = FakeServer::new().ttft(30.ms()).start().unwrap();
    let sender = connect(&server).await;
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..300 {
        let mut sender = sender.clone();
        tasks.spawn(async move { text(sender.send_request(request(r#","stream":true"#)).await.unwrap()).await });
    }
    while let Some(body) = tasks.join_next().await {
        assert!(body.unwrap().ends_with("data: [DONE]\n\n"));
    }
    assert_eq!((server.stats().connections_opened, server.stats().open_streams), (1, 0));
    assert!(server.stats().peak_open_streams > 1);
}

#[tokio::test]
async fn a_broken_off_stream_is_reset_and_the_connection_lives_on() {
    let script = Script::new().tokens(5, every(1.ms())).fault(Fault::TruncateAfter(2));
    let server = FakeServer::new()
        .script(script)
        .on(When::Number(1), Script::new().fault(Fault::Drop))
        .on(When::Number(2), Script::new())
        .start()
        .unwrap();
    let mut sender = connect(&server).await;
    let truncated = sender.send_request(request(r#","stream":true"#)).await.unwrap();
    let mut body = truncated.into_body();
    let mut received = Vec::new();
    let broken = loop {
        match body.frame().await {
            Some(Ok(frame)) => received.extend(frame.into_data().unwrap()),
            end => break end,
        }
    };
    assert!(matches!(broken, Some(Err(_))), "{broken:?}");
    assert_eq!(
        String::from_utf8(received).unwrap().matches(r#""content":" "#).count(),
        2
    );
    assert!(sender.send_request(request("")).await.is_err());
    assert_eq!(sender.send_request(request("")).await.unwrap().status(), 200);
    let outcomes: Vec<TruthOutcome> = server.stats().requests.iter().map(|truth| truth.outcome).collect();
    assert_eq!(
        outcomes,
        [TruthOutcome::Truncated, TruthOutcome::Dropped, TruthOutcome::Completed]
    );
}

#[tokio::test]
async fn a_body_over_the_limit_is_refused() {
    let server = FakeServer::new().body_limit(10).start().unwrap();
    assert_eq!(
        connect(&server).await.send_request(request("")).await.unwrap().status(),
        413
    );
}

#[tokio::test]
async fn a_client_that_trusts_the_ca_may_speak_http2_over_tls() {
    let server = FakeServer::new().tls().start().unwrap();
    let stream = connect_tls(&server, "h2").await;
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
    let mut sender = handshake(TokioIo::new(stream)).await;
    assert!(
        text(sender.send_request(request("")).await.unwrap())
            .await
            .contains(r#""content":" the""#)
    );
}

#[tokio::test]
async fn a_client_may_speak_http1_over_tls() {
    let server = FakeServer::new().tls().start().unwrap();
    assert!(server.url().starts_with("https://127.0.0.1:"));
    let stream = TokioIo::new(connect_tls(&server, "http/1.1").await);
    let (mut sender, connection) = http1::handshake(stream).await.unwrap();
    tokio::spawn(connection);
    let response = sender.send_request(request(r#","stream":true"#)).await.unwrap();
    assert!(text(response).await.ends_with("data: [DONE]\n\n"));
}
