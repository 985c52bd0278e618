//! One dot for each request over the time of the run, with the percentiles of windows: what time to first token and schedule
//! lag have in common.

use loadspan_record::Distribution;

use super::super::axis::Axis;
use super::super::chart::{DotShape, Dots, Line, Mark, Panel};
use super::super::number::{LatencyUnit, round_length};
use super::super::theme::Ink;
use super::super::thin::thin_dots;
use super::super::windows::PercentileLines;
use super::{ENOUGH_FOR_P99, RunData};

/// What is shown, and with which colours.
pub(super) struct Scatter<'a> {
    /// `(seconds, milliseconds)`, at least one.
    pub(super) values: Vec<(f64, f64)>,
    /// The name of the vertical axis, without its unit.
    pub(super) name: &'a str,
    pub(super) unit: LatencyUnit,
    /// What `--goodput` allows, in milliseconds.
    pub(super) target_ms: Option<f64>,
    /// The same over the whole run.
    pub(super) whole: Option<&'a Distribution>,
    pub(super) dots: Ink,
    pub(super) tail: Ink,
    pub(super) height: f64,
}

impl Scatter<'_> {
    /// The panel, and a sentence on its lines; it is empty where there are too few values for lines.
    pub(super) fn draw(self, run: &RunData<'_>, time: Axis) -> (Panel, String) {
        let (lines, sentence) = self.percentiles(run);
        let marks = run.stretches().into_iter().chain([self.cloud()]);
        let marks = marks.chain(lines).chain(self.limits());
        let values = self.values.iter().map(|(_, ms)| *ms).chain(self.target_ms);
        let panel = Panel {
            height: self.height,
            x: time,
            y: Axis::log(
                format!("{} ({})", self.name, self.unit.name),
                values.map(|ms| self.unit.of_ms(ms)),
            ),
            marks: marks.collect(),
            key: Vec::new(),
        };
        (panel, sentence)
    }

    fn shown(&self, (at, ms): &(f64, f64)) -> (f64, f64) {
        (*at, self.unit.of_ms(*ms))
    }

    /// Each value as a dot.
    fn cloud(&self) -> Mark {
        let count = self.values.len();
        Mark::Dots(Dots {
            points: thin_dots(self.values.iter().map(|value| self.shown(value)).collect()),
            ink: self.dots,
            radius: match count {
                0..50 => 4.0,
                50..2_000 => 2.4,
                _ => 1.5,
            },
            opacity: if count < 50 { 0.9 } else { 0.5 },
            shape: DotShape::Filled,
        })
    }

    /// Percentiles by window, and what is said of them.
    fn percentiles(&self, run: &RunData<'_>) -> (Vec<Mark>, String) {
        let Some(lines) = PercentileLines::of(&self.values, &run.stage_extents()) else {
            return (Vec::new(), String::new());
        };
        let length = round_length(lines.windows.length_s);
        let about = if run.summary.stages.is_empty() { "" } else { "about " };
        let sentence = format!(" Lines: p50 and {} of windows of {about}{length}.", lines.tail_name);
        let line = |points: &[(f64, f64)], ink, name| {
            let points = points.iter().map(|point| self.shown(point)).collect();
            Mark::Line(Line::new(points, ink, name))
        };
        let marks = vec![
            line(&lines.tail, self.tail, lines.tail_name),
            line(&lines.median, Ink::Text, "p50"),
        ];
        (marks, sentence)
    }

    /// The p99 of the run, and the target.
    fn limits(&self) -> impl Iterator<Item = Mark> {
        let has_p99 = |stats: &&Distribution| stats.p99 > 0.0 && stats.count >= ENOUGH_FOR_P99;
        let p99 = self.whole.filter(has_p99).map(|stats| Mark::Rule {
            y: self.unit.of_ms(stats.p99),
            text: format!("p99 of the run {}", self.unit.label_ms(stats.p99)),
            ink: Ink::Muted,
        });
        let target = self.target_ms.map(|limit| Mark::Rule {
            y: self.unit.of_ms(limit),
            text: format!("target {}", self.unit.label_limit_ms(limit)),
            ink: Ink::Text,
        });
        p99.into_iter().chain(target)
    }
}
