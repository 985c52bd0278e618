//! What a chart looks like: shapes with places and colours, ready to be written as SVG or PNG.

use super::font::Font;
use super::theme::Rgb;

/// A picture in units of the layout.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Scene {
    pub(super) width: f64,
    pub(super) height: f64,
    pub(super) background: Rgb,
    /// From the back to the front.
    pub(super) shapes: Vec<Shape>,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Shape {
    /// Filled rectangles of one colour.
    Boxes {
        boxes: Vec<Rect>,
        fill: Fill,
    },
    /// A filled polygon.
    Polygon {
        points: Vec<Point>,
        fill: Fill,
    },
    /// An open line.
    Polyline {
        points: Vec<Point>,
        stroke: Stroke,
    },
    /// Single lines of one kind.
    Segments {
        segments: Vec<(Point, Point)>,
        stroke: Stroke,
    },
    /// Filled circles of one size and colour.
    Discs {
        centres: Vec<Point>,
        radius: f64,
        fill: Fill,
    },
    /// Outlines of circles.
    Rings {
        centres: Vec<Point>,
        radius: f64,
        stroke: Stroke,
    },
    Text(Text),
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Point {
    pub(super) x: f64,
    pub(super) y: f64,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Rect {
    pub(super) left: f64,
    pub(super) top: f64,
    pub(super) width: f64,
    pub(super) height: f64,
}

impl Rect {
    pub(super) fn right(&self) -> f64 {
        self.left + self.width
    }

    pub(super) fn bottom(&self) -> f64 {
        self.top + self.height
    }

    pub(super) fn overlaps(&self, other: &Self) -> bool {
        self.left < other.right() && other.left < self.right() && self.top < other.bottom() && other.top < self.bottom()
    }

    pub(super) fn contains(&self, other: &Self) -> bool {
        self.left <= other.left
            && other.right() <= self.right()
            && self.top <= other.top
            && other.bottom() <= self.bottom()
    }
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Fill {
    pub(super) colour: Rgb,
    pub(super) opacity: f64,
}

impl Fill {
    pub(super) const fn solid(colour: Rgb) -> Self {
        Self { colour, opacity: 1.0 }
    }
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Stroke {
    pub(super) colour: Rgb,
    pub(super) width: f64,
    /// Lengths of dash and gap. `None`: solid.
    pub(super) dash: Option<(f64, f64)>,
}

impl Stroke {
    pub(super) const fn solid(colour: Rgb, width: f64) -> Self {
        Self {
            colour,
            width,
            dash: None,
        }
    }
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Text {
    /// Where its baseline is, and the end of it that `anchor` says.
    pub(super) at: Point,
    pub(super) text: String,
    pub(super) font: Font,
    pub(super) anchor: Anchor,
    pub(super) colour: Rgb,
}

/// Which part of a text stands at its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Anchor {
    Start,
    Middle,
    End,
}

#[cfg(test)]
impl Text {
    /// The rectangle that it covers, from above its capitals to below its descenders.
    pub(super) fn bounds(&self) -> Rect {
        let width = self.font.width(&self.text);
        let before = match self.anchor {
            Anchor::Start => 0.0,
            Anchor::Middle => width / 2.0,
            Anchor::End => width,
        };
        Rect {
            left: self.at.x - before,
            top: self.at.y - self.font.size * 0.85,
            width,
            height: self.font.size * 1.15,
        }
    }
}
