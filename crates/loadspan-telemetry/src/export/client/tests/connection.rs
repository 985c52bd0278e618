//! Connections that are not there, do not last, or speak something else.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener};
use std::thread::JoinHandle;
use std::time::Instant;

use loadspan_testkit::{DurationExt, When};

use super::proxy::Proxy;
use super::*;

/// What an HTTP/2 server begins with: empty settings.
const HTTP2_SETTINGS: &[u8] = b"\x00\x00\x00\x04\x00\x00\x00\x00\x00";

#[tokio::test]
async fn a_backend_that_hangs_costs_one_timeout() {
    let sink = OtlpSink::new().answer(SinkAnswer::hang()).start().unwrap();
    for protocol in PROTOCOLS {
        let mut config = config(&sink.url(), protocol);
        config.timeout = Some(100.ms());
        let start = Instant::now();
        let delivery = client(&config).send(&payload(1)).await;
        assert_eq!(kind(&delivery), "retry", "{protocol:?}");
        assert_eq!(reason(&delivery), "no answer within 100ms");
        assert!((100.ms()..5.secs()).contains(&start.elapsed()), "{protocol:?}");
    }
}

#[tokio::test]
async fn without_a_limit_a_slow_answer_is_waited_for() {
    let sink = OtlpSink::new().delay(50.ms()).start().unwrap();
    for protocol in PROTOCOLS {
        let mut config = config(&sink.url(), protocol);
        config.timeout = None;
        assert_eq!(client(&config).send(&payload(1)).await, ACCEPTED);
    }
}

#[tokio::test]
async fn nobody_there_is_worth_another_try() {
    let mut sink = OtlpSink::new().start().unwrap();
    sink.stop();
    for protocol in PROTOCOLS {
        let delivery = send_to(&sink, protocol).await;
        assert_eq!(kind(&delivery), "retry", "{protocol:?}");
        assert!(
            reason(&delivery).contains("Connection refused"),
            "{protocol:?}: {delivery:?}"
        );
        assert!(
            reason(&delivery).ends_with("is the collector running?"),
            "{protocol:?}: {delivery:?}"
        );
    }
}

#[tokio::test]
async fn a_connection_that_breaks_is_worth_another_try_and_the_next_one_works() {
    for protocol in PROTOCOLS {
        let sink = OtlpSink::new()
            .on(When::Number(0), SinkAnswer::close())
            .start()
            .unwrap();
        let client = client(&config(&sink.url(), protocol));
        let delivery = client.send(&payload(1)).await;
        assert_eq!(kind(&delivery), "retry", "{protocol:?}: {delivery:?}");
        assert_eq!(client.send(&payload(1)).await, ACCEPTED, "{protocol:?}");
        // Nothing was sent again behind our back.
        assert_eq!(sink.counts().requests, 2, "{protocol:?}");
    }
}

#[tokio::test]
async fn a_backend_that_is_killed_and_comes_back_is_found_again() {
    for protocol in PROTOCOLS {
        let mut sink = OtlpSink::new().start().unwrap();
        let client = client(&config(&sink.url(), protocol));
        assert_eq!(client.send(&payload(1)).await, ACCEPTED);
        sink.stop();
        assert_eq!(kind(&client.send(&payload(1)).await), "retry", "{protocol:?}");
        sink.restart().unwrap();
        let back = client.send(&payload(1)).await;
        assert_eq!(back, ACCEPTED, "{protocol:?}");
        assert_eq!(sink.counts().accepted, 2);
    }
}

#[tokio::test]
async fn a_connection_that_has_gone_silent_is_replaced_once_for_all_who_waited_on_it() {
    let sink = OtlpSink::new().start().unwrap();
    let proxy = Proxy::start(&sink);
    let mut config = config(&proxy.url("http"), Protocol::Grpc);
    config.timeout = Some(500.ms());
    let (client, payload) = (client(&config), payload(1));
    assert_eq!(client.send(&payload).await, ACCEPTED);
    proxy.silence();
    let (one, two) = tokio::join!(client.send(&payload), client.send(&payload));
    assert_eq!([kind(&one), kind(&two)], ["retry", "retry"], "{one:?} {two:?}");
    let (one, two) = tokio::join!(client.send(&payload), client.send(&payload));
    assert_eq!([one, two], [ACCEPTED, ACCEPTED]);
    assert_eq!((proxy.connections(), sink.counts().accepted), (2, 3));
}

#[tokio::test]
async fn a_call_that_was_given_up_before_its_time_does_not_leave_a_silent_connection_behind() {
    let sink = OtlpSink::new().start().unwrap();
    let proxy = Proxy::start(&sink);
    let client = client(&config(&proxy.url("http"), Protocol::Grpc));
    let payload = payload(1);
    assert_eq!(client.send(&payload).await, ACCEPTED);
    proxy.silence();
    tokio::time::timeout(200.ms(), client.send(&payload)).await.unwrap_err();
    assert_eq!(client.send(&payload).await, ACCEPTED);
}

#[tokio::test]
async fn http_leaves_a_connection_that_has_gone_silent_too() {
    let sink = OtlpSink::new().start().unwrap();
    for protocol in [Protocol::HttpProtobuf, Protocol::HttpJson] {
        let proxy = Proxy::start(&sink);
        let mut config = config(&proxy.url("http"), protocol);
        config.timeout = Some(500.ms());
        let client = client(&config);
        assert_eq!(client.send(&payload(1)).await, ACCEPTED, "{protocol:?}");
        proxy.silence();
        assert_eq!(kind(&client.send(&payload(1)).await), "retry", "{protocol:?}");
        assert_eq!(client.send(&payload(1)).await, ACCEPTED, "{protocol:?}");
    }
}

