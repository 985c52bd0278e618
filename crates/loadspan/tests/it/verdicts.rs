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

#[test]
fn a_failing_share_counts_at_the_end_of_a_run_too_short_to_settle() {
    let server = FakeServer::new()
        .on(When::Number(5), Script::new().fault(Fault::status(500)))
        .start()
        .unwrap();
    let flags = "--request-count 8 --concurrency 32 --isl 8 --failed-request-threshold 5%";
    let run = Loadspan::profile(&server, flags).run().expect_code(3);
    assert_eq!(run.summary()["counts"]["failed"], 1);
    assert_eq!(
        run.summary()["run"]["completeness"]["status"],
        "complete",
        "nothing was cut short"
    );
    assert!(run.stderr.contains("1 of 8 requests failed"), "{}", run.stderr);
}

#[test]
fn nobody_has_to_listen() {
    let server = FakeServer::new().start().unwrap();
    let command = format!(
        "exec {} profile --url {} --model m --request-count 4 --isl 8 --artifact-dir run 2>&- >&-",
        env!("CARGO_BIN_EXE_loadspan"),
        server.url()
    );
    let folder = tempfile::tempdir().unwrap();
    let status = std::process::Command::new("sh")
        .args(["-c", &command])
        .current_dir(&folder)
        .status();
    assert_eq!(status.unwrap().code(), Some(0));
    assert!(folder.path().join("run/summary.json").exists());
}

/// Files may have 8 KiB here, so that neither records nor figures fit.
#[test]
fn a_disk_without_room_does_not_take_the_figures_from_the_user() {
    let server = FakeServer::new().start().unwrap();
    let command = format!(
        "trap '' XFSZ; ulimit -f 16; exec {} profile --url {} --model m --request-count 60 --isl 8 --artifact-dir run",
        env!("CARGO_BIN_EXE_loadspan"),
        server.url()
    );
    let folder = tempfile::tempdir().unwrap();
    let run = std::process::Command::new("sh")
        .args(["-c", &command])
        .current_dir(&folder)
        .output()
        .unwrap();
    let (stdout, stderr) = (
        String::from_utf8_lossy(&run.stdout),
        String::from_utf8_lossy(&run.stderr),
    );
    assert_eq!(run.status.code(), Some(1), "{stderr}");
    assert!(stdout.contains("60 requests completed"), "{stdout}");
    assert!(stderr.contains("records.jsonl is incomplete: "), "{stderr}");
    assert!(stderr.contains("summary.json"), "{stderr}");
}

#[test]
fn runs_that_begin_at_once_have_folders_of_their_own() {
    let server = FakeServer::new().start().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let start = || {
        std::process::Command::new(env!("CARGO_BIN_EXE_loadspan"))
            .args([
                "profile",
                "--url",
                &server.url(),
                "--model",
                "m",
                "--request-count",
                "3",
                "--isl",
                "8",
            ])
            .current_dir(&folder)
            .output()
    };
    let codes = std::thread::scope(|scope| {
        let runs: Vec<_> = (0..3).map(|_| scope.spawn(start)).collect();
        runs.into_iter()
            .map(|run| run.join().unwrap().unwrap().status.code())
            .collect::<Vec<_>>()
    });
    assert_eq!(codes, [Some(0); 3]);
    let runs = std::fs::read_dir(folder.path().join("artifacts")).unwrap();
    let complete = runs.filter(|run| run.as_ref().unwrap().path().join("summary.json").exists());
    assert_eq!(complete.count(), 3);
}
