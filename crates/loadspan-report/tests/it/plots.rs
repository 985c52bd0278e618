//! Pictures of whole runs.

use loadspan_record::{
    Failure, FailureKind, GoodputSummary, Metric, Outcome, Phase, RequestRecord, RunOffset, SloTarget, Summary,
    SummaryBuilder, TargetSummary, VerdictStatus,
};
use loadspan_report::plot::{
    CompareChart, ComparedRun, RunChart, RunData, Size, Statistic, Theme, render_png, render_svg,
};

use crate::made_up::{MadeUpRun, MeasuredRun, blank};

fn data(run: &MeasuredRun) -> RunData<'_> {
    RunData {
        summary: &run.summary,
        requests: &run.requests,
        server: &run.server,
        gpus: &run.gpus,
    }
}

/// A run of these records alone, in which neither server nor GPUs were watched.
fn run_of(records: &[RequestRecord]) -> MeasuredRun {
    let mut builder = SummaryBuilder::new();
    records.iter().for_each(|record| builder.push(record));
    MeasuredRun {
        summary: builder.finish(MadeUpRun::open_load(1).facts()),
        requests: records.iter().collect(),
        server: Vec::new(),
        gpus: Vec::new(),
    }
}

fn failed(index: u32) -> RequestRecord {
    let mut record = blank(index);
    let at = |ms: u64| RunOffset::from_nanos((u64::from(index) * 50 + ms) * 1_000_000);
    record.timings.scheduled_at = at(0);
    record.timings.sent_at = Some(at(1));
    record.timings.finished_at = at(30);
    record.outcome = Outcome::Failed(Failure::new(FailureKind::HttpStatus(503)));
    record
}

/// Whether there is each of the charts, or why not.
fn outcomes(run: &MeasuredRun) -> Vec<String> {
    let outcome = |chart: RunChart| match chart.chart(&data(run)) {
        Ok(chart) => format!("{}: drawn", chart.name()),
        Err(none) => none.to_string(),
    };
    RunChart::ALL.into_iter().map(outcome).collect()
}

/// The texts of an SVG in the order in which they are drawn.
fn texts(svg: &str) -> Vec<&str> {
    let elements = svg.lines().filter(|line| line.starts_with("<text "));
    elements
        .filter_map(|line| line.split_once('>')?.1.strip_suffix("</text>"))
        .collect()
}

#[test]
fn every_chart_of_a_whole_run_is_drawn_in_both_themes_and_formats() {
    let run = MadeUpRun::open_load(600).measure();
    for kind in RunChart::ALL {
        let chart = kind.chart(&data(&run)).unwrap_or_else(|none| panic!("{none}"));
        assert_eq!(chart.name(), kind.name());
        for theme in Theme::ALL {
            let svg = render_svg(&chart, theme, Size::default());
            assert!(
                svg.starts_with("<svg ") && svg.ends_with("</svg>\n"),
                "{}",
                chart.name()
            );
            assert!(!svg.contains("NaN") && !svg.contains("inf"), "{}", chart.name());
            assert_eq!(
                svg,
                render_svg(&chart, theme, Size::default()),
                "the same bytes each time"
            );
            let png = render_png(&chart, theme, Size::of_width(1_200)).unwrap();
            assert_eq!(&png[..8], b"\x89PNG\r\n\x1a\n");
            assert_eq!(u32::from_be_bytes(png[16..20].try_into().unwrap()), 1_200);
        }
    }
}

