//! The tables: latencies and throughput, the steady part beside the whole run.

use comfy_table::{CellAlignment, ColumnConstraint, LineStyle, Row, Table, TableStyle, Width};
use loadspan_record::{Distribution, Figures, Metric, RunMetric, SteadyState, Summary};

use super::number::{decimals_for, grouped, number, percent};
use super::{Layout, Paint};

/// Width of the first column of every block, so that blocks line up.
pub(super) const LABEL: u16 = 26;

/// Width of a column of numbers.
const NUMBER: u16 = 9;

const RULED: TableStyle = TableStyle::new().header_separator(LineStyle::none().fill('─').junction('─'));

/// Rows of the latency table.
const LATENCIES: [Metric; 9] = [
    Metric::TimeToFirstToken,
    Metric::TimeToFirstOutputToken,
    Metric::TimeToSecondToken,
    Metric::InterTokenLatency,
    Metric::TimePerOutputToken,
    Metric::InterChunkLatency,
    Metric::RequestLatency,
    Metric::ScheduledLatency,
    Metric::ScheduleLag,
];

/// Rows of the throughput table.
const THROUGHPUT: [RunMetric; 7] = [
    RunMetric::RequestThroughput,
    RunMetric::OutputTokenThroughput,
    RunMetric::InputTokenThroughput,
    RunMetric::TotalTokenThroughput,
    RunMetric::Goodput,
    RunMetric::InFlightMean,
    RunMetric::InFlightMax,
];

/// A column of the latency table: of the whole run, or of its steady part.
#[derive(Debug, Clone, Copy)]
struct Column {
    title: &'static str,
    stat: &'static str,
    part: Part,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Whole,
    Steady,
}

/// Latencies in milliseconds. Empty when no request has one.
pub(super) fn latencies(summary: &Summary, layout: Layout) -> String {
    let rows: Vec<Metric> = LATENCIES
        .into_iter()
        .filter(|metric| is_shown(summary, *metric))
        .collect();
    if rows.is_empty() {
        return String::new();
    }
    let steady = steady_figures(summary);
    let columns = columns_for(layout, steady);
    let mut table = ruled_table(columns.len());
    let titles = columns.iter().map(|column| column.title.to_owned());
    table.set_header(row("Latency, ms", titles));
    for metric in rows {
        let decimals = summary.metrics.get(metric).map_or(2, |whole| decimals_for(whole.p99));
        let cell = |column: &Column| {
            let figures = if column.part == Part::Steady {
                steady
            } else {
                Some(&summary.metrics)
            };
            let value = figures?
                .get(metric)
                .and_then(|distribution: &Distribution| distribution.stat(column.stat))?;
            Some(grouped(value, decimals))
        };
        table.add_row(row(
            metric.title(),
            columns.iter().map(|column| cell(column).unwrap_or_default()),
        ));
    }
    draw(&table, layout)
}

/// Throughput and load. Empty when nothing completed.
pub(super) fn throughput(summary: &Summary, layout: Layout) -> String {
    let whole = &summary.metrics;
    if whole.scalar(RunMetric::RequestThroughput).is_none() {
        return String::new();
    }
    let steady = steady_figures(summary);
    let mut table = ruled_table(if steady.is_some() { 2 } else { 1 });
    let titles = ["whole run", "steady"]
        .into_iter()
        .take(if steady.is_some() { 2 } else { 1 });
    table.set_header(row("Throughput", titles.map(str::to_owned)));
    for metric in THROUGHPUT {
        let Some(value) = whole.scalar(metric) else { continue };
        let steady_cell = steady.map(|figures| {
            figures
                .scalar(metric)
                .map(|value| cell(metric, value))
                .unwrap_or_default()
        });
        table.add_row(row(
            title(metric),
            std::iter::once(cell(metric, value)).chain(steady_cell),
        ));
    }
    if let Some(per_user) = whole.get(Metric::OutputTokenThroughputPerUser) {
        let steady_cell = steady.map(|figures| {
            figures
                .get(Metric::OutputTokenThroughputPerUser)
                .map(|speed| number(speed.p50))
                .unwrap_or_default()
        });
        table.add_row(row(
            "Tokens/s per user, p50",
            std::iter::once(number(per_user.p50)).chain(steady_cell),
        ));
    }
    if let Some(share) = whole.scalar(RunMetric::GoodRequestFraction) {
        table.add_row(row(
            "Good requests",
            std::iter::once(percent(share)).chain(steady.map(|_| String::new())),
        ));
    }
    draw(&table, layout)
}

