//! One panel: its axes, and its marks within them.

use super::super::axis::{Axis, Scale, Tick};
use super::super::chart::{Mark, Panel};
use super::{Anchor, Font, GAP, Gutters, HorizontalAxis, Ink, LINE, MARGIN, Pen, Point, Rect, Setting, Shape, WIDTH};

/// Room for the labels of lines at the right edge, at most.
pub(super) const EDGE_ROOM: f64 = 210.0;
/// Room for the names of rows at the left edge, at most.
const ROW_ROOM: f64 = 230.0;
const SWATCH: f64 = 12.0;

/// A panel and the room that it has.
pub(super) struct PanelLayout<'a> {
    pub(super) panel: &'a Panel,
    pub(super) top: f64,
    pub(super) gutters: Gutters,
    pub(super) horizontal_axis: HorizontalAxis,
}

/// The widths of what stands left of a panel.
pub(super) fn tick_widths(panel: &Panel) -> impl Iterator<Item = f64> {
    vertical_ticks(panel)
        .into_iter()
        .map(|tick| Font::AXIS.width(&tick.label).min(ROW_ROOM))
}

/// The widths of what stands right of a panel.
pub(super) fn edge_label_widths(panel: &Panel) -> impl Iterator<Item = f64> {
    panel
        .marks
        .iter()
        .filter_map(edge_label)
        .map(|(_, text, _)| Font::LABEL.width(text).min(EDGE_ROOM))
}

fn vertical_ticks(panel: &Panel) -> Vec<Tick> {
    match panel.y.scale {
        Scale::Log => panel.y.ticks((panel.height / 30.0) as usize),
        _ => panel.y.ticks(((panel.height / 27.0) as usize).clamp(2, 6)),
    }
}

/// Where the mark of a label at the right edge ends, the label and the mark's colour.
pub(super) fn edge_label(mark: &Mark) -> Option<((f64, f64), &str, Option<Ink>)> {
    match mark {
        Mark::Line(line) => {
            let end = line.points.iter().rev().find(|point| point.1.is_finite())?;
            Some((*end, line.label.as_deref()?, Some(line.ink)))
        }
        Mark::Rule { y, text, ink } => Some(((f64::INFINITY, *y), text, Some(*ink))),
        Mark::EdgeNote { y, text } => Some(((f64::INFINITY, *y), text, None)),
        _ => None,
    }
}

impl PanelLayout<'_> {
    /// Draws the panel and gives the place below it.
    pub(super) fn draw(&self, pen: &mut Pen) -> f64 {
        let area_top = self.draw_header(pen);
        let drawing = Drawing {
            x: &self.panel.x,
            y: &self.panel.y,
            area: Rect {
                left: MARGIN + self.gutters.left,
                top: area_top,
                width: WIDTH - 2.0 * MARGIN - self.gutters.left - self.gutters.right,
                height: self.panel.height,
            },
        };
        drawing.shades(pen, &self.panel.marks);
        drawing.vertical_axis(pen, &vertical_ticks(self.panel));
        let below = drawing.horizontal_axis(pen, self.horizontal_axis);
        for mark in &self.panel.marks {
            drawing.mark(pen, mark);
        }
        drawing.edge_labels(pen, &self.panel.marks);
        drawing.texts(pen, &self.panel.marks);
        below
    }

    /// The name of the vertical axis, and the key. Gives the place below them.
    fn draw_header(&self, pen: &mut Pen) -> f64 {
        let room = WIDTH - 2.0 * MARGIN;
        let mut baseline = self.top + Font::PANEL.size;
        let name = Font::PANEL.fit(&self.panel.y.label, room);
        let setting = Setting {
            font: Font::PANEL,
            anchor: Anchor::Start,
            ink: Ink::Text,
        };
        pen.write(Point { x: MARGIN, y: baseline }, &name, setting);
        let mut x = MARGIN + Font::PANEL.width(&name) + GAP;
        for entry in &self.panel.key {
            let text = Font::LABEL.fit(&entry.text, room - SWATCH - 6.0);
            let width = SWATCH + 6.0 + Font::LABEL.width(&text);
            if x + width > WIDTH - MARGIN {
                x = MARGIN;
                baseline += LINE;
            }
            let swatch = Rect {
                left: x,
                top: baseline - 10.0,
                width: SWATCH,
                height: 10.0,
            };
            pen.add(Shape::Boxes {
                boxes: vec![swatch],
                fill: pen.tint(entry.ink, entry.opacity),
            });
            let at = Point {
                x: x + SWATCH + 6.0,
                y: baseline,
            };
            let setting = Setting {
                font: Font::LABEL,
                anchor: Anchor::Start,
                ink: Ink::Secondary,
            };
            pen.write(at, &text, setting);
            x += width + GAP;
        }
        baseline + 16.0
    }
}

