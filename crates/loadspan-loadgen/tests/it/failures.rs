//! Every failure has its class, and every count is exact.

use std::io::Write;
use std::net::TcpListener;
use std::time::Duration;

use loadspan_loadgen::openai::EndpointType;
use loadspan_loadgen::{Deadlines, TlsConfig};
use loadspan_record::{ConnectionUse, FailureKind, RequestRecord};
use loadspan_testkit::{DurationExt, FakeServer, Fault, RunningServer, Script, TruthOutcome, When, every};

use crate::harness::{Head, Load, RawServer, SSE_HEAD, Then, chunk, counts, json_answer, server_with};

const TOKENS: u32 = 5;

fn script() -> Script {
    Script::new().tokens(TOKENS, every(0.ms()))
}

/// A server where every other request of the load meets the fault, and the preflight's does not.
fn half_faulty(fault: Fault) -> RunningServer {
    FakeServer::new()
        .on(When::First(1), Script::new())
        .on(When::EveryNth(2), script())
        .script(script().fault(fault))
        .start()
        .unwrap()
}

/// Asserts that the fault is the class, streaming and not, and that the others complete.
fn assert_class(fault: Fault, streamed: &str, whole: &str) {
    let short = |load: &mut Load| {
        load.deadlines.idle = 80.ms();
        load.deadlines.first_byte = 80.ms();
    };
    let server = half_faulty(fault);
    let report = Load::closed(server.url(), 1, 6).change(short).run();
    assert_eq!(
        report.outcomes(),
        counts([("completed", 3), (streamed, 3)]),
        "{:?}",
        report.messages()
    );
    let server = half_faulty(fault);
    let report = Load::closed(server.url(), 1, 6).not_streaming().change(short).run();
    assert_eq!(
        report.outcomes(),
        counts([("completed", 3), (whole, 3)]),
        "{:?}",
        report.messages()
    );
}

#[test]
fn statuses_are_failures_with_their_code() {
    assert_class(Fault::too_many_requests(1.secs()), "http_status_429", "http_status_429");
    assert_class(Fault::status(500), "http_status_500", "http_status_500");
}

#[test]
fn an_error_event_within_a_stream_is_a_failure() {
    assert_class(Fault::ErrorEventAfter(2), "sse_error_event", "http_status_500");
}

#[test]
fn a_connection_cut_within_the_body_is_a_truncated_stream() {
    assert_class(Fault::TruncateAfter(2), "truncated_stream", "truncated_stream");
}

#[test]
fn a_stream_that_goes_silent_meets_the_idle_deadline() {
    assert_class(Fault::StallAfter(2), "timeout_idle", "timeout_idle");
}

#[test]
fn a_server_that_never_begins_meets_the_first_byte_deadline() {
    assert_class(Fault::Silence, "timeout_first_byte", "timeout_first_byte");
}

#[test]
fn a_connection_closed_without_a_byte_is_lost() {
    assert_class(Fault::Drop, "connection_lost", "connection_lost");
}

#[test]
fn an_answer_without_a_token_is_a_failure() {
    assert_class(Fault::EmptyOutput, "empty_output", "empty_output");
}

#[test]
fn what_is_not_json_cannot_be_parsed() {
    assert_class(Fault::NotJson, "parse", "parse");
    assert_class(Fault::Html, "parse", "parse");
}

#[test]
fn faults_of_the_responses_api_have_the_same_classes() {
    for (fault, class) in [
        (Fault::ErrorEventAfter(2), "sse_error_event"),
        (Fault::TruncateAfter(2), "truncated_stream"),
        (Fault::EmptyOutput, "empty_output"),
        (Fault::NotJson, "parse"),
    ] {
        let server = half_faulty(fault);
        let report = Load::closed(server.url(), 1, 6).endpoint(EndpointType::Responses).run();
        assert_eq!(
            report.outcomes(),
            counts([("completed", 3), (class, 3)]),
            "{:?}",
            report.messages()
        );
    }
}

#[test]
fn slow_heads_count_until_they_are_too_slow() {
    let server = server_with(script().head_delay(60.ms()));
    let within = |load: &mut Load| load.deadlines.first_byte = 5.secs();
    Load::closed(server.url(), 2, 4)
        .change(within)
        .run()
        .assert_completed(4);
    let beyond = |load: &mut Load| load.deadlines.first_byte = 20.ms();
    let report = Load::closed(server.url(), 2, 4).change(beyond).run();
    assert_eq!(report.outcomes(), counts([("timeout_first_byte", 4)]));
}

