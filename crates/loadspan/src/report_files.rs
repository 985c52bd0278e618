//! The files that a summary becomes, and what is printed of it.

use std::time::Duration;

use loadspan_record::{RunInfo, Summary, SummaryBuilder};
use loadspan_report::{aiperf, console, summary_csv, summary_json, timeslices_csv, vllm};

use crate::artifacts::{RunFile, RunFolder, TABLE_FILE};
use crate::cli::{ExportFormat, OutputFormat};
use crate::terminal;

/// The most slices that a run is cut into when nobody says how long a slice is.
const MOST_SLICES: u64 = 3600;

/// Width of the table in its file.
const TABLE_WIDTH: u16 = 100;

/// What is written and printed beside the usual.
#[derive(Debug, Clone)]
pub(crate) struct ReportConfig {
    pub(crate) formats: Vec<ExportFormat>,
    pub(crate) slice: Option<Duration>,
    pub(crate) print: OutputFormat,
}

/// Writes every file of a summary.
///
/// # Errors
///
/// A file cannot be written.
pub(crate) fn write_files(
    folder: &RunFolder,
    summary: &Summary,
    builder: &SummaryBuilder,
    config: &ReportConfig,
) -> anyhow::Result<()> {
    let slice = config.slice.unwrap_or_else(|| usual_slice(&summary.run));
    folder.write_summary(summary)?;
    folder.write("summary.csv", summary_csv::render(summary).as_bytes())?;
    folder.write(
        "timeslices.csv",
        timeslices_csv::render(&builder.timeslices(slice)).as_bytes(),
    )?;
    write_table(folder, summary)?;
    for format in &config.formats {
        match format {
            ExportFormat::Aiperf => {
                folder.write("profile_export_aiperf.json", &aiperf::render_json(summary))?;
                folder.write("profile_export_aiperf.csv", aiperf::render_csv(summary).as_bytes())?;
            }
            ExportFormat::Vllm => folder.write("vllm_bench.json", &vllm::render(summary))?,
        }
    }
    Ok(())
}

/// Writes a ledger that has changed since the report was written: that of `run.json` goes into the files that show it.
///
/// # Errors
///
/// A file cannot be read or written.
pub(crate) fn rewrite_ledger(folder: &RunFolder, run: &RunFile) -> anyhow::Result<()> {
    folder.write_run(run)?;
    let telemetry = run.end.as_ref().and_then(|end| end.telemetry.clone());
    // Without a summary there is nothing to set right: `loadspan report` makes one from run.json.
    if let (Some(telemetry), Some(mut summary)) = (telemetry, folder.read_summary()?) {
        summary.telemetry = telemetry;
        folder.write_summary(&summary)?;
        write_table(folder, &summary)?;
    }
    Ok(())
}

fn write_table(folder: &RunFolder, summary: &Summary) -> anyhow::Result<()> {
    let layout = console::Layout {
        width: TABLE_WIDTH,
        style: console::Style::Plain,
    };
    folder.write(TABLE_FILE, console::render(summary, layout).as_bytes())
}

/// Prints a summary as the user wants it.
pub(crate) fn print_summary(folder: &RunFolder, summary: &Summary, config: &ReportConfig) {
    match config.print {
        OutputFormat::Text => {
            let style = if terminal::stdout_takes_colour() {
                console::Style::Ansi
            } else {
                console::Style::Plain
            };
            terminal::print_result(&console::render(
                summary,
                console::Layout {
                    width: terminal::width(),
                    style,
                },
            ));
            terminal::print_result(&format!("\nresults: {}\n", folder.path().display()));
        }
        OutputFormat::Json => terminal::print_result(&String::from_utf8_lossy(&summary_json::render(summary))),
    }
}

/// A second, or as much as keeps the file at a size that a person can look through.
fn usual_slice(run: &RunInfo) -> Duration {
    let seconds = run.measured_until_s.unwrap_or(0.0) - run.measured_from_s.unwrap_or(0.0);
    Duration::from_secs((seconds / MOST_SLICES as f64).ceil().max(1.0) as u64)
}
