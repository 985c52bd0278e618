//! Pictures of runs.

use std::ffi::OsStr;

use loadspan_testkit::{
    DurationExt, FakeServer, Fault, MlflowAnswer, MlflowSink, RunningMlflowSink, RunningServer, Script, When, every,
};

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
    assert_eq!(plot.stdout.lines().count(), names.len() + 1);
    let page = std::fs::read_to_string(run.path("run/report.html")).unwrap();
    assert!(page.starts_with("<!doctype html>"), "{}", &page[..60]);
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
fn folders_are_named_with_a_flag_or_without_one() {
    let runs = [
        run("--concurrency 1 --request-count 30"),
        run("--concurrency 4 --request-count 60"),
    ];
    let [one, other] = runs.each_ref().map(|run| run.path("run"));
    let (one, other, flag) = (one.as_os_str(), other.as_os_str(), OsStr::new("--paths"));
    let drawn = |words: &[&OsStr]| {
        let plot = Loadspan::new(&["plot", "--output", "out", "--format", "svg"]);
        let plot = words.iter().fold(plot, |plot, word| plot.arg(word));
        plot.run().expect_code(0).read("out/latency_by_throughput.svg")
    };
    let picture = drawn(&[flag, one, other]);
    assert!(picture.contains("2 runs"), "{picture}");
    assert_eq!(drawn(&[one, other]), picture);
    assert_eq!(drawn(&[one, flag, other]), picture);
    let nothing = Loadspan::new(&["plot", "--format", "svg"]).run().expect_code(2);
    assert!(nothing.stderr.contains("<DIR>"), "{}", nothing.stderr);
}

/// A run of stages with these names, each with twice the concurrency of the one before.
fn staged(names: &[&str]) -> Finished {
    let stage = |(place, name): (usize, &&str)| {
        format!("  - {{name: {name}, concurrency: {}, request_count: 30}}\n", 1 << place)
    };
    let stages: String = names.iter().enumerate().map(stage).collect();
    let server = server();
    let run = Loadspan::profile(&server, "-f run.yaml");
    let file = format!("streaming: true\nisl: 8\nosl: 8\nstages:\n{stages}");
    std::fs::write(run.folder().join("run.yaml"), file).unwrap();
    run.run().expect_code(0)
}

