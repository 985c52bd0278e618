//! Pictures of runs: charts as plain data, and their renderers to SVG and PNG.
//!
//! A chart is made in two steps. [`RunChart::chart`] and [`CompareChart::chart`] turn requests, samples and summaries into a
//! [`Chart`], which knows data, units and words but no pixel; [`render_svg`] and [`render_png`] lay the same chart out and write
//! it. Both formats come from one layout and one embedded typeface, so that what was measured to fit, fits in both.

mod axis;
mod chart;
mod compare;
mod font;
mod gaps;
pub(crate) mod json;
mod layout;
mod number;
mod png;
mod requests;
mod run;
mod scene;
mod stage_names;
pub(crate) mod style;
mod svg;
mod theme;
mod thin;
mod windows;

use loadspan_record::{Metric, Summary};
use thiserror::Error;

pub use chart::Chart;
pub use compare::{CompareChart, ComparedRun, Statistic, UnknownStatistic};
pub use png::{PngError, render_png};
pub use requests::Requests;
pub use run::{RunChart, RunData};
pub use svg::render_svg;
pub use theme::Theme;

/// Why there is no picture: nothing that it could show was measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("no data for {what}: {why}")]
pub struct NoData {
    /// The chart, in words.
    pub what: &'static str,
    /// What is missing.
    pub why: &'static str,
}

/// The limit that `--goodput` set to a figure of this run.
fn target_of(summary: &Summary, metric: Metric) -> Option<f64> {
    let targets = &summary.goodput.as_ref()?.targets;
    let found = targets.iter().find(|target| target.target.metric == metric)?;
    Some(found.target.limit)
}

/// How large a picture is. Its height follows from its chart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size {
    width: u32,
}

impl Size {
    /// A picture that is `width` pixels wide. Wider ones show the same in more pixels. Below 300 and above 8,000 pixels the
    /// nearest of the two is taken.
    #[must_use]
    pub const fn of_width(width: u32) -> Self {
        let width = match width {
            0..300 => 300,
            8_001.. => 8_000,
            width => width,
        };
        Self { width }
    }

    /// Pixels for each unit of the layout.
    fn scale(self) -> f64 {
        f64::from(self.width) / layout::WIDTH
    }
}

/// 1200 pixels.
impl Default for Size {
    fn default() -> Self {
        Self::of_width(1_200)
    }
}
