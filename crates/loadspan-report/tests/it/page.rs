//! The page of whole runs.

use std::collections::BTreeMap;

use loadspan_record::{
    Failure, FailureKind, GpuSummary, Metric, Notice, Outcome, RunOffset, ServerSummary, SignalLedger, Sink,
    SummaryBuilder, TelemetrySignal,
};
use loadspan_report::html::{HtmlReport, render};
use loadspan_report::plot::RunData;
use serde_json::{Value, json};

use crate::made_up::{MadeUpRun, MeasuredRun, blank};

/// What attackers write where they may.
const HOSTILE: &str = "</script></title><img src=x onerror=alert(1)>&amp;'\"\u{2028}";

fn page(run: &MeasuredRun, config: Option<&Value>) -> String {
    let data = RunData {
        summary: &run.summary,
        requests: &run.requests,
        server: &run.server,
        gpus: &run.gpus,
    };
    render(&HtmlReport { data, run: config })
}

/// A run in which everything was watched and something of everything happened.
fn watched(requests: u32) -> MeasuredRun {
    let mut run = MadeUpRun::open_load(requests).measure();
    let (from, until) = (RunOffset::from_nanos(0), RunOffset::from_nanos(u64::MAX));
    run.summary.server = ServerSummary::of(&run.server, from, until);
    run.summary.gpus = GpuSummary::of(&run.gpus, from, until);
    run.summary.notices.push(Notice {
        message: "the server has more to say".to_owned(),
        advice: Some("listen".to_owned()),
    });
    let ledger = SignalLedger {
        produced: 10,
        delivered: 7,
        spooled: 3,
        ..SignalLedger::new(Sink::Otlp, TelemetrySignal::Traces, "http://127.0.0.1:4318")
    };
    run.summary.telemetry.signals.push(ledger);
    run
}

fn of_failures(count: u32) -> MeasuredRun {
    let mut builder = SummaryBuilder::new();
    let mut run = MadeUpRun::open_load(1).measure();
    run.requests = Default::default();
    run.server.clear();
    run.gpus.clear();
    for index in 0..count {
        let mut record = blank(index);
        let at = |ms: u64| RunOffset::from_nanos((u64::from(index) * 50 + ms) * 1_000_000);
        record.timings.scheduled_at = at(0);
        record.timings.sent_at = Some(at(1));
        record.timings.finished_at = at(30);
        record.outcome = Outcome::Failed(Failure::new(FailureKind::HttpStatus(503)));
        builder.push(&record);
        run.requests.push(&record);
    }
    run.summary = builder.finish(MadeUpRun::open_load(1).facts());
    run
}

/// What is between a tag's start and its end, for each time that it occurs.
fn all_between<'a>(page: &'a str, start: &str, end: &str) -> Vec<&'a str> {
    let parts = page.split(start).skip(1);
    parts.filter_map(|part| Some(part.split_once(end)?.0)).collect()
}

fn charts(page: &str) -> Vec<Value> {
    let data = all_between(page, "id=\"chart-data\">", "</script>");
    serde_json::from_str(data[0]).unwrap()
}

/// The ids and headings of a page, in order.
fn structure(page: &str) -> Vec<String> {
    let starts = ["<h1>", "<h2>", "<h3>"];
    let mut found: Vec<(usize, String)> = Vec::new();
    for start in starts {
        for (place, _) in page.match_indices(start) {
            let text = page[place + start.len()..].split('<').next().unwrap_or_default();
            found.push((place, format!("{start} {text}")));
        }
    }
    found.sort();
    found.into_iter().map(|(_, heading)| heading).collect()
}

