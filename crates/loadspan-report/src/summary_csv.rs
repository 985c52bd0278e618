//! `summary.csv`: blocks with an empty line between them. One row per distribution, one row per scalar; then, where there are
//! several stages, one row per stage, and where there are sessions, their distributions, their numbers, and their requests by
//! turn and by context.

mod parts;

use loadspan_record::{Distribution, Metric, RunMetric, Summary};

use crate::csv::Csv;

/// The file. A block without rows is left out; a run without figures is an empty file.
#[must_use]
pub fn render(summary: &Summary) -> String {
    let distributions: Vec<_> = summary.metrics.distributions().collect();
    let scalars: Vec<_> = summary.metrics.scalars().collect();
    let mut csv = Csv::new();
    write_distributions(&mut csv, &distributions);
    if !distributions.is_empty() && !scalars.is_empty() {
        csv.end_row();
    }
    write_scalars(&mut csv, &scalars);
    parts::write_stages(&mut csv, &summary.stages);
    if let Some(sessions) = &summary.sessions {
        parts::write_sessions(&mut csv, sessions);
    }
    csv.into_text()
}

fn write_distributions(csv: &mut Csv, rows: &[(Metric, &Distribution)]) {
    let Some((_, first)) = rows.first() else { return };
    csv.cell("metric").cell("unit").cell("count");
    for (stat, _) in first.stats() {
        csv.cell(stat);
    }
    csv.end_row();
    for (metric, distribution) in rows {
        csv.cell(metric.tag()).cell(distribution.unit).cell(distribution.count);
        for (_, value) in distribution.stats() {
            csv.cell(value);
        }
        csv.end_row();
    }
}

fn write_scalars(csv: &mut Csv, rows: &[(RunMetric, f64)]) {
    if rows.is_empty() {
        return;
    }
    csv.cell("metric").cell("unit").cell("value").end_row();
    for (metric, value) in rows {
        csv.cell(metric.tag()).cell(metric.unit()).cell(value).end_row();
    }
}
