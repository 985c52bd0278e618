//! A chart as plain data: what is shown, in which units, with which words. It knows no pixel and no colour value.

use loadspan_record::VerdictStatus;

use super::axis::Axis;
use super::theme::Ink;

/// A picture of a run, or of several: panels below each other, with a title and a caption.
#[derive(Debug, Clone, PartialEq)]
pub struct Chart {
    pub(super) name: &'static str,
    pub(super) title: String,
    pub(super) subtitle: String,
    pub(super) verdict: Option<VerdictStatus>,
    pub(super) caption: String,
    pub(super) panels: Vec<Panel>,
    pub(super) stacking: Stacking,
}

impl Chart {
    /// The name of its file, without an ending: `ttft_over_time`.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// What it shows, in words.
    #[must_use]
    pub fn title(&self) -> &str {
        &self.title
    }

    /// Which statistics it shows of how many values, for those who do not see it, too.
    #[must_use]
    pub fn caption(&self) -> &str {
        &self.caption
    }
}

/// How panels share what is below them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stacking {
    /// One horizontal axis for all, written below the last.
    SharedAxis,
    /// Each has its own.
    OwnAxes,
}

/// Two axes and what is drawn between them.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Panel {
    /// Height of the drawing area, in units of the layout.
    pub(super) height: f64,
    pub(super) x: Axis,
    pub(super) y: Axis,
    /// From the back to the front.
    pub(super) marks: Vec<Mark>,
    /// What has no room for a label beside it.
    pub(super) key: Vec<KeyEntry>,
}

/// A swatch with its text, above a panel.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct KeyEntry {
    pub(super) ink: Ink,
    pub(super) opacity: f64,
    pub(super) text: String,
}

impl KeyEntry {
    pub(super) fn new(ink: Ink, text: impl Into<String>) -> Self {
        Self {
            ink,
            opacity: 1.0,
            text: text.into(),
        }
    }
}

/// Something drawn in a panel, in the units of its axes.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Mark {
    /// A line through points. Points that are not finite break it.
    Line(Line),
    /// The area between two lines.
    Band(Band),
    /// One dot for each point.
    Dots(Dots),
    /// Bars from the bottom of the panel.
    Bars { bars: Vec<Bar>, ink: Ink },
    /// Horizontal bars, as of requests in a timeline.
    Spans { spans: Vec<Span>, ink: Ink },
    /// A short upright stroke at each point.
    Strokes { points: Vec<(f64, f64)>, ink: Ink },
    /// A line across the panel at a value, with its text at the right edge, where no data is.
    Rule { y: f64, text: String, ink: Ink },
    /// A stretch of the horizontal axis.
    Shade(Shade),
    /// A text beside a point.
    Note { at: (f64, f64), text: String },
    /// A text at the right edge of the panel, at a height.
    EdgeNote { y: f64, text: String },
    /// A line from one point to another, with ends: how sure a value is.
    Whisker { from: (f64, f64), to: (f64, f64), ink: Ink },
    /// Which way is better, in a corner.
    Better(Corner),
}

/// Where the best values are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Corner {
    BottomRight,
    TopRight,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Line {
    pub(super) points: Vec<(f64, f64)>,
    pub(super) ink: Ink,
    pub(super) dash: Dash,
    /// Written at its right end.
    pub(super) label: Option<String>,
}

impl Line {
    pub(super) fn new(points: Vec<(f64, f64)>, ink: Ink, label: impl Into<String>) -> Self {
        Self {
            points,
            ink,
            dash: Dash::Solid,
            label: Some(label.into()),
        }
    }

    pub(super) fn dashed(mut self) -> Self {
        self.dash = Dash::Dashed;
        self
    }

    pub(super) fn unlabelled(mut self) -> Self {
        self.label = None;
        self
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dash {
    Solid,
    Dashed,
}

/// A stretch of the horizontal axis, behind everything.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Shade {
    pub(super) from: f64,
    pub(super) to: f64,
    pub(super) ink: Ink,
    /// What it is, if there is room.
    pub(super) text: String,
    /// The same in fewer words.
    pub(super) short: String,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Band {
    /// `(x, lower, upper)`; where they are not finite the band is broken.
    pub(super) points: Vec<(f64, f64, f64)>,
    pub(super) ink: Ink,
    pub(super) opacity: f64,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Dots {
    pub(super) points: Vec<(f64, f64)>,
    pub(super) ink: Ink,
    pub(super) radius: f64,
    pub(super) opacity: f64,
    pub(super) shape: DotShape,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum DotShape {
    Filled,
    /// Only the outline: the value is not to be trusted.
    Hollow,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Bar {
    pub(super) from: f64,
    pub(super) to: f64,
    pub(super) value: f64,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Span {
    pub(super) from: f64,
    pub(super) to: f64,
    pub(super) row: f64,
}
