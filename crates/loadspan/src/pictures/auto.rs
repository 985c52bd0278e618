//! `--auto-plot`: the pictures of a run, as soon as it is over.

use anyhow::ensure;

use super::{Destination, PictureConfig, PicturedRun, RunCharts};
use crate::artifacts::RunFolder;
use crate::exit::Exit;
use crate::terminal;

/// Whether a run is drawn when it is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum AutoPlot {
    #[default]
    Off,
    /// It is. Pictures that cannot be made cost a warning.
    On,
    /// It is. Without its pictures the command has failed.
    Required,
}

impl AutoPlot {
    /// Draws the run in a folder from the files in it: call when its report is written. What comes of it for the exit code: success,
    /// or a failed benchmark for want of pictures that are required.
    pub(crate) fn draw(self, folder: &RunFolder) -> Exit {
        if self == Self::Off {
            return Exit::Success;
        }
        match draw(folder) {
            Ok(()) => Exit::Success,
            Err(error) if self == Self::Required => {
                terminal::print_error(&error.context("--plot-required"));
                Exit::BenchmarkFailed
            }
            Err(error) => {
                terminal::print_warning(&format!("--auto-plot: {error:#}"));
                Exit::Success
            }
        }
    }
}

fn draw(folder: &RunFolder) -> anyhow::Result<()> {
    let run = PicturedRun::read(folder)?;
    let drawn = run.draw(
        &RunCharts::default(),
        (&Destination::within(folder), &PictureConfig::default()),
    )?;
    ensure!(
        drawn.charts > 0,
        "there is nothing to draw, since no request was recorded"
    );
    Ok(())
}
