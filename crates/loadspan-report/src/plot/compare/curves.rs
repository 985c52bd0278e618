//! Runs of several stages as curves: a point for each stage, joined in their order. Runs with one load are points beside them.

use super::super::chart::{Corner, KeyEntry, Line, Mark};
use super::super::number::counted;
use super::super::theme::Ink;
use super::front::REPEATED;
use super::places::Places;
use super::repeats::Estimate;
use super::{Drawing, Statistic};

/// A run with one load.
const SINGLE: Ink = Ink::Muted;

pub(super) fn draw(points: &[Estimate], better: Corner, (places, statistic): (&Places, Statistic)) -> Drawing {
    Drawing {
        marks: marks(points, better, places),
        key: key(points, places),
        caption: caption(points, (places, statistic)),
    }
}

fn marks(points: &[Estimate], better: Corner, places: &Places) -> Vec<Mark> {
    let lines = (0..places.curves.len()).map(|curve| {
        let mut stages: Vec<&Estimate> = points.iter().filter(|point| point.curve == Some(curve)).collect();
        stages.sort_by_key(|point| point.stage);
        let points = stages.iter().map(|point| point.centre()).collect();
        Mark::Line(Line::new(points, Ink::Series(curve), "").unlabelled())
    });
    let dots = points
        .iter()
        .flat_map(|point| point.marks(point.curve.map_or(SINGLE, Ink::Series)));
    std::iter::once(Mark::Better(better))
        .chain(lines)
        .chain(dots)
        .chain(points.iter().map(Estimate::note))
        .collect()
}

fn key(points: &[Estimate], places: &Places) -> Vec<KeyEntry> {
    let name = |label: &String| match (&places.curves[..], places.runs) {
        ([_], 1) => "measured stages in their order".to_owned(),
        _ => label.clone(),
    };
    let curves = places.curves.iter().enumerate();
    let curves = curves.map(|(curve, label)| KeyEntry::new(Ink::Series(curve), name(label)));
    let has_single = points.iter().any(|point| point.curve.is_none());
    let single = has_single.then(|| KeyEntry::new(SINGLE, "runs with one load"));
    curves.chain(single).collect()
}

fn caption(points: &[Estimate], (places, statistic): (&Places, Statistic)) -> String {
    let stages = places.found.iter().filter(|place| place.curve.is_some()).count() as u64;
    let mut text = if places.runs == 1 {
        format!("{}, joined in their order; ", counted(stages, "measured stage"))
    } else {
        let (runs, staged) = (counted(places.runs as u64, "run"), places.staged);
        format!("{runs}, {staged} with stages: their measured stages are joined in their order; ")
    };
    text += &format!("{statistic} over the completed requests of each point.");
    if points.iter().any(|point| point.runs > 1) {
        text += REPEATED;
    }
    if points.iter().any(Estimate::is_invalid) {
        text += " Invalid ones are hollow.";
    }
    if !places.missing.is_empty() {
        text += &format!(" Without these figures: {}.", places.missing.join(", "));
    }
    text
}

#[cfg(test)]
mod tests {
    use loadspan_record::VerdictStatus;

    use super::super::super::chart::DotShape;
    use super::super::repeats::{self, Place};
    use super::*;

    fn place(curve: Option<usize>, stage: u32, (x, y): (f64, f64)) -> Place {
        Place {
            curve,
            stage,
            label: format!("stage {stage}"),
            x,
            y,
            status: if y > 900.0 {
                VerdictStatus::Invalid
            } else {
                VerdictStatus::Valid
            },
        }
    }

    #[test]
    fn stages_are_joined_in_their_order_also_where_throughput_falls() {
        let found = vec![
            place(None, 0, (7.0, 70.0)),
            place(Some(0), 1, (10.0, 100.0)),
            place(Some(0), 2, (20.0, 200.0)),
            place(Some(0), 4, (15.0, 950.0)),
            place(Some(1), 0, (5.0, 50.0)),
            place(Some(1), 1, (9.0, 60.0)),
            place(Some(1), 0, (7.0, 52.0)),
        ];
        let places = Places {
            curves: vec!["a".to_owned(), "b".to_owned()],
            staged: 3,
            runs: 4,
            missing: vec!["down".to_owned()],
            found,
        };
        let points = repeats::join(&places.found);
        let drawing = draw(&points, Corner::BottomRight, (&places, Statistic::default()));
        let lines = drawing.marks.iter().filter_map(|mark| match mark {
            Mark::Line(line) => Some((line.ink, line.points.clone())),
            _ => None,
        });
        assert_eq!(
            lines.collect::<Vec<_>>(),
            [
                (Ink::Series(0), vec![(10.0, 100.0), (20.0, 200.0), (15.0, 950.0)]),
                (Ink::Series(1), vec![(6.0, 51.0), (9.0, 60.0)]),
            ]
        );
        let hollow = drawing.marks.iter().filter_map(|mark| match mark {
            Mark::Dots(dots) if dots.shape == DotShape::Hollow => Some(dots.points.clone()),
            _ => None,
        });
        assert_eq!(hollow.collect::<Vec<_>>(), [vec![(15.0, 950.0)]]);
        let key: Vec<&str> = drawing.key.iter().map(|entry| entry.text.as_str()).collect();
        assert_eq!(key, ["a", "b", "runs with one load"]);
        assert!(
            drawing.caption.starts_with("4 runs, 3 with stages"),
            "{}",
            drawing.caption
        );
        assert!(
            drawing
                .caption
                .ends_with("Invalid ones are hollow. Without these figures: down.")
        );
    }
}
