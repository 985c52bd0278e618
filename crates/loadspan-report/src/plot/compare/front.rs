//! Runs as points, with the Pareto front that they have in common.

use super::super::chart::{Corner, KeyEntry, Line, Mark};
use super::super::number::counted;
use super::super::theme::Ink;
use super::repeats::Estimate;
use super::{Drawing, Statistic, frontier};

const FRONT: Ink = Ink::Series(0);
const BEHIND: Ink = Ink::Muted;

pub(super) fn draw(points: &[Estimate], better: Corner, (runs, statistic): (usize, Statistic)) -> Drawing {
    let trusted: Vec<usize> = (0..points.len()).filter(|index| !points[*index].is_invalid()).collect();
    let places: Vec<(f64, f64)> = trusted.iter().map(|index| points[*index].centre()).collect();
    let best: Vec<usize> = frontier::of(&places, better)
        .into_iter()
        .map(|index| trusted[index])
        .collect();
    Drawing {
        marks: marks(points, &best, better),
        key: key(points, &best),
        caption: caption(points, (runs, statistic)),
    }
}

fn caption(points: &[Estimate], (runs, statistic): (usize, Statistic)) -> String {
    let mut text = format!(
        "{}; {statistic} over the completed requests of each. The line is the Pareto front: no trusted run is better in both.",
        counted(runs as u64, "run")
    );
    if points.iter().any(|point| point.runs > 1) {
        text += REPEATED;
    }
    if points.iter().any(Estimate::is_invalid) {
        text += " Invalid runs are hollow and never on the front.";
    }
    text
}

/// A sentence for captions.
pub(super) const REPEATED: &str =
    " Repeated runs are one point at their mean, with the 95 % confidence interval of the mean (Student's t).";

/// The front and what lies behind it, each point with what is different about it.
fn marks(points: &[Estimate], best: &[usize], better: Corner) -> Vec<Mark> {
    let front = best.iter().map(|index| points[*index].centre()).collect();
    let line = Mark::Line(Line::new(front, FRONT, "").unlabelled());
    let ink = |index: usize| if best.contains(&index) { FRONT } else { BEHIND };
    let dots = points
        .iter()
        .enumerate()
        .flat_map(|(index, point)| point.marks(ink(index)));
    [Mark::Better(better), line]
        .into_iter()
        .chain(dots)
        .chain(points.iter().map(Estimate::note))
        .collect()
}

/// What there is on the front, behind it and hollow, and nothing else.
fn key(points: &[Estimate], best: &[usize]) -> Vec<KeyEntry> {
    let is_behind = |(index, point): (usize, &Estimate)| !best.contains(&index) && !point.is_invalid();
    let has_behind = points.iter().enumerate().any(is_behind);
    let behind = match (has_behind, points.iter().any(Estimate::is_invalid)) {
        (true, true) => Some("behind it, or invalid (hollow)"),
        (true, false) => Some("behind it"),
        (false, true) => Some("invalid (hollow)"),
        (false, false) => None,
    };
    let front = (!best.is_empty()).then(|| KeyEntry::new(FRONT, "on the Pareto front"));
    let behind = behind.map(|text| KeyEntry::new(BEHIND, text));
    front.into_iter().chain(behind).collect()
}
