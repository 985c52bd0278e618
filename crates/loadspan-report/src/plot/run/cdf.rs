//! Which share of the requests was at least how fast.

use loadspan_record::Metric;

use super::super::NoData;
use super::super::axis::{Axis, Scale};
use super::super::chart::{DotShape, Dots, KeyEntry, Line, Mark, Panel, Stacking};
use super::super::number::{LatencyUnit, counted, number};
use super::super::theme::Ink;
use super::{Drawing, RunData};

const NONE: NoData = NoData {
    what: "the distribution of latencies",
    why: "fewer than two measured requests completed",
};

/// Points of one line. The tail has its own, so that it is exact.
const POINTS: usize = 400;

/// One line of the chart.
struct Series {
    name: &'static str,
    ink: Ink,
    sorted_ms: Vec<f32>,
    metric: Metric,
}

pub(super) fn draw(run: &RunData<'_>) -> Result<Drawing, NoData> {
    let sorted = |mut values: Vec<f32>| {
        values.sort_unstable_by(f32::total_cmp);
        values
    };
    let all = [
        Series {
            name: "time to first token",
            ink: Ink::Series(6),
            sorted_ms: sorted(run.requests.measured().filter_map(|row| row.ttft_ms).collect()),
            metric: Metric::TimeToFirstToken,
        },
        Series {
            name: "request latency",
            ink: Ink::Series(0),
            sorted_ms: sorted(run.requests.measured().filter_map(|row| row.latency_ms).collect()),
            metric: Metric::RequestLatency,
        },
    ];
    let series: Vec<Series> = all.into_iter().filter(|series| series.sorted_ms.len() >= 2).collect();
    let Some(longest) = series.last() else { return Err(NONE) };
    let count = longest.sorted_ms.len();
    let unit = LatencyUnit::for_typical_ms(f64::from(longest.sorted_ms[count / 2]));
    let ends = series
        .iter()
        .flat_map(|series| [series.sorted_ms[0], series.sorted_ms[series.sorted_ms.len() - 1]]);
    let x = Axis::log(
        format!("time since the request was sent ({})", unit.name),
        ends.map(f64::from)
            .chain(series.iter().filter_map(|series| run.target(series.metric)))
            .map(|ms| unit.of_ms(ms)),
    );
    let y = Axis {
        label: "share of requests that took at most this long (%)".to_owned(),
        scale: Scale::Linear,
        // Above the curves there is room for a label.
        range: (0.0, 106.0),
    };
    let mut marks = Vec::new();
    for series in &series {
        marks.push(Mark::Line(curve(&series.sorted_ms, unit, series.ink).unlabelled()));
        marks.extend(percentile_marks(run, series, unit));
        marks.extend(target_marks(run, series, unit));
    }
    let key = series.iter().map(|series| KeyEntry::new(series.ink, series.name));
    Ok(Drawing {
        title: "Distribution of latencies",
        caption: format!(
            "Empirical distribution functions over {} that were measured and completed; the dots are p50, p90 and p99.",
            counted(count as u64, "request")
        ),
        panels: vec![Panel {
            height: 420.0,
            x,
            y,
            marks,
            key: key.collect(),
        }],
        stacking: Stacking::SharedAxis,
    })
}

/// The curve through evenly spaced ranks, and through each rank of the last hundredth as far as there is room.
fn curve(sorted_ms: &[f32], unit: LatencyUnit, ink: Ink) -> Line {
    let last = sorted_ms.len() - 1;
    let tail = last - last / 100;
    let mut ranks: Vec<usize> = (0..=POINTS).map(|step| step * last / POINTS).collect();
    ranks.extend((0..=POINTS).map(|step| tail + step * (last - tail) / POINTS));
    ranks.sort_unstable();
    ranks.dedup();
    let points = ranks.into_iter().map(|rank| {
        let share = 100.0 * rank as f64 / last as f64;
        (unit.of_ms(f64::from(sorted_ms[rank])), share)
    });
    Line::new(points.collect(), ink, "")
}

/// An upright line where `--goodput` draws it, with the share of requests that keep to it.
fn target_marks(run: &RunData<'_>, series: &Series, unit: LatencyUnit) -> Vec<Mark> {
    let Some(limit) = run.target(series.metric) else {
        return Vec::new();
    };
    let within = series.sorted_ms.partition_point(|ms| f64::from(*ms) <= limit);
    let share = 100.0 * within as f64 / series.sorted_ms.len() as f64;
    let x = unit.of_ms(limit);
    vec![
        Mark::Whisker {
            from: (x, 0.0),
            to: (x, 100.0),
            ink: series.ink,
        },
        Mark::Note {
            at: (x, 8.0),
            text: format!("target {}: {} %", unit.label_limit_ms(limit), number(share)),
        },
    ]
}

fn percentile_marks(run: &RunData<'_>, series: &Series, unit: LatencyUnit) -> Vec<Mark> {
    let Some(stats) = run.summary.metrics.get(series.metric) else {
        return Vec::new();
    };
    let all = [
        ("p50", 50.0, stats.p50, 2),
        ("p90", 90.0, stats.p90, 10),
        ("p99", 99.0, stats.p99, 100),
    ];
    let shown: Vec<_> = all
        .into_iter()
        .filter(|(.., least)| series.sorted_ms.len() >= *least)
        .collect();
    let place = |(_, share, ms, _): &(&str, f64, f64, usize)| (unit.of_ms(*ms), *share);
    let mut marks = vec![Mark::Dots(Dots {
        points: shown.iter().map(place).collect(),
        ink: series.ink,
        radius: 4.0,
        opacity: 1.0,
        shape: DotShape::Filled,
    })];
    marks.extend(shown.iter().map(|percentile| Mark::Note {
        at: place(percentile),
        text: format!("{} {}", percentile.0, unit.label_ms(percentile.2)),
    }));
    marks
}
