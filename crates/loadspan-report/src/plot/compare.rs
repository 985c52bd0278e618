//! The charts of several runs: each run, or each set of repeated runs, is a point.

mod differences;
mod frontier;
mod repeats;

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use loadspan_record::{Distribution, Metric, RunMetric, Summary, VerdictStatus};
use thiserror::Error;

use super::NoData;
use super::axis::Axis;
use super::chart::{Chart, Corner, DotShape, Dots, KeyEntry, Line, Mark, Panel, Stacking};
use super::number::counted;
use super::theme::Ink;
use repeats::{Estimate, Place};

/// One of the runs.
#[derive(Debug, Clone)]
pub struct ComparedRun<'a> {
    /// Its result.
    pub summary: &'a Summary,
    /// How it was set up, by name: what differs between runs becomes the label of a point, and runs with equal settings are
    /// repetitions. Model and load are taken from the summary and need not be given.
    pub settings: BTreeMap<String, String>,
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

/// Which statistic of the requests of a run is shown. `p99` unless it is chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Statistic(&'static str);

/// A statistic that does not exist.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("unknown statistic `{name}`: it is one of {}", Statistic::NAMES.join(", "))]
pub struct UnknownStatistic {
    name: String,
}

impl Statistic {
    /// The statistics that there are.
    pub const NAMES: [&'static str; 13] = [
        "mean", "min", "p1", "p5", "p10", "p25", "p50", "p75", "p90", "p95", "p99", "p99_9", "max",
    ];

    fn of(self, distribution: &Distribution) -> Option<f64> {
        distribution.stat(self.0)
    }

    /// The statistic that says the same of a figure that is worse when it is lower: what p99 is to a latency, p1 is to a speed.
    fn mirrored(self) -> Self {
        Self(match self.0 {
            "min" => "max",
            "max" => "min",
            "p1" => "p99",
            "p5" => "p95",
            "p10" => "p90",
            "p25" => "p75",
            "p75" => "p25",
            "p90" => "p10",
            "p95" => "p5",
            // Summaries go no further down than to the first percentile.
            "p99" | "p99_9" => "p1",
            same => same,
        })
    }
}

impl Default for Statistic {
    fn default() -> Self {
        Self("p99")
    }
}

impl fmt::Display for Statistic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.replace('_', "."))
    }
}

impl FromStr for Statistic {
    type Err = UnknownStatistic;

    /// `p99.9` and `p99_9` are the same.
    fn from_str(name: &str) -> Result<Self, UnknownStatistic> {
        let wanted = name.trim().replace('.', "_");
        let found = Self::NAMES.into_iter().find(|known| *known == wanted);
        found
            .map(Self)
            .ok_or_else(|| UnknownStatistic { name: name.to_owned() })
    }
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
            .compose(figures, (repeats::join(&measured), measured.len()), statistic)
            .with_subtitle(differences::shared(runs)))
    }

    const fn what(self) -> &'static str {
        match self {
            Self::LatencyThroughput => "latency by throughput",
            Self::InteractivityThroughput => "interactivity by throughput",
            Self::TtftThroughput => "time to first token by throughput",
        }
    }

    fn compose(self, figures: Figures, (points, runs): (Vec<Estimate>, usize), statistic: Statistic) -> Chart {
        let (vertical, throughput) = (figures.vertical, figures.throughput);
        let label = format!("{}, {statistic} ({})", vertical.name, vertical.unit);
        let highs = || {
            points
                .iter()
                .flat_map(|point| [point.y.low, point.y.mean, point.y.high])
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
                marks: marks(&points, &best, vertical.better),
                key: key(&points),
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

fn key(points: &[Estimate]) -> Vec<KeyEntry> {
    let mut key = vec![
        KeyEntry::new(FRONT, "on the Pareto front"),
        KeyEntry::new(BEHIND, "behind it"),
    ];
    if points.iter().any(|point| point.status == VerdictStatus::Invalid) {
        key[1].text = "behind it, or invalid (hollow)".to_owned();
    }
    key
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_statistic_is_chosen_by_its_name() {
        assert_eq!(
            "p99.9".parse::<Statistic>().map(|statistic| statistic.to_string()),
            Ok("p99.9".to_owned())
        );
        assert_eq!(Statistic::default().to_string(), "p99");
        let error = "p42".parse::<Statistic>().unwrap_err();
        assert!(
            error
                .to_string()
                .starts_with("unknown statistic `p42`: it is one of mean, min, p1"),
            "{error}"
        );
    }
}
