//! HTTP/2, by prior knowledge and by ALPN: many requests on one connection, and the same outcomes as over HTTP/1.1.

use std::io::Write;

use loadspan_loadgen::{HttpPreference, TlsConfig};
use loadspan_record::{ConnectionUse, HttpVersion};
use loadspan_testkit::{DurationExt, FakeServer, Fault, RunningServer, Script, When, every};

use crate::harness::{Load, RawServer, counts, preflight_of, run_preflight, server_with};

fn over_http2(load: Load) -> Load {
    load.change(|load| load.preflight.target.http = HttpPreference::Http2)
}

/// Connections that the load opened, without those of the preflight: one for the list of models, one for the prompt.
fn connections(server: &RunningServer) -> u64 {
    server.stats().connections_opened - 2
}

#[test]
fn prior_knowledge_shares_one_connection() {
    let server = server_with(Script::new().ttft(20.ms()).tokens(5, every(1.ms())));
    let report = over_http2(Load::closed(server.url(), 64, 256)).run();
    report.assert_completed(256);
    assert!(
        report
            .records
            .iter()
            .all(|record| record.http.version == HttpVersion::Http2)
    );
    assert!(
        report
            .records
            .iter()
            .all(|record| record.http.connection == ConnectionUse::Reused)
    );
    assert_eq!((server.stats().peak_open_streams, connections(&server)), (64, 1));
    assert_eq!(report.end.preopened[0].opened, 1);
}

#[test]
fn more_streams_than_servers_allow_take_more_connections() {
    let server = server_with(Script::new().ttft(100.ms()));
    over_http2(Load::closed(server.url(), 150, 300))
        .run()
        .assert_completed(300);
    assert_eq!((server.stats().peak_open_streams, connections(&server)), (150, 2));
}

#[test]
fn alpn_chooses_http2_over_tls() {
    let server = FakeServer::new().tls().start().unwrap();
    let insecure = |load: &mut Load| load.preflight.target.tls = TlsConfig::Insecure;
    let report = over_http2(Load::closed(server.url(), 8, 40).change(insecure)).run();
    report.assert_completed(40);
    assert!(
        report
            .records
            .iter()
            .all(|record| record.http.version == HttpVersion::Http2)
    );
    assert_eq!(connections(&server), 1);
}

#[test]
fn every_fault_has_the_class_it_has_over_http1() {
    for (fault, class) in [
        (Fault::status(500), "http_status_500"),
        (Fault::ErrorEventAfter(2), "sse_error_event"),
        (Fault::TruncateAfter(2), "truncated_stream"),
        (Fault::StallAfter(2), "timeout_idle"),
        (Fault::Silence, "timeout_first_byte"),
        (Fault::Drop, "connection_lost"),
        (Fault::EmptyOutput, "empty_output"),
        (Fault::Html, "parse"),
    ] {
        let script = Script::new().tokens(5, every(0.ms()));
        let server = FakeServer::new()
            .on(When::First(1), Script::new())
            .on(When::EveryNth(2), script.clone())
            .script(script.fault(fault))
            .start()
            .unwrap();
        let short = |load: &mut Load| {
            load.deadlines.idle = 80.ms();
            load.deadlines.first_byte = 80.ms();
        };
        let report = over_http2(Load::closed(server.url(), 1, 6).change(short)).run();
        assert_eq!(
            report.outcomes(),
            counts([("completed", 3), (class, 3)]),
            "{fault:?}: {:?}",
            report.messages()
        );
    }
}

#[test]
fn large_bodies_pass_the_windows() {
    let server = FakeServer::new().tokens(20_000, every(0.ms())).start().unwrap();
    let load = Load::closed(server.url(), 4, 8).change(|load| load.input_tokens = 100_000);
    for record in &over_http2(load).run().assert_completed(8).records {
        assert_eq!(
            (record.tokens.input, record.tokens.output),
            (Some(100_000), Some(20_000))
        );
    }
}

#[test]
fn a_server_without_http2_is_told_at_once() {
    let server = RawServer::accept(|mut stream| {
        let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
    });
    let mut config = preflight_of(&server.url());
    config.target.http = HttpPreference::Http2;
    let message = run_preflight(config).unwrap_err().to_string();
    assert!(message.contains("--http2"), "{message}");
}
