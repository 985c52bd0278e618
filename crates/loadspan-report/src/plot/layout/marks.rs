//! The marks of a panel as shapes.

use super::super::chart::{Band, Bar, Dash, DotShape, Dots, Line, Mark};
use super::panel::Drawing;
use super::{Ink, Pen, Point, Rect, Shape, Stroke};

impl Drawing<'_> {
    pub(super) fn shades(&self, pen: &mut Pen, marks: &[Mark]) {
        for mark in marks {
            if let Mark::Shade(shade) = mark {
                pen.add(Shape::Boxes {
                    boxes: vec![self.stretch(shade.from, shade.to)],
                    fill: pen.fill(shade.ink),
                });
            }
        }
    }

    pub(super) fn stretch(&self, from: f64, to: f64) -> Rect {
        let (left, right) = (self.along(from), self.along(to));
        Rect {
            left,
            top: self.area.top,
            width: right - left,
            height: self.area.height,
        }
    }

    pub(super) fn mark(&self, pen: &mut Pen, mark: &Mark) {
        match mark {
            Mark::Line(line) => self.line(pen, line),
            Mark::Band(band) => self.band(pen, band),
            Mark::Dots(dots) => self.dots(pen, dots),
            Mark::Bars { bars, ink } => {
                pen.add(Shape::Boxes {
                    boxes: bars.iter().map(|bar| self.bar(bar)).collect(),
                    fill: pen.fill(*ink),
                });
            }
            Mark::Spans { spans, ink } => {
                let row = self.area.height / (self.y.range.1 - self.y.range.0);
                let thickness = (row * 0.72).clamp(1.0, 12.0);
                let boxes = spans.iter().map(|span| {
                    let (left, right) = (self.along(span.from), self.along(span.to));
                    Rect {
                        left,
                        top: self.up(span.row) - thickness / 2.0,
                        width: (right - left).max(0.75),
                        height: thickness,
                    }
                });
                pen.add(Shape::Boxes {
                    boxes: boxes.collect(),
                    fill: pen.fill(*ink),
                });
            }
            Mark::Strokes { points, ink } => {
                let segments = points.iter().map(|point| {
                    let Point { x, y } = self.point(*point);
                    (Point { x, y: y - 6.0 }, Point { x, y: y + 6.0 })
                });
                pen.add(Shape::Segments {
                    segments: segments.collect(),
                    stroke: pen.stroke(*ink, 1.5),
                });
            }
            Mark::Rule { y, ink, .. } => {
                let y = self.up(*y);
                let end = |x| Point { x, y };
                pen.add(Shape::Segments {
                    segments: vec![(end(self.area.left), end(self.area.right()))],
                    stroke: Stroke {
                        dash: Some((6.0, 3.0)),
                        ..pen.stroke(*ink, 1.2)
                    },
                });
            }
            Mark::Whisker { from, to, ink } => self.whisker(pen, [self.point(*from), self.point(*to)], *ink),
            Mark::Shade(_) | Mark::Note { .. } | Mark::EdgeNote { .. } | Mark::Better(_) => {}
        }
    }

    pub(super) fn bar(&self, bar: &Bar) -> Rect {
        let (left, right, top) = (self.along(bar.from), self.along(bar.to), self.up(bar.value));
        Rect {
            left: left + 0.5,
            top,
            width: (right - left - 1.0).max(1.0),
            height: self.area.bottom() - top,
        }
    }

    fn line(&self, pen: &mut Pen, line: &Line) {
        // Many samples lie closer than a full stroke is wide.
        let width = if line.points.len() > 600 { 1.2 } else { 2.0 };
        let stroke = Stroke {
            dash: (line.dash == Dash::Dashed).then_some((6.0, 3.0)),
            ..pen.stroke(line.ink, width)
        };
        for stretch in line.points.split(|point| !point.1.is_finite()) {
            let points: Vec<Point> = stretch.iter().map(|point| self.point(*point)).collect();
            match points[..] {
                [] => {}
                [single] => pen.add(Shape::Discs {
                    centres: vec![single],
                    radius: 2.0,
                    fill: pen.fill(line.ink),
                }),
                _ => pen.add(Shape::Polyline { points, stroke }),
            }
        }
    }

    fn band(&self, pen: &mut Pen, band: &Band) {
        for stretch in band
            .points
            .split(|(_, low, high)| !low.is_finite() || !high.is_finite())
        {
            if stretch.len() > 1 {
                let lower = stretch.iter().map(|(x, low, _)| self.point((*x, *low)));
                let upper = stretch.iter().rev().map(|(x, _, high)| self.point((*x, *high)));
                pen.add(Shape::Polygon {
                    points: lower.chain(upper).collect(),
                    fill: pen.tint(band.ink, band.opacity),
                });
            }
        }
    }

    fn dots(&self, pen: &mut Pen, dots: &Dots) {
        let centres = dots.points.iter().map(|point| self.point(*point)).collect();
        pen.add(match dots.shape {
            DotShape::Filled => Shape::Discs {
                centres,
                radius: dots.radius,
                fill: pen.tint(dots.ink, dots.opacity),
            },
            DotShape::Hollow => Shape::Rings {
                centres,
                radius: dots.radius,
                stroke: pen.stroke(dots.ink, 2.0),
            },
        });
    }

    fn whisker(&self, pen: &mut Pen, ends: [Point; 2], ink: Ink) {
        let is_upright = (ends[0].x - ends[1].x).abs() < (ends[0].y - ends[1].y).abs();
        let (dx, dy) = if is_upright { (4.0, 0.0) } else { (0.0, 4.0) };
        let cap = |end: Point| {
            let moved = |sign: f64| Point {
                x: end.x + sign * dx,
                y: end.y + sign * dy,
            };
            (moved(-1.0), moved(1.0))
        };
        pen.add(Shape::Segments {
            segments: vec![(ends[0], ends[1]), cap(ends[0]), cap(ends[1])],
            stroke: pen.stroke(ink, 1.3),
        });
    }
}
