//! The tables: latencies and throughput, the steady part beside the whole run.

use comfy_table::{CellAlignment, ColumnConstraint, LineStyle, Row, Table, TableStyle, Width};
use loadspan_record::{Distribution, Figures, Metric, RunMetric, SteadyState, Summary};

use super::{Layout, Paint};
use crate::number::{decimals_for, grouped, number, percent};

/// Width of the first column of both tables, so that they line up.
const LABEL: u16 = 22;

/// Width of a column of numbers, without and with the space before it.
const NUMBER: u16 = 8;
const SPACED: u16 = NUMBER + 1;

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
    let mut table = Table::new();
    table.set_header(row("Latency, ms", columns.iter().map(|column| column.title.to_owned())));
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
    draw(table, layout)
}

/// Throughput and load. Empty when nothing completed.
pub(super) fn throughput(summary: &Summary, layout: Layout) -> String {
    let whole = throughput_cells(&summary.metrics);
    if summary.metrics.scalar(RunMetric::RequestThroughput).is_none() {
        return String::new();
    }
    let steady = steady_figures(summary).map(throughput_cells);
    let titles = ["whole run", "steady"]
        .map(str::to_owned)
        .into_iter()
        .take(if steady.is_some() { 2 } else { 1 });
    let mut table = Table::new();
    table.set_header(row("Throughput", titles));
    for (label, whole_cell) in whole {
        let in_steady = |cells: &Vec<(&str, String)>| {
            cells
                .iter()
                .find_map(|(other, cell)| (*other == label).then(|| cell.clone()))
                .unwrap_or_default()
        };
        table.add_row(row(
            label,
            std::iter::once(whole_cell).chain(steady.as_ref().map(in_steady)),
        ));
    }
    draw(table, layout)
}

/// What exists, as label and text.
fn throughput_cells(figures: &Figures) -> Vec<(&'static str, String)> {
    let scalar = |metric: RunMetric| Some((metric.title(), number(figures.scalar(metric)?)));
    let per_user = figures.get(Metric::OutputTokenThroughputPerUser);
    let good_share = figures.scalar(RunMetric::GoodRequestFraction);
    let cells = [
        scalar(RunMetric::RequestThroughput),
        figures
            .scalar(RunMetric::Goodput)
            .map(|rate| ("Good requests/s", number(rate))),
        good_share.map(|share| ("  of completed + failed", percent(share))),
        scalar(RunMetric::OutputTokenThroughput),
        per_user.map(|speed| ("  per user, p50", number(speed.p50))),
        scalar(RunMetric::InputTokenThroughput),
        scalar(RunMetric::TotalTokenThroughput),
        scalar(RunMetric::InFlightMean),
        figures
            .scalar(RunMetric::InFlightMax)
            .map(|most| (RunMetric::InFlightMax.title(), grouped(most, 0))),
    ];
    cells.into_iter().flatten().collect()
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

/// As many as fit; the wide title of the first steady column takes two more places than a number.
fn columns_for(layout: Layout, steady: Option<&Figures>) -> Vec<Column> {
    let whole = |stat| Column {
        title: stat,
        stat,
        part: Part::Whole,
    };
    let steady_column = |title, stat| Column {
        title,
        stat,
        part: Part::Steady,
    };
    let mut columns: Vec<Column> = ["mean", "p50", "p90", "p99", "max"].map(whole).into();
    let fits = |numbers: u16| layout.width >= LABEL + numbers * SPACED + 2;
    if fits(8) || (steady.is_none() && fits(6)) {
        columns.insert(1, whole("std"));
    }
    if steady.is_some() && fits(8) {
        columns.extend([steady_column("steady p50", "p50"), steady_column("p99", "p99")]);
    } else if steady.is_some() && fits(6) {
        columns.push(steady_column("steady p99", "p99"));
    }
    columns
}

fn row(label: &str, cells: impl Iterator<Item = String>) -> Row {
    Row::from(std::iter::once(label.to_owned()).chain(cells).collect::<Vec<_>>())
}

/// The header bold, its rule dim. Painted last: escapes would count as width.
fn draw(mut table: Table, layout: Layout) -> String {
    table.load_style(RULED);
    for (place, column) in table.column_iter_mut().enumerate() {
        let is_label = place == 0;
        let width = if is_label { LABEL } else { NUMBER };
        column.set_padding((u16::from(!is_label), 0));
        column.set_constraint(ColumnConstraint::LowerBoundary(Width::Fixed(width)));
        column.set_cell_alignment(if is_label {
            CellAlignment::Left
        } else {
            CellAlignment::Right
        });
    }
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
