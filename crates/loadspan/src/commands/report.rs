//! `loadspan report`: rebuild summary and tables from the records on disk.

use std::time::Duration;

use crate::artifacts::RunFolder;
use crate::benchmark::{ReportConfig, print_summary, write_files};
use crate::cli::ReportArgs;
use crate::exit::Exit;
use crate::rebuild::{Rebuilt, rebuild};

pub(crate) fn run(args: &ReportArgs) -> anyhow::Result<Exit> {
    let folder = RunFolder::open(&args.dir);
    let Rebuilt { run, builder, summary } = rebuild(&folder, |_| ())?;
    let config = ReportConfig {
        formats: args.export_format.clone(),
        slice: args.slice_duration.map(|seconds| seconds.0).or(run
            .slice_seconds
            .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())),
        print: args.output_format,
    };
    write_files(&folder, &summary, &builder, &config)?;
    print_summary(&folder, &summary, &config);
    Ok(Exit::Success)
}
