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
        let shown = |(at, ms): &(f64, f64)| (*at, self.unit.of_ms(*ms));
        let mut marks = run.stretches();
        marks.push(Mark::Dots(Dots {
            points: thin_dots(self.values.iter().map(shown).collect()),
            ink: self.dots,
            radius: match self.values.len() {
                0..50 => 4.0,
                50..2_000 => 2.4,
                _ => 1.5,
            },
            opacity: if self.values.len() < 50 { 0.9 } else { 0.5 },
            shape: DotShape::Filled,
        }));
        let mut sentence = String::new();
        if let Some(lines) = PercentileLines::of(&self.values, &run.stage_extents()) {
            let length = round_length(lines.windows.length_s);
            let about = if run.summary.stages.is_empty() { "" } else { "about " };
            sentence = format!(" Lines: p50 and {} of windows of {about}{length}.", lines.tail_name);
            for (points, ink, name) in [
                (&lines.tail, self.tail, lines.tail_name),
                (&lines.median, Ink::Text, "p50"),
            ] {
                let points = points.iter().map(shown).collect();
                marks.push(Mark::Line(Line::new(points, ink, name)));
            }
        }
        let has_p99 = |stats: &&Distribution| stats.p99 > 0.0 && stats.count >= ENOUGH_FOR_P99;
        if let Some(stats) = self.whole.filter(has_p99) {
            marks.push(Mark::Rule {
                y: self.unit.of_ms(stats.p99),
                text: format!("p99 of the run {}", self.unit.label_ms(stats.p99)),
                ink: Ink::Muted,
            });
        }
        marks.extend(self.target_ms.map(|limit| Mark::Rule {
            y: self.unit.of_ms(limit),
            text: format!("target {}", self.unit.label_limit_ms(limit)),
            ink: Ink::Text,
        }));
        let values = self.values.iter().map(|(_, ms)| *ms).chain(self.target_ms);
        let y = Axis::log(
            format!("{} ({})", self.name, self.unit.name),
            values.map(|ms| self.unit.of_ms(ms)),
        );
        let panel = Panel {
            height: self.height,
            x: time,
            y,
            marks,
            key: Vec::new(),
        };
        (panel, sentence)
    }
}
