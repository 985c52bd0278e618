//! The blocks of stages and of sessions.

use loadspan_record::{Distribution, Metric, RunMetric, SessionBucket, SessionSummary, StageSummary, VerdictStatus};

use crate::csv::Csv;

const LATENCIES: [Metric; 3] = [
    Metric::TimeToFirstToken,
    Metric::InterTokenLatency,
    Metric::RequestLatency,
];
const SCALARS: [RunMetric; 4] = [
    RunMetric::BenchmarkDuration,
    RunMetric::RequestThroughput,
    RunMetric::OutputTokenThroughput,
    RunMetric::Goodput,
];
const STATS: [&str; 4] = ["mean", "p50", "p95", "p99"];

/// One row per stage. Nothing for a run that has but one.
pub(super) fn write_stages(csv: &mut Csv, stages: &[StageSummary]) {
    if stages.is_empty() {
        return;
    }
    csv.end_row();
    let columns = ["stage", "name", "load", "verdict", "started_s", "ended_s"];
    let counts = ["completed", "failed", "cancelled", "warmup", "unsent"];
    for column in columns.into_iter().chain(counts).chain(SCALARS.map(RunMetric::tag)) {
        csv.cell(column);
    }
    latency_columns(csv, &LATENCIES);
    csv.end_row();
    for stage in stages {
        write_stage(csv, stage);
    }
}

fn write_stage(csv: &mut Csv, stage: &StageSummary) {
    let verdict = stage.verdict.as_ref().map(|verdict| verdict.status);
    csv.cell(stage.number)
        .cell(stage.name.as_deref().unwrap_or_default())
        .cell(&stage.load.asked.description)
        .cell(verdict.map_or("warmup", VerdictStatus::as_str))
        .number(stage.started_s)
        .number(stage.ended_s);
    let counts = &stage.counts;
    csv.cell(counts.completed)
        .cell(counts.failed)
        .cell(counts.cancelled)
        .cell(counts.warmup)
        .cell(counts.unsent);
    for metric in SCALARS {
        csv.number(stage.metrics.scalar(metric));
    }
    for metric in LATENCIES {
        latency_cells(csv, stage.metrics.get(metric));
    }
    csv.end_row();
}

/// Their distributions, their numbers, and their requests by turn and by context.
pub(super) fn write_sessions(csv: &mut Csv, sessions: &SessionSummary) {
    write_distributions(csv, sessions);
    csv.end_row();
    csv.cell("sessions").cell("value").end_row();
    let counts = [
        ("seen", sessions.seen),
        ("completed", sessions.completed),
        ("failed", sessions.failed),
        ("cut", sessions.cut),
        ("requests", sessions.requests),
        ("retries", sessions.retries),
        ("never_sent", sessions.never_sent),
    ];
    for (name, count) in counts {
        csv.cell(name).cell(count).end_row();
    }
    if let Some(share) = sessions.cached_input_share {
        csv.cell("cached_input_share").cell(share).end_row();
    }
    write_buckets(csv, "turn", &sessions.by_turn);
    write_buckets(csv, "input_tokens", &sessions.by_context);
}

fn write_distributions(csv: &mut Csv, sessions: &SessionSummary) {
    let named = [
        ("turns", &sessions.turns),
        ("duration", &sessions.duration),
        ("busy_duration", &sessions.busy_duration),
    ];
    let rows: Vec<_> = named
        .into_iter()
        .filter_map(|(name, stats)| Some((name, stats.as_ref()?)))
        .collect();
    let Some((_, first)) = rows.first() else { return };
    csv.end_row();
    csv.cell("sessions").cell("unit").cell("count");
    for (stat, _) in first.stats() {
        csv.cell(stat);
    }
    csv.end_row();
    for (name, stats) in &rows {
        csv.cell(name).cell(stats.unit).cell(stats.count);
        for (_, value) in stats.stats() {
            csv.cell(value);
        }
        csv.end_row();
    }
}

fn write_buckets(csv: &mut Csv, what: &str, buckets: &[SessionBucket]) {
    if buckets.is_empty() {
        return;
    }
    csv.end_row();
    csv.cell(format_args!("{what}_from"))
        .cell(format_args!("{what}_to"))
        .cell("requests")
        .cell("cached_input_share");
    latency_columns(csv, &[Metric::TimeToFirstToken, Metric::RequestLatency]);
    csv.end_row();
    for bucket in buckets {
        csv.cell(bucket.from)
            .cell(bucket.to)
            .cell(bucket.requests)
            .number(bucket.cached_input_share);
        latency_cells(csv, bucket.time_to_first_token.as_ref());
        latency_cells(csv, bucket.request_latency.as_ref());
        csv.end_row();
    }
}

fn latency_columns(csv: &mut Csv, metrics: &[Metric]) {
    for metric in metrics {
        for stat in STATS {
            csv.cell(format_args!("{}_{stat}_ms", metric.tag()));
        }
    }
}

fn latency_cells(csv: &mut Csv, stats: Option<&Distribution>) {
    for stat in STATS {
        csv.number(stats.and_then(|stats| stats.stat(stat)));
    }
}
