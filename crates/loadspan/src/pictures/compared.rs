//! Several runs in one picture.

use std::path::PathBuf;

use loadspan_record::Summary;
use loadspan_report::plot::{CompareChart, ComparedRun, Statistic};

use super::{Drawn, PictureConfig, PicturesFolder, draw_charts, settings};
use crate::artifacts::{RunFile, RunFolder};
use crate::rebuild::rebuild;

/// Runs that are held against each other.
pub(crate) struct Comparison {
    runs: Vec<(RunFile, Summary)>,
}

impl Comparison {
    /// The runs in these folders.
    ///
    /// # Errors
    ///
    /// One of them is no folder of a run.
    pub(crate) fn read(paths: &[PathBuf]) -> anyhow::Result<Self> {
        let runs = paths.iter().map(|path| read(&RunFolder::open(path)));
        Ok(Self {
            runs: runs.collect::<anyhow::Result<_>>()?,
        })
    }

    /// Draws these charts into a folder.
    ///
    /// # Errors
    ///
    /// A file cannot be written.
    pub(crate) fn draw(
        &self,
        (charts, statistic): (&[CompareChart], Statistic),
        (folder, config): (&PicturesFolder, &PictureConfig),
    ) -> anyhow::Result<Drawn> {
        let runs: Vec<ComparedRun<'_>> = self
            .runs
            .iter()
            .map(|(run, summary)| ComparedRun {
                summary,
                settings: settings::of(run),
                tags: settings::tags(run),
            })
            .collect();
        draw_charts(
            charts.iter().map(|chart| chart.chart(&runs, statistic)),
            (folder, config),
        )
    }
}

/// The summary on disk, else one made of the records.
fn read(folder: &RunFolder) -> anyhow::Result<(RunFile, Summary)> {
    let run = folder.read_run()?;
    let summary = match folder.read_summary()? {
        Some(summary) => summary,
        None => rebuild(folder, |_| ())?.summary,
    };
    Ok((run, summary))
}
