//! `timeslices.csv`: one row per slice of time, for plots.

use loadspan_record::{Distribution, Timeslice};

use crate::csv::Csv;

/// Columns before the statistics.
const COUNTS: [&str; 10] = [
    "start_s",
    "end_s",
    "complete",
    "started",
    "completed",
    "failed",
    "output_tokens",
    "request_throughput",
    "output_token_throughput",
    "in_flight_mean",
];

const METRICS: [&str; 3] = ["time_to_first_token", "inter_token_latency", "request_latency"];

/// Statistics of each metric, in milliseconds.
const STATS: [&str; 4] = ["mean", "p50", "p95", "p99"];

/// The file, with a column for the stage where there are several. A slice in which nothing completed has empty cells for its latencies.
#[must_use]
pub fn render(slices: &[Timeslice]) -> String {
    let mut csv = Csv::new();
    let is_staged = slices.iter().any(|slice| slice.stage.is_some());
    if is_staged {
        csv.cell("stage");
    }
    for column in COUNTS {
        csv.cell(column);
    }
    for metric in METRICS {
        for stat in STATS {
            csv.cell(format_args!("{metric}_{stat}_ms"));
        }
    }
    csv.end_row();
    for slice in slices {
        if is_staged {
            csv.cell(slice.stage.map(|stage| stage.to_string()).unwrap_or_default());
        }
        write_slice(&mut csv, slice);
    }
    csv.into_text()
}

fn write_slice(csv: &mut Csv, slice: &Timeslice) {
    csv.cell(slice.start_s).cell(slice.end_s).cell(slice.is_complete);
    csv.cell(slice.started)
        .cell(slice.completed)
        .cell(slice.failed)
        .cell(slice.output_tokens);
    csv.cell(slice.request_throughput)
        .cell(slice.output_token_throughput)
        .cell(slice.in_flight_mean);
    for distribution in [
        &slice.time_to_first_token,
        &slice.inter_token_latency,
        &slice.request_latency,
    ] {
        for stat in STATS {
            csv.number(
                distribution
                    .as_ref()
                    .and_then(|distribution: &Distribution| distribution.stat(stat)),
            );
        }
    }
    csv.end_row();
}