#[test]
fn a_page_has_everything_in_its_order() {
    let config = json!({ "config": { "seed": 7 } });
    insta::assert_snapshot!(structure(&page(&watched(3_000), Some(&config))).join("\n"), @r"
    <h1> Qwen/Qwen3-8B
    <h2> Figures
    <h2> Charts
    <h3> Time to first token over the run
    <h3> Distribution of latencies
    <h3> Throughput and requests in flight
    <h3> Inter-chunk latency over the run
    <h3> Timeline of the slowest requests
    <h3> Timeline of the first requests
    <h3> Schedule lag over the run
    <h3> Errors over the run
    <h3> Token lengths
    <h3> GPUs and server over the run
    <h2> Errors
    <h2> Notices
    <h2> Server and GPUs
    <h2> Telemetry
    <h2> About the run
    <h2> Configuration
    <h2> What the figures mean
    ");
}

#[test]
fn every_figure_of_the_summary_is_in_the_tables_and_defined() {
    let run = watched(3_000);
    let page = page(&run, None);
    let rows = all_between(&page, "<tr>", "</tr>");
    let metrics = run
        .summary
        .metrics
        .distributions()
        .map(|(metric, _)| (metric.tag(), metric.definition()));
    let scalars = run
        .summary
        .metrics
        .scalars()
        .map(|(metric, _)| (metric.tag(), metric.definition()));
    for (tag, definition) in metrics.chain(scalars) {
        let link = format!("href=\"#def-{tag}\"");
        assert_eq!(rows.iter().filter(|row| row.contains(&link)).count(), 1, "{tag}");
        let definition = definition.replace('\'', "&#39;");
        assert!(
            page.contains(&format!("<dd id=\"def-{tag}\">{definition}</dd>")),
            "{tag}"
        );
    }
    let ttft = rows
        .iter()
        .find(|row| row.contains("#def-time_to_first_token\""))
        .unwrap();
    let cells = all_between(ttft, "<span>", "</span>");
    let stats = run.summary.metrics.get(Metric::TimeToFirstToken).unwrap();
    assert_eq!(
        cells.len(),
        2 + 14 + 2,
        "unit, count, statistics, and two of the steady part"
    );
    assert_eq!(cells[2], format!("{:.1}", stats.mean));
    assert_eq!(cells[15], format!("{:.1}", stats.max));
}

#[test]
fn text_of_servers_and_users_is_never_markup() {
    let mut run = watched(600);
    let summary = &mut run.summary;
    summary.run.model = HOSTILE.to_owned();
    summary.run.name = HOSTILE.to_owned();
    summary.run.urls = vec![HOSTILE.to_owned()];
    summary.load.asked.description = HOSTILE.to_owned();
    summary.counts.by_error = BTreeMap::from([(HOSTILE.to_owned(), 3)]);
    summary.counts.error_examples = BTreeMap::from([(HOSTILE.to_owned(), HOSTILE.to_owned())]);
    summary.notices[0].message = HOSTILE.to_owned();
    summary.telemetry.signals[0].destination = HOSTILE.to_owned();
    summary.telemetry.signals[0].last_error = Some(HOSTILE.to_owned());
    for sample in &mut run.server {
        sample.source = HOSTILE.to_owned();
    }
    run.server[0].source = "another".to_owned();
    let config = json!({ HOSTILE: { HOSTILE: HOSTILE, "list": [{ HOSTILE: HOSTILE }] } });
    let page = page(&run, Some(&config));
    assert!(!page.contains("<img") && !page.contains("\u{2028}"));
    assert_eq!(page.matches("<script").count(), 2, "the data and the script");
    assert_eq!(page.matches("</script>").count(), 2);
    assert!(page.contains("<h1>&lt;/script&gt;&lt;/title&gt;&lt;img src=x onerror=alert(1)&gt;"));
    let names = charts(&page).iter().map(Value::to_string).collect::<String>();
    assert!(names.contains("running, </script>"), "the data means the same");
}

#[test]
fn a_page_loads_nothing_and_runs_only_its_own() {
    let page = page(&watched(600), Some(&json!({ "url": "http://127.0.0.1:8000" })));
    let own = page
        .replace("http://127.0.0.1:8000", "")
        .replace("http://127.0.0.1:4318", "");
    for forbidden in [
        "http:",
        "https:",
        "//",
        "@import",
        "url(",
        "src=",
        "style=",
        "onclick=",
        "innerHTML",
        "eval(",
    ] {
        assert!(!own.contains(forbidden), "{forbidden}");
    }
    let policy = all_between(&page, "Content-Security-Policy\" content=\"", "\"")[0];
    assert!(
        policy.starts_with("default-src &#39;none&#39;; style-src &#39;sha256-"),
        "{policy}"
    );
    assert!(!policy.contains("unsafe"), "{policy}");
}

#[test]
fn the_page_of_a_hundred_thousand_requests_is_small() {
    let run = watched(100_000);
    let page = page(&run, None);
    assert!(page.len() < 2_000_000, "{}", page.len());
    let ttft = charts(&page).remove(0);
    let values = |key: &str| -> Vec<f64> {
        let marks = ttft["panels"][0]["marks"].as_array().unwrap();
        let dots = marks.iter().find(|mark| mark["kind"] == "dots").unwrap();
        dots[key].as_array().unwrap().iter().filter_map(Value::as_f64).collect()
    };
    let highest = values("y").into_iter().fold(0.0, f64::max);
    let slowest = run.summary.metrics.get(Metric::TimeToFirstToken).unwrap().max;
    assert!(
        (highest / slowest - 1.0).abs() < 1e-4,
        "{highest} of {slowest}: extremes are kept"
    );
}

#[test]
fn a_run_without_successes_says_so_and_shows_its_failures() {
    let run = of_failures(40);
    let page = page(&run, None);
    assert!(page.contains("<strong><span aria-hidden=\"true\">✕</span> invalid</strong>"));
    assert!(page.contains("no data for time to first token over time: no request got a first token"));
    assert!(page.contains("http_status_503"));
    assert!(!page.contains("NaN"));
}

#[test]
fn a_run_of_nothing_is_a_page_all_the_same() {
    let page = page(&of_failures(0), None);
    assert!(charts(&page).is_empty());
    assert!(!page.contains("id=\"headline\"") && !page.contains("id=\"figures\""));
}

#[test]
fn statistics_of_too_few_values_are_marked() {
    let page = page(&MadeUpRun::closed_load(1, 1).measure(), None);
    let rows = all_between(&page, "<tr>", "</tr>");
    let ttft = rows
        .iter()
        .find(|row| row.contains("#def-time_to_first_token\""))
        .unwrap();
    assert_eq!(ttft.matches("doubtful").count(), 1, "p99.9 of 400 values: {ttft}");
}

#[test]
fn the_same_run_gives_the_same_bytes() {
    let run = watched(600);
    assert_eq!(page(&run, None), page(&run, None));
}