#[tokio::test]
async fn several_payloads_are_under_way_at_once() {
    let sink = OtlpSink::new().delay(200.ms()).start().unwrap();
    for protocol in PROTOCOLS {
        let client = client(&config(&sink.url(), protocol));
        let payload = payload(1);
        let start = Instant::now();
        let (one, two, three, four) = tokio::join!(
            client.send(&payload),
            client.send(&payload),
            client.send(&payload),
            client.send(&payload)
        );
        assert_eq!([one, two, three, four], [ACCEPTED, ACCEPTED, ACCEPTED, ACCEPTED]);
        assert!(start.elapsed() < 700.ms(), "{protocol:?}: {:?}", start.elapsed());
    }
}

#[tokio::test]
async fn a_large_payload_arrives_whole() {
    let sink = OtlpSink::new().start().unwrap();
    for (sent, protocol) in (1..).zip(PROTOCOLS) {
        assert_eq!(
            client(&config(&sink.url(), protocol)).send(&payload(50_000)).await,
            ACCEPTED
        );
        assert_eq!(sink.counts().spans, sent * 50_000, "{protocol:?}");
    }
}

#[tokio::test]
async fn a_payload_that_was_taken_is_not_sent_again_whatever_becomes_of_the_rest_of_the_answer() {
    let head = b"HTTP/1.1 202 Accepted\r\ncontent-type: application/x-protobuf\r\ncontent-length: 9\r\n\r\n\n";
    for (ending, expected) in [(Ending::Silence, "it does not end"), (Ending::Fin, "it breaks off")] {
        let (url, server) = raw_server(head, ending);
        let mut config = config(&url, Protocol::HttpProtobuf);
        config.timeout = Some(500.ms());
        let delivery = client(&config).send(&payload(1)).await;
        let expected = Delivery::Accepted {
            rejected: 0,
            message: Some(format!("its answer cannot be read: {expected}")),
        };
        assert_eq!(delivery, expected);
        server.join().unwrap();
    }
}

#[tokio::test]
async fn a_failure_whose_reasons_do_not_come_is_what_its_status_says() {
    let head = b"HTTP/1.1 503 Service Unavailable\r\nretry-after: 3\r\ncontent-length: 9\r\n\r\nbec";
    let (url, server) = raw_server(head, Ending::Silence);
    let delivery = client(&config(&url, Protocol::HttpProtobuf)).send(&payload(1)).await;
    let expected = Delivery::Retry {
        after: Some(3.secs()),
        reason: "HTTP 503 Service Unavailable: bec".to_owned(),
    };
    assert_eq!(delivery, expected);
    server.join().unwrap();
}

#[tokio::test]
async fn an_http_server_on_a_grpc_port_is_recognised() {
    let answer = b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
    let (url, server) = raw_server(answer, Ending::Silence);
    let delivery = client(&config(&url, Protocol::Grpc)).send(&payload(1)).await;
    assert_eq!(kind(&delivery), "retry", "{delivery:?}");
    assert!(
        reason(&delivery).ends_with("try --otel-protocol http/protobuf"),
        "{delivery:?}"
    );
    server.join().unwrap();
}

#[tokio::test]
async fn a_grpc_server_on_an_http_port_is_recognised() {
    let (url, server) = raw_server(HTTP2_SETTINGS, Ending::Silence);
    let delivery = client(&config(&url, Protocol::HttpProtobuf)).send(&payload(1)).await;
    assert_eq!(kind(&delivery), "retry", "{delivery:?}");
    assert!(reason(&delivery).ends_with("try --otel-protocol grpc"), "{delivery:?}");
    server.join().unwrap();
}

#[tokio::test]
async fn a_web_server_with_http_2_is_no_grpc_server() {
    let server = loadspan_testkit::FakeServer::new().start().unwrap();
    let delivery = client(&config(&server.url(), Protocol::Grpc)).send(&payload(1)).await;
    assert_eq!(kind(&delivery), "not taken", "{delivery:?}");
    assert!(
        reason(&delivery).ends_with("try --otel-protocol http/protobuf"),
        "{delivery:?}"
    );
}

#[tokio::test]
async fn a_proxy_that_answers_in_place_of_a_grpc_server_says_nothing_of_the_payload() {
    let sink = OtlpSink::new().start().unwrap();
    let client = client(&config(&sink.url(), Protocol::Grpc));
    for (status, expected) in [
        (400, "refused"),
        (403, "refused"),
        (404, "not taken"),
        (429, "retry"),
        (503, "retry"),
    ] {
        for page in ["", "<html>the backend is away</html>"] {
            sink.set_answer(SinkAnswer::foreign(status).page("text/html", page));
            let delivery = client.send(&payload(1)).await;
            assert_eq!(kind(&delivery), expected, "{status} {page:?}: {delivery:?}");
            let said = format!("HTTP {status}");
            assert!(reason(&delivery).starts_with(&said), "{delivery:?}");
        }
    }
}

/// What comes after an answer.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Ending {
    Silence,
    Fin,
}

/// Answers one connection with these bytes, whatever it says.
fn raw_server(answer: &'static [u8], ending: Ending) -> (String, JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let server = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let mut buffer = [0; 4096];
        let _ = stream.read(&mut buffer);
        stream.write_all(answer).unwrap();
        if ending == Ending::Fin {
            stream.shutdown(Shutdown::Write).unwrap();
        }
        // Until the client has had enough.
        while matches!(stream.read(&mut buffer), Ok(count) if count > 0) {}
    });
    (url, server)
}
