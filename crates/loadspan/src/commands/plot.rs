//! `loadspan plot`: pictures of a run, or of several to compare them.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;
use loadspan_record::Summary;
use loadspan_report::plot::{
    Chart, CompareChart, ComparedRun, NoData, Requests, RunChart, RunData, Size, Theme, render_png, render_svg,
};

use crate::artifacts::RunFolder;
use crate::benchmark::ObservedSamples;
use crate::cli::{PictureArg, PlotArgs, ThemeArg};
use crate::exit::{Exit, UsageError};
use crate::rebuild::rebuild;
use crate::terminal;

pub(crate) fn run(args: &PlotArgs) -> anyhow::Result<Exit> {
    let (folder, charts) = match &args.paths[..] {
        [path] if args.statistic.is_some() => {
            return Err(UsageError::with_hint(
                format!("--statistic has no effect with one run, {}", path.display()),
                "leave it out, or name the runs to compare it with",
            )
            .into());
        }
        [path] => (path.join("plots"), charts_of_run(path)?),
        paths => (PathBuf::from("plots"), charts_of_runs(paths, args)?),
    };
    draw(args.output.as_deref().unwrap_or(&folder), charts, args)
}

fn charts_of_run(path: &Path) -> anyhow::Result<Vec<Result<Chart, NoData>>> {
    let folder = RunFolder::open(path);
    let mut requests = Requests::new();
    let summary = rebuild(&folder, |record| requests.push(record))?.summary;
    let samples = ObservedSamples::read(&folder)?;
    let data = RunData {
        summary: &summary,
        requests: &requests,
        server: &samples.server,
        gpus: &samples.gpus,
    };
    Ok(RunChart::ALL.iter().map(|chart| chart.chart(&data)).collect())
}

fn charts_of_runs(paths: &[PathBuf], args: &PlotArgs) -> anyhow::Result<Vec<Result<Chart, NoData>>> {
    let summaries: Vec<Summary> = paths
        .iter()
        .map(|path| summary_of(path))
        .collect::<anyhow::Result<_>>()?;
    let runs: Vec<ComparedRun<'_>> = summaries
        .iter()
        .map(|summary| ComparedRun {
            summary,
            settings: Default::default(),
        })
        .collect();
    let statistic = args.statistic.unwrap_or_default();
    Ok(CompareChart::ALL
        .iter()
        .map(|chart| chart.chart(&runs, statistic))
        .collect())
}

/// The summary on disk, else one made of the records.
fn summary_of(path: &Path) -> anyhow::Result<Summary> {
    let folder = RunFolder::open(path);
    folder.read_run()?;
    match folder.read_summary()? {
        Some(summary) => Ok(summary),
        None => Ok(rebuild(&folder, |_| ())?.summary),
    }
}

/// Writes what can be drawn, and tells what cannot.
fn draw(folder: &Path, charts: Vec<Result<Chart, NoData>>, args: &PlotArgs) -> anyhow::Result<Exit> {
    fs::create_dir_all(folder).with_context(|| format!("cannot write to {}", folder.display()))?;
    let mut exit = Exit::BenchmarkFailed;
    for chart in charts {
        match chart {
            Ok(chart) => {
                write(folder, &chart, args)?;
                exit = Exit::Success;
            }
            Err(none) => terminal::print_note(&none.to_string()),
        }
    }
    if exit == Exit::BenchmarkFailed {
        terminal::print_warning("there is nothing to draw");
    }
    Ok(exit)
}

fn write(folder: &Path, chart: &Chart, args: &PlotArgs) -> anyhow::Result<()> {
    let size = Size::of_width(args.width);
    let theme = match args.theme {
        ThemeArg::Light => Theme::Light,
        ThemeArg::Dark => Theme::Dark,
    };
    for format in &args.format {
        let (extension, bytes) = match format {
            PictureArg::Png => ("png", render_png(chart, theme, size)?),
            PictureArg::Svg => ("svg", render_svg(chart, theme, size).into_bytes()),
        };
        let path = folder.join(format!("{}.{extension}", chart.name()));
        fs::write(&path, bytes).with_context(|| format!("cannot write {}", path.display()))?;
        terminal::print_result(&format!("{}\n", path.display()));
    }
    Ok(())
}
