//! The flags of `loadspan plot`.

use std::path::PathBuf;

use clap::builder::PossibleValuesParser;
use clap::{Args, ValueEnum};
use loadspan_report::plot::{CompareChart, RunChart, Statistic, Theme};

use crate::pictures::PictureFormat;

#[derive(Debug, Args)]
pub(crate) struct PlotArgs {
    /// Folders of runs. One is drawn over time; several are compared.
    #[arg(value_name = "DIR", required_unless_present = "paths")]
    folders: Vec<PathBuf>,
    /// Folders of runs: the same as DIR.
    #[arg(long, value_name = "DIR", num_args = 1..)]
    paths: Vec<PathBuf>,
    /// Where the pictures go [default: plots in the folder of the run, and report.html beside it; of several runs, ./plots]
    #[arg(long, value_name = "DIR")]
    pub(crate) output: Option<PathBuf>,
    /// Formats: png, svg, and html, one page with everything of one run [default: all; of several runs png,svg]
    #[arg(long, value_enum, value_delimiter = ',', value_name = "FORMAT")]
    pub(crate) format: Vec<PictureArg>,
    /// Charts that must be drawn: without data for one of them it is an error (exit 3) [default: all that there is data for]
    #[arg(long, value_delimiter = ',', value_parser = PossibleValuesParser::new(chart_names()), hide_possible_values = true, value_name = "NAME")]
    pub(crate) chart: Vec<String>,
    /// Colours of the pictures.
    #[arg(long, value_enum, default_value_t = ThemeArg::Light, value_name = "THEME")]
    pub(crate) theme: ThemeArg,
    /// The statistic of latencies that runs, or the stages of one, are compared by: mean, p50, p99, … [default: p99]
    #[arg(long, value_name = "STATISTIC")]
    pub(crate) statistic: Option<Statistic>,
    /// Width of the pictures, in pixels.
    #[arg(long, default_value_t = 1200, value_parser = clap::value_parser!(u32).range(300..=8000), value_name = "PIXELS")]
    pub(crate) width: u32,
    #[command(flatten)]
    pub(crate) upload: UploadArgs,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "MLflow")]
pub(crate) struct UploadArgs {
    /// Attach the pictures to the run in MLflow that mlflow_export.json names; of several runs, to their parent run.
    #[arg(long)]
    pub(crate) mlflow_upload: bool,
    /// Tracking server [default: the one that the run was logged to]
    #[arg(long, requires = "mlflow_upload", value_name = "URI")]
    pub(crate) mlflow_tracking_uri: Option<String>,
    /// Run that the pictures are attached to.
    #[arg(long, requires = "mlflow_upload", value_name = "ID")]
    pub(crate) mlflow_run_id: Option<String>,
}

impl PlotArgs {
    /// The folders of the runs, however they were named. There is at least one.
    pub(crate) fn folders(&self) -> Vec<PathBuf> {
        [&self.folders[..], &self.paths].concat()
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum PictureArg {
    Png,
    Svg,
    Html,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ThemeArg {
    Light,
    Dark,
}

fn chart_names() -> impl Iterator<Item = &'static str> {
    let of_one = RunChart::ALL.into_iter().map(RunChart::name);
    of_one.chain(CompareChart::ALL.into_iter().map(CompareChart::name))
}

impl From<PictureArg> for PictureFormat {
    fn from(format: PictureArg) -> Self {
        match format {
            PictureArg::Png => Self::Png,
            PictureArg::Svg => Self::Svg,
            PictureArg::Html => Self::Html,
        }
    }
}

impl From<ThemeArg> for Theme {
    fn from(theme: ThemeArg) -> Self {
        match theme {
            ThemeArg::Light => Self::Light,
            ThemeArg::Dark => Self::Dark,
        }
    }
}