/// The drawing area of a panel with its two axes.
pub(super) struct Drawing<'a> {
    pub(super) x: &'a Axis,
    pub(super) y: &'a Axis,
    pub(super) area: Rect,
}

impl Drawing<'_> {
    pub(super) fn along(&self, value: f64) -> f64 {
        self.area.left + self.x.place(value) * self.area.width
    }

    pub(super) fn up(&self, value: f64) -> f64 {
        let place = self.y.place(value);
        // Rows are read from the top.
        let from_top = if matches!(self.y.scale, Scale::Rows(_)) {
            place
        } else {
            1.0 - place
        };
        self.area.top + from_top * self.area.height
    }

    pub(super) fn point(&self, (x, y): (f64, f64)) -> Point {
        Point {
            x: self.along(x),
            y: self.up(y),
        }
    }

    fn vertical_axis(&self, pen: &mut Pen, ticks: &[Tick]) {
        let is_rows = matches!(self.y.scale, Scale::Rows(_));
        if !is_rows {
            let segments = ticks.iter().map(|tick| {
                let y = self.up(tick.value);
                let end = |x| Point { x, y };
                (end(self.area.left), end(self.area.right()))
            });
            pen.add(Shape::Segments {
                segments: segments.collect(),
                stroke: pen.stroke(Ink::Grid, 1.0),
            });
        }
        // Of very many rows not each can have its name.
        let row = self.area.height / ticks.len().max(1) as f64;
        let every = if is_rows {
            (14.0 / row).ceil().max(1.0) as usize
        } else {
            1
        };
        let setting = Setting {
            font: Font::AXIS,
            anchor: Anchor::End,
            ink: Ink::Secondary,
        };
        for tick in ticks.iter().step_by(every) {
            let at = Point {
                x: self.area.left - 8.0,
                y: self.up(tick.value) + 4.2,
            };
            pen.write(at, &Font::AXIS.fit(&tick.label, ROW_ROOM), setting);
        }
    }

    /// Ticks, their texts and the name of the axis, as far as they are to be written. Gives the place below.
    fn horizontal_axis(&self, pen: &mut Pen, axis: HorizontalAxis) -> f64 {
        let bottom = self.area.bottom();
        let ticks = self.x.ticks(10);
        let upright = |x: f64, from: f64, to: f64| (Point { x, y: from }, Point { x, y: to });
        let places: Vec<f64> = ticks.iter().map(|tick| self.along(tick.value)).collect();
        pen.add(Shape::Segments {
            segments: places.iter().map(|x| upright(*x, self.area.top, bottom)).collect(),
            stroke: pen.stroke(Ink::Grid, 1.0),
        });
        let left = Point {
            x: self.area.left,
            y: bottom,
        };
        let right = Point {
            x: self.area.right(),
            y: bottom,
        };
        let mut axis_lines = vec![(left, right)];
        if axis == HorizontalAxis::Written {
            axis_lines.extend(places.iter().map(|x| upright(*x, bottom, bottom + 5.0)));
        }
        pen.add(Shape::Segments {
            segments: axis_lines,
            stroke: pen.stroke(Ink::Axis, 1.0),
        });
        if axis == HorizontalAxis::LinesOnly {
            return bottom;
        }
        let mut setting = Setting {
            font: Font::AXIS,
            anchor: Anchor::Middle,
            ink: Ink::Secondary,
        };
        for (tick, x) in ticks.iter().zip(&places) {
            let at = Point {
                x: *x,
                y: bottom + 19.0,
            };
            pen.write(at, &tick.label, setting);
        }
        setting.anchor = Anchor::End;
        let name_at = Point {
            x: self.area.right(),
            y: bottom + 37.0,
        };
        pen.write(name_at, &Font::AXIS.fit(&self.x.label, self.area.width), setting);
        bottom + 41.0
    }
}
