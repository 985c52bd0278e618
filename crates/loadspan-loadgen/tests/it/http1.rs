//! HTTP/1.1: connections that are reused, close, answer early, or end in odd ways.

use std::io::Write;
use std::time::Duration;

use loadspan_loadgen::schedule::ArrivalProcess;
use loadspan_record::{ConnectionUse, HttpVersion, RequestRecord};
use loadspan_testkit::{DurationExt, FakeServer, Fault, Script, When, every};

use crate::harness::{Load, RawServer, SSE_HEAD, Then, chunk, counts, eventually, json_answer, server_with};

fn token() -> String {
    chunk(r#"{"choices":[{"delta":{"content":"a"},"finish_reason":"stop"}]}"#)
}

/// A server that answers each request of the load with these bytes.
fn answering(bytes: impl Into<String>, close: bool) -> RawServer {
    let bytes = bytes.into();
    RawServer::start(move |head, stream| {
        head.read_body(stream);
        stream.write_all(bytes.as_bytes()).unwrap();
        if close { Then::Close } else { Then::KeepOpen }
    })
}

#[test]
fn a_closed_load_opens_its_connections_ahead_and_keeps_them() {
    let server = server_with(Script::new());
    let report = Load::closed(server.url(), 4, 40).run();
    report.assert_completed(40);
    assert!(
        report
            .records
            .iter()
            .all(|record| record.http.connection == ConnectionUse::Reused)
    );
    assert!(
        report
            .records
            .iter()
            .all(|record| record.http.version == HttpVersion::Http11)
    );
    let preopened = &report.end.preopened[0];
    assert_eq!((preopened.opened, preopened.failed), (4, 0));
    assert!(preopened.connect_max_ms >= preopened.connect_p50_ms && preopened.connect_p50_ms > 0.0);
    assert_eq!(
        server.stats().connections_opened,
        4 + 2,
        "four for the load, two for the preflight"
    );
}

#[test]
fn a_failure_costs_its_connection_and_the_next_request_says_what_a_new_one_took() {
    let server = FakeServer::new()
        .on(When::Number(2), Script::new().fault(Fault::TruncateAfter(0)))
        .start()
        .unwrap();
    let report = Load::closed(server.url(), 1, 4).run();
    let connections: Vec<_> = report.records.iter().map(|record| record.http.connection).collect();
    assert_eq!(
        [connections[0], connections[1], connections[3]],
        [ConnectionUse::Reused; 3]
    );
    let ConnectionUse::Opened { connect_ns, tls_ns } = connections[2] else {
        panic!("{connections:?}")
    };
    assert!(connect_ns > 0 && tls_ns == 0);
}

#[test]
fn a_stalled_request_gives_its_connection_up() {
    let server = FakeServer::new()
        .on(
            When::Number(1),
            Script::new().tokens(9, every(0.ms())).fault(Fault::StallAfter(1)),
        )
        .start()
        .unwrap();
    let short = |load: &mut Load| {
        load.deadlines.idle = 50.ms();
        load.config.limits.requests = Some(2);
    };
    let running = Load::open(server.url(), 1.0, ArrivalProcess::Constant)
        .change(short)
        .start();
    eventually(|| server.stats().requests.iter().any(|truth| truth.number == 1));
    eventually(|| server.stats().open_streams == 0);
    assert_eq!(
        server.stats().generation_requests,
        2,
        "it was given up before its slot was needed again"
    );
    assert_eq!(
        running.report().outcomes(),
        counts([("completed", 1), ("timeout_idle", 1)])
    );
}

#[test]
fn connections_that_the_server_closes_between_requests_cost_no_request() {
    let server = RawServer::start(|head, stream| {
        head.read_body(stream);
        write!(stream, "{SSE_HEAD}{}{}0\r\n\r\n", token(), chunk("[DONE]")).unwrap();
        if head.number == 2 { Then::Close } else { Then::KeepOpen }
    });
    // Time enough between two requests for the close to arrive.
    let nine = |load: &mut Load| load.config.limits.requests = Some(9);
    let report = Load::open(server.url(), 100.0, ArrivalProcess::Constant)
        .change(nine)
        .run();
    report.assert_completed(9);
    let reused = |record: &&RequestRecord| record.http.connection == ConnectionUse::Reused;
    assert!(report.records.iter().filter(reused).count() <= 6);
    assert!(server.connections() >= 2 + 3, "{}", server.connections());
}

#[test]
fn a_server_that_says_close_is_taken_at_its_word() {
    let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nConnection: keep-alive, Close\r\n";
    let server = answering(
        format!(
            "{head}transfer-encoding: chunked\r\n\r\n{}{}0\r\n\r\n",
            token(),
            chunk("[DONE]")
        ),
        true,
    );
    let report = Load::closed(server.url(), 2, 10).run();
    report.assert_completed(10);
    assert_eq!(server.connections(), 10 + 2);
}

#[test]
fn a_stream_without_a_length_ends_with_its_connection() {
    let event = r#"data: {"choices":[{"delta":{"content":"a"},"finish_reason":"stop"}]}"#;
    let server = answering(
        format!("HTTP/1.0 200 OK\r\ncontent-type: text/event-stream\r\n\r\n{event}\n\ndata: [DONE]\n\n"),
        true,
    );
    Load::closed(server.url(), 1, 3).run().assert_completed(3);
}

#[test]
fn a_stream_whose_done_came_is_complete_although_its_body_never_ends() {
    let server = answering(format!("{SSE_HEAD}{}{}", token(), chunk("[DONE]")), false);
    let report = Load::closed(server.url(), 2, 2).run();
    report.assert_completed(2);
    for record in &report.records {
        let took = record.timings.finished_at.millis_since(record.timings.sent_at.unwrap());
        assert!(
            took < 900.0,
            "the wait for the end of the body is not the request's: {took} ms"
        );
    }
}

#[test]
fn a_stream_whose_done_came_is_complete_although_its_connection_breaks() {
    let server = answering(format!("{SSE_HEAD}{}{}", token(), chunk("[DONE]")), true);
    Load::closed(server.url(), 1, 3).run().assert_completed(3);
}

#[test]
fn interim_responses_are_no_response() {
    let body = r#"{"choices":[{"message":{"content":"a"},"finish_reason":"stop"}]}"#;
    let interim = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n";
    let server = answering(format!("{interim}{}", json_answer("200 OK", body)), false);
    Load::closed(server.url(), 1, 3)
        .not_streaming()
        .run()
        .assert_completed(3);
}

#[test]
fn bodies_larger_than_every_buffer_arrive_whole() {
    let server = FakeServer::new().capture(8).start().unwrap();
    let report = Load::closed(server.url(), 2, 4)
        .change(|load| load.input_tokens = 400_000)
        .run();
    for record in &report.assert_completed(4).records {
        assert_eq!(record.tokens.input, Some(400_000));
        assert!(record.http.bytes_sent > 1_600_000);
    }
}

#[test]
fn an_answer_that_comes_before_the_request_is_read_is_taken() {
    // The body is never read: a client that wrote it to the end first would wait for its deadline.
    let server = RawServer::start(|_, stream| {
        let body = r#"{"error":{"message":"too long"}}"#;
        stream
            .write_all(json_answer("413 Content Too Large", body).as_bytes())
            .unwrap();
        std::thread::sleep(Duration::from_millis(1_000));
        Then::Close
    });
    let load = Load::closed(server.url(), 1, 2).change(|load| load.input_tokens = 4_000_000);
    let report = load.run();
    assert_eq!(report.outcomes(), counts([("http_status_413", 2)]));
    assert_eq!(report.messages(), ["too long"; 2]);
    for record in &report.records {
        let took = record.timings.finished_at.millis_since(record.timings.sent_at.unwrap());
        assert!(took < 900.0, "{took} ms");
    }
    assert!(
        matches!(report.records[1].http.connection, ConnectionUse::Opened { .. }),
        "half a request lies on the first"
    );
}

#[test]
fn heads_in_pieces_and_with_many_headers_are_read() {
    let filler: String = (0..100)
        .map(|number| format!("x-filler-{number}: {number}\r\n"))
        .collect();
    let body = r#"{"choices":[{"message":{"content":"a"},"finish_reason":"stop"}]}"#;
    let answer = json_answer("200 OK", body).replacen("\r\n", &format!("\r\n{filler}"), 1);
    let server = RawServer::start(move |head, stream| {
        head.read_body(stream);
        for piece in answer.as_bytes().chunks(700) {
            stream.write_all(piece).unwrap();
            std::thread::sleep(Duration::from_millis(1));
        }
        Then::KeepOpen
    });
    Load::closed(server.url(), 1, 2)
        .not_streaming()
        .run()
        .assert_completed(2);
}
