//! `loadspan report`: rebuild summary and tables from the records on disk.

use crate::artifacts::RunFolder;
use crate::cli::ReportArgs;
use crate::exit::Exit;
use crate::rebuild::{Rebuilt, rebuild};
use crate::report_files::{ReportConfig, print_summary, write_files};

pub(crate) fn run(args: &ReportArgs) -> anyhow::Result<Exit> {
    let folder = RunFolder::open(&args.dir);
    let _lock = folder.lock_for_writing()?;
    let Rebuilt { run, builder, summary } = rebuild(&folder, |_| ())?;
    let config = ReportConfig {
        formats: args.export_format.clone(),
        slice: args.slice_duration.map(|seconds| seconds.0).or(run.slice()),
        print: args.output_format,
    };
    write_files(&folder, &summary, &builder, &config)?;
    print_summary(&folder, &summary, &config);
    Ok(Exit::Success)
}