pub(super) fn steady_figures(summary: &Summary) -> Option<&Figures> {
    match &summary.steady_state {
        SteadyState::Found { metrics, .. } => Some(metrics),
        SteadyState::Absent { .. } => None,
    }
}

/// A metric that says the same as another is left out.
fn is_shown(summary: &Summary, metric: Metric) -> bool {
    let Some(distribution) = summary.metrics.get(metric) else {
        return false;
    };
    let differs_from = |other| {
        summary
            .metrics
            .get(other)
            .is_none_or(|other| !is_alike(distribution, other))
    };
    match metric {
        Metric::TimeToFirstOutputToken => differs_from(Metric::TimeToFirstToken),
        Metric::TimePerOutputToken => differs_from(Metric::InterTokenLatency),
        Metric::ScheduleLag => summary.load.asked.model.is_open(),
        _ => true,
    }
}

fn is_alike(one: &Distribution, other: &Distribution) -> bool {
    let close = |a: f64, b: f64| (a - b).abs() <= 1e-4 * a.abs().max(b.abs());
    close(one.mean, other.mean) && close(one.p50, other.p50) && close(one.p99, other.p99)
}

fn columns_for(layout: Layout, steady: Option<&Figures>) -> Vec<Column> {
    let whole = |title| Column {
        title,
        stat: title,
        part: Part::Whole,
    };
    let mut columns: Vec<Column> = ["mean", "p50", "p90", "p99", "max"].map(whole).into();
    let fits = |extra: u16| layout.width >= LABEL + extra * NUMBER;
    if fits(7) {
        columns.insert(1, whole("std"));
    }
    if steady.is_some() {
        if fits(8) {
            columns.push(Column {
                title: "steady p50",
                stat: "p50",
                part: Part::Steady,
            });
        }
        if fits(6) {
            let title = if fits(8) { "p99" } else { "steady p99" };
            columns.push(Column {
                title,
                stat: "p99",
                part: Part::Steady,
            });
        }
    }
    columns
}

fn title(metric: RunMetric) -> &'static str {
    match metric {
        RunMetric::Goodput => "Good requests/s",
        other => other.title(),
    }
}

fn cell(metric: RunMetric, value: f64) -> String {
    if metric == RunMetric::InFlightMax {
        grouped(value, 0)
    } else {
        number(value)
    }
}

fn row(label: &str, cells: impl Iterator<Item = String>) -> Row {
    Row::from(std::iter::once(label.to_owned()).chain(cells).collect::<Vec<_>>())
}

fn ruled_table(numbers: usize) -> Table {
    let mut table = Table::new();
    table.load_style(RULED);
    let widths = std::iter::once(LABEL).chain(std::iter::repeat_n(NUMBER, numbers));
    table.set_constraints(widths.map(|width| ColumnConstraint::LowerBoundary(Width::Fixed(width))));
    table.discover_columns();
    for (place, column) in table.column_iter_mut().enumerate() {
        column.set_padding((if place == 0 { 0 } else { 1 }, 0));
        column.set_cell_alignment(if place == 0 {
            CellAlignment::Left
        } else {
            CellAlignment::Right
        });
    }
    table
}

/// The header bold, its rule dim. Painted last: escapes would count as width.
fn draw(table: &Table, layout: Layout) -> String {
    let mut text = String::new();
    for (place, line) in table.lines().enumerate() {
        let line = line.trim_end();
        match place {
            0 => text.push_str(&layout.style.paint(Paint::Bold, line)),
            1 => text.push_str(&layout.style.paint(Paint::Dim, line)),
            _ => text.push_str(line),
        }
        text.push('\n');
    }
    text
}
