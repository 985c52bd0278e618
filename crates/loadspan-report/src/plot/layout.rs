//! From a chart to shapes: the frame, and what goes where.
//!
//! Everything is measured in units of the layout, of which a picture is always [`WIDTH`] wide. A larger picture shows the same
//! with more pixels.

mod labels;
mod marks;
mod panel;
mod texts;

use loadspan_record::VerdictStatus;

use super::chart::{Chart, Stacking};
use super::font::Font;
use super::scene::{Anchor, Fill, Point, Rect, Scene, Shape, Stroke, Text};
use super::theme::{Ink, Theme};
use panel::PanelLayout;

/// The width of every picture.
pub(super) const WIDTH: f64 = 1_200.0;

const MARGIN: f64 = 28.0;
const LINE: f64 = 18.0;
/// Between the title and the first panel, and between panels.
const GAP: f64 = 22.0;

/// Where everything of a chart goes.
pub(super) fn lay_out(chart: &Chart, theme: Theme) -> Scene {
    let mut pen = Pen {
        theme,
        shapes: Vec::new(),
    };
    let gutters = Gutters::of(chart);
    let mut y = draw_heading(&mut pen, chart);
    let last = chart.panels.len().saturating_sub(1);
    for (index, panel) in chart.panels.iter().enumerate() {
        let layout = PanelLayout {
            panel,
            top: y,
            gutters,
            horizontal_axis: if chart.stacking == Stacking::OwnAxes || index == last {
                HorizontalAxis::Written
            } else {
                HorizontalAxis::LinesOnly
            },
        };
        y = layout.draw(&mut pen) + GAP;
    }
    let height = draw_caption(&mut pen, chart, y - GAP + 12.0);
    Scene {
        width: WIDTH,
        height,
        background: theme.colour(Ink::Background),
        shapes: pen.shapes,
    }
}

/// Whether a panel says what its horizontal axis is, or leaves that to the one below it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum HorizontalAxis {
    Written,
    LinesOnly,
}

/// Room beside the panels, the same for all of a chart, so that their axes line up.
#[derive(Debug, Clone, Copy)]
struct Gutters {
    left: f64,
    right: f64,
}

impl Gutters {
    fn of(chart: &Chart) -> Self {
        let widest = |widths: &mut dyn Iterator<Item = f64>| widths.fold(0.0, f64::max);
        let left = widest(&mut chart.panels.iter().flat_map(panel::tick_widths));
        let right = widest(&mut chart.panels.iter().flat_map(panel::edge_label_widths));
        Self {
            left: left + 10.0,
            right: if right > 0.0 { right + 16.0 } else { 10.0 },
        }
    }
}

/// What shapes are drawn with.
struct Pen {
    theme: Theme,
    shapes: Vec<Shape>,
}

/// How a text is set.
#[derive(Debug, Clone, Copy)]
struct Setting {
    font: Font,
    anchor: Anchor,
    ink: Ink,
}

impl Pen {
    fn fill(&self, ink: Ink) -> Fill {
        Fill::solid(self.theme.colour(ink))
    }

    fn tint(&self, ink: Ink, opacity: f64) -> Fill {
        Fill {
            colour: self.theme.colour(ink),
            opacity,
        }
    }

    fn stroke(&self, ink: Ink, width: f64) -> Stroke {
        Stroke::solid(self.theme.colour(ink), width)
    }

    fn add(&mut self, shape: Shape) {
        self.shapes.push(shape);
    }

    fn write(&mut self, at: Point, text: &str, setting: Setting) {
        if !text.is_empty() {
            self.shapes.push(Shape::Text(Text {
                at,
                text: text.to_owned(),
                font: setting.font,
                anchor: setting.anchor,
                colour: self.theme.colour(setting.ink),
            }));
        }
    }
}

