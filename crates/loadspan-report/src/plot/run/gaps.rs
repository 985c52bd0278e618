//! Gaps between the chunks of all streams, as bands of percentiles over the run.

use loadspan_record::Metric;

use super::super::NoData;
use super::super::axis::Axis;
use super::super::chart::{Band, DotShape, Dots, KeyEntry, Line, Mark, Panel, Stacking};
use super::super::gaps::{GapStats, GapWindows};
use super::super::number::{LatencyUnit, counted, round_length};
use super::super::theme::Ink;
use super::{Drawing, RunData};

const NONE: NoData = NoData {
    what: "inter-chunk latency over time",
    why: "no completed stream had two chunks",
};

/// Gaps that a window should have for its 99th percentile to mean something.
const ENOUGH: u64 = 100;
const MOST_WINDOWS: usize = 160;

const BAND: Ink = Ink::Series(0);
const OUTER: f64 = 0.18;
const INNER: f64 = 0.38;

pub(super) fn draw(run: &RunData<'_>) -> Result<Drawing, NoData> {
    let mut gaps = run.requests.gaps.clone();
    let total = gaps.total();
    if total == 0 {
        return Err(NONE);
    }
    let time = run.time_axis().ok_or(NONE)?;
    widen(&mut gaps);
    let stats = gaps.stats();
    let whole = run.summary.metrics.get(Metric::InterChunkLatency);
    let typical = whole.map(|stats| stats.p50);
    let unit = LatencyUnit::for_typical_ms(
        typical
            .or_else(|| stats.iter().flatten().map(|s| s.p50_ms).next())
            .unwrap_or(1.0),
    );
    let shown = |at: fn(&GapStats) -> f64| -> Vec<(f64, f64)> {
        stats
            .iter()
            .map(|window| {
                window
                    .as_ref()
                    .map_or((f64::NAN, f64::NAN), |stats| (stats.at_s, unit.of_ms(at(stats))))
            })
            .collect()
    };
    let (p50, p90, p99, max) = (
        shown(|s| s.p50_ms),
        shown(|s| s.p90_ms),
        shown(|s| if s.count < ENOUGH { f64::NAN } else { s.p99_ms }),
        shown(|s| s.max_ms),
    );
    let y = Axis::log(
        format!("gap between two chunks ({})", unit.name),
        [&p50, &max].into_iter().flatten().map(|point| point.1),
    );
    let band = |lower: &[(f64, f64)], upper: &[(f64, f64)], opacity| {
        let points = lower.iter().zip(upper);
        Mark::Band(Band {
            points: points.map(|((x, low), (_, high))| (*x, *low, *high)).collect(),
            ink: BAND,
            opacity,
        })
    };
    let mut marks = run.stretches();
    marks.push(band(&p90, &p99, OUTER));
    marks.push(band(&p50, &p90, INNER));
    marks.push(Mark::Line(Line::new(p99, BAND, "p99")));
    marks.push(Mark::Line(Line::new(p50, Ink::Text, "p50")));
    marks.push(Mark::Dots(Dots {
        points: max.into_iter().filter(|point| point.1.is_finite()).collect(),
        ink: Ink::Series(6),
        radius: 2.0,
        opacity: 1.0,
        shape: DotShape::Filled,
    }));
    if let Some(stats) = whole {
        marks.push(Mark::Rule {
            y: unit.of_ms(stats.p99),
            text: format!("p99 of the run {}", unit.label_ms(stats.p99)),
            ink: Ink::Muted,
        });
    }
    let caption = format!(
        "{} of completed streams in windows of {}, each in the window in which it ended; percentiles to 3 %, p99 where a window has {ENOUGH} gaps, maxima exact.{}",
        counted(total, "gap"),
        round_length(gaps.length_s()),
        run.stretches_remark()
    );
    Ok(Drawing {
        title: "Inter-chunk latency over the run",
        caption,
        panels: vec![Panel {
            height: 400.0,
            x: time,
            y,
            marks,
            key: key(),
        }],
        stacking: Stacking::SharedAxis,
    })
}

fn key() -> Vec<KeyEntry> {
    let band = |opacity, text: &str| KeyEntry {
        opacity,
        ..KeyEntry::new(BAND, text)
    };
    vec![
        band(INNER + OUTER, "p50 to p90"),
        band(OUTER, "p90 to p99"),
        KeyEntry::new(Ink::Series(6), "longest gap of a window"),
    ]
}

/// Joins windows until they are few enough to see, and have gaps enough.
fn widen(gaps: &mut GapWindows) {
    loop {
        let counts: Vec<u64> = gaps.stats().into_iter().flatten().map(|stats| stats.count).collect();
        let few = counts.iter().filter(|count| **count < ENOUGH).count();
        if counts.len() <= 8 || (counts.len() <= MOST_WINDOWS && few * 10 <= counts.len()) {
            return;
        }
        gaps.coarsen();
    }
}