#[test]
fn stages_alone_make_the_curve_of_latency_by_throughput() {
    let run = staged(&["alone", "pair", "four"]);
    let plot = Loadspan::new(&["plot", "--output", "out", "--statistic", "p50", "--paths"])
        .arg(run.path("run"))
        .run()
        .expect_code(0);
    for chart in ["latency", "interactivity", "ttft"] {
        let picture = plot.read(&format!("out/{chart}_by_throughput.svg"));
        for name in ["alone", "pair", "four"] {
            assert_eq!(
                picture.matches(&format!(">{name}</text>")).count(),
                1,
                "{name} in {picture}"
            );
        }
        assert!(
            picture.contains("3 measured stages, joined in their order; p50"),
            "{picture}"
        );
    }
    let page = plot.read("out/report.html");
    assert!(
        page.contains(r#"<figure id="latency_by_throughput""#),
        "no curve on the page"
    );
    let asked = Loadspan::new(&[
        "plot",
        "--output",
        "out",
        "--format",
        "png",
        "--chart",
        "ttft_by_throughput",
        "--paths",
    ])
    .arg(run.path("run"))
    .run()
    .expect_code(0);
    assert_eq!(pictures(&asked, "out"), ["ttft_by_throughput.png"]);
}

#[test]
fn stages_are_curves_beside_runs_with_one_load() {
    let staged = staged(&["alone", "pair"]);
    let single = run("--concurrency 4 --request-count 60");
    let plot = Loadspan::new(&["plot", "--output", "out", "--format", "svg", "--paths"])
        .arg(staged.path("run"))
        .arg(single.path("run"))
        .run()
        .expect_code(0);
    let picture = plot.read("out/latency_by_throughput.svg");
    for text in ["alone", "pair", "runs with one load"] {
        assert_eq!(
            picture.matches(&format!(">{text}</text>")).count(),
            1,
            "{text} in {picture}"
        );
    }
    assert!(picture.contains("2 runs, 1 with stages"), "{picture}");
    assert!(!picture.contains("Pareto"), "{picture}");
}

#[test]
fn what_cannot_be_drawn_is_told() {
    let run = run("--concurrency 4 --request-count 20");
    let alone = Loadspan::new(&["plot", "--statistic", "p50", "--paths"])
        .arg(run.path("run"))
        .run();
    assert!(alone.expect_code(2).stderr.contains("--statistic"));
    for (flags, what) in [
        ("--chart ttft_by_throughput", "compares runs or stages"),
        ("--format html --chart latency_cdf", "no effect"),
        ("--mlflow-run-id 1", "--mlflow-upload"),
        ("--chart nonsense", "nonsense"),
    ] {
        let plot = Loadspan::new(&["plot", "--paths"])
            .arg(run.path("run"))
            .args(flags)
            .run();
        assert!(plot.expect_code(2).stderr.contains(what), "{flags}");
    }
    let nowhere = Loadspan::new(&["plot", "--paths", "nowhere"]).run().expect_code(2);
    assert!(nowhere.stderr.contains("nowhere"), "{}", nowhere.stderr);
}

#[test]
fn a_chart_that_was_asked_for_must_be_drawn() {
    let run = run("--concurrency 4 --request-count 20");
    let plot = |charts: &str| {
        let plot = Loadspan::new(&[
            "plot", "--output", "out", "--format", "png", "--chart", charts, "--paths",
        ]);
        plot.arg(run.path("run")).run()
    };
    let drawn = plot("latency_cdf,schedule_lag").expect_code(0);
    assert_eq!(pictures(&drawn, "out"), ["latency_cdf.png", "schedule_lag.png"]);
    let missing = plot("latency_cdf,gpu_and_server").expect_code(3);
    assert_eq!(
        pictures(&missing, "out"),
        ["latency_cdf.png"],
        "the others are drawn all the same"
    );
    assert!(missing.stderr.contains("no data for GPUs"), "{}", missing.stderr);
}

#[test]
fn a_page_shows_one_run() {
    let run = run("--concurrency 4 --request-count 20");
    let page = Loadspan::new(&["plot", "--output", "out", "--format", "html", "--paths"])
        .arg(run.path("run"))
        .run()
        .expect_code(0);
    assert_eq!(pictures(&page, "out"), ["report.html"]);
    let pages = Loadspan::new(&["plot", "--format", "html", "--paths"])
        .arg(run.path("run"))
        .arg(run.path("run"))
        .run();
    let error = pages.expect_code(2).stderr;
    assert!(
        error.contains("--format html shows one run") && error.contains("hint: "),
        "{error}"
    );
}

#[test]
fn a_picture_that_cannot_be_written_is_exit_3() {
    let run = run("--concurrency 4 --request-count 20");
    std::fs::write(run.path("run/plots"), "a file where the folder should be").unwrap();
    let plot = Loadspan::new(&["plot", "--paths"])
        .arg(run.path("run"))
        .run()
        .expect_code(3);
    assert!(plot.stderr.contains("cannot write"), "{}", plot.stderr);
}

#[test]
fn points_are_named_by_the_flags_that_differ_and_repetitions_are_one_point() {
    let server = server();
    // Numbers that no axis has at a tick.
    let runs = ["231", "231", "677"].map(|isl| {
        let flags = format!("--streaming --isl {isl} --osl 8 --concurrency 2 --request-count 20");
        Loadspan::profile(&server, &flags).run()
    });
    let plot = Loadspan::new(&["plot", "--output", "out", "--format", "svg", "--paths"]);
    let plot = runs
        .iter()
        .fold(plot, |plot, run| plot.arg(run.path("run")))
        .run()
        .expect_code(0);
    let picture = plot.read("out/latency_by_throughput.svg");
    assert!(
        picture.contains("each point is labelled with its isl</text>"),
        "{picture}"
    );
    for (label, points) in [(">231</text>", 1), (">677</text>", 1)] {
        assert_eq!(picture.matches(label).count(), points, "{label} in {picture}");
    }
    assert!(picture.contains("95 % confidence interval"), "{picture}");
}

fn server() -> RunningServer {
    FakeServer::new().ttft(5.ms()).tokens(8, every(2.ms())).start().unwrap()
}

fn auto_plot(server: &RunningServer, flags: &str) -> Loadspan {
    let load = "--streaming --isl 8 --osl 8 --concurrency 2 --request-count 20 --auto-plot";
    Loadspan::profile(server, load).args(flags)
}

#[test]
fn a_run_is_drawn_when_it_is_over() {
    let run = auto_plot(&server(), "--plot-required").run().expect_code(0);
    let names = pictures(&run, "run/plots");
    assert!(names.contains(&"latency_cdf.png".to_owned()), "{names:?}");
    assert!(run.read("run/report.html").starts_with("<!doctype html>"));
}

#[test]
fn a_run_that_cannot_be_drawn_is_a_warning_unless_pictures_are_required() {
    for (flags, code, word) in [
        ("", 0, "warning: --auto-plot"),
        ("--plot-required", 3, "error: --plot-required"),
    ] {
        let server = server();
        let profile = auto_plot(&server, flags);
        let folder = profile.folder().join("run");
        std::fs::create_dir(&folder).unwrap();
        std::fs::write(folder.join("plots"), "a file where the folder should be").unwrap();
        let run = profile.run().expect_code(code);
        assert!(run.stderr.contains(word), "{}", run.stderr);
        assert_eq!(
            run.summary()["counts"]["completed"],
            20,
            "the report is there all the same"
        );
    }
}

/// A run that was logged to MLflow.
fn logged(mlflow: &RunningMlflowSink, flags: &str) -> Finished {
    let flags = format!(
        "--streaming --isl 8 --osl 8 --concurrency 2 --request-count 20 --mlflow-tracking-uri {} {flags}",
        mlflow.url()
    );
    Loadspan::profile(&server(), &flags).run().expect_code(0)
}

fn uploaded(mlflow: &RunningMlflowSink, run_id: &str) -> Vec<String> {
    let marker = format!("{run_id}/artifacts/plots/");
    let artifacts = mlflow.artifacts().into_keys();
    let names = artifacts.filter_map(|path| Some(path.split_once(&marker)?.1.to_owned()));
    names.collect()
}

#[test]
fn pictures_are_attached_to_the_run_which_stays_as_it_is() {
    let mlflow = MlflowSink::new().start().unwrap();
    let run = logged(&mlflow, "");
    let before = mlflow.runs();
    let plot = Loadspan::new(&["plot", "--format", "svg", "--mlflow-upload", "--paths"])
        .arg(run.path("run"))
        .run()
        .expect_code(0);
    let drawn = pictures(&run, "run/plots");
    assert_eq!(uploaded(&mlflow, &before[0].id), drawn);
    let told = format!("{} pictures uploaded to run {}", drawn.len(), before[0].id);
    assert!(plot.stderr.contains(&told), "{}", plot.stderr);
    let after = mlflow.runs();
    assert_eq!(
        (&after[0].status, after[0].end_time),
        (&before[0].status, before[0].end_time)
    );
}

#[test]
fn a_comparison_is_attached_to_the_parent_of_its_runs() {
    let mlflow = MlflowSink::new().start().unwrap();
    let runs = [(); 2].map(|()| logged(&mlflow, "--mlflow-parent-run-name sweep"));
    let parent = runs[0].json("run/mlflow_export.json")["parent_run_id"]
        .as_str()
        .unwrap()
        .to_owned();
    let plot = Loadspan::new(&[
        "plot",
        "--output",
        "out",
        "--format",
        "png",
        "--mlflow-upload",
        "--paths",
    ]);
    let plot = runs
        .iter()
        .fold(plot, |plot, run| plot.arg(run.path("run")))
        .run()
        .expect_code(0);
    assert_eq!(uploaded(&mlflow, &parent), pictures(&plot, "out"));
}

#[test]
fn an_upload_that_fails_is_exit_3_and_leaves_the_pictures() {
    let mlflow = MlflowSink::new().start().unwrap();
    let run = logged(&mlflow, "");
    mlflow.answer_path_with(
        "mlflow-artifacts/artifacts",
        MlflowAnswer::Status(500, "disk full".into()),
    );
    let plot = Loadspan::new(&["plot", "--format", "svg", "--mlflow-upload", "--paths"])
        .arg(run.path("run"))
        .env("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
        .run()
        .expect_code(3);
    assert!(plot.stderr.contains("--mlflow-upload to run"), "{}", plot.stderr);
    assert!(!pictures(&run, "run/plots").is_empty());
}

#[test]
fn a_server_that_is_not_there_is_told_before_anything_is_drawn() {
    let mut mlflow = MlflowSink::new().start().unwrap();
    let run = logged(&mlflow, "");
    mlflow.stop();
    let plot = Loadspan::new(&["plot", "--format", "svg", "--mlflow-upload", "--paths"])
        .arg(run.path("run"))
        .env("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
        .run()
        .expect_code(2);
    assert!(plot.stderr.contains("--mlflow-upload: cannot find"), "{}", plot.stderr);
    assert!(!run.path("run/plots").exists());
}

#[test]
fn where_pictures_go_is_asked_before_they_are_drawn() {
    let run = run("--concurrency 4 --request-count 20");
    let plot = Loadspan::new(&["plot", "--mlflow-upload", "--paths"])
        .arg(run.path("run"))
        .run()
        .expect_code(2);
    assert!(plot.stderr.contains("--mlflow-run-id"), "{}", plot.stderr);
    assert!(!run.path("run/plots").exists());
}