#[test]
fn a_stream_that_goes_on_and_on_meets_the_total_deadline() {
    let server = server_with(Script::new().tokens(10_000, every(5.ms())));
    let short = |load: &mut Load| load.deadlines.total = 100.ms();
    let report = Load::closed(server.url(), 2, 4).change(short).run();
    assert_eq!(report.outcomes(), counts([("timeout_total", 4)]));
    for record in &report.records {
        let took = record.timings.finished_at.millis_since(record.timings.sent_at.unwrap());
        assert!((100.0..1_000.0).contains(&took), "{took} ms");
        assert!(record.chunks > 0, "what came is kept");
    }
}

#[test]
fn a_failed_request_keeps_what_was_seen_of_it() {
    let report = Load::closed(server_with(script().fault(Fault::TruncateAfter(2))).url(), 1, 1).run();
    let record = report.only();
    assert_eq!((record.chunks, record.http.status), (2, Some(200)));
    assert!(record.timings.first_token_at.is_some());
}

#[test]
fn one_stalled_stream_of_many_holds_up_no_other_and_not_the_end() {
    let server = FakeServer::new()
        .on(When::Number(17), script().fault(Fault::StallAfter(2)))
        .script(script())
        .start()
        .unwrap();
    let short = |load: &mut Load| load.deadlines.idle = 300.ms();
    let report = Load::closed(server.url(), 64, 640).change(short).run();
    assert_eq!(report.outcomes(), counts([("completed", 639), ("timeout_idle", 1)]));
    let ended = |record: &&RequestRecord| record.outcome.is_completed();
    let last_good = report
        .records
        .iter()
        .filter(ended)
        .map(|record| record.timings.finished_at)
        .max();
    assert!(last_good.unwrap() < report.end.ended_at);
}

#[test]
fn nobody_listening_is_a_failure_to_connect() {
    let server = server_with(script());
    let report = Load::closed(server.url(), 4, 20).start_after(|| drop(server)).report();
    assert_eq!(report.outcomes(), counts([("connect", 20)]));
    assert!(
        report
            .records
            .iter()
            .all(|record| record.http.connection == ConnectionUse::Failed)
    );
    assert!(report.records.iter().all(|record| record.timings.sent_at.is_none()));
    assert_eq!((report.end.preopened[0].opened, report.end.preopened[0].failed), (0, 4));
}

#[test]
fn a_certificate_of_another_authority_is_a_failure_of_tls() {
    let server = FakeServer::new().tls().start().unwrap();
    let address = server.address();
    let folder = tempfile::tempdir().unwrap();
    let ca = folder.path().join("ca.pem");
    std::fs::write(&ca, server.ca_pem().unwrap()).unwrap();
    let load = Load::closed(server.url(), 2, 6).change(|load| load.preflight.target.tls = TlsConfig::CaFile(ca));
    let mut impostor = None;
    let running = load.start_after(|| {
        drop(server);
        impostor = Some(
            FakeServer::new()
                .tls()
                .start_on(TcpListener::bind(address).unwrap())
                .unwrap(),
        );
    });
    let report = running.report();
    assert_eq!(report.outcomes(), counts([("tls", 6)]));
    assert!(
        report.messages().iter().all(|message| message.contains("certificate")),
        "{:?}",
        report.messages()
    );
}

#[test]
fn mixed_faults_are_counted_exactly_as_the_server_made_them() {
    let share = |share| When::Share {
        share,
        seed: (share * 100.0) as u64,
    };
    let server = FakeServer::new()
        .on(When::First(1), Script::new())
        .on(share(0.06), script().fault(Fault::status(503)))
        .on(share(0.07), script().fault(Fault::TruncateAfter(2)))
        .on(share(0.08), script().fault(Fault::Drop))
        .on(share(0.09), script().fault(Fault::ErrorEventAfter(1)))
        .on(share(0.05), script().fault(Fault::EmptyOutput))
        .script(script())
        .start()
        .unwrap();
    let report = Load::closed(server.url(), 32, 2_000).workers(3).run();
    let served = server.stats().requests;
    let truth = |outcome| served.iter().skip(1).filter(|truth| truth.outcome == outcome).count();
    let expected = counts([
        ("completed", truth(TruthOutcome::Completed)),
        ("http_status_503", truth(TruthOutcome::Status(503))),
        ("truncated_stream", truth(TruthOutcome::Truncated)),
        ("connection_lost", truth(TruthOutcome::Dropped)),
        ("sse_error_event", truth(TruthOutcome::ErrorEvent)),
        ("empty_output", truth(TruthOutcome::Empty)),
    ]);
    assert_eq!(report.outcomes(), expected);
    assert_eq!(expected.values().sum::<usize>(), 2_000);
    assert!(
        expected.values().all(|count| *count > 40),
        "every fault was met: {expected:?}"
    );
}

