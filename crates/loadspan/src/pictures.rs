//! Pictures of runs, as files: what `loadspan plot` draws, and `loadspan profile --auto-plot`.

mod auto;
mod compared;
mod settings;
mod upload;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;
use loadspan_record::Summary;
use loadspan_report::html::{self, HtmlReport};
use loadspan_report::plot::{
    Chart, CompareChart, NoData, Requests, RunChart, RunData, Size, Statistic, Theme, render_png, render_svg,
};
use serde_json::Value;

pub(crate) use self::auto::AutoPlot;
pub(crate) use self::compared::Comparison;
pub(crate) use self::upload::PictureUpload;
use crate::artifacts::RunFolder;
use crate::benchmark::ObservedSamples;
use crate::rebuild::rebuild;
use crate::whole_file::{make_folder, write_whole};

/// The page of a run.
const PAGE_FILE: &str = "report.html";
/// The folder of the pictures in the folder of a run.
const PICTURES_DIR: &str = "plots";

/// What pictures look like.
#[derive(Debug, Clone)]
pub(crate) struct PictureConfig {
    pub(crate) formats: Vec<PictureFormat>,
    pub(crate) theme: Theme,
    pub(crate) size: Size,
}

/// What a chart, or a run, is written as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PictureFormat {
    Png,
    Svg,
    /// One page with everything of a run.
    Html,
}

/// Everything there is.
impl Default for PictureConfig {
    fn default() -> Self {
        Self {
            formats: vec![PictureFormat::Png, PictureFormat::Svg, PictureFormat::Html],
            theme: Theme::default(),
            size: Size::default(),
        }
    }
}

/// Where the files of a run go.
#[derive(Debug, Clone)]
pub(crate) struct Destination {
    pictures: PicturesFolder,
    page: PathBuf,
}

/// A folder that pictures are written to.
#[derive(Debug, Clone)]
pub(crate) enum PicturesFolder {
    /// In the folder of a run, which may be somebody else's: no link leads out of it.
    OfRun(PathBuf),
    /// One that the user has named.
    Chosen(PathBuf),
}

impl Destination {
    /// Pictures in a folder of their own, and the page beside the run's other files.
    pub(crate) fn within(folder: &RunFolder) -> Self {
        Self {
            pictures: PicturesFolder::OfRun(folder.file(PICTURES_DIR)),
            page: folder.file(PAGE_FILE),
        }
    }

    /// All in one folder.
    pub(crate) fn folder(path: &Path) -> Self {
        Self {
            pictures: PicturesFolder::Chosen(path.to_path_buf()),
            page: path.join(PAGE_FILE),
        }
    }

    fn write_page(&self, page: &[u8]) -> anyhow::Result<PathBuf> {
        if let PicturesFolder::Chosen(_) = self.pictures {
            self.pictures.make()?;
        }
        write(self.page.clone(), page)
    }
}

impl PicturesFolder {
    fn write(&self, name: &str, picture: &[u8]) -> anyhow::Result<PathBuf> {
        self.make()?;
        write(self.path().join(name), picture)
    }

    fn make(&self) -> anyhow::Result<()> {
        let made = match self {
            Self::OfRun(path) => make_folder(path),
            Self::Chosen(path) => fs::create_dir_all(path),
        };
        made.with_context(|| format!("cannot write to {}", self.path().display()))
    }

    fn path(&self) -> &Path {
        match self {
            Self::OfRun(path) | Self::Chosen(path) => path,
        }
    }
}

fn write(path: PathBuf, bytes: &[u8]) -> anyhow::Result<PathBuf> {
    write_whole(&path, bytes).with_context(|| format!("cannot write {}", path.display()))?;
    Ok(path)
}

/// What came of drawing.
#[derive(Debug, Default)]
pub(crate) struct Drawn {
    /// What was written, in the order of reports.
    pub(crate) files: Vec<PathBuf>,
    /// Charts that there is something for.
    pub(crate) charts: usize,
    /// Charts that there is nothing for.
    pub(crate) without_data: Vec<NoData>,
}

/// A run, as far as pictures show it.
pub(crate) struct PicturedRun {
    pub(crate) summary: Summary,
    requests: Requests,
    samples: ObservedSamples,
    /// `run.json`.
    run: Value,
}

