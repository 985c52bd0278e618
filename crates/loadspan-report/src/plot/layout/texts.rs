//! The texts of a panel: labels at its right edge, and what stands within it.

use super::super::chart::{Corner, Mark, Shade};
use super::labels::{NotePlacer, spread};
use super::panel::{Drawing, EDGE_ROOM, edge_label};
use super::{Anchor, Font, Ink, Pen, Point, Rect, Setting, Shape, Stroke};

/// From the middle of one label to the middle of the next.
const LABEL_DISTANCE: f64 = 15.5;

impl Drawing<'_> {
    /// The labels of lines and rules at the right edge, moved apart, each with a line to where it belongs.
    pub(super) fn edge_labels(&self, pen: &mut Pen, marks: &[Mark]) {
        let labels: Vec<_> = marks.iter().filter_map(edge_label).collect();
        let wanted: Vec<f64> = labels.iter().map(|((_, y), ..)| self.up(*y)).collect();
        let places = spread(&wanted, (self.area.top, self.area.bottom()), LABEL_DISTANCE);
        let setting = Setting {
            font: Font::LABEL,
            anchor: Anchor::Start,
            ink: Ink::Text,
        };
        for (((end, text, ink), wanted), place) in labels.into_iter().zip(wanted).zip(places) {
            let Some(place) = place else { continue };
            if let Some(ink) = ink {
                let end = self.point(end);
                let edge = Point {
                    x: self.area.right(),
                    ..end
                };
                // A line that ends early is led to its label.
                if edge.x - end.x > 30.0 {
                    pen.add(Shape::Segments {
                        segments: vec![(end, edge)],
                        stroke: Stroke {
                            dash: Some((2.0, 4.0)),
                            ..pen.stroke(ink, 1.0)
                        },
                    });
                }
                let from = Point {
                    x: self.area.right() + 2.0,
                    y: wanted,
                };
                let to = Point {
                    x: self.area.right() + 12.0,
                    y: place,
                };
                pen.add(Shape::Segments {
                    segments: vec![(from, to)],
                    stroke: pen.stroke(ink, 2.0),
                });
            }
            let at = Point {
                x: self.area.right() + 16.0,
                y: place + 4.5,
            };
            pen.write(at, &Font::LABEL.fit(text, EDGE_ROOM), setting);
        }
    }

    /// Texts inside of the panel, each where nothing else lies.
    pub(super) fn texts(&self, pen: &mut Pen, marks: &[Mark]) {
        let mut placer = NotePlacer::new(self.area);
        for mark in marks {
            match mark {
                Mark::Note { at, .. } => placer.avoid(self.point(*at), 6.0),
                Mark::Line(line) => {
                    let points: Vec<Point> = line.points.iter().map(|point| self.point(*point)).collect();
                    points.windows(2).for_each(|pair| placer.avoid_line(pair[0], pair[1]));
                }
                Mark::Whisker { from, to, .. } => placer.avoid_line(self.point(*from), self.point(*to)),
                Mark::Rule { y, .. } => {
                    let end = |x| Point { x, y: self.up(*y) };
                    placer.avoid_line(end(self.area.left), end(self.area.right()));
                }
                Mark::Bars { bars, .. } => bars.iter().for_each(|bar| placer.avoid_bar(self.bar(bar))),
                _ => {}
            }
        }
        for mark in marks {
            match mark {
                Mark::Better(corner) => self.better(pen, &mut placer, *corner),
                Mark::Shade(shade) => self.shade_text(pen, &mut placer, shade),
                _ => {}
            }
        }
        for mark in marks {
            if let Mark::Note { at, text } = mark {
                let text = Font::LABEL.fit_ends(text, 260.0);
                if let Some(place) = placer.beside(self.point(*at), &text) {
                    write_in(pen, place, &text, Ink::Text);
                }
            }
        }
    }

    /// The text, the short one, or as much of that as fits. Where it lies on a bar, it brings its background with it.
    fn shade_text(&self, pen: &mut Pen, placer: &mut NotePlacer, shade: &Shade) {
        let area = self.stretch(shade.from, shade.to);
        let Some(text) = fitting(shade, area.width - 8.0) else {
            return;
        };
        let (width, height) = (Font::LABEL.width(&text), Font::LABEL.size * 1.2);
        let room = area.height - height - 8.0;
        let column = |left: f64| {
            [0.0, 1.0, 0.5, 0.25, 0.75].map(|share| Rect {
                left,
                top: area.top + 4.0 + room * share,
                width,
                height,
            })
        };
        let places = [column(area.left + 6.0), column(area.right() - width - 2.0)].concat();
        let Some(place) = placer.take_clearest(&places) else {
            return;
        };
        if placer.lies_on_bar(&place) {
            pen.add(Shape::Boxes {
                boxes: vec![Rect {
                    left: place.left - 3.0,
                    width: place.width + 6.0,
                    ..place
                }],
                fill: pen.fill(shade.ink),
            });
        }
        write_in(pen, place, &text, Ink::Secondary);
    }

    fn better(&self, pen: &mut Pen, placer: &mut NotePlacer, corner: Corner) {
        let (text, up) = ("better", matches!(corner, Corner::TopRight));
        let width = Font::LABEL.width(text);
        let (right, y, tip) = if up {
            (self.area.right() - 8.0, self.area.top + 24.0, -12.0)
        } else {
            (self.area.right() - 8.0, self.area.bottom() - 22.0, 12.0)
        };
        let place = Rect {
            left: right - 22.0 - width,
            top: y - 8.0,
            width,
            height: Font::LABEL.size * 1.2,
        };
        let start = Point {
            x: right - 16.0,
            y: y - tip / 2.0,
        };
        let end = Point {
            x: right - 2.0,
            y: y + tip / 2.0,
        };
        let barb = |x: f64, y: f64| {
            (
                end,
                Point {
                    x: end.x + x,
                    y: end.y + y,
                },
            )
        };
        pen.add(Shape::Segments {
            segments: vec![(start, end), barb(-7.0, 0.0), barb(0.0, -tip * 0.55)],
            stroke: pen.stroke(Ink::Secondary, 1.5),
        });
        write_in(pen, place, text, Ink::Secondary);
        placer.avoid_box(Rect {
            width: width + 24.0,
            ..place
        });
    }
}

/// Of a narrower text too little would be left.
const NARROWEST: f64 = 60.0;

/// What can be said of a stretch of this width.
fn fitting(shade: &Shade, width: f64) -> Option<String> {
    let mut texts = [&shade.text, &shade.short].into_iter().filter(|text| !text.is_empty());
    let whole = texts.find(|text| Font::LABEL.width(text) <= width);
    let cut = || (width >= NARROWEST).then(|| Font::LABEL.fit_ends(&shade.short, width));
    whole.cloned().or_else(cut)
}

/// Writes a text into the box that was found for it.
fn write_in(pen: &mut Pen, place: Rect, text: &str, ink: Ink) {
    let at = Point {
        x: place.left,
        y: place.top + Font::LABEL.size * 0.95,
    };
    let setting = Setting {
        font: Font::LABEL,
        anchor: Anchor::Start,
        ink,
    };
    pen.write(at, text, setting);
}
