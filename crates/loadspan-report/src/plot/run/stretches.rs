//! The stretches of a run, behind what is drawn over time: warm-up and stages.

use loadspan_record::StageSummary;

use super::super::chart::{Mark, Panel, Shade};
use super::super::theme::Ink;
use super::RunData;

const WARM_UP: &str = "warm-up, in no figure";

impl RunData<'_> {
    /// What is in no figure is grey. Of several stages each has its colour and its name; what lies between them is blank.
    pub(super) fn stretches(&self) -> Vec<Mark> {
        let summary = self.summary;
        if summary.stages.is_empty() {
            return self.warmup().into_iter().map(Mark::Shade).collect();
        }
        let stages = summary.stages.iter().enumerate();
        stages
            .flat_map(|(place, stage)| of_stage(place, stage))
            .map(Mark::Shade)
            .collect()
    }

    /// The same for a panel below another that says what each is.
    pub(super) fn stretches_without_words(&self) -> Vec<Mark> {
        let without = |mark| match mark {
            Mark::Shade(shade) => Mark::Shade(Shade {
                text: String::new(),
                ..shade
            }),
            other => other,
        };
        self.stretches().into_iter().map(without).collect()
    }

    /// Says what each stage is in the first of panels with one axis, and not again below it.
    pub(super) fn name_stages_once(&self, panels: &mut [Panel]) {
        if self.summary.stages.is_empty() {
            return;
        }
        for mark in panels.iter_mut().skip(1).flat_map(|panel| &mut panel.marks) {
            if let Mark::Shade(shade) = mark {
                shade.text.clear();
            }
        }
    }

    /// A line over time that is broken where one stage ends and another begins: a percentile over both is one of neither.
    pub(super) fn broken_between_stages(&self, mut points: Vec<(f64, f64)>) -> Vec<(f64, f64)> {
        let stages = self.summary.stages.windows(2);
        let between: Vec<(f64, f64)> = stages
            .filter_map(|pair| Some((pair[0].ended_s?, pair[1].started_s?)))
            .collect();
        for (at, value) in &mut points {
            if between.iter().any(|(from, to)| *from < *at && *at < *to) {
                *value = f64::NAN;
            }
        }
        points.extend(between.iter().map(|(from, to)| (from.midpoint(*to), f64::NAN)));
        points.sort_by(|one, other| one.0.total_cmp(&other.0));
        points
    }

    /// A sentence for captions, where there is a warm-up or a stage.
    pub(super) fn stretches_remark(&self) -> &'static str {
        let is_staged = !self.summary.stages.is_empty();
        match (is_staged, self.summary.counts.warmup > 0) {
            (true, true) => " Percentiles of the run leave out warm-up, which is grey. Stages are coloured in turn.",
            (true, false) => " Stages are coloured in turn.",
            (false, true) if self.warmup().is_some() => " Percentiles of the whole run leave the shaded warm-up out.",
            (false, _) => "",
        }
    }

    /// That of a run with one stage.
    fn warmup(&self) -> Option<Shade> {
        let (from, _) = self.requests.extent_s()?;
        let until = self.summary.run.measured_from_s?;
        (self.summary.counts.warmup > 0 && until > from).then(|| grey((0.0, until), WARM_UP))
    }
}

/// Its own warm-up, and the rest.
fn of_stage(place: usize, stage: &StageSummary) -> Vec<Shade> {
    let (Some(from), Some(to)) = (stage.started_s, stage.ended_s) else {
        return Vec::new();
    };
    let label = stage.label();
    if !stage.is_measured() {
        return vec![grey((from, to), &format!("{label}, in no figure"))];
    }
    let measured_from = match stage.measured_from_s {
        Some(measured) if stage.counts.warmup > 0 => measured.clamp(from, to.max(from)),
        _ => from,
    };
    let mut shades = Vec::new();
    if measured_from > from {
        shades.push(grey((from, measured_from), WARM_UP));
    }
    shades.push(Shade {
        from: measured_from,
        to,
        ink: Ink::Stage(place),
        text: label,
    });
    shades
}

fn grey((from, to): (f64, f64), text: &str) -> Shade {
    Shade {
        from,
        to,
        ink: Ink::Shade,
        text: text.to_owned(),
    }
}