#[test]
fn a_picture_says_model_load_verdict_statistic_and_unit() {
    let run = MadeUpRun::open_load(3_000).measure();
    let chart = RunChart::TtftOverTime.chart(&data(&run)).unwrap();
    let svg = render_svg(&chart, Theme::Light, Size::default());
    insta::assert_snapshot!(texts(&svg).join("\n"), @r"
    Time to first token over the run
    Qwen/Qwen3-8B  ·  poisson 40 req/s, at most 256 at once  ·  2,675 measured requests
    valid run
    time to first token (ms)
    50
    70
    100
    200
    300
    500
    700
    1,000
    0
    10
    20
    30
    40
    50
    60
    70
    time since the start of the run (s)
    p99
    p50
    p99 of the run 489 ms
    warm-up
    Dots: 2,980 requests by the time at which each was sent, extremes kept. Lines: p50 and p99 of windows of 5 s. Percentiles of the whole run leave the shaded warm-up out.
    ");
}

#[test]
fn offered_is_held_against_sent_and_completed() {
    let run = MadeUpRun::open_load(2_000).measure();
    let chart = RunChart::Throughput.chart(&data(&run)).unwrap();
    let svg = render_svg(&chart, Theme::Dark, Size::default());
    for label in [
        "offered",
        "sent",
        "completed",
        "failed",
        "in flight, mean",
        "requests per second (req/s)",
    ] {
        assert!(texts(&svg).contains(&label), "{label}");
    }
}

#[test]
fn a_larger_picture_shows_the_same() {
    let run = MadeUpRun::open_load(600).measure();
    let chart = RunChart::LatencyCdf.chart(&data(&run)).unwrap();
    let [small, large] = [1_200, 2_400].map(|width| render_svg(&chart, Theme::Light, Size::of_width(width)));
    assert!(
        small.starts_with(r#"<svg xmlns="http://www.w3.org/2000/svg" width="1200""#),
        "{}",
        &small[..90]
    );
    assert!(
        large.starts_with(r#"<svg xmlns="http://www.w3.org/2000/svg" width="2400""#),
        "{}",
        &large[..90]
    );
    assert_eq!(small.split_once('\n').unwrap().1, large.split_once('\n').unwrap().1);
}

#[test]
fn names_from_data_are_escaped() {
    let mut run = MadeUpRun::open_load(600).measure();
    run.summary.run.model = "<script>alert('x')</script> & \"co\"".to_owned();
    let chart = RunChart::LatencyCdf.chart(&data(&run)).unwrap();
    let svg = render_svg(&chart, Theme::Light, Size::default());
    assert!(!svg.contains("<script"), "{svg}");
    assert!(svg.contains("&lt;script&gt;alert('x')&lt;/script&gt; &amp; &quot;co&quot;"));
}

#[test]
fn an_empty_run_has_no_chart_and_says_so() {
    insta::assert_snapshot!(outcomes(&run_of(&[])).join("\n"), @r"
    no data for time to first token over time: no request got a first token
    no data for the distribution of latencies: fewer than two measured requests completed
    no data for throughput over time: no request was sent
    no data for inter-chunk latency over time: no completed stream had two chunks
    no data for the timeline of the slowest requests: there are no requests
    no data for the timeline of the first requests: there are no requests
    no data for schedule lag over time: no request was sent
    no data for errors over time: there are no requests
    no data for token lengths: no completed request has a token count
    no data for GPUs and server over time: neither a server nor a GPU was watched while the load ran
    ");
}

#[test]
fn a_run_whose_every_request_failed_shows_its_failures() {
    let records: Vec<_> = (0..40).map(failed).collect();
    insta::assert_snapshot!(outcomes(&run_of(&records)).join("\n"), @r"
    no data for time to first token over time: no request got a first token
    no data for the distribution of latencies: fewer than two measured requests completed
    throughput_over_time: drawn
    no data for inter-chunk latency over time: no completed stream had two chunks
    timeline_slowest: drawn
    no data for the timeline of the first requests: the run is so short that the other timeline shows all of them
    schedule_lag: drawn
    errors_over_time: drawn
    no data for token lengths: no completed request has a token count
    no data for GPUs and server over time: neither a server nor a GPU was watched while the load ran
    ");
}

#[test]
fn a_run_of_one_request_is_no_crash() {
    for mut record in [failed(0), blank(0)] {
        for phase in [Phase::Measure, Phase::Warmup] {
            record.phase = phase;
            let run = run_of(std::slice::from_ref(&record));
            for chart in RunChart::ALL {
                if let Ok(chart) = chart.chart(&data(&run)) {
                    let svg = render_svg(&chart, Theme::Light, Size::default());
                    assert!(!svg.contains("NaN") && !svg.contains("inf"), "{}\n{svg}", chart.name());
                }
            }
        }
    }
}

#[test]
fn a_run_that_did_nothing_else_but_wait_is_no_crash() {
    let mut never_sent = failed(3);
    never_sent.timings.sent_at = None;
    let run = run_of(&[never_sent.clone(), never_sent]);
    assert!(RunChart::Throughput.chart(&data(&run)).is_err());
    assert!(RunChart::Errors.chart(&data(&run)).is_ok());
}

fn compared(summaries: &[Summary]) -> Vec<ComparedRun<'_>> {
    let run = |summary| ComparedRun {
        summary,
        settings: Default::default(),
        tags: Default::default(),
    };
    summaries.iter().map(run).collect()
}

fn sweep(sizes: &[u32]) -> Vec<Summary> {
    let runs = sizes.iter().zip(1..);
    runs.map(|(concurrency, seed)| MadeUpRun::closed_load(*concurrency, seed).measure().summary)
        .collect()
}

#[test]
fn points_of_several_runs_are_named_by_what_differs() {
    let summaries = sweep(&[13, 17, 17, 33]);
    let runs = compared(&summaries);
    for chart in CompareChart::ALL {
        let chart = chart.chart(&runs, "p90".parse().unwrap()).unwrap();
        let svg = render_svg(&chart, Theme::Dark, Size::default());
        let texts = texts(&svg);
        for label in ["13", "17", "33"] {
            let named = texts
                .iter()
                .filter(|text| text.split(" (").next() == Some(label))
                .count();
            assert_eq!(named, 1, "{label} in {texts:?}");
        }
        assert!(
            texts.contains(&"Qwen/Qwen3-8B  ·  each point is labelled with its concurrency"),
            "{texts:?}"
        );
        assert!(
            chart.caption().contains("95 % confidence interval"),
            "{}",
            chart.caption()
        );
    }
}

#[test]
fn settings_that_differ_name_points_and_those_that_do_not_make_repetitions() {
    let summaries = sweep(&[4, 4, 4]);
    let mut runs = compared(&summaries);
    for (run, (isl, seed)) in runs.iter_mut().zip([("123", "1"), ("123", "1"), ("987", "1")]) {
        run.settings = [("isl", isl), ("seed", seed)]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into();
    }
    let chart = CompareChart::LatencyThroughput
        .chart(&runs, Statistic::default())
        .unwrap();
    let svg = render_svg(&chart, Theme::Light, Size::default());
    let points = |label: &str| texts(&svg).iter().filter(|text| **text == label).count();
    assert_eq!((points("123"), points("987")), (1, 1));
    assert!(texts(&svg).contains(&"Qwen/Qwen3-8B  ·  4 concurrent  ·  each point is labelled with its isl"));
}

/// Which of these names points have in a comparison of runs with these concurrencies and tags.
fn named(runs: &[(u32, &[(&str, &str)])], names: [&str; 3]) -> [bool; 3] {
    let sizes: Vec<u32> = runs.iter().map(|(concurrency, _)| *concurrency).collect();
    let mut summaries = sweep(&sizes);
    for summary in &mut summaries {
        summary.verdict.status = VerdictStatus::Valid;
    }
    let mut compared = compared(&summaries);
    for (run, (_, tags)) in compared.iter_mut().zip(runs) {
        let owned = tags
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        run.tags = owned.collect();
    }
    let chart = CompareChart::LatencyThroughput.chart(&compared, Statistic::default());
    let svg = render_svg(&chart.unwrap(), Theme::Light, Size::default());
    names.map(|name| texts(&svg).contains(&name))
}

#[test]
fn a_tag_that_only_some_runs_have_names_no_point_where_a_setting_differs() {
    let runs: [(u32, &[_]); 2] = [(13, &[("owner", "me")]), (37, &[])];
    assert_eq!(
        named(&runs, ["13", "37", "concurrency=37, no owner"]),
        [true, true, false]
    );
}

#[test]
fn a_tag_that_every_run_has_names_points_when_it_differs() {
    let runs: [(u32, &[_]); 2] = [
        (4, &[("build", "fp8"), ("owner", "me"), ("team", "perf")]),
        (4, &[("build", "bf16"), ("team", "perf")]),
    ];
    assert_eq!(
        named(&runs, ["fp8", "bf16", "build=bf16, no owner"]),
        [true, true, false]
    );
}

#[test]
fn a_tag_that_only_some_runs_have_names_points_where_nothing_else_does() {
    let runs: [(u32, &[_]); 2] = [(4, &[("owner", "me")]), (4, &[])];
    assert_eq!(named(&runs, ["me", "no owner", "4 concurrent"]), [true, true, false]);
}

#[test]
fn a_key_names_only_what_is_in_the_chart() {
    let mut summaries = sweep(&[13, 13, 13]);
    let key = |summaries: &[Summary]| {
        let chart = CompareChart::LatencyThroughput.chart(&compared(summaries), Statistic::default());
        let svg = render_svg(&chart.unwrap(), Theme::Light, Size::default());
        ["on the Pareto front", "behind it", "invalid (hollow)"].map(|entry| texts(&svg).contains(&entry))
    };
    assert_eq!(
        key(&summaries),
        [true, false, false],
        "repetitions are one point, on the front"
    );
    summaries[0].verdict.status = VerdictStatus::Invalid;
    assert_eq!(key(&summaries), [true, false, true]);
    for summary in &mut summaries {
        summary.verdict.status = VerdictStatus::Invalid;
    }
    assert_eq!(key(&summaries), [false, false, true]);
}

#[test]
fn loads_of_two_kinds_are_told_apart_by_their_descriptions() {
    let mut summaries = sweep(&[4]);
    summaries.push(MadeUpRun::open_load(600).measure().summary);
    let chart = CompareChart::TtftThroughput.chart(&compared(&summaries), Statistic::default());
    let svg = render_svg(&chart.unwrap(), Theme::Light, Size::default());
    for label in ["4 concurrent", "poisson 40 req/s, at most 256 at once"] {
        assert!(texts(&svg).contains(&label), "{label}");
    }
}

/// The summary with a target of `--goodput`.
fn with_target(mut summary: Summary, metric: Metric, limit: f64) -> Summary {
    let target = SloTarget { metric, limit };
    summary.goodput = Some(GoodputSummary {
        good: 0,
        of: 0,
        targets: vec![TargetSummary { target, met: 0 }],
    });
    summary
}

#[test]
fn a_target_is_a_line_in_the_charts_of_its_figure() {
    let mut run = MadeUpRun::open_load(600).measure();
    run.summary = with_target(run.summary, Metric::TimeToFirstToken, 120.0);
    let drawn = |chart: RunChart| render_svg(&chart.chart(&data(&run)).unwrap(), Theme::Light, Size::default());
    assert!(texts(&drawn(RunChart::TtftOverTime)).contains(&"target 120 ms"));
    let cdf = drawn(RunChart::LatencyCdf);
    let shares = texts(&cdf);
    assert!(
        shares.iter().any(|text| text.starts_with("target 120 ms: ")),
        "{shares:?}"
    );
    assert!(!drawn(RunChart::ScheduleLag).contains("target"), "of another figure");
}

#[test]
fn a_comparison_shows_the_target_that_all_runs_have() {
    let limits = [80.0, 80.0, 90.0].into_iter();
    let summaries = sweep(&[1, 8, 32]).into_iter().zip(limits);
    let summaries: Vec<Summary> = summaries
        .map(|(summary, limit)| with_target(summary, Metric::TimeToFirstToken, limit))
        .collect();
    let has_target = |summaries: &[Summary], chart: CompareChart| {
        let chart = chart.chart(&compared(summaries), Statistic::default()).unwrap();
        texts(&render_svg(&chart, Theme::Light, Size::default())).contains(&"target 80 ms")
    };
    assert!(has_target(&summaries[..2], CompareChart::TtftThroughput));
    assert!(
        !has_target(&summaries, CompareChart::TtftThroughput),
        "they do not agree"
    );
    assert!(
        !has_target(&summaries[..2], CompareChart::LatencyThroughput),
        "of another figure"
    );
}

#[test]
fn the_statistic_of_a_speed_is_taken_from_the_other_end() {
    let summaries = sweep(&[1, 8]);
    let axis = |chart: CompareChart| {
        let chart = chart.chart(&compared(&summaries), Statistic::default()).unwrap();
        render_svg(&chart, Theme::Light, Size::default())
    };
    assert!(axis(CompareChart::LatencyThroughput).contains("request latency, p99 (ms)"));
    assert!(axis(CompareChart::InteractivityThroughput).contains("one stream, p1 (tok/s per user)"));
}

#[test]
fn one_run_compares_nothing() {
    let summaries = sweep(&[4]);
    let none = CompareChart::LatencyThroughput.chart(&compared(&summaries), Statistic::default());
    assert_eq!(
        none.unwrap_err().to_string(),
        "no data for latency by throughput: it takes two runs that have both figures"
    );
    assert!(CompareChart::TtftThroughput.chart(&[], Statistic::default()).is_err());
}

#[test]
fn the_pictures_of_a_long_run_stay_small() {
    let run = MadeUpRun::open_load(20_000).measure();
    let sizes = RunChart::ALL.map(|chart| {
        let chart = chart.chart(&data(&run)).unwrap();
        render_svg(&chart, Theme::Light, Size::default()).len()
    });
    assert!(sizes.iter().all(|size| *size < 120_000), "{sizes:?}");
}
