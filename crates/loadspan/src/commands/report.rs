//! `loadspan report`: rebuild summary and tables from the records on disk.

use std::fs::File;
use std::io::BufReader;
use std::time::Duration;

use loadspan_record::SummaryBuilder;
use loadspan_report::records_jsonl;

use crate::artifacts::{RECORDS_FILE, RunFolder};
use crate::benchmark::{ReportConfig, add_observed, print_summary, write_files};
use crate::cli::ReportArgs;
use crate::exit::{Exit, UsageError};

pub(crate) fn run(args: &ReportArgs) -> anyhow::Result<Exit> {
    let folder = RunFolder::open(&args.dir);
    let run = folder.read_run()?;
    let builder = read_records(&folder)?;
    let config = ReportConfig {
        formats: args.export_format.clone(),
        slice: args.slice_duration.map(|seconds| seconds.0).or(run
            .slice_seconds
            .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())),
        print: args.output_format,
    };
    let mut summary = builder.finish(run.final_facts());
    add_observed(&mut summary, &folder)?;
    write_files(&folder, &summary, &builder, &config)?;
    print_summary(&folder, &summary, &config);
    Ok(Exit::Success)
}

fn read_records(folder: &RunFolder) -> anyhow::Result<SummaryBuilder> {
    let path = folder.file(RECORDS_FILE);
    let file = File::open(&path).map_err(|error| {
        UsageError::with_hint(
            format!("cannot read {}: {error}", path.display()),
            "a run with --export-level summary keeps no records, and its report cannot be rebuilt",
        )
    })?;
    let mut builder = SummaryBuilder::new();
    for record in records_jsonl::decode(BufReader::with_capacity(1 << 20, file), &path) {
        builder.push(&record?);
    }
    Ok(builder)
}
