//! PNG: the shapes of a scene as pixels.

use thiserror::Error;
use tiny_skia::{Color, FillRule, LineJoin, Paint, Path, PathBuilder, Pixmap, Rect as SkiaRect, StrokeDash, Transform};
use ttf_parser::OutlineBuilder;

use super::scene::{Anchor, Fill, Point, Scene, Shape, Stroke, Text};
use super::theme::Rgb;
use super::{Chart, Size, Theme, layout};

/// Why a picture could not be encoded.
#[derive(Debug, Error)]
#[error("cannot encode the picture `{name}` as PNG: {reason}")]
pub struct PngError {
    name: &'static str,
    reason: String,
}

/// The chart as a PNG file. The same chart gives the same bytes.
///
/// # Errors
///
/// When there is no memory for so many pixels.
pub fn render_png(chart: &Chart, theme: Theme, size: Size) -> Result<Vec<u8>, PngError> {
    let error = |reason: String| PngError {
        name: chart.name,
        reason,
    };
    let scene = layout::lay_out(chart, theme);
    let mut canvas = Canvas::new(&scene, size.scale()).ok_or_else(|| error("it is too large".to_owned()))?;
    for shape in &scene.shapes {
        canvas.draw(shape);
    }
    canvas.pixels.encode_png().map_err(|cause| error(cause.to_string()))
}

struct Canvas {
    pixels: Pixmap,
    scale: Transform,
}

impl Canvas {
    fn new(scene: &Scene, scale: f64) -> Option<Self> {
        let pixels = |units: f64| (units * scale).round() as u32;
        let mut pixels = Pixmap::new(pixels(scene.width), pixels(scene.height))?;
        pixels.fill(colour(scene.background, 1.0));
        Some(Self {
            pixels,
            scale: Transform::from_scale(scale as f32, scale as f32),
        })
    }

    fn draw(&mut self, shape: &Shape) {
        match shape {
            Shape::Boxes { boxes, fill } => {
                let mut builder = PathBuilder::new();
                for rect in boxes {
                    let (left, top) = (rect.left as f32, rect.top as f32);
                    let sides = SkiaRect::from_xywh(left, top, rect.width as f32, rect.height as f32);
                    if let Some(sides) = sides {
                        builder.push_rect(sides);
                    }
                }
                self.fill(builder, *fill);
            }
            Shape::Polygon { points, fill } => {
                let mut builder = PathBuilder::new();
                add_points(&mut builder, points);
                builder.close();
                self.fill(builder, *fill);
            }
            Shape::Polyline { points, stroke } => {
                let mut builder = PathBuilder::new();
                add_points(&mut builder, points);
                self.stroke(builder, *stroke);
            }
            Shape::Segments { segments, stroke } => {
                let mut builder = PathBuilder::new();
                for (from, to) in segments {
                    add_points(&mut builder, &[*from, *to]);
                }
                self.stroke(builder, *stroke);
            }
            Shape::Discs { centres, radius, fill } => self.fill(circles(centres, *radius), *fill),
            Shape::Rings {
                centres,
                radius,
                stroke,
            } => self.stroke(circles(centres, *radius), *stroke),
            Shape::Text(text) => self.words(text),
        }
    }

    fn words(&mut self, text: &Text) {
        let width = text.font.width(&text.text);
        let start = match text.anchor {
            Anchor::Start => text.at.x,
            Anchor::Middle => text.at.x - width / 2.0,
            Anchor::End => text.at.x - width,
        };
        let mut glyphs = GlyphPath {
            builder: PathBuilder::new(),
            origin: text.at,
            units: text.font.units(),
        };
        for (glyph, along) in text.font.glyphs(&text.text) {
            glyphs.origin.x = start + along;
            text.font.outline(glyph, &mut glyphs);
        }
        self.fill(glyphs.builder, Fill::solid(text.colour));
    }

    fn fill(&mut self, builder: PathBuilder, fill: Fill) {
        if let Some(path) = builder.finish() {
            let paint = paint(fill.colour, fill.opacity);
            self.pixels
                .fill_path(&path, &paint, FillRule::Winding, self.scale, None);
        }
    }

    fn stroke(&mut self, builder: PathBuilder, stroke: Stroke) {
        let Some(path): Option<Path> = builder.finish() else {
            return;
        };
        let pen = tiny_skia::Stroke {
            width: stroke.width as f32,
            line_join: LineJoin::Round,
            dash: stroke
                .dash
                .and_then(|(dash, gap)| StrokeDash::new(vec![dash as f32, gap as f32], 0.0)),
            ..tiny_skia::Stroke::default()
        };
        let paint = paint(stroke.colour, 1.0);
        self.pixels.stroke_path(&path, &paint, &pen, self.scale, None);
    }
}

fn add_points(builder: &mut PathBuilder, points: &[Point]) {
    for (index, point) in points.iter().enumerate() {
        let (x, y) = (point.x as f32, point.y as f32);
        if index == 0 {
            builder.move_to(x, y);
        } else {
            builder.line_to(x, y);
        }
    }
}

fn circles(centres: &[Point], radius: f64) -> PathBuilder {
    let mut builder = PathBuilder::new();
    for centre in centres {
        builder.push_circle(centre.x as f32, centre.y as f32, radius as f32);
    }
    builder
}

fn colour(rgb: Rgb, opacity: f64) -> Color {
    let [red, green, blue] = rgb.channels();
    Color::from_rgba8(red, green, blue, (opacity.clamp(0.0, 1.0) * 255.0).round() as u8)
}

fn paint(rgb: Rgb, opacity: f64) -> Paint<'static> {
    let mut paint = Paint {
        anti_alias: true,
        ..Paint::default()
    };
    paint.set_color(colour(rgb, opacity));
    paint
}

/// Turns outlines, whose y points up, into paths, whose y points down.
struct GlyphPath {
    builder: PathBuilder,
    origin: Point,
    units: f64,
}

impl GlyphPath {
    fn place(&self, x: f32, y: f32) -> (f32, f32) {
        (
            (self.origin.x + f64::from(x) * self.units) as f32,
            (self.origin.y - f64::from(y) * self.units) as f32,
        )
    }
}

impl OutlineBuilder for GlyphPath {
    fn move_to(&mut self, x: f32, y: f32) {
        let (x, y) = self.place(x, y);
        self.builder.move_to(x, y);
    }

    fn line_to(&mut self, x: f32, y: f32) {
        let (x, y) = self.place(x, y);
        self.builder.line_to(x, y);
    }

    fn quad_to(&mut self, x1: f32, y1: f32, x: f32, y: f32) {
        let (x1, y1) = self.place(x1, y1);
        let (x, y) = self.place(x, y);
        self.builder.quad_to(x1, y1, x, y);
    }

    fn curve_to(&mut self, x1: f32, y1: f32, x2: f32, y2: f32, x: f32, y: f32) {
        let (x1, y1) = self.place(x1, y1);
        let (x2, y2) = self.place(x2, y2);
        let (x, y) = self.place(x, y);
        self.builder.cubic_to(x1, y1, x2, y2, x, y);
    }

    fn close(&mut self) {
        self.builder.close();
    }
}
