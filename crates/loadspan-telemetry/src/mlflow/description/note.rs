//! The note of a run, in Markdown: MLflow's page shows it above everything else.

use std::fmt::Write;

use loadspan_record::{Distribution, Metric, RunFacts, RunInfo, RunMetric, StageSummary, Summary};
use serde_json::Value;

use super::rounded::{decimals_for, grouped, number};
use super::{DescribedRun, started_at};

/// Latencies that everybody asks for first.
const HEADLINES: [Metric; 3] = [
    Metric::TimeToFirstToken,
    Metric::InterTokenLatency,
    Metric::RequestLatency,
];

/// Rates of the run that everybody asks for first.
const RATES: [RunMetric; 4] = [
    RunMetric::RequestThroughput,
    RunMetric::OutputTokenThroughput,
    RunMetric::Goodput,
    RunMetric::RequestErrorRate,
];

/// What is being run, and where.
pub(super) fn beginning(run: &DescribedRun<'_>) -> String {
    let RunFacts { run: info, load, .. } = run.facts;
    let host = run.host.get("name").and_then(Value::as_str).unwrap_or("unknown");
    format!(
        "{}, {}.\n\nRunning since {}, on host {}; loadspan {}, run {}.",
        subject(info),
        load.description,
        started_at(info),
        code(host),
        info.loadspan_version,
        code(&info.id),
    )
}

/// What was run, and what came of it.
pub(super) fn end(summary: &Summary) -> String {
    let Summary { run, verdict, load, .. } = summary;
    let mut note = format!(
        "**{}**: {}, {}.\n\n",
        verdict.status.as_str().to_uppercase(),
        subject(run),
        load.asked.description
    );
    for finding in &verdict.reasons {
        let _ = writeln!(note, "- {} ({})", finding.message, finding.advice);
    }
    if !verdict.reasons.is_empty() {
        note.push('\n');
    }
    add_rates(&mut note, summary);
    add_latencies(&mut note, summary);
    let _ = write!(
        note,
        "Started {}; loadspan {}, run {}.",
        started_at(run),
        run.loadspan_version,
        code(&run.id)
    );
    note
}

/// What one of several stages was, and what came of it.
pub(super) fn of_stage(run: &RunInfo, stage: &StageSummary) -> String {
    let (label, load) = (code(&stage.label()), &stage.load.asked.description);
    let id = code(&run.id);
    let mut note = match &stage.verdict {
        Some(verdict) => format!(
            "**{}**: stage {label} of run {id}, {load}.\n\n",
            verdict.status.as_str().to_uppercase()
        ),
        None => format!("Warm-up: stage {label} of run {id}, {load}. In no figure of the run.\n\n"),
    };
    for finding in stage.verdict.iter().flat_map(|verdict| &verdict.reasons) {
        let _ = writeln!(note, "- {} ({})", finding.message, finding.advice);
    }
    note
}

fn add_rates(note: &mut String, summary: &Summary) {
    let counts = &summary.counts;
    let _ = write!(
        note,
        "{} requests completed, {} failed",
        counts.completed, counts.failed
    );
    for metric in RATES {
        if let Some(value) = summary.metrics.scalar(metric) {
            let title = metric.title();
            // Most titles end in their unit.
            let unit = if title.ends_with("/s") {
                ""
            } else {
                metric.unit().as_str()
            };
            let _ = write!(note, " · {}", format!("{title}: {} {unit}", number(value)).trim_end());
        }
    }
    note.push_str("\n\n");
}

fn add_latencies(note: &mut String, summary: &Summary) {
    let rows: Vec<_> = HEADLINES
        .into_iter()
        .filter_map(|metric| Some((metric, summary.metrics.get(metric)?)))
        .collect();
    if rows.is_empty() {
        return;
    }
    // MLflow's page folds a long note, and a table with it.
    let shortest: Vec<String> = rows
        .iter()
        .map(|(metric, figures)| format!("{} p99: {} {}", metric.title(), number(figures.p99), figures.unit))
        .collect();
    let _ = write!(note, "{}\n\n", shortest.join(" · "));
    note.push_str("| | mean | p50 | p95 | p99 |\n|---|---|---|---|---|\n");
    for (metric, figures) in rows {
        let _ = writeln!(
            note,
            "| {}, {} | {} |",
            metric.title(),
            figures.unit,
            cells(figures).join(" | ")
        );
    }
    note.push('\n');
}

/// The figures of a row, with as many decimals as its largest deserves.
fn cells(figures: &Distribution) -> [String; 4] {
    let decimals = decimals_for(figures.p99);
    [figures.mean, figures.p50, figures.p95, figures.p99].map(|value| grouped(value, decimals))
}

/// `` `llama` at `http://localhost:8000` (chat, streaming) ``
fn subject(run: &RunInfo) -> String {
    let urls: Vec<String> = run.urls.iter().map(|url| code(url)).collect();
    let streaming = if run.streaming { ", streaming" } else { "" };
    format!(
        "{} at {} ({}{streaming})",
        code(&run.model),
        urls.join(", "),
        run.endpoint_type
    )
}

/// Text that is no Markdown, whoever it comes from.
fn code(text: &str) -> String {
    format!("`{}`", text.replace(['`', '\n', '\r'], " "))
}