impl PicturedRun {
    /// A run from the files in its folder.
    ///
    /// # Errors
    ///
    /// A file is missing or is none of ours.
    pub(crate) fn read(folder: &RunFolder) -> anyhow::Result<Self> {
        let mut requests = Requests::new();
        let rebuilt = rebuild(folder, |record| requests.push(record))?;
        Ok(Self {
            summary: rebuilt.summary,
            requests,
            samples: ObservedSamples::read(folder)?,
            run: serde_json::to_value(&rebuilt.run).context("cannot encode run.json")?,
        })
    }

    /// Draws these charts, and the page if it is among the formats.
    ///
    /// # Errors
    ///
    /// A file cannot be written.
    pub(crate) fn draw(
        &self,
        charts: &RunCharts,
        (to, config): (&Destination, &PictureConfig),
    ) -> anyhow::Result<Drawn> {
        let data = self.data();
        let mut drawn = draw_charts(charts.of(&data), (&to.pictures, config))?;
        if config.formats.contains(&PictureFormat::Html) {
            let page = html::render(&HtmlReport {
                data,
                run: Some(&self.run),
            });
            drawn.files.push(to.write_page(page.as_bytes())?);
        }
        Ok(drawn)
    }

    fn data(&self) -> RunData<'_> {
        RunData {
            summary: &self.summary,
            requests: &self.requests,
            server: &self.samples.server,
            gpus: &self.samples.gpus,
        }
    }
}

/// The charts of a run.
#[derive(Debug, Clone)]
pub(crate) struct RunCharts {
    pub(crate) over_time: Vec<RunChart>,
    /// What the stages of a run that has several show together.
    pub(crate) of_stages: Vec<CompareChart>,
    /// What stages are compared by.
    pub(crate) statistic: Statistic,
}

/// Everything there is.
impl Default for RunCharts {
    fn default() -> Self {
        Self {
            over_time: RunChart::ALL.into(),
            of_stages: CompareChart::ALL.into(),
            statistic: Statistic::default(),
        }
    }
}

impl RunCharts {
    fn of<'a>(&'a self, data: &'a RunData<'a>) -> impl Iterator<Item = Result<Chart, NoData>> + 'a {
        let summary = data.summary;
        let of_stages = self.of_stages.iter();
        let of_stages = of_stages.map(|chart| chart.of_stages(summary, self.statistic));
        of_stages.chain(self.over_time.iter().map(|chart| chart.chart(data)))
    }
}

/// Writes what can be drawn, each chart in each format.
fn draw_charts(
    charts: impl Iterator<Item = Result<Chart, NoData>>,
    (folder, config): (&PicturesFolder, &PictureConfig),
) -> anyhow::Result<Drawn> {
    let mut drawn = Drawn::default();
    for chart in charts {
        let chart = match chart {
            Ok(chart) => {
                drawn.charts += 1;
                chart
            }
            Err(none) => {
                drawn.without_data.push(none);
                continue;
            }
        };
        for format in &config.formats {
            let (extension, bytes) = match format {
                PictureFormat::Png => ("png", render_png(&chart, config.theme, config.size)?),
                PictureFormat::Svg => ("svg", render_svg(&chart, config.theme, config.size).into_bytes()),
                PictureFormat::Html => continue,
            };
            let name = format!("{}.{extension}", chart.name());
            drawn.files.push(folder.write(&name, &bytes)?);
        }
    }
    Ok(drawn)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn links_in_the_folder_of_a_run_lead_no_picture_out_of_it() {
        let (run, theirs) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let page = theirs.path().join("page");
        fs::write(&page, "theirs").unwrap();
        symlink(theirs.path(), run.path().join(PICTURES_DIR)).unwrap();
        symlink(&page, run.path().join(PAGE_FILE)).unwrap();
        let to = Destination::within(&RunFolder::open(run.path()));
        let error = to.pictures.write("cdf.svg", b"<svg/>").unwrap_err();
        assert!(format!("{error:#}").contains("plots: it is no folder"), "{error:#}");
        to.write_page(b"ours").unwrap();
        assert_eq!(fs::read(&page).unwrap(), b"theirs");
        assert_eq!(fs::read_dir(theirs.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_folder_that_the_user_names_may_be_a_link() {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("here")).unwrap();
        symlink("here", dir.path().join("link")).unwrap();
        let to = Destination::folder(&dir.path().join("link"));
        to.pictures.write("cdf.svg", b"<svg/>").unwrap();
        to.write_page(b"page").unwrap();
        assert_eq!(fs::read_dir(dir.path().join("here")).unwrap().count(), 2);
        let deep = Destination::folder(&dir.path().join("deep/er"));
        deep.write_page(b"page").unwrap();
    }
}
