//! Runs that do not come to their planned end.

use std::time::{Duration, Instant};

use loadspan_testkit::{DurationExt, FakeServer, Fault, Script, When, every};
use rustix::process::Signal;

use crate::harness::{Loadspan, wait_until};

/// CLOCK_MONOTONIC, as the server's truths have it.
fn monotonic_ns() -> u64 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
    time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
}

#[test]
fn after_sigkill_every_request_is_there_but_those_of_the_last_second() {
    let server = FakeServer::new()
        .ttft(10.ms())
        .tokens(4, every(5.ms()))
        .start()
        .unwrap();
    let run = Loadspan::profile(
        &server,
        "--streaming --concurrency 8 --request-count 100000 --isl 8 --osl 4",
    )
    .start();
    wait_until("600 requests have been answered", || {
        server.stats().generation_requests > 600
    });
    let killed_at = monotonic_ns();
    run.signal(Signal::KILL);
    let killed = run.wait();
    assert_eq!(killed.code, None);

    let long_done = |truth: &&loadspan_testkit::Truth| {
        truth.last_byte_ns.is_some_and(|at| at + 1_000_000_000 < killed_at)
            && truth.request_id.as_deref() != Some("preflight")
    };
    let stats = server.stats();
    let due: Vec<_> = stats
        .requests
        .iter()
        .filter(long_done)
        .filter_map(|truth| truth.request_id.clone())
        .collect();
    assert!(
        due.len() > 100,
        "too few requests before the kill to tell anything: {}",
        due.len()
    );

    let report = killed.report("").expect_code(0);
    assert!(
        report.stdout.contains("was killed before the run ended"),
        "{}",
        report.stdout
    );
    let summary = killed.summary();
    let recorded = summary["counts"]["completed"].as_u64().unwrap();
    assert!(
        recorded >= due.len() as u64,
        "{recorded} recorded, {} were done a second before",
        due.len()
    );
    assert_eq!(summary["run"]["completeness"]["status"], "incomplete");
}

#[test]
fn ctrl_c_lets_requests_end_and_reports_what_there_is() {
    let server = FakeServer::new()
        .ttft(20.ms())
        .tokens(4, every(5.ms()))
        .start()
        .unwrap();
    let run = Loadspan::profile(
        &server,
        "--streaming --concurrency 4 --request-count 100000 --isl 8 --osl 4",
    )
    .start();
    wait_until("50 requests have been answered", || {
        server.stats().generation_requests > 50
    });
    let interrupted = Instant::now();
    run.signal(Signal::INT);
    let run = run.wait().expect_code(130);
    assert!(interrupted.elapsed() < Duration::from_secs(5));
    let summary = run.summary();
    assert_eq!(summary["run"]["completeness"]["reason"], "interrupted");
    assert_eq!(
        summary["counts"]["cancelled"], 0,
        "requests in flight had the time to end"
    );
    assert!(summary["counts"]["completed"].as_u64().unwrap() > 40);
    assert!(run.stdout.contains("interrupted"), "{}", run.stdout);
}

#[test]
fn a_server_that_says_no_more_cannot_hold_an_interrupted_run() {
    let stalls = Script::new()
        .ttft(5.ms())
        .tokens(8, every(5.ms()))
        .fault(Fault::StallAfter(2));
    let server = FakeServer::new()
        .tokens(8, every(1.ms()))
        .on(When::EveryNth(7), stalls)
        .start()
        .unwrap();
    let run = Loadspan::profile(
        &server,
        "--streaming --concurrency 4 --request-count 100000 --isl 8 --drain-timeout-seconds 0.3",
    );
    let run = run.start();
    let mut before = 0;
    wait_until("all slots are stalled", || {
        std::thread::sleep(Duration::from_millis(200));
        let now = server.stats().generation_requests;
        std::mem::replace(&mut before, now) == now && now > 2
    });
    run.signal(Signal::TERM);
    let run = run.wait().expect_code(130);
    assert_eq!(run.summary()["counts"]["cancelled"], 4);
}

#[test]
fn a_second_ctrl_c_stops_at_once() {
    let server = FakeServer::new().script(Script::new().ttft(20.ms()).fault(Fault::StallAfter(0)));
    let answers_preflight = Script::new().tokens(4, every(1.ms()));
    let server = server.on(When::First(2), answers_preflight).start().unwrap();
    let run = Loadspan::profile(
        &server,
        "--streaming --concurrency 2 --isl 8 --drain-timeout-seconds 60",
    )
    .start();
    wait_until("both requests are under way", || server.stats().open_streams >= 2);
    let interrupted = Instant::now();
    run.signal(Signal::INT);
    std::thread::sleep(Duration::from_millis(100));
    run.signal(Signal::INT);
    let run = run.wait().expect_code(130);
    assert!(interrupted.elapsed() < Duration::from_secs(3));
    assert_eq!(run.summary()["counts"]["cancelled"], 2);
}

#[test]
fn a_server_that_is_gone_is_asked_with_patience() {
    let server = FakeServer::new().ttft(5.ms()).start().unwrap();
    let run = Loadspan::profile(&server, "--concurrency 8 --benchmark-duration 1.5 --isl 8").start();
    wait_until("the load has begun", || server.stats().generation_requests > 50);
    server.shutdown();
    let summary = run.wait().summary();
    let refused = summary["counts"]["by_error"]["connect"].as_u64().unwrap();
    // Each of eight slots tries after 10 ms, 20 ms, 40 ms …; without a pause there would be tens of thousands of failures.
    assert!((8..=80).contains(&refused), "{refused}");
}
