//! The table of stages: a row for each, and one for what they come to.

use loadspan_record::{
    Counts, Distribution, Figures, LoadModel, Metric, RunMetric, StageSummary, Summary, VerdictStatus,
};

use super::about::shortened;
use super::grid::Grid;
use super::{Layout, single_line};
use crate::number::{average, count, counted, decimals_for, grouped, number};

/// Letters of a name at most.
const NAME: usize = 18;

/// A row: a stage, or all of them.
#[derive(Clone, Copy)]
struct Row<'a> {
    figures: &'a Figures,
    counts: &'a Counts,
    stage: Option<&'a StageSummary>,
    verdict: Option<VerdictStatus>,
}

/// Empty where the run has but one stage.
pub(super) fn stages(summary: &Summary, layout: Layout) -> String {
    if summary.stages.is_empty() {
        return String::new();
    }
    let rows = rows(summary);
    let each = |text: fn(&Row<'_>) -> Option<String>| rows.iter().map(text);
    let latency =
        |metric: Metric, stat: &'static str| rows.iter().map(move |row| millis(row.figures.get(metric), stat));
    let scalar = |metric: RunMetric| rows.iter().map(move |row| row.figures.scalar(metric).map(number));
    let mut grid = Grid::default();
    grid.column(
        ("By stage, ms", 0),
        each(|row| Some(row.stage.map_or("total".to_owned(), name))),
    );
    grid.column(
        ("offered", 2),
        each(|row| row.stage.map(|stage| offered(stage.load.asked.model))),
    );
    grid.column(("req/s", 0), scalar(RunMetric::RequestThroughput));
    grid.column(("TTFT p50", 3), latency(Metric::TimeToFirstToken, "p50"));
    grid.column(("TTFT p99", 0), latency(Metric::TimeToFirstToken, "p99"));
    grid.column(("lat. p50", 4), latency(Metric::RequestLatency, "p50"));
    grid.column(("lat. p99", 1), latency(Metric::RequestLatency, "p99"));
    grid.column(("tok/s", 5), scalar(RunMetric::OutputTokenThroughput));
    grid.column(("good/s", 0), scalar(RunMetric::Goodput));
    grid.column(("failed", 0), each(|row| row.verdict.map(|_| count(row.counts.failed))));
    grid.column(("verdict", 0), each(|row| Some(verdict(row))));
    grid.draw(layout, 1)
}

fn rows(summary: &Summary) -> Vec<Row<'_>> {
    let stages = summary.stages.iter().map(|stage| Row {
        figures: &stage.metrics,
        counts: &stage.counts,
        stage: Some(stage),
        verdict: stage.verdict.as_ref().map(|verdict| verdict.status),
    });
    let total = Row {
        figures: &summary.metrics,
        counts: &summary.counts,
        stage: None,
        verdict: Some(summary.verdict.status),
    };
    stages.chain([total]).collect()
}

fn name(stage: &StageSummary) -> String {
    shortened(&single_line(&stage.label()), NAME)
}

fn verdict(row: &Row<'_>) -> String {
    row.verdict.map_or("warm-up", VerdictStatus::as_str).to_owned()
}

/// The load that was asked for, in few letters.
pub(crate) fn offered(load: LoadModel) -> String {
    let rate =
        |rate: Option<f64>, unit: &str| rate.map_or_else(String::new, |rate| format!("{} {unit}", average(rate)));
    match load {
        LoadModel::Open { target_rate, .. } => rate(target_rate, "req/s"),
        LoadModel::OpenSessions { target_rate, .. } => rate(target_rate, "ses/s"),
        LoadModel::Closed { concurrency } => format!("{concurrency} at once"),
        LoadModel::ClosedSessions { sessions } => counted(u64::from(sessions), "session"),
        LoadModel::Recorded { .. } => "recorded".to_owned(),
        LoadModel::Staged => String::new(),
    }
}

/// A statistic of a latency, with as many decimals as its median deserves.
pub(super) fn millis(stats: Option<&Distribution>, stat: &str) -> Option<String> {
    let stats = stats?;
    Some(grouped(stats.stat(stat)?, decimals_for(stats.p99)))
}
