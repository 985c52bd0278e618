//! Exit codes and verdicts of runs that end by themselves.

use loadspan_testkit::{DurationExt, FakeServer, Fault, Script, When, every};

use crate::harness::Loadspan;

#[test]
fn a_run_without_a_success_has_no_table_of_zeros() {
    let broken = Script::new().fault(Fault::status(500));
    let server = FakeServer::new()
        .on(When::First(2), Script::new())
        .script(broken)
        .start()
        .unwrap();
    let run = Loadspan::profile(&server, "--streaming --request-count 12 --isl 8")
        .run()
        .expect_code(3);
    assert!(!run.stdout.contains("Time to first token"), "{}", run.stdout);
    assert!(run.stdout.contains("http_status_500"), "{}", run.stdout);
    let summary = run.summary();
    assert_eq!(summary["verdict"]["status"], "invalid");
    assert_eq!(summary["counts"]["by_error"]["http_status_500"], 12);
}

#[test]
fn failures_are_counted_by_class_and_stay_out_of_the_latencies() {
    let answer = || Script::new().ttft(5.ms()).tokens(4, every(2.ms()));
    let server = FakeServer::new()
        .script(answer())
        .on(When::First(2), answer())
        .on(
            When::EveryNth(5),
            Script::new().fault(Fault::too_many_requests(1.secs())),
        )
        .on(When::EveryNth(7), answer().fault(Fault::TruncateAfter(2)))
        .start()
        .unwrap();
    let run = Loadspan::profile(&server, "--streaming --concurrency 4 --request-count 68 --isl 8")
        .run()
        .expect_code(0);
    let truths = server.stats().requests;
    let limited = (2..70).filter(|number| number % 5 == 4).count();
    let truncated = (2..70).filter(|number| number % 7 == 6 && number % 5 != 4).count();
    assert_eq!(truths.len(), 70);
    let summary = run.summary();
    assert_eq!(summary["counts"]["by_error"]["http_status_429"], limited);
    assert_eq!(summary["counts"]["by_error"]["truncated_stream"], truncated);
    assert_eq!(
        summary["metrics"]["time_to_first_token"]["count"],
        68 - limited - truncated
    );
}

#[test]
fn too_many_failures_end_the_run_early() {
    let server = FakeServer::new()
        .on(When::First(2), Script::new())
        .script(Script::new().fault(Fault::status(503)))
        .start()
        .unwrap();
    let flags = "--request-count 100000 --concurrency 4 --isl 8 --failed-request-threshold 10%";
    let run = Loadspan::profile(&server, flags).run().expect_code(3);
    let summary = run.summary();
    assert!(summary["counts"]["failed"].as_u64().unwrap() < 50_000);
    assert!(run.stdout.contains("--failed-request-threshold"), "{}", run.stdout);
}

#[test]
fn goodput_counts_failures_in_its_denominator() {
    let server = FakeServer::new()
        .script(Script::new().ttft(5.ms()).tokens(4, every(2.ms())))
        .on(When::Number(3), Script::new().fault(Fault::status(500)))
        .start()
        .unwrap();
    let run = Loadspan::profile(
        &server,
        "--streaming --request-count 10 --isl 8 --goodput time_to_first_token:5000",
    );
    let summary = run.run().expect_code(0).summary();
    assert_eq!(summary["metrics"]["good_request_fraction"]["value"], 0.9);
}
