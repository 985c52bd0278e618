//! The charts of several runs, or of several stages: each run or stage, or each set of repeated ones, is a point.

mod curves;
mod differences;
mod figures;
mod front;
mod frontier;
mod places;
mod repeats;
mod statistic;

use std::collections::BTreeMap;

use loadspan_record::{Metric, Summary};

pub use self::statistic::{Statistic, UnknownStatistic};
use super::NoData;
use super::axis::Axis;
use super::chart::{Chart, Corner, KeyEntry, Mark, Panel, Stacking};
use super::number::plain;
use super::target_of;
use super::theme::Ink;
use figures::Figures;
use places::Places;
use repeats::Estimate;

/// One of the runs.
#[derive(Debug, Clone)]
pub struct ComparedRun<'a> {
    /// Its result.
    pub summary: &'a Summary,
    /// How it was set up, by name: what differs between runs becomes the label of a point, as in `isl=200, osl=64`, and runs
    /// with equal settings are repetitions. Model, endpoint and load are taken from the summary and need not be given.
    pub settings: BTreeMap<String, String>,
    /// What the user calls it by. A tag names points like a setting when every run has it; tags that only some have do so where
    /// nothing else differs.
    pub tags: BTreeMap<String, String>,
}

/// A chart of several runs, or of the stages of one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CompareChart {
    /// Request latency over throughput.
    LatencyThroughput,
    /// Tokens per second of one stream over throughput.
    InteractivityThroughput,
    /// Time to first token over throughput.
    TtftThroughput,
}

impl CompareChart {
    /// Every chart, in the order of reports.
    pub const ALL: [Self; 3] = [
        Self::LatencyThroughput,
        Self::InteractivityThroughput,
        Self::TtftThroughput,
    ];

    /// The name of its file without an ending, and in flags.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::LatencyThroughput => "latency_by_throughput",
            Self::InteractivityThroughput => "interactivity_by_throughput",
            Self::TtftThroughput => "ttft_by_throughput",
        }
    }

    /// Whether a run has a chart of its own: it has several measured stages, each of which is a point.
    #[must_use]
    pub fn is_of(summary: &Summary) -> bool {
        places::stages_of(summary).is_some()
    }

    /// Makes the chart of one run, whose measured stages are its points.
    ///
    /// # Errors
    ///
    /// When fewer than two of them have both figures.
    pub fn of_stages(self, summary: &Summary, statistic: Statistic) -> Result<Chart, NoData> {
        let run = ComparedRun {
            summary,
            settings: BTreeMap::new(),
            tags: BTreeMap::new(),
        };
        let chart = self.chart(&[run], statistic).map_err(|none| NoData {
            why: "it takes two measured stages that have both figures",
            ..none
        })?;
        Ok(Chart {
            subtitle: super::run::subtitle(summary),
            verdict: Some(summary.verdict.status),
            ..chart
        })
    }

    /// Makes the chart. A run with several measured stages has a point for each, joined in their order; any other is one point.
    /// Speeds are worse when they are lower: their statistic is taken from the other end, p1 for p99.
    ///
    /// # Errors
    ///
    /// When fewer than two points have both figures: one compares nothing.
    pub fn chart(self, runs: &[ComparedRun<'_>], statistic: Statistic) -> Result<Chart, NoData> {
        let figures = Figures::of(self, runs);
        let statistic = match figures.vertical.better {
            Corner::BottomRight => statistic,
            Corner::TopRight => statistic.mirrored(),
        };
        let places = Places::of((runs, &differences::labels(runs)), (&figures, statistic));
        if places.found.len() < 2 {
            return Err(NoData {
                what: self.what(),
                why: "it takes two runs that have both figures",
            });
        }
        let target = shared_target(figures.vertical.metric, runs);
        Ok(Chart {
            subtitle: differences::shared(runs),
            ..self.compose((&figures, target), &places, statistic)
        })
    }

    const fn what(self) -> &'static str {
        match self {
            Self::LatencyThroughput => "latency by throughput",
            Self::InteractivityThroughput => "interactivity by throughput",
            Self::TtftThroughput => "time to first token by throughput",
        }
    }

    fn compose(self, (figures, target): (&Figures, Option<f64>), places: &Places, statistic: Statistic) -> Chart {
        let points = repeats::join(&places.found);
        let vertical = figures.vertical;
        let (x, y) = axes((figures, target), &points, statistic);
        let drawing = if places.curves.is_empty() {
            front::draw(&points, vertical.better, (places.found.len(), statistic))
        } else {
            curves::draw(&points, vertical.better, (places, statistic))
        };
        let target = target.map(|limit| Mark::Rule {
            y: limit,
            text: format!("target {} {}", plain(limit), vertical.unit),
            ink: Ink::Text,
        });
        Chart {
            name: self.name(),
            title: format!("{} by throughput", vertical.title),
            subtitle: String::new(),
            verdict: None,
            caption: drawing.caption,
            panels: vec![Panel {
                height: 440.0,
                x,
                y,
                marks: target.into_iter().chain(drawing.marks).collect(),
                key: drawing.key,
            }],
            stacking: Stacking::SharedAxis,
        }
    }
}

/// What is different about a chart of runs and one of stages.
struct Drawing {
    marks: Vec<Mark>,
    key: Vec<KeyEntry>,
    caption: String,
}

/// That of the throughput, and that of the figure.
fn axes((figures, target): (&Figures, Option<f64>), points: &[Estimate], statistic: Statistic) -> (Axis, Axis) {
    let (vertical, throughput) = (figures.vertical, figures.throughput);
    let heights = points
        .iter()
        .flat_map(|point| [point.y.low, point.y.mean, point.y.high])
        .chain(target);
    let label = format!("{}, {statistic} ({})", vertical.name, vertical.unit);
    let y = match vertical.better {
        Corner::BottomRight => Axis::log(label, heights),
        Corner::TopRight => Axis::from_zero(label, heights.fold(0.0, f64::max)),
    };
    let most = points.iter().map(|point| point.x.high).fold(0.0, f64::max);
    // A label stands right of its point: the axis leaves room for the rightmost one.
    let x = Axis::from_zero(format!("{} ({})", throughput.name, throughput.unit), most * 1.12);
    (x, y)
}

/// The limit that `--goodput` sets to a figure, where it is the same in all runs.
fn shared_target(metric: Metric, runs: &[ComparedRun<'_>]) -> Option<f64> {
    let limit = |run: &ComparedRun<'_>| target_of(run.summary, metric);
    let first = limit(runs.first()?)?;
    runs.iter().all(|run| limit(run) == Some(first)).then_some(first)
}
