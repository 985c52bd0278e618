//! The charts of several runs: each run, or each set of repeated runs, is a point.

mod differences;
mod frontier;
mod repeats;
mod statistic;

use std::collections::BTreeMap;

use loadspan_record::{Metric, RunMetric, Summary, VerdictStatus};

pub use self::statistic::{Statistic, UnknownStatistic};
use super::NoData;
use super::axis::Axis;
use super::chart::{Chart, Corner, DotShape, Dots, KeyEntry, Line, Mark, Panel, Stacking};
use super::number::{counted, plain};
use super::target_of;
use super::theme::Ink;
use repeats::{Estimate, Place};

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

/// A chart of several runs.
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

    /// Makes the chart. Speeds are worse when they are lower: their statistic is taken from the other end, p1 for p99.
    ///
    /// # Errors
    ///
    /// When fewer than two of the runs have both figures: one point compares nothing.
    pub fn chart(self, runs: &[ComparedRun<'_>], statistic: Statistic) -> Result<Chart, NoData> {
        let figures = Figures::of(self, runs);
        let statistic = match figures.vertical.better {
            Corner::BottomRight => statistic,
            Corner::TopRight => statistic.mirrored(),
        };
        let labels = differences::labels(runs);
        let measured: Vec<Place> = runs
            .iter()
            .zip(&labels)
            .filter_map(|(run, label)| figures.place(run.summary, (label, statistic)))
            .collect();
        if measured.len() < 2 {
            return Err(NoData {
                what: self.what(),
                why: "it takes two runs that have both figures",
            });
        }
        Ok(self
            .compose(
                (figures, shared_target(figures.vertical.metric, runs)),
                (repeats::join(&measured), measured.len()),
                statistic,
            )
            .with_subtitle(differences::shared(runs)))
    }

    const fn what(self) -> &'static str {
        match self {
            Self::LatencyThroughput => "latency by throughput",
            Self::InteractivityThroughput => "interactivity by throughput",
            Self::TtftThroughput => "time to first token by throughput",
        }
    }

    fn compose(
        self,
        (figures, target): (Figures, Option<f64>),
        (points, runs): (Vec<Estimate>, usize),
        statistic: Statistic,
    ) -> Chart {
        let (vertical, throughput) = (figures.vertical, figures.throughput);
        let label = format!("{}, {statistic} ({})", vertical.name, vertical.unit);
        let highs = || {
            points
                .iter()
                .flat_map(|point| [point.y.low, point.y.mean, point.y.high])
                .chain(target)
        };
        let y = match vertical.better {
            Corner::BottomRight => Axis::log(label, highs()),
            Corner::TopRight => Axis::from_zero(label, highs().fold(0.0, f64::max)),
        };
        let most = points.iter().map(|point| point.x.high).fold(0.0, f64::max);
        // A label stands right of its point: the axis leaves room for the rightmost one.
        let x = Axis::from_zero(format!("{} ({})", throughput.name, throughput.unit), most * 1.12);
        let trusted: Vec<usize> = (0..points.len())
            .filter(|index| points[*index].status != VerdictStatus::Invalid)
            .collect();
        let places: Vec<(f64, f64)> = trusted.iter().map(|index| points[*index].centre()).collect();
        let best: Vec<usize> = frontier::of(&places, vertical.better)
            .into_iter()
            .map(|index| trusted[index])
            .collect();
        let repeated = points.iter().any(|point| point.runs > 1);
        Chart {
            name: self.name(),
            title: format!("{} by throughput", vertical.title),
            subtitle: String::new(),
            verdict: None,
            caption: caption(&points, (runs, repeated), statistic),
            panels: vec![Panel {
                height: 440.0,
                x,
                y,
                marks: target_line(target, vertical.unit)
                    .into_iter()
                    .chain(marks(&points, &best, vertical.better))
                    .collect(),
                key: key(&points, &best),
            }],
            stacking: Stacking::SharedAxis,
        }
    }
}

impl Chart {
    fn with_subtitle(mut self, subtitle: String) -> Self {
        self.subtitle = subtitle;
        self
    }
}

/// What stands on one of the axes.
#[derive(Debug, Clone, Copy)]
struct Vertical {
    title: &'static str,
    name: &'static str,
    unit: &'static str,
    metric: Metric,
    better: Corner,
}

#[derive(Debug, Clone, Copy)]
struct Throughput {
    name: &'static str,
    unit: &'static str,
    metric: RunMetric,
}

#[derive(Debug, Clone, Copy)]
struct Figures {
    vertical: Vertical,
    throughput: Throughput,
}

