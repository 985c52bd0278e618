//! A run made again from the files in its folder: what `report` and `plot` start from.

use loadspan_record::{RequestRecord, Summary, SummaryBuilder};

use crate::artifacts::{RunFile, RunFolder};
use crate::benchmark::add_observed;

/// A run, from `run.json` and what was appended while it went on.
pub(crate) struct Rebuilt {
    pub(crate) run: RunFile,
    pub(crate) builder: SummaryBuilder,
    pub(crate) summary: Summary,
}

/// Reads a run; `also` sees each record on the way.
///
/// # Errors
///
/// A file is missing or is none of ours.
pub(crate) fn rebuild(folder: &RunFolder, mut also: impl FnMut(&RequestRecord)) -> anyhow::Result<Rebuilt> {
    let run = folder.read_run()?;
    let mut builder = SummaryBuilder::new();
    for record in folder.read_records()? {
        let record = record?;
        builder.push(&record);
        also(&record);
    }
    let mut summary = builder.finish(run.final_facts());
    add_observed(&mut summary, folder)?;
    Ok(Rebuilt { run, builder, summary })
}
