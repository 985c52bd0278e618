//! What stands on the axes.

use loadspan_record::{Figures as Measured, Metric, RunMetric};

use super::super::chart::Corner;
use super::{CompareChart, ComparedRun, Statistic};

/// What is held against throughput.
#[derive(Debug, Clone, Copy)]
pub(super) struct Vertical {
    pub(super) title: &'static str,
    pub(super) name: &'static str,
    pub(super) unit: &'static str,
    pub(super) metric: Metric,
    pub(super) better: Corner,
}

/// How much was done in a second.
#[derive(Debug, Clone, Copy)]
pub(super) struct Throughput {
    pub(super) name: &'static str,
    pub(super) unit: &'static str,
    pub(super) metric: RunMetric,
}

/// The two figures of a chart.
#[derive(Debug, Clone, Copy)]
pub(super) struct Figures {
    pub(super) vertical: Vertical,
    pub(super) throughput: Throughput,
}

impl Figures {
    /// Throughput is in output tokens where every run has them, else in requests.
    pub(super) fn of(chart: CompareChart, runs: &[ComparedRun<'_>]) -> Self {
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

    /// Where a run or a stage with these figures lies. `None` when it lacks one of them.
    pub(super) fn place(&self, of: &Measured, statistic: Statistic) -> Option<(f64, f64)> {
        let y = statistic.of(of.get(self.vertical.metric)?)?;
        let x = of.scalar(self.throughput.metric)?;
        (x.is_finite() && y.is_finite() && y > 0.0).then_some((x, y))
    }
}