impl Figures {
    /// Throughput is in output tokens where every run has them, else in requests.
    fn of(chart: CompareChart, runs: &[ComparedRun<'_>]) -> Self {
        let vertical = match chart {
            CompareChart::LatencyThroughput => Vertical {
                title: "Latency",
                name: "request latency",
                unit: "ms",
                metric: Metric::RequestLatency,
                better: Corner::BottomRight,
            },
            CompareChart::InteractivityThroughput => Vertical {
                title: "Interactivity",
                name: "output tokens per second of one stream",
                unit: "tok/s per user",
                metric: Metric::OutputTokenThroughputPerUser,
                better: Corner::TopRight,
            },
            CompareChart::TtftThroughput => Vertical {
                title: "Time to first token",
                name: "time to first token",
                unit: "ms",
                metric: Metric::TimeToFirstToken,
                better: Corner::BottomRight,
            },
        };
        let has_tokens = |run: &ComparedRun<'_>| {
            let figure = run.summary.metrics.scalar(RunMetric::OutputTokenThroughput);
            figure.is_some_and(|rate| rate > 0.0)
        };
        let throughput = if runs.iter().all(has_tokens) {
            Throughput {
                name: "output token throughput",
                unit: "tok/s",
                metric: RunMetric::OutputTokenThroughput,
            }
        } else {
            Throughput {
                name: "request throughput",
                unit: "req/s",
                metric: RunMetric::RequestThroughput,
            }
        };
        Self { vertical, throughput }
    }

    /// `None` when the run lacks one of the figures.
    fn place(&self, summary: &Summary, (label, statistic): (&str, Statistic)) -> Option<Place> {
        let y = statistic.of(summary.metrics.get(self.vertical.metric)?)?;
        let x = summary.metrics.scalar(self.throughput.metric)?;
        (x.is_finite() && y.is_finite() && y > 0.0).then(|| Place {
            label: label.to_owned(),
            x,
            y,
            status: summary.verdict.status,
        })
    }
}

/// The limit that `--goodput` sets to a figure, where it is the same in all runs.
fn shared_target(metric: Metric, runs: &[ComparedRun<'_>]) -> Option<f64> {
    let limit = |run: &ComparedRun<'_>| target_of(run.summary, metric);
    let first = limit(runs.first()?)?;
    runs.iter().all(|run| limit(run) == Some(first)).then_some(first)
}

fn target_line(target: Option<f64>, unit: &str) -> Option<Mark> {
    target.map(|limit| Mark::Rule {
        y: limit,
        text: format!("target {} {unit}", plain(limit)),
        ink: Ink::Text,
    })
}

fn caption(points: &[Estimate], (runs, repeated): (usize, bool), statistic: Statistic) -> String {
    let mut text = format!(
        "{}; {statistic} over the completed requests of each. The line is the Pareto front: no trusted run is better in both.",
        counted(runs as u64, "run")
    );
    if repeated {
        text +=
            " Repeated runs are one point at their mean, with the 95 % confidence interval of the mean (Student's t).";
    }
    if points.iter().any(|point| point.status == VerdictStatus::Invalid) {
        text += " Invalid runs are hollow and never on the front.";
    }
    text
}

/// The front and what lies behind it, each point with what is different about it.
fn marks(points: &[Estimate], best: &[usize], better: Corner) -> Vec<Mark> {
    let mut marks = vec![Mark::Better(better)];
    let front = best.iter().map(|index| points[*index].centre()).collect();
    marks.push(Mark::Line(Line::new(front, FRONT, "").unlabelled()));
    for (index, point) in points.iter().enumerate() {
        let ink = if best.contains(&index) { FRONT } else { BEHIND };
        let (x, y) = point.centre();
        if point.runs > 1 {
            let whisker = |from, to| Mark::Whisker { from, to, ink };
            marks.push(whisker((x, point.y.low), (x, point.y.high)));
            marks.push(whisker((point.x.low, y), (point.x.high, y)));
        }
        marks.push(Mark::Dots(Dots {
            points: vec![(x, y)],
            ink,
            radius: 5.0,
            opacity: 1.0,
            shape: if point.status == VerdictStatus::Invalid {
                DotShape::Hollow
            } else {
                DotShape::Filled
            },
        }));
    }
    marks.extend(points.iter().map(|point| Mark::Note {
        at: point.centre(),
        text: match point.status {
            VerdictStatus::Valid => point.label.clone(),
            status => format!("{} ({})", point.label, status.as_str()),
        },
    }));
    marks
}

const FRONT: Ink = Ink::Series(0);
const BEHIND: Ink = Ink::Muted;

/// What there is on the front, behind it and hollow, and nothing else.
fn key(points: &[Estimate], best: &[usize]) -> Vec<KeyEntry> {
    let is_invalid = |point: &Estimate| point.status == VerdictStatus::Invalid;
    let is_behind = |(index, point): (usize, &Estimate)| !best.contains(&index) && !is_invalid(point);
    let has_behind = points.iter().enumerate().any(is_behind);
    let behind = match (has_behind, points.iter().any(is_invalid)) {
        (true, true) => Some("behind it, or invalid (hollow)"),
        (true, false) => Some("behind it"),
        (false, true) => Some("invalid (hollow)"),
        (false, false) => None,
    };
    let front = (!best.is_empty()).then(|| KeyEntry::new(FRONT, "on the Pareto front"));
    let behind = behind.map(|text| KeyEntry::new(BEHIND, text));
    front.into_iter().chain(behind).collect()
}