/// Title, subtitle and verdict. Gives the place below them.
fn draw_heading(pen: &mut Pen, chart: &Chart) -> f64 {
    let room = WIDTH - 2.0 * MARGIN;
    let start = |font, ink| Setting {
        font,
        anchor: Anchor::Start,
        ink,
    };
    let title = Font::TITLE.fit(&chart.title, room);
    pen.write(Point { x: MARGIN, y: 42.0 }, &title, start(Font::TITLE, Ink::Text));
    let verdict_room = chart.verdict.map_or(0.0, |verdict| verdict_width(verdict) + 18.0);
    let subtitle = Font::SUBTITLE.fit(&chart.subtitle, room - verdict_room);
    let baseline = 66.0;
    let at = Point { x: MARGIN, y: baseline };
    pen.write(at, &subtitle, start(Font::SUBTITLE, Ink::Secondary));
    if let Some(verdict) = chart.verdict {
        let x = MARGIN + Font::SUBTITLE.width(&subtitle) + 18.0;
        draw_verdict(pen, Point { x, y: baseline }, verdict);
    }
    baseline + GAP
}

const VERDICT_SIGN: f64 = 16.0;

fn verdict_font() -> Font {
    Font {
        size: Font::SUBTITLE.size,
        ..Font::PANEL
    }
}

fn verdict_text(verdict: VerdictStatus) -> String {
    format!("{} run", verdict.as_str())
}

fn verdict_width(verdict: VerdictStatus) -> f64 {
    VERDICT_SIGN + verdict_font().width(&verdict_text(verdict))
}

/// A sign, a word and a colour, so that none of them carries the meaning alone.
fn draw_verdict(pen: &mut Pen, at: Point, verdict: VerdictStatus) {
    let ink = Ink::Verdict(verdict);
    let centre = Point {
        x: at.x + 5.0,
        y: at.y - 5.0,
    };
    let corner = |x: f64, y: f64| Point {
        x: centre.x + x,
        y: centre.y + y,
    };
    let sign = match verdict {
        VerdictStatus::Valid => Shape::Discs {
            centres: vec![centre],
            radius: 4.5,
            fill: pen.fill(ink),
        },
        VerdictStatus::Degraded => Shape::Polygon {
            points: vec![corner(0.0, -5.5), corner(5.5, 4.5), corner(-5.5, 4.5)],
            fill: pen.fill(ink),
        },
        VerdictStatus::Invalid => Shape::Segments {
            segments: vec![
                (corner(-4.0, -4.0), corner(4.0, 4.0)),
                (corner(-4.0, 4.0), corner(4.0, -4.0)),
            ],
            stroke: pen.stroke(ink, 2.5),
        },
    };
    pen.add(sign);
    let text_at = Point {
        x: at.x + VERDICT_SIGN,
        y: at.y,
    };
    let setting = Setting {
        font: verdict_font(),
        anchor: Anchor::Start,
        ink,
    };
    pen.write(text_at, &verdict_text(verdict), setting);
}

