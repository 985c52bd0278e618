//! The stretches of a run, behind what is drawn over time: warm-up and stages.

use loadspan_record::StageSummary;

use super::super::chart::{Mark, Panel, Shade};
use super::super::stage_names::CommonParts;
use super::super::theme::Ink;
use super::RunData;

const WARM_UP: &str = "warm-up";
/// What is said of it where there is room.
const IN_NO_FIGURE: &str = ", in no figure";

impl RunData<'_> {
    /// What is in no figure is grey. Of several stages each has its colour and its name; what lies between them is blank.
    pub(super) fn stretches(&self) -> Vec<Mark> {
        let summary = self.summary;
        if summary.stages.is_empty() {
            return self.warmup().into_iter().map(Mark::Shade).collect();
        }
        let measured = summary.stages.iter().filter(|stage| stage.is_measured());
        let common = CommonParts::of(&measured.map(StageSummary::label).collect::<Vec<_>>());
        let stages = summary.stages.iter().enumerate();
        stages
            .flat_map(|(place, stage)| of_stage(place, stage, common))
            .map(Mark::Shade)
            .collect()
    }

    /// The same for a panel below another that says what each is.
    pub(super) fn stretches_without_words(&self) -> Vec<Mark> {
        let without = |mark| match mark {
            Mark::Shade(shade) => Mark::Shade(Shade {
                text: String::new(),
                short: String::new(),
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
                shade.short.clear();
            }
        }
    }

    /// From when to when each stage was run. Empty: there is but one.
    pub(super) fn stage_extents(&self) -> Vec<(f64, f64)> {
        let stages = self.summary.stages.iter();
        stages
            .filter_map(|stage| Some((stage.started_s?, stage.ended_s?)))
            .collect()
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
fn of_stage(place: usize, stage: &StageSummary, common: CommonParts) -> Vec<Shade> {
    let (Some(from), Some(to)) = (stage.started_s, stage.ended_s) else {
        return Vec::new();
    };
    let label = stage.label();
    if !stage.is_measured() {
        return vec![grey((from, to), &label)];
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
        short: common.without(&label),
        text: label,
    });
    shades
}

fn grey((from, to): (f64, f64), text: &str) -> Shade {
    Shade {
        from,
        to,
        ink: Ink::Shade,
        text: format!("{text}{IN_NO_FIGURE}"),
        short: text.to_owned(),
    }
}
