//! What a request looks like when it arrives.

use bytes::Bytes;
use loadspan_record::Secret;
use loadspan_testkit::Accepted;
use loadspan_wire::otlp::metrics::{Gauge, Metric, NumberDataPoint, ResourceMetrics, ScopeMetrics, metric};
use loadspan_wire::otlp::{ExportMetricsServiceRequest, json};

use super::*;

fn only(sink: &RunningOtlpSink) -> Accepted {
    let mut accepted = sink.accepted();
    assert_eq!(accepted.len(), 1);
    accepted.remove(0)
}

fn decoded(accepted: &Accepted) -> ExportTraceServiceRequest {
    if accepted.content_type == "application/json" {
        json::decode_traces(&accepted.body).unwrap()
    } else {
        ExportTraceServiceRequest::decode(accepted.body.clone()).unwrap()
    }
}

#[tokio::test]
async fn all_protocols_deliver_the_same_spans() {
    for (protocol, content_type, path) in [
        (
            Protocol::Grpc,
            "application/grpc",
            "/opentelemetry.proto.collector.trace.v1.TraceService/Export",
        ),
        (Protocol::HttpProtobuf, "application/x-protobuf", "/v1/traces"),
        (Protocol::HttpJson, "application/json", "/v1/traces"),
    ] {
        let sink = OtlpSink::new().start().unwrap();
        assert_eq!(send_to(&sink, protocol).await, ACCEPTED);
        let accepted = only(&sink);
        assert_eq!(decoded(&accepted), request(3), "{protocol:?}");
        assert_eq!(
            (accepted.content_type.as_str(), accepted.path.as_str()),
            (content_type, path)
        );
        let user_agent = accepted.header("user-agent").unwrap();
        let expected = concat!("loadspan/", env!("CARGO_PKG_VERSION"), " OTel-OTLP-Exporter-Rust");
        assert!(user_agent.starts_with(expected), "{user_agent}");
        assert_eq!(sink.counts().spans, 3);
    }
}

#[tokio::test]
async fn all_protocols_deliver_the_same_metrics() {
    let gauge = Gauge {
        data_points: vec![NumberDataPoint::default(); 2],
    };
    let metric = Metric {
        name: "loadspan.requests.in_flight".to_owned(),
        data: Some(metric::Data::Gauge(gauge)),
        ..Metric::default()
    };
    let request = ExportMetricsServiceRequest {
        resource_metrics: vec![ResourceMetrics {
            scope_metrics: vec![ScopeMetrics {
                metrics: vec![metric],
                ..ScopeMetrics::default()
            }],
            ..ResourceMetrics::default()
        }],
    };
    let payload = Payload {
        contents: Contents::Metrics,
        items: 2,
        body: request.encode_to_vec().into(),
    };
    for protocol in PROTOCOLS {
        let sink = OtlpSink::new().start().unwrap();
        let mut config = config(&sink.url(), protocol);
        config.endpoint = config.endpoint.join("/prefix/v1/metrics").unwrap();
        let client = OtlpClient::build(&config, TelemetrySignal::Metrics).unwrap();
        assert_eq!(client.send(&payload).await, ACCEPTED);
        assert_eq!(sink.counts().data_points, 2, "{protocol:?}");
        let body = only(&sink).body;
        let decoded = match protocol {
            Protocol::HttpJson => json::decode_metrics(&body).unwrap(),
            Protocol::Grpc | Protocol::HttpProtobuf => ExportMetricsServiceRequest::decode(body).unwrap(),
        };
        assert_eq!(decoded, request, "{protocol:?}");
    }
}

#[tokio::test]
async fn json_has_hex_ids_and_strings_for_long_numbers() {
    let sink = OtlpSink::new().start().unwrap();
    send_to(&sink, Protocol::HttpJson).await;
    let body = String::from_utf8(only(&sink).body.to_vec()).unwrap();
    assert!(body.contains(r#""traceId":"abababababababababababababababab","spanId":"0000000000000001""#));
    assert!(!body.contains("null"), "{body}");
}

#[tokio::test]
async fn bodies_are_packed_when_asked() {
    for protocol in PROTOCOLS {
        let sink = OtlpSink::new().start().unwrap();
        let mut config = config(&sink.url(), protocol);
        config.compression = Compression::Gzip;
        assert_eq!(client(&config).send(&payload(100)).await, ACCEPTED);
        let accepted = only(&sink);
        let name = if protocol == Protocol::Grpc {
            "grpc-encoding"
        } else {
            "content-encoding"
        };
        assert_eq!(accepted.header(name), Some("gzip"), "{protocol:?}");
        assert_eq!(decoded(&accepted), request(100), "{protocol:?}");
    }
}

#[tokio::test]
async fn headers_arrive_and_secrets_among_them() {
    for protocol in PROTOCOLS {
        let sink = OtlpSink::new().start().unwrap();
        let mut config = config(&sink.url(), protocol);
        config.headers = vec![
            ("x-tenant".to_owned(), Secret::new("blue")),
            ("authorization".to_owned(), Secret::new("Bearer sk-canary")),
        ];
        assert_eq!(client(&config).send(&payload(1)).await, ACCEPTED);
        let accepted = only(&sink);
        assert_eq!(accepted.header("x-tenant"), Some("blue"), "{protocol:?}");
        assert_eq!(
            accepted.header("authorization"),
            Some("Bearer sk-canary"),
            "{protocol:?}"
        );
    }
}

#[tokio::test]
async fn binary_metadata_is_encoded() {
    let sink = OtlpSink::new().start().unwrap();
    let mut config = config(&sink.url(), Protocol::Grpc);
    config.headers = vec![("x-tenant-bin".to_owned(), Secret::new("blue"))];
    assert_eq!(client(&config).send(&payload(1)).await, ACCEPTED);
    assert_eq!(only(&sink).header("x-tenant-bin"), Some("Ymx1ZQ"));
}

#[tokio::test]
async fn a_payload_that_is_no_otlp_is_invalid_as_json() {
    let sink = OtlpSink::new().start().unwrap();
    let payload = Payload {
        body: Bytes::from_static(b"\xff\xff"),
        ..payload(1)
    };
    let delivery = client(&config(&sink.url(), Protocol::HttpJson)).send(&payload).await;
    assert_eq!(kind(&delivery), "invalid", "{delivery:?}");
    assert_eq!(sink.counts().requests, 0);
}

#[test]
fn headers_that_cannot_be_sent_are_named_without_their_values() {
    for protocol in PROTOCOLS {
        let mut config = config("http://127.0.0.1:1", protocol);
        config.headers = vec![("x-key".to_owned(), Secret::new("can\nary"))];
        let error = OtlpClient::build(&config, TelemetrySignal::Traces)
            .unwrap_err()
            .to_string();
        assert_eq!(
            error,
            "the header `x-key` cannot be sent: its value has characters that HTTP does not allow"
        );
        config.headers = vec![("x key".to_owned(), Secret::new("v"))];
        assert!(OtlpClient::build(&config, TelemetrySignal::Traces).is_err());
    }
}

#[test]
fn an_endpoint_of_another_scheme_is_refused() {
    for protocol in PROTOCOLS {
        let mut config = config("http://127.0.0.1:1", protocol);
        config.endpoint = "ftp://me:pw@127.0.0.1/v1/traces".parse().unwrap();
        let error = OtlpClient::build(&config, TelemetrySignal::Traces)
            .unwrap_err()
            .to_string();
        assert!(error.ends_with("use http or https, not ftp"), "{error}");
        assert!(!error.contains("pw"), "{error}");
    }
}
