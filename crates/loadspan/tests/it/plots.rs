//! Pictures of runs.

use loadspan_testkit::{DurationExt, FakeServer, Fault, Script, When, every};

use crate::harness::{Finished, Loadspan};

fn run(flags: &str) -> Finished {
    let failing = Script::new().fault(Fault::status(503));
    let server = FakeServer::new().ttft(5.ms()).tokens(8, every(2.ms()));
    let server = server.on(When::EveryNth(10), failing).start().unwrap();
    Loadspan::profile(&server, "--streaming --isl 8 --osl 8")
        .args(flags)
        .run()
        .expect_code(0)
}

fn pictures(finished: &Finished, folder: &str) -> Vec<String> {
    let entries = std::fs::read_dir(finished.path(folder)).unwrap();
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn a_run_is_drawn_into_its_folder() {
    let run = run("--concurrency 4 --request-count 80");
    let plot = Loadspan::new(&["plot", "--paths"])
        .arg(run.path("run"))
        .run()
        .expect_code(0);
    let names = pictures(&run, "run/plots");
    for chart in [
        "ttft_over_time",
        "latency_cdf",
        "throughput_over_time",
        "errors_over_time",
    ] {
        for extension in ["png", "svg"] {
            assert!(names.contains(&format!("{chart}.{extension}")), "{names:?}");
        }
    }
    assert_eq!(plot.stdout.lines().count(), names.len());
    assert!(
        plot.stderr.contains("no data for"),
        "there are no GPUs: {}",
        plot.stderr
    );
}

#[test]
fn several_runs_are_compared() {
    let runs = [
        run("--concurrency 1 --request-count 30"),
        run("--concurrency 4 --request-count 60"),
    ];
    let plot = Loadspan::new(&[
        "plot",
        "--output",
        "out",
        "--format",
        "svg",
        "--theme",
        "dark",
        "--statistic",
        "p50",
    ])
    .args("--paths")
    .arg(runs[0].path("run"))
    .arg(runs[1].path("run"))
    .run()
    .expect_code(0);
    assert_eq!(pictures(&plot, "out").len(), 3, "{}", plot.stdout);
}

#[test]
fn what_cannot_be_drawn_is_told() {
    let run = run("--concurrency 4 --request-count 20");
    let alone = Loadspan::new(&["plot", "--statistic", "p50", "--paths"])
        .arg(run.path("run"))
        .run();
    assert!(alone.expect_code(2).stderr.contains("--statistic"));
    let nowhere = Loadspan::new(&["plot", "--paths", "nowhere"]).run().expect_code(2);
    assert!(nowhere.stderr.contains("nowhere"), "{}", nowhere.stderr);
}
