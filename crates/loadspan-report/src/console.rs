//! The table at the end of a run, for people.
//!
//! From top to bottom: what was run, whether it can be trusted, stages, latencies, throughput, sessions, where the numbers come
//! from, what the server said of itself, what became of the telemetry, errors, notices. What does not exist is left out: a run without streams has no time to first token, and one
//! without successes has no latencies at all.

pub(crate) mod about;
mod grid;
mod observed;
pub(crate) mod replay;
pub(crate) mod sessions;
pub(crate) mod stages;
mod tables;
mod telemetry;

use loadspan_record::{RunMetric, Summary, VerdictStatus};

use crate::number::duration;

/// How to draw.
#[derive(Debug, Clone, Copy)]
pub struct Layout {
    /// Columns of the terminal. At least 60 are used, at most 120.
    pub width: u16,
    /// Whether to colour.
    pub style: Style,
}

/// Whether to colour. Colour repeats what the words say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// Text only.
    Plain,
    /// With ANSI escapes.
    Ansi,
}

/// The text, with a line feed at its end.
#[must_use]
pub fn render(summary: &Summary, layout: Layout) -> String {
    let layout = Layout {
        width: layout.width.clamp(60, 120),
        ..layout
    };
    let blocks = [
        format!("{}\n{}", title(summary, layout), verdict(summary, layout)),
        stages::stages(summary, layout),
        tables::latencies(summary, layout),
        tables::throughput(summary, layout),
        sessions::sessions(summary, layout),
        replay::replays(summary, layout),
        [
            about::about(summary, layout),
            observed::observed(summary, layout),
            telemetry::ledgers(&summary.telemetry, layout),
        ]
        .concat(),
        about::errors(summary, layout),
        about::notices(summary, layout),
    ];
    let blocks: Vec<String> = blocks.into_iter().filter(|block| !block.is_empty()).collect();
    blocks.join("\n")
}

impl Style {
    fn paint(self, paint: Paint, text: &str) -> String {
        match self {
            Self::Plain => text.to_owned(),
            Self::Ansi => format!("\x1b[{}m{text}\x1b[0m", paint.code()),
        }
    }
}

#[derive(Debug, Clone, Copy)]
enum Paint {
    Bold,
    Dim,
    Good,
    Doubtful,
    Bad,
}

impl Paint {
    const fn code(self) -> &'static str {
        match self {
            Self::Bold => "1",
            Self::Dim => "2",
            Self::Good => "1;32",
            Self::Doubtful => "1;33",
            Self::Bad => "1;31",
        }
    }
}

/// The parts that fit on a line, then those that do not.
fn title(summary: &Summary, layout: Layout) -> String {
    const BETWEEN: &str = "  ·  ";
    let run = &summary.run;
    let streamed = if run.streaming { "streaming" } else { "not streaming" };
    let mut parts = vec![
        format!("{}, {streamed}", run.endpoint_type),
        summary.load.asked.description.clone(),
    ];
    parts.extend(summary.metrics.scalar(RunMetric::BenchmarkDuration).map(duration));
    let model = single_line(&run.model);
    let mut width = model.chars().count();
    let mut text = layout.style.paint(Paint::Bold, &model);
    for part in parts.iter().map(|part| single_line(part)) {
        let needed = BETWEEN.chars().count() + part.chars().count();
        let fits = width + needed <= usize::from(layout.width);
        text.push_str(if fits { BETWEEN } else { "\n" });
        text.push_str(&part);
        width = if fits { width + needed } else { part.chars().count() };
    }
    text + "\n"
}

fn verdict(summary: &Summary, layout: Layout) -> String {
    let status = summary.verdict.status;
    let paint = match status {
        VerdictStatus::Valid => Paint::Good,
        VerdictStatus::Degraded => Paint::Doubtful,
        VerdictStatus::Invalid => Paint::Bad,
    };
    let word = layout.style.paint(paint, &status.as_str().to_uppercase());
    let mut text = format!("{word}  {}\n", about::outcome(summary));
    for (finding, message) in about::reasons(summary) {
        text.push_str(&about::hinted(&message, Some(&finding.advice), layout));
    }
    text
}

/// Server text on one line: what it sent must not move the cursor.
fn single_line(text: &str) -> String {
    text.chars()
        .map(|symbol| if symbol.is_control() { ' ' } else { symbol })
        .collect()
}
