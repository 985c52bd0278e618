//! The stages of a run, a row for each and one for what they come to.

use loadspan_record::{
    Counts, Distribution, Figures, Metric, RunMetric, StageRole, StageSummary, Summary, VerdictStatus,
};

use super::markup::{Element, element};
use super::table::{Cell, Column, Table};
use crate::number::{count, decimals_for, grouped, number};

/// Latencies by title, with the statistics that are shown.
const LATENCIES: [(Metric, &str); 2] = [
    (Metric::TimeToFirstToken, "first token"),
    (Metric::RequestLatency, "latency"),
];

/// `None` where the run has but one.
pub(super) fn section(summary: &Summary) -> Option<Element> {
    if summary.stages.is_empty() {
        return None;
    }
    let has = |metric| summary.metrics.get(metric).is_some();
    let latencies: Vec<_> = LATENCIES.into_iter().filter(|(metric, _)| has(*metric)).collect();
    let mut table = Table::new("Stages", columns(summary, &latencies));
    for stage in &summary.stages {
        table.row(cells(&stage_row(stage), summary, &latencies));
    }
    table.row(cells(&total_row(summary), summary, &latencies));
    let note = "Throughput of all stages is over the time that was measured: neither what lies between stages nor warm-up \
                counts. The charts below show each stage in its colour.";
    let section = element("section").id("stages").child(element("h2").text("Stages"));
    let section = section.child(table.into_element());
    Some(section.child(element("p").class("caption").text(note)))
}

/// A stage, or all of them.
struct Row<'a> {
    name: String,
    load: &'a str,
    figures: &'a Figures,
    /// `None` of a warm-up, whose requests are in no figure.
    counts: Option<&'a Counts>,
    verdict: Option<VerdictStatus>,
}

fn stage_row(stage: &StageSummary) -> Row<'_> {
    Row {
        name: stage.label(),
        load: &stage.load.asked.description,
        figures: &stage.metrics,
        counts: (stage.role == StageRole::Measured).then_some(&stage.counts),
        verdict: stage.verdict.as_ref().map(|verdict| verdict.status),
    }
}

fn total_row(summary: &Summary) -> Row<'_> {
    Row {
        name: "All stages".to_owned(),
        load: "",
        figures: &summary.metrics,
        counts: Some(&summary.counts),
        verdict: Some(summary.verdict.status),
    }
}

fn columns(summary: &Summary, latencies: &[(Metric, &str)]) -> Vec<Column> {
    let mut columns = vec![
        Column::text("Stage"),
        Column::text("load"),
        Column::number("completed"),
        Column::number("failed"),
        Column::number("req/s"),
    ];
    columns.extend(
        latencies
            .iter()
            .flat_map(|(_, title)| [Column::number(format!("{title} p50, ms")), Column::number("p99, ms")]),
    );
    columns.push(Column::number("output tok/s"));
    if summary.goodput.is_some() {
        columns.push(Column::number("good req/s"));
    }
    columns.push(Column::text("verdict"));
    columns
}

fn cells(row: &Row<'_>, summary: &Summary, latencies: &[(Metric, &str)]) -> Vec<Cell> {
    let scalar = |metric| Cell::text(row.figures.scalar(metric).map_or_else(nothing, number));
    let counted = |of: fn(&Counts) -> u64| Cell::text(row.counts.map_or_else(nothing, |counts| count(of(counts))));
    let mut cells = vec![
        Cell::text(&row.name),
        Cell::text(row.load),
        counted(|counts| counts.completed),
        counted(|counts| counts.failed),
        scalar(RunMetric::RequestThroughput),
    ];
    cells.extend(latencies.iter().flat_map(|(metric, _)| {
        let stats = row.figures.get(*metric);
        ["p50", "p99"].map(|stat| millis(stats, stat))
    }));
    cells.push(scalar(RunMetric::OutputTokenThroughput));
    if summary.goodput.is_some() {
        cells.push(scalar(RunMetric::Goodput));
    }
    cells.push(verdict(row.verdict));
    cells
}

fn verdict(verdict: Option<VerdictStatus>) -> Cell {
    match verdict {
        Some(status) => Cell::new(
            element("span")
                .class(status.as_str())
                .child(element("strong").text(status.as_str())),
        ),
        None => Cell::text("warm-up, in no figure"),
    }
}

/// A statistic of a latency, with as many decimals as its tail deserves.
pub(super) fn millis(stats: Option<&Distribution>, stat: &str) -> Cell {
    let value = stats.and_then(|stats| Some((stats, stats.stat(stat)?)));
    Cell::text(value.map_or_else(nothing, |(stats, value)| grouped(value, decimals_for(stats.p99))))
}

pub(super) fn nothing() -> String {
    "–".to_owned()
}
