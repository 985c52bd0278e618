//! Every figure of the summary: metrics with their statistics as columns, and what has one value per run.

use loadspan_record::{Distribution, Figures, Metric, RunMetric, SteadyState, Summary, Unit};

use super::markup::{Element, element};
use super::table::{Cell, Column, Table};
use crate::number::{count, decimals_for, grouped, number, percent};

/// Statistics by their names in files, and whether they are there at first sight.
const STATISTICS: [(&str, bool); 14] = [
    ("mean", true),
    ("std", true),
    ("min", true),
    ("p1", false),
    ("p5", false),
    ("p10", false),
    ("p25", false),
    ("p50", true),
    ("p75", false),
    ("p90", true),
    ("p95", true),
    ("p99", true),
    ("p99_9", true),
    ("max", true),
];

/// Statistics of the steady part of a run.
const STEADY: [&str; 2] = ["p50", "p99"];

/// Metrics first, then the run's own. `None` when no figure exists.
pub(super) fn section(summary: &Summary) -> Option<Element> {
    let tables = [per_request(summary), per_run(summary)];
    if tables.iter().all(Table::is_empty) {
        return None;
    }
    let section = element("section").id("figures").child(element("h2").text("Figures"));
    let note = "Latencies are of the requests that completed. Grey and slanted: fewer values than such a percentile needs. A \
                name leads to its definition.";
    let tables = tables.into_iter().filter(|table| !table.is_empty());
    let tables = element("div").class("tables").children(tables.map(Table::into_element));
    let section = section.child(all_statistics()).child(tables);
    Some(section.child(element("p").class("caption").text(note)))
}

/// A box that shows the columns that are hidden at first. It needs no script.
fn all_statistics() -> Element {
    let tick = element("input").id("all").attribute("type", "checkbox");
    element("label")
        .class("caption screen")
        .child(tick)
        .text(" all percentiles")
}

fn per_request(summary: &Summary) -> Table {
    let steady = steady(summary);
    let mut columns = vec![
        Column::text("Per request"),
        Column::text("unit").class("unit"),
        Column::number("n"),
    ];
    columns.extend(STATISTICS.map(|(name, is_shown)| {
        let column = Column::number(name.replace('_', "."));
        if is_shown { column } else { column.class("more") }
    }));
    if steady.is_some() {
        let titles = STEADY.map(|name| Column::number(format!("steady {name}")).class("steady"));
        columns.extend(titles);
    }
    let mut table = Table::new("Figures per request", columns);
    for (metric, stats) in summary.metrics.distributions() {
        let steady = steady.map(|figures| figures.get(metric));
        table.row(row(metric, stats, steady));
    }
    table
}

/// `steady` is `None` where the run has no steady part, and holds `None` where this figure has none in it.
fn row(metric: Metric, stats: &Distribution, steady: Option<Option<&Distribution>>) -> Vec<Cell> {
    let decimals = decimals_for(stats.p99.abs().max(stats.p50.abs()));
    let mut cells = vec![
        Cell::new(term(metric.tag(), metric.title())),
        Cell::text(unit(metric.unit())),
        Cell::text(count(stats.count)),
    ];
    cells.extend(
        stats
            .stats()
            .map(|(name, value)| statistic(name, grouped(value, decimals), stats.count)),
    );
    if let Some(steady) = steady {
        cells.extend(
            STEADY.map(|name| match steady.and_then(|stats| Some((stats, stats.stat(name)?))) {
                Some((stats, value)) => statistic(name, grouped(value, decimals), stats.count),
                None => Cell::text("–"),
            }),
        );
    }
    cells
}

/// The 99th percentile of 20 values is their largest and says no more.
fn statistic(name: &str, text: String, count: u64) -> Cell {
    let needed = match name {
        "p1" | "p99" => 100,
        "p5" | "p95" => 20,
        "p10" | "p90" => 10,
        "p99_9" => 1_000,
        _ => 1,
    };
    if count < needed {
        Cell::doubtful(text)
    } else {
        Cell::text(text)
    }
}

fn per_run(summary: &Summary) -> Table {
    let steady = steady(summary);
    let mut columns = vec![
        Column::text("Per run"),
        Column::text("unit").class("unit"),
        Column::number("whole run"),
    ];
    if steady.is_some() {
        columns.push(Column::number("steady").class("steady"));
    }
    let mut table = Table::new("Figures per run", columns);
    for (metric, value) in summary.metrics.scalars() {
        let mut cells = vec![
            Cell::new(term(metric.tag(), metric.title())),
            Cell::text(unit(metric.unit())),
            Cell::text(scalar(metric, value)),
        ];
        if let Some(figures) = steady {
            let value = figures.scalar(metric).map(|value| scalar(metric, value));
            cells.push(Cell::text(value.unwrap_or_else(|| "–".to_owned())));
        }
        table.row(cells);
    }
    table
}

fn steady(summary: &Summary) -> Option<&Figures> {
    match &summary.steady_state {
        SteadyState::Found { metrics, .. } => Some(metrics),
        SteadyState::Absent { .. } => None,
    }
}

/// Without a unit: that has its own column.
fn scalar(metric: RunMetric, value: f64) -> String {
    match metric {
        RunMetric::InFlightMax => grouped(value, 0),
        RunMetric::GoodRequestFraction => percent(value).trim_end_matches(" %").to_owned(),
        RunMetric::RequestErrorRate => percent(value / 100.0).trim_end_matches(" %").to_owned(),
        _ => number(value),
    }
}

/// A unit as people write it.
pub(super) fn unit(unit: Unit) -> &'static str {
    match unit {
        Unit::Milliseconds => "ms",
        Unit::Seconds => "s",
        Unit::Tokens => "tok",
        Unit::TokensPerSecond => "tok/s",
        Unit::TokensPerSecondPerUser => "tok/s per user",
        Unit::Requests => "req",
        Unit::RequestsPerSecond => "req/s",
        Unit::Ratio | Unit::Percent => "%",
    }
}

/// The name of a figure, as a link to its definition, which the script shows on the spot.
fn term(tag: &'static str, title: &'static str) -> Element {
    element("a")
        .class("term")
        .attribute("href", &format!("#def-{tag}"))
        .attribute("aria-describedby", &format!("def-{tag}"))
        .text(title)
}
