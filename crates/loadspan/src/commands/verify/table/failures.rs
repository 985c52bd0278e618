//! Each failure in its class, none retried in secret, and none that can hang a run.

use loadspan_record::FailureKind;
use loadspan_testkit::{DurationExt, FakeServer, Fault, Script, TruthOutcome, When, every};

use super::super::bench::Bench;
use super::super::check::{completed, failed, failed_as_served, given_up_after, reached_server};
use super::{Case, case, paced};

/// The deadline that requests run into, in milliseconds.
const DEADLINE_MS: u64 = 100;
/// Tokens that come before a stream goes wrong.
const TOKENS: u32 = 2;

/// A server that answers the preflight well and every later request in this way.
fn failing(script: Script) -> Bench {
    Bench::new(FakeServer::new().on(When::First(1), Script::new()).script(script)).requests(8)
}

/// Every request of the load fails in this way, and in this class.
fn all_fail(name: &'static str, fault: Fault, kind: FailureKind) -> Case {
    case(
        name,
        failing(quick().fault(fault)),
        [failed(kind, 8), completed(0), reached_server(9)],
    )
}

fn quick() -> Script {
    Script::new().ttft(2.ms()).tokens(4, every(1.ms()))
}

pub(super) fn cases() -> Vec<Case> {
    let mut cases = vec![
        all_fail(
            "429 Too Many Requests",
            Fault::too_many_requests(1.secs()),
            FailureKind::HttpStatus(429),
        ),
        all_fail("500", Fault::status(500), FailureKind::HttpStatus(500)),
        all_fail(
            "error event in a stream",
            Fault::ErrorEventAfter(TOKENS),
            FailureKind::SseErrorEvent,
        ),
        all_fail(
            "stream cut off",
            Fault::TruncateAfter(TOKENS),
            FailureKind::TruncatedStream,
        ),
        all_fail("200 without a token", Fault::EmptyOutput, FailureKind::EmptyOutput),
        all_fail("connection closed", Fault::Drop, FailureKind::ConnectionLost),
        all_fail("not JSON", Fault::NotJson, FailureKind::Parse),
        all_fail("a proxy's HTML page", Fault::Html, FailureKind::Parse),
    ];
    cases.extend(deadlines());
    cases.push(case(
        "connection refused",
        failing(quick()).server_stops_before_load(),
        [failed(FailureKind::Connect, 8), completed(0)],
    ));
    cases.push(case(
        "certificate of another CA",
        Bench::new(FakeServer::new().tls())
            .requests(8)
            .server_restarts_before_load(),
        [failed(FailureKind::Tls, 8), completed(0)],
    ));
    cases.push(mixed());
    cases
}

fn deadlines() -> [Case; 4] {
    let deadline_ms = DEADLINE_MS as f64;
    let stalling = quick().fault(Fault::StallAfter(TOKENS));
    [
        case(
            "no first byte",
            failing(quick().fault(Fault::Silence)).deadlines(|deadlines| deadlines.first_byte = DEADLINE_MS.ms()),
            [
                failed(FailureKind::TimeoutFirstByte, 8),
                given_up_after(deadline_ms, |record| record.timings.sent_at),
                reached_server(9),
            ],
        ),
        case(
            "every stream stalls",
            failing(stalling.clone()).deadlines(|deadlines| deadlines.idle = DEADLINE_MS.ms()),
            [
                failed(FailureKind::TimeoutIdle, 8),
                given_up_after(deadline_ms, |record| record.timings.last_token_at),
            ],
        ),
        case(
            "1 of 32 streams stalls",
            Bench::new(FakeServer::new().script(paced()).on(When::Number(7), stalling))
                .deadlines(|deadlines| deadlines.idle = (3 * DEADLINE_MS).ms())
                .closed(32)
                .requests(32),
            [failed(FailureKind::TimeoutIdle, 1), completed(31)],
        ),
        case(
            "stream without an end",
            failing(Script::new().tokens(10_000, every(5.ms())))
                .deadlines(|deadlines| deadlines.total = DEADLINE_MS.ms()),
            [
                failed(FailureKind::TimeoutTotal, 8),
                given_up_after(deadline_ms, |record| record.timings.sent_at),
            ],
        ),
    ]
}

/// Three requests in ten fail, in six ways; the server's own count says how many in each.
fn mixed() -> Case {
    let faults = [
        (
            Fault::too_many_requests(1.secs()),
            FailureKind::HttpStatus(429),
            TruthOutcome::Status(429),
        ),
        (
            Fault::status(500),
            FailureKind::HttpStatus(500),
            TruthOutcome::Status(500),
        ),
        (
            Fault::ErrorEventAfter(TOKENS),
            FailureKind::SseErrorEvent,
            TruthOutcome::ErrorEvent,
        ),
        (
            Fault::TruncateAfter(TOKENS),
            FailureKind::TruncatedStream,
            TruthOutcome::Truncated,
        ),
        (Fault::EmptyOutput, FailureKind::EmptyOutput, TruthOutcome::Empty),
        (Fault::Drop, FailureKind::ConnectionLost, TruthOutcome::Dropped),
    ];
    let mut server = FakeServer::new().script(quick()).on(When::First(1), Script::new());
    let mut checks = Vec::new();
    for (seed, (fault, kind, outcome)) in (0..).zip(faults) {
        server = server.on(When::Share { share: 0.05, seed }, quick().fault(fault));
        checks.push(failed_as_served(kind, outcome));
    }
    checks.push(reached_server(401));
    case(
        "30 % fail, in six ways",
        Bench::new(server).closed(16).requests(400),
        checks,
    )
}
