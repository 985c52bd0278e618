//! Where runs and their stages lie.

use loadspan_record::{Figures as Measured, StageSummary, Summary, VerdictStatus};

use super::super::stage_names::CommonParts;
use super::figures::Figures;
use super::repeats::Place;
use super::{ComparedRun, Statistic};

/// What a chart shows of runs.
#[derive(Debug)]
pub(super) struct Places {
    /// Of each run with one load, and of each measured stage of the others.
    pub(super) found: Vec<Place>,
    /// The runs with several measured stages by what is different about them, each once.
    pub(super) curves: Vec<String>,
    /// How many such runs there are.
    pub(super) staged: usize,
    /// How many runs there are.
    pub(super) runs: usize,
    /// Measured stages that lack one of the figures, as where nothing completed.
    pub(super) missing: Vec<String>,
}

/// Longer names stand there without what all of a run have in common.
const LONGEST_NAME: usize = 30;

/// The measured stages of a run that has several.
pub(super) fn stages_of(summary: &Summary) -> Option<Vec<&StageSummary>> {
    let measured = summary.stages.iter().filter(|stage| stage.is_measured());
    Some(measured.collect::<Vec<_>>()).filter(|stages| stages.len() > 1)
}

impl Places {
    /// `labels` are those of the runs.
    pub(super) fn of(
        (runs, labels): (&[ComparedRun<'_>], &[String]),
        (figures, statistic): (&Figures, Statistic),
    ) -> Self {
        let mut places = Self {
            found: Vec::new(),
            curves: Vec::new(),
            staged: 0,
            runs: 0,
            missing: Vec::new(),
        };
        let place = |of: &Measured| figures.place(of, statistic);
        for (run, label) in runs.iter().zip(labels) {
            match stages_of(run.summary) {
                Some(stages) => places.add_stages(&stages, label, place),
                None => places.add_run(run.summary, label, place),
            }
        }
        places
    }

    fn add_run(&mut self, summary: &Summary, label: &str, place: impl Fn(&Measured) -> Option<(f64, f64)>) {
        let Some((x, y)) = place(&summary.metrics) else { return };
        self.runs += 1;
        self.found.push(Place {
            curve: None,
            stage: 0,
            label: label.to_owned(),
            x,
            y,
            status: summary.verdict.status,
        });
    }

    fn add_stages(&mut self, stages: &[&StageSummary], label: &str, place: impl Fn(&Measured) -> Option<(f64, f64)>) {
        let curve = self.curves.iter().position(|known| known == label);
        let curve = curve.unwrap_or_else(|| {
            self.curves.push(label.to_owned());
            self.curves.len() - 1
        });
        self.runs += 1;
        self.staged += 1;
        let names: Vec<String> = stages.iter().map(|stage| stage.label()).collect();
        let common = CommonParts::of(&names);
        let is_long = names.iter().any(|name| name.chars().count() > LONGEST_NAME);
        let name = |name: &str| if is_long { common.without(name) } else { name.to_owned() };
        for stage in stages {
            match place(&stage.metrics) {
                Some((x, y)) => self.found.push(Place {
                    curve: Some(curve),
                    stage: stage.number,
                    label: name(&stage.label()),
                    x,
                    y,
                    status: stage
                        .verdict
                        .as_ref()
                        .map_or(VerdictStatus::Valid, |verdict| verdict.status),
                }),
                None => self.missing.push(stage.label()),
            }
        }
    }
}
