//! `loadspan plot`: pictures of a run, or of several to compare them.

use std::path::{Path, PathBuf};

use loadspan_record::StageRole;
use loadspan_report::plot::{CompareChart, RunChart, Size};

use crate::artifacts::RunFolder;
use crate::cli::{PictureArg, PlotArgs};
use crate::exit::{Exit, UsageError};
use crate::pictures::{
    Comparison, Destination, Drawn, PictureConfig, PictureFormat, PictureUpload, PicturedRun, PicturesFolder, RunCharts,
};
use crate::terminal;

/// Where pictures of several runs go when nobody says.
const COMPARISON_DIR: &str = "plots";

pub(crate) fn run(args: &PlotArgs) -> anyhow::Result<Exit> {
    let folders = args.folders();
    let subject = Subject::of(&folders, args)?;
    // Whatever is wrong with the upload is said before anything is drawn.
    let upload = PictureUpload::prepare(&args.upload, &folders)?;
    let drawn = match subject.read()?.draw(args) {
        Ok(drawn) => drawn,
        Err(error) => {
            terminal::print_error(&error);
            return Ok(Exit::BenchmarkFailed);
        }
    };
    tell(&drawn);
    let uploaded = upload.map_or(Exit::Success, |upload| upload.send(&drawn.files));
    Ok(match judge(args, &drawn) {
        Exit::Success => uploaded,
        failed => failed,
    })
}

/// Which charts of what.
enum Subject<'a> {
    Run(&'a Path, RunCharts),
    Comparison(&'a [PathBuf], Vec<CompareChart>),
}

impl<'a> Subject<'a> {
    /// # Errors
    ///
    /// Flags that have no effect on these runs.
    fn of(folders: &'a [PathBuf], args: &PlotArgs) -> Result<Self, UsageError> {
        if args.format == [PictureArg::Html] && !args.chart.is_empty() {
            return Err(UsageError::with_hint(
                "--chart has no effect with --format html, which shows everything",
                "leave it out, or add png or svg to --format",
            ));
        }
        match folders {
            [path] => Self::one(path, args),
            paths => Self::several(paths, args),
        }
    }

    fn one(path: &'a Path, args: &PlotArgs) -> Result<Self, UsageError> {
        let shown = path.display();
        let run = RunFolder::open(path).read_run()?;
        let measured = run
            .facts
            .stages
            .iter()
            .filter(|stage| stage.role == StageRole::Measured);
        let has_stages = measured.count() > 1;
        if !has_stages {
            let alone = |what: String| UsageError::with_hint(what, "leave it out, or name the runs to compare it with");
            if args.statistic.is_some() {
                return Err(alone(format!(
                    "--statistic has no effect with one run of one stage, {shown}"
                )));
            }
            let is_of_several =
                |name: &&String| CompareChart::ALL.into_iter().any(|chart| chart.name() == name.as_str());
            if let Some(name) = args.chart.iter().find(is_of_several) {
                return Err(alone(format!(
                    "--chart {name} compares runs or stages, and {shown} is one run of one stage"
                )));
            }
        }
        Ok(Self::Run(
            path,
            RunCharts {
                over_time: chosen(&args.chart, RunChart::ALL, RunChart::name),
                of_stages: if has_stages {
                    chosen(&args.chart, CompareChart::ALL, CompareChart::name)
                } else {
                    Vec::new()
                },
                statistic: args.statistic.unwrap_or_default(),
            },
        ))
    }

    fn several(paths: &'a [PathBuf], args: &PlotArgs) -> Result<Self, UsageError> {
        let count = paths.len();
        if args.format.contains(&PictureArg::Html) {
            return Err(UsageError::with_hint(
                format!("--format html shows one run, and these are {count}"),
                "use png or svg, or plot each run by itself",
            ));
        }
        let is_of_one = |name: &&String| RunChart::ALL.into_iter().any(|chart| chart.name() == name.as_str());
        if let Some(name) = args.chart.iter().find(is_of_one) {
            return Err(UsageError::with_hint(
                format!("--chart {name} shows one run, and these are {count}"),
                "plot each run by itself",
            ));
        }
        let charts = chosen(&args.chart, CompareChart::ALL, CompareChart::name);
        Ok(Self::Comparison(paths, charts))
    }

    /// # Errors
    ///
    /// A folder is none of a run.
    fn read(self) -> anyhow::Result<Source<'a>> {
        Ok(match self {
            Self::Run(path, charts) => Source::Run {
                run: Box::new(PicturedRun::read(&RunFolder::open(path))?),
                path,
                charts,
            },
            Self::Comparison(paths, charts) => Source::Comparison {
                runs: Comparison::read(paths)?,
                charts,
            },
        })
    }
}

/// The charts that were asked for, or all.
fn chosen<const N: usize, C: Copy>(names: &[String], all: [C; N], name_of: fn(C) -> &'static str) -> Vec<C> {
    let is_chosen = |chart: &C| names.is_empty() || names.iter().any(|name| name_of(*chart) == name.as_str());
    all.into_iter().filter(is_chosen).collect()
}

/// What is drawn, read.
enum Source<'a> {
    Run {
        run: Box<PicturedRun>,
        path: &'a Path,
        charts: RunCharts,
    },
    Comparison {
        runs: Comparison,
        charts: Vec<CompareChart>,
    },
}

impl Source<'_> {
    /// # Errors
    ///
    /// A file cannot be written.
    fn draw(&self, args: &PlotArgs) -> anyhow::Result<Drawn> {
        let mut config = PictureConfig {
            theme: args.theme.into(),
            size: Size::of_width(args.width),
            ..PictureConfig::default()
        };
        if !args.format.is_empty() {
            config.formats = args.format.iter().map(|format| (*format).into()).collect();
        }
        let output = args.output.as_deref();
        match self {
            Self::Run { run, path, charts } => {
                let usual = || Destination::within(&RunFolder::open(path));
                run.draw(charts, (&output.map_or_else(usual, Destination::folder), &config))
            }
            Self::Comparison { runs, charts } => {
                config.formats.retain(|format| *format != PictureFormat::Html);
                let folder = PicturesFolder::Chosen(output.unwrap_or(Path::new(COMPARISON_DIR)).to_path_buf());
                runs.draw((charts, args.statistic.unwrap_or_default()), (&folder, &config))
            }
        }
    }
}

fn tell(drawn: &Drawn) {
    for file in &drawn.files {
        terminal::print_result(&format!("{}\n", file.display()));
    }
    for none in &drawn.without_data {
        terminal::print_note(&none.to_string());
    }
}

/// A chart that was asked for is there, and so is anything at all.
fn judge(args: &PlotArgs, drawn: &Drawn) -> Exit {
    if drawn.charts == 0 && args.format != [PictureArg::Html] {
        terminal::print_warning("there is nothing to draw");
        return Exit::BenchmarkFailed;
    }
    if args.chart.is_empty() || drawn.without_data.is_empty() {
        Exit::Success
    } else {
        Exit::BenchmarkFailed
    }
}
