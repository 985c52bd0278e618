//! Repeated runs as one point, with how sure its place is.

use loadspan_record::VerdictStatus;

use super::super::chart::{DotShape, Dots, Mark};
use super::super::theme::Ink;

/// Where one run, or one stage of it, lies.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Place {
    /// Which of the runs with several stages it is a stage of.
    pub(super) curve: Option<usize>,
    /// Its number among the stages.
    pub(super) stage: u32,
    pub(super) label: String,
    pub(super) x: f64,
    pub(super) y: f64,
    pub(super) status: VerdictStatus,
}

/// A mean and its 95 % confidence interval.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Interval {
    pub(super) mean: f64,
    pub(super) low: f64,
    pub(super) high: f64,
}

/// Where the runs of one label, or their stages of one number and name, lie.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Estimate {
    pub(super) curve: Option<usize>,
    pub(super) stage: u32,
    pub(super) label: String,
    pub(super) x: Interval,
    pub(super) y: Interval,
    pub(super) runs: usize,
    /// The worst of them.
    pub(super) status: VerdictStatus,
}

impl Estimate {
    pub(super) fn centre(&self) -> (f64, f64) {
        (self.x.mean, self.y.mean)
    }

    pub(super) fn is_invalid(&self) -> bool {
        self.status == VerdictStatus::Invalid
    }

    /// Its dot, and how sure its place is.
    pub(super) fn marks(&self, ink: Ink) -> Vec<Mark> {
        let (x, y) = self.centre();
        let mut marks = Vec::new();
        if self.runs > 1 {
            let whisker = |from, to| Mark::Whisker { from, to, ink };
            marks.push(whisker((x, self.y.low), (x, self.y.high)));
            marks.push(whisker((self.x.low, y), (self.x.high, y)));
        }
        marks.push(Mark::Dots(Dots {
            points: vec![(x, y)],
            ink,
            radius: 5.0,
            opacity: 1.0,
            shape: if self.is_invalid() {
                DotShape::Hollow
            } else {
                DotShape::Filled
            },
        }));
        marks
    }

    /// What is different about it, beside it.
    pub(super) fn note(&self) -> Mark {
        Mark::Note {
            at: self.centre(),
            text: match self.status {
                VerdictStatus::Valid => self.label.clone(),
                status => format!("{} ({})", self.label, status.as_str()),
            },
        }
    }
}

/// One point for each label, in the order in which labels come up. Invalid runs are points of their own: they are no
/// repetitions of runs that can be trusted.
pub(super) fn join(places: &[Place]) -> Vec<Estimate> {
    let is_invalid = |place: &Place| place.status == VerdictStatus::Invalid;
    let mut groups: Vec<Vec<&Place>> = Vec::new();
    for place in places {
        let is_same = |other: &Place| {
            (other.curve, other.stage, &other.label) == (place.curve, place.stage, &place.label)
                && is_invalid(other) == is_invalid(place)
        };
        let found = groups.iter_mut().find(|group| is_same(group[0]));
        match found {
            Some(group) => group.push(place),
            None => groups.push(vec![place]),
        }
    }
    groups.iter().map(|group| estimate(group)).collect()
}

fn estimate(group: &[&Place]) -> Estimate {
    let interval = |of: fn(&Place) -> f64| Interval::of(&group.iter().map(|place| of(place)).collect::<Vec<_>>());
    Estimate {
        curve: group[0].curve,
        stage: group[0].stage,
        label: group[0].label.clone(),
        x: interval(|place| place.x),
        y: interval(|place| place.y),
        runs: group.len(),
        status: group
            .iter()
            .map(|place| place.status)
            .max()
            .unwrap_or(VerdictStatus::Valid),
    }
}

impl Interval {
    /// Of at least one value. A single value is its own interval.
    fn of(values: &[f64]) -> Self {
        let count = values.len() as f64;
        let mean = values.iter().sum::<f64>() / count;
        let half = if values.len() < 2 {
            0.0
        } else {
            let variance = values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / (count - 1.0);
            student_t(values.len() - 1) * (variance / count).sqrt()
        };
        // Rates and times are not negative, however few runs there are.
        Self {
            mean,
            low: (mean - half).max(0.0),
            high: mean + half,
        }
    }
}

/// The two-sided 95 % quantile of Student's t distribution.
fn student_t(degrees_of_freedom: usize) -> f64 {
    const SMALL: [f64; 10] = [12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228];
    match degrees_of_freedom {
        0 => f64::NAN,
        small @ 1..=10 => SMALL[small - 1],
        // Cornish and Fisher's expansion: right to three digits from here on.
        large => {
            let (z, n) = (1.959_964_f64, large as f64);
            z + (z.powi(3) + z) / (4.0 * n)
                + (5.0 * z.powi(5) + 16.0 * z.powi(3) + 3.0 * z) / (96.0 * n.powi(2))
                + (3.0 * z.powi(7) + 19.0 * z.powi(5) + 17.0 * z.powi(3) - 15.0 * z) / (384.0 * n.powi(3))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(label: &str, y: f64, status: VerdictStatus) -> Place {
        Place {
            curve: None,
            stage: 0,
            label: label.to_owned(),
            x: 10.0,
            y,
            status,
        }
    }

    #[test]
    fn repeated_runs_are_one_point_with_an_interval() {
        let valid = VerdictStatus::Valid;
        let points = join(&[
            place("a", 9.0, valid),
            place("b", 5.0, valid),
            place("a", 11.0, valid),
            place("a", 10.0, valid),
        ]);
        assert_eq!(points.len(), 2);
        let a = &points[0];
        assert_eq!((a.runs, a.y.mean), (3, 10.0));
        assert!((a.y.high - 10.0 - 4.303 / 3_f64.sqrt()).abs() < 1e-9, "{a:?}");
        assert_eq!((points[1].y.low, points[1].y.high), (5.0, 5.0));
    }

    #[test]
    fn an_invalid_run_does_not_spoil_the_mean_of_the_others() {
        let points = join(&[
            place("a", 9.0, VerdictStatus::Valid),
            place("a", 900.0, VerdictStatus::Invalid),
        ]);
        assert_eq!(
            points.iter().map(|point| point.y.mean).collect::<Vec<_>>(),
            [9.0, 900.0]
        );
    }

    #[test]
    fn the_quantiles_of_t_meet_the_tables() {
        for (freedom, table) in [(1, 12.706), (10, 2.228), (11, 2.201), (20, 2.086), (120, 1.980)] {
            assert!((student_t(freedom) - table).abs() < 1e-3, "{freedom}");
        }
    }
}