/// The caption in as many lines as it takes. Gives the height of the picture.
fn draw_caption(pen: &mut Pen, chart: &Chart, top: f64) -> f64 {
    let lines = Font::CAPTION.wrap(&chart.caption, WIDTH - 2.0 * MARGIN);
    let setting = Setting {
        font: Font::CAPTION,
        anchor: Anchor::Start,
        ink: Ink::Secondary,
    };
    let mut baseline = top + Font::CAPTION.size;
    for line in &lines {
        pen.write(Point { x: MARGIN, y: baseline }, line, setting);
        baseline += LINE;
    }
    (baseline - LINE + 20.0).round()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plot::axis::Axis;
    use crate::plot::chart::{Corner, DotShape, Dots, KeyEntry, Line, Mark, Panel, Shade};

    /// A chart whose every text is longer than anyone would wish.
    fn wordy() -> Chart {
        let long =
            "a text that is much longer than the room that there is for it in any picture of this width ".repeat(3);
        let lines = (0..30).map(|index| {
            let level = 90.0 + f64::from(index) / 10.0;
            Mark::Line(Line::new(
                vec![(0.0, 1.0), (100.0, level)],
                Ink::Series(index as usize),
                &long,
            ))
        });
        let notes = (0..40).map(|index| Mark::Note {
            at: (99.0 + f64::from(index % 5) / 10.0, 50.0),
            text: long.clone(),
        });
        let dots = Dots {
            points: vec![(99.0, 50.0)],
            ink: Ink::Series(0),
            radius: 4.0,
            opacity: 1.0,
            shape: DotShape::Hollow,
        };
        let others = [
            Mark::Dots(dots),
            Mark::Rule {
                y: 99.9,
                text: long.clone(),
                ink: Ink::Muted,
            },
            Mark::Rule {
                y: 0.1,
                text: long.clone(),
                ink: Ink::Muted,
            },
            Mark::Shade(Shade {
                from: 0.0,
                to: 1.0,
                ink: Ink::Shade,
                text: long.clone(),
                short: long.clone(),
            }),
            Mark::EdgeNote {
                y: 0.0,
                text: long.clone(),
            },
            Mark::Better(Corner::BottomRight),
        ];
        let panel = Panel {
            height: 200.0,
            x: Axis::run_time(0.0, 100.0),
            y: Axis::from_zero(&long, 100.0),
            marks: lines.chain(notes).chain(others).collect(),
            key: vec![KeyEntry::new(Ink::Error, &long); 3],
        };
        let mut rows = panel.clone();
        rows.y = Axis::rows("row", vec![long.clone(); 12]);
        rows.x = Axis::log(&long, [1e-3, 1e9]);
        Chart {
            name: "wordy",
            title: long.clone(),
            subtitle: long.clone(),
            verdict: Some(VerdictStatus::Degraded),
            caption: long,
            panels: vec![panel, rows],
            stacking: Stacking::OwnAxes,
        }
    }

    #[test]
    fn no_text_leaves_the_picture_however_long_it_is() {
        let scene = lay_out(&wordy(), Theme::Light);
        let picture = Rect {
            left: 0.0,
            top: 0.0,
            width: scene.width,
            height: scene.height,
        };
        let mut texts = 0;
        for shape in &scene.shapes {
            if let Shape::Text(text) = shape {
                texts += 1;
                assert!(picture.contains(&text.bounds()), "{} at {:?}", text.text, text.bounds());
            }
        }
        assert!(texts > 30, "{texts}");
    }

    #[test]
    fn texts_at_the_edge_do_not_overlap() {
        let scene = lay_out(&wordy(), Theme::Light);
        let edges: Vec<Rect> = scene
            .shapes
            .iter()
            .filter_map(|shape| match shape {
                Shape::Text(text) if text.at.x > 900.0 && text.anchor == Anchor::Start => Some(text.bounds()),
                _ => None,
            })
            .collect();
        assert!(edges.len() > 5);
        for (index, one) in edges.iter().enumerate() {
            assert!(edges[..index].iter().all(|other| !one.overlaps(other)), "{one:?}");
        }
    }

    #[test]
    fn the_text_of_a_rule_hides_no_data() {
        let everywhere = (0..=100).map(|x| (f64::from(x), 50.0)).collect();
        let dots = Dots {
            points: everywhere,
            ink: Ink::Series(0),
            radius: 4.0,
            opacity: 1.0,
            shape: DotShape::Filled,
        };
        let rule = Mark::Rule {
            y: 50.0,
            text: "p99 of the run 50 ms".to_owned(),
            ink: Ink::Muted,
        };
        let mut chart = wordy();
        chart.panels.truncate(1);
        chart.panels[0].marks = vec![Mark::Dots(dots), rule];
        let scene = lay_out(&chart, Theme::Light);
        let rightmost = scene.shapes.iter().find_map(|shape| match shape {
            Shape::Discs { centres, radius, .. } => Some(centres.last()?.x + radius),
            _ => None,
        });
        let text = scene.shapes.iter().find_map(|shape| match shape {
            Shape::Text(text) if text.text == "p99 of the run 50 ms" => Some(text.bounds()),
            _ => None,
        });
        assert!(text.unwrap().left > rightmost.unwrap());
    }
}