#[test]
fn bytes_that_are_not_http_cannot_be_parsed() {
    let server = RawServer::start(|head, stream| {
        head.read_body(stream);
        stream.write_all(b"SSH-2.0-OpenSSH_9.2\r\n\r\n").unwrap();
        Then::Close
    });
    let report = Load::closed(server.url(), 1, 3).run();
    assert_eq!(report.outcomes(), counts([("parse", 3)]));
}

#[test]
fn a_stream_that_ends_without_saying_so_is_truncated() {
    let server = RawServer::start(|head, stream| {
        head.read_body(stream);
        let token = chunk(r#"{"choices":[{"delta":{"content":"a"},"finish_reason":null}]}"#);
        write!(stream, "{SSE_HEAD}{token}0\r\n\r\n").unwrap();
        Then::KeepOpen
    });
    let report = Load::closed(server.url(), 1, 3).run();
    assert_eq!(report.outcomes(), counts([("truncated_stream", 3)]));
}

#[test]
fn an_error_object_with_status_200_is_a_failure() {
    let server = RawServer::start(|head, stream| {
        head.read_body(stream);
        let body = r#"{"error":{"message":"out of memory","type":"server_error"}}"#;
        stream.write_all(json_answer("200 OK", body).as_bytes()).unwrap();
        Then::KeepOpen
    });
    let report = Load::closed(server.url(), 1, 2).not_streaming().run();
    assert_eq!(report.outcomes(), counts([("sse_error_event", 2)]));
    assert_eq!(report.messages(), ["out of memory"; 2]);
}

#[test]
fn a_server_that_ignores_the_wish_for_a_stream_is_told_apart() {
    let server = RawServer::start(|head, stream| {
        head.read_body(stream);
        let body = r#"{"choices":[{"message":{"content":"a"},"finish_reason":"stop"}]}"#;
        stream.write_all(json_answer("200 OK", body).as_bytes()).unwrap();
        Then::KeepOpen
    });
    let report = Load::closed(server.url(), 1, 1).run();
    assert_eq!(report.outcomes(), counts([("parse", 1)]));
    assert!(report.messages()[0].starts_with("asked for a stream, got application/json"));
}

#[test]
fn an_endless_line_ends_the_request_and_fills_no_memory() {
    let server = RawServer::start(|head: &Head, stream| {
        head.read_body(stream);
        let megabyte = "x".repeat(1 << 20);
        let sent = write!(stream, "{SSE_HEAD}")
            .and_then(|()| (0..40).try_for_each(|_| write!(stream, "{:x}\r\n{megabyte}\r\n", megabyte.len())));
        let _ = sent.and_then(|()| write!(stream, "0\r\n\r\n"));
        Then::KeepOpen
    });
    let report = Load::closed(server.url(), 1, 1).run();
    assert_eq!(report.outcomes(), counts([("parse", 1)]));
    assert_eq!(report.messages(), ["an event of the stream is longer than 16 MiB"]);
}

#[test]
fn no_deadline_is_too_long() {
    let server = server_with(script());
    let forever = |load: &mut Load| {
        load.deadlines = Deadlines {
            connect: Duration::MAX,
            first_byte: Duration::MAX,
            idle: Duration::MAX,
            total: Duration::MAX,
        };
        load.preflight.target.deadlines = load.deadlines;
    };
    Load::closed(server.url(), 2, 4)
        .change(forever)
        .run()
        .assert_completed(4);
}

#[test]
fn a_failure_names_its_kind_in_the_record() {
    let report = Load::closed(server_with(script().fault(Fault::status(503))).url(), 1, 1).run();
    let failure = report.only().outcome.failure().unwrap();
    assert_eq!(failure.kind, FailureKind::HttpStatus(503));
    assert_eq!(
        failure.message.as_deref(),
        Some("The server had an error: scripted error")
    );
}
