//! What each answer means.

use loadspan_testkit::{DurationExt, SinkSignal};

use super::*;

#[tokio::test]
async fn http_statuses_mean_what_the_specification_says() {
    let table = [
        (400, "invalid"),
        (401, "refused"),
        (402, "invalid"),
        (403, "refused"),
        (404, "not taken"),
        (405, "not taken"),
        (408, "refused"),
        (413, "too large"),
        (415, "invalid"),
        (422, "invalid"),
        (429, "retry"),
        (500, "refused"),
        (501, "refused"),
        (502, "retry"),
        (503, "retry"),
        (504, "retry"),
        (507, "refused"),
        (307, "refused"),
    ];
    let sink = OtlpSink::new().start().unwrap();
    for protocol in [Protocol::HttpProtobuf, Protocol::HttpJson] {
        let client = client(&config(&sink.url(), protocol));
        for (status, expected) in table {
            sink.set_answer(SinkAnswer::fail(status, 13).message("because"));
            let delivery = client.send(&payload(1)).await;
            assert_eq!(kind(&delivery), expected, "{protocol:?} {status}: {delivery:?}");
            let said = format!("HTTP {status}");
            assert!(reason(&delivery).starts_with(&said), "{delivery:?}");
            assert!(reason(&delivery).contains(": because"), "{delivery:?}");
        }
    }
}

#[tokio::test]
async fn grpc_codes_mean_what_the_specification_says() {
    let table = [
        (1, "retry", "CANCELLED"),
        (2, "refused", "UNKNOWN"),
        (3, "invalid", "INVALID_ARGUMENT"),
        (4, "retry", "DEADLINE_EXCEEDED"),
        (5, "refused", "NOT_FOUND"),
        (6, "refused", "ALREADY_EXISTS"),
        (7, "refused", "PERMISSION_DENIED"),
        (8, "refused", "RESOURCE_EXHAUSTED"),
        (9, "refused", "FAILED_PRECONDITION"),
        (10, "retry", "ABORTED"),
        (11, "retry", "OUT_OF_RANGE"),
        (12, "not taken", "UNIMPLEMENTED"),
        (13, "refused", "INTERNAL"),
        (14, "retry", "UNAVAILABLE"),
        (15, "retry", "DATA_LOSS"),
        (16, "refused", "UNAUTHENTICATED"),
    ];
    let sink = OtlpSink::new().start().unwrap();
    let client = client(&config(&sink.url(), Protocol::Grpc));
    for (code, expected, name) in table {
        sink.set_answer(SinkAnswer::fail(500, code).message("because"));
        let delivery = client.send(&payload(1)).await;
        assert_eq!(kind(&delivery), expected, "{name}: {delivery:?}");
        let said = format!("gRPC {name}: because");
        assert!(reason(&delivery).starts_with(&said), "{delivery:?}");
    }
}

#[tokio::test]
async fn the_backend_says_when_to_come_again() {
    for protocol in PROTOCOLS {
        for answer in [SinkAnswer::unavailable(), SinkAnswer::throttled()] {
            let delivery = answered(answer.retry_after(2.secs()), protocol).await;
            let Delivery::Retry { after, .. } = delivery else {
                panic!("{protocol:?}: {delivery:?}")
            };
            assert_eq!(after, Some(2.secs()), "{protocol:?}");
        }
    }
    let precise = answered(SinkAnswer::unavailable().retry_after(1500.ms()), Protocol::Grpc).await;
    assert!(matches!(precise, Delivery::Retry { after: Some(after), .. } if after == 1500.ms()));
}

#[tokio::test]
async fn a_date_to_come_again_is_understood_and_nonsense_ignored() {
    let at = |text: &str| SinkAnswer::unavailable().retry_after_text(text);
    let past = answered(at("Fri, 31 Dec 1999 23:59:59 GMT"), Protocol::HttpProtobuf).await;
    assert!(
        matches!(
            past,
            Delivery::Retry {
                after: Some(Duration::ZERO),
                ..
            }
        ),
        "{past:?}"
    );
    let nonsense = answered(at("when it suits you"), Protocol::HttpProtobuf).await;
    assert!(matches!(nonsense, Delivery::Retry { after: None, .. }), "{nonsense:?}");
}

#[tokio::test]
async fn a_partial_success_is_a_success_with_a_count_and_a_message() {
    for protocol in PROTOCOLS {
        let delivery = answered(SinkAnswer::partial(2).message("too old"), protocol).await;
        let expected = Delivery::Accepted {
            rejected: 2,
            message: Some("too old".to_owned()),
        };
        assert_eq!(delivery, expected, "{protocol:?}");
        let warned = answered(SinkAnswer::ok().message("hurry up"), protocol).await;
        let expected = Delivery::Accepted {
            rejected: 0,
            message: Some("hurry up".to_owned()),
        };
        assert_eq!(warned, expected, "{protocol:?}");
    }
}

