//! The flags of `loadspan plot`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use loadspan_report::plot::Statistic;

#[derive(Debug, Args)]
pub(crate) struct PlotArgs {
    /// Folders of runs. One is drawn over time; several are compared.
    #[arg(long, value_name = "DIR", num_args = 1.., required = true)]
    pub(crate) paths: Vec<PathBuf>,
    /// Where the pictures go [default: plots in the folder of the run; of several runs, ./plots]
    #[arg(long, value_name = "DIR")]
    pub(crate) output: Option<PathBuf>,
    /// Formats of the pictures.
    #[arg(long, value_enum, value_delimiter = ',', default_values_t = [PictureArg::Png, PictureArg::Svg], value_name = "FORMAT")]
    pub(crate) format: Vec<PictureArg>,
    /// Colours of the pictures.
    #[arg(long, value_enum, default_value_t = ThemeArg::Light, value_name = "THEME")]
    pub(crate) theme: ThemeArg,
    /// The statistic of latencies that runs are compared by: mean, p50, p99, … [default: p99]
    #[arg(long, value_name = "STATISTIC")]
    pub(crate) statistic: Option<Statistic>,
    /// Width of the pictures, in pixels.
    #[arg(long, default_value_t = 1200, value_parser = clap::value_parser!(u32).range(300..=8000), value_name = "PIXELS")]
    pub(crate) width: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum PictureArg {
    Png,
    Svg,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ThemeArg {
    Light,
    Dark,
}
