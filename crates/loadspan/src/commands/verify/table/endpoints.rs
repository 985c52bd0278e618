//! The same figures from every endpoint, protocol version and transport.

use loadspan_loadgen::openai::EndpointType;
use loadspan_record::{HttpVersion, Metric};
use loadspan_testkit::FakeServer;

use super::super::bench::Bench;
use super::super::check::{
    Check, TIMING, absent, completed, first_token, input_tokens, latency, output_tokens, output_tokens_are,
};
use super::super::finding::{Finding, Tolerance};
use super::{Case, bench, case, paced, server};

pub(super) fn cases() -> Vec<Case> {
    let streamed = |name, endpoint| {
        case(
            name,
            bench(paced()).endpoint(endpoint),
            [completed(12), first_token(), latency(), output_tokens(), input_tokens()],
        )
    };
    let whole = |name, endpoint| {
        case(
            name,
            bench(paced()).endpoint(endpoint).whole(),
            [completed(12), latency(), output_tokens(), input_tokens()],
        )
    };
    let mut cases = vec![
        streamed("chat, streamed", EndpointType::Chat),
        streamed("completions, streamed", EndpointType::Completions),
        streamed("responses, streamed", EndpointType::Responses),
        whole("chat, in one piece", EndpointType::Chat),
        whole("completions, in one piece", EndpointType::Completions),
        whole("responses, in one piece", EndpointType::Responses),
        case(
            "embeddings",
            bench(paced()).endpoint(EndpointType::Embeddings).whole(),
            [
                completed(12),
                input_tokens(),
                output_tokens_are(0),
                absent(Metric::TimeToFirstToken),
            ],
        ),
    ];
    cases.extend(transports());
    cases
}

fn transports() -> [Case; 3] {
    let over = |name, bench: Bench, version| {
        case(
            name,
            bench,
            [
                completed(12),
                spoken(version),
                first_token().allowing(timing(version)),
                output_tokens(),
            ],
        )
    };
    let tls = || -> FakeServer { server(paced()).tls() };
    [
        over("HTTP/2, prior knowledge", bench(paced()).http2(), HttpVersion::Http2),
        over("TLS, HTTP/1.1", Bench::new(tls()), HttpVersion::Http11),
        over("TLS, HTTP/2", Bench::new(tls()).http2(), HttpVersion::Http2),
    ]
}

/// The protocol version of every request.
fn spoken(version: HttpVersion) -> Check {
    Check::new(move |evidence| {
        let spoken = evidence
            .measured()
            .filter(|record| record.http.version == version)
            .count();
        Finding::count(format!("requests over {}", name(version)), 12, spoken as u64)
    })
}

/// How far the time to first token may be off: over HTTP/2 the tasks of an HTTP library lie between, on either side.
const fn timing(version: HttpVersion) -> Tolerance {
    match version {
        HttpVersion::Http11 => TIMING,
        HttpVersion::Http2 => Tolerance::Within(2.0),
    }
}

const fn name(version: HttpVersion) -> &'static str {
    match version {
        HttpVersion::Http11 => "HTTP/1.1",
        HttpVersion::Http2 => "HTTP/2",
    }
}