#[tokio::test]
async fn a_message_over_the_limit_is_too_large() {
    let sink = OtlpSink::new().message_limit(64).start().unwrap();
    for protocol in PROTOCOLS {
        let delivery = client(&config(&sink.url(), protocol)).send(&payload(50)).await;
        assert_eq!(kind(&delivery), "too large", "{protocol:?}: {delivery:?}");
    }
    // The Collector's words for a body over its limit.
    let collector = SinkAnswer::invalid().message("http: request body too large");
    let delivery = answered(collector, Protocol::HttpProtobuf).await;
    assert_eq!(kind(&delivery), "too large");
}

#[tokio::test]
async fn a_signal_that_the_backend_does_not_know_is_not_taken() {
    let sink = OtlpSink::new().refuse(SinkSignal::Traces).start().unwrap();
    for protocol in PROTOCOLS {
        let delivery = send_to(&sink, protocol).await;
        assert_eq!(kind(&delivery), "not taken", "{protocol:?}: {delivery:?}");
    }
}

#[tokio::test]
async fn a_redirect_is_not_followed_and_says_where_to() {
    let sink = OtlpSink::new()
        .answer(SinkAnswer::fail(308, 2).header("location", "https://me:pw@other.test/v1/traces?key=secret"))
        .start()
        .unwrap();
    let delivery = send_to(&sink, Protocol::HttpProtobuf).await;
    assert_eq!(kind(&delivery), "refused");
    let expected = "HTTP 308 Permanent Redirect to https://[redacted]@other.test/v1/traces?key=[redacted]; \
                    redirects are not followed, give the final URL";
    assert_eq!(reason(&delivery), expected);
    assert_eq!(sink.counts().requests, 1);
}

#[tokio::test]
async fn missing_credentials_are_something_to_be_put_right() {
    for protocol in PROTOCOLS {
        let delivery = answered(SinkAnswer::unauthenticated(), protocol).await;
        assert_eq!(kind(&delivery), "refused");
        let hint = "who are you; check the credentials: --otel-header, OTEL_EXPORTER_OTLP_HEADERS";
        assert!(reason(&delivery).ends_with(hint), "{protocol:?}: {delivery:?}");
    }
}

#[tokio::test]
async fn a_web_page_is_no_otlp() {
    let page = |answer: SinkAnswer| answer.page("text/html; charset=utf-8", "<html>404 page</html>");
    let failed = answered(page(SinkAnswer::unavailable()), Protocol::HttpProtobuf).await;
    assert_eq!(reason(&failed), "HTTP 503 Service Unavailable");
    let succeeded = answered(page(SinkAnswer::fail(200, 0)), Protocol::HttpProtobuf).await;
    assert_eq!(kind(&succeeded), "refused", "{succeeded:?}");
    assert!(reason(&succeeded).contains("no OTLP endpoint"), "{succeeded:?}");
}

#[tokio::test]
async fn plain_text_and_foreign_json_are_shown_as_they_are() {
    let text = SinkAnswer::internal().page("text/plain", "disk\r\nis full\n");
    let delivery = answered(text, Protocol::HttpProtobuf).await;
    assert_eq!(reason(&delivery), "HTTP 500 Internal Server Error: disk is full");
    let json = SinkAnswer::internal().page("application/json", r#"{"error":"disk is full"}"#);
    let delivery = answered(json, Protocol::HttpJson).await;
    assert_eq!(
        reason(&delivery),
        r#"HTTP 500 Internal Server Error: {"error":"disk is full"}"#
    );
}

#[tokio::test]
async fn secrets_that_a_server_echoes_are_not_repeated() {
    for protocol in PROTOCOLS {
        let sink = OtlpSink::new()
            .answer(SinkAnswer::unauthenticated().message("bad key sk-canary-1 of me:hunter22"))
            .start()
            .unwrap();
        let mut config = config(&sink.url(), protocol);
        let secret = loadspan_record::Secret::new;
        config.headers = vec![
            ("authorization".to_owned(), secret("Basic bWU6aHVudGVyMjI=")),
            ("x-api-key".to_owned(), secret("sk-canary-1")),
        ];
        let client = client(&config);
        let delivery = client.send(&payload(1)).await;
        let shown = format!("{delivery:?} {client:?} {}", client.destination());
        assert!(!shown.contains("canary") && !shown.contains("hunter22"), "{shown}");
        assert!(shown.contains("bad key [redacted] of me:[redacted]"), "{shown}");
    }
}
