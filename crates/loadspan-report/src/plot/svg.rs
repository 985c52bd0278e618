//! SVG: the shapes of a scene as text.

use std::fmt::Write;

use super::font::{Font, Weight};
use super::scene::{Anchor, Fill, Point, Scene, Shape, Stroke, Text};
use super::{Chart, Size, Theme, layout};

/// The first typeface is the one that the layout was measured with.
const TYPEFACES: &str = "'Noto Sans','Open Sans',system-ui,-apple-system,'Segoe UI',Roboto,sans-serif";

/// The chart as an SVG document. The same chart gives the same bytes.
#[must_use]
pub fn render_svg(chart: &Chart, theme: Theme, size: Size) -> String {
    let scene = layout::lay_out(chart, theme);
    let mut svg = Svg { text: String::new() };
    svg.open(&scene, size.scale());
    svg.describe(chart);
    for shape in &scene.shapes {
        svg.shape(shape);
    }
    svg.text.push_str("</svg>\n");
    svg.text
}

struct Svg {
    text: String,
}

/// Writing to a `String` cannot fail.
macro_rules! put {
    ($svg:expr, $($arg:tt)*) => {
        let _ = write!($svg.text, $($arg)*);
    };
}

impl Svg {
    fn open(&mut self, scene: &Scene, scale: f64) {
        let (width, height) = (scene.width * scale, scene.height * scale);
        put!(
            self,
            r#"<svg xmlns="http://www.w3.org/2000/svg" width="{}" height="{}" viewBox="0 0 {} {}" role="img" aria-labelledby="title desc" font-family="{TYPEFACES}">"#,
            Short(width),
            Short(height),
            Short(scene.width),
            Short(scene.height)
        );
        self.text.push('\n');
    }

    fn describe(&mut self, chart: &Chart) {
        put!(
            self,
            "<title id=\"title\">{}</title>\n<desc id=\"desc\">{}</desc>\n",
            Escaped(&chart.title),
            Escaped(&chart.caption)
        );
    }

    fn shape(&mut self, shape: &Shape) {
        match shape {
            Shape::Boxes { boxes, fill } => {
                self.path_start();
                for rect in boxes {
                    put!(
                        self,
                        "M{} {}h{}v{}h{}z",
                        Short(rect.left),
                        Short(rect.top),
                        Short(rect.width),
                        Short(rect.height),
                        Short(-rect.width)
                    );
                }
                self.path_end_filled(*fill);
            }
            Shape::Polygon { points, fill } => {
                self.path_start();
                self.points(points);
                self.text.push('z');
                self.path_end_filled(*fill);
            }
            Shape::Polyline { points, stroke } => {
                self.path_start();
                self.points(points);
                self.path_end_stroked(*stroke);
            }
            Shape::Segments { segments, stroke } => {
                self.path_start();
                for (from, to) in segments {
                    self.points(&[*from, *to]);
                }
                self.path_end_stroked(*stroke);
            }
            Shape::Discs { centres, radius, fill } => {
                self.path_start();
                self.dots(centres);
                // A line of no length with round ends is a disc: a tenth of the bytes of a circle.
                put!(
                    self,
                    r#"" fill="none" stroke="{}" stroke-width="{}" stroke-linecap="round"{}/>"#,
                    Hex(fill.colour.0),
                    Short(radius * 2.0),
                    Opacity(fill.opacity)
                );
                self.text.push('\n');
            }
            Shape::Rings {
                centres,
                radius,
                stroke,
            } => {
                for centre in centres {
                    put!(
                        self,
                        r#"<circle cx="{}" cy="{}" r="{}" fill="none" stroke="{}" stroke-width="{}"/>"#,
                        Short(centre.x),
                        Short(centre.y),
                        Short(*radius),
                        Hex(stroke.colour.0),
                        Short(stroke.width)
                    );
                    self.text.push('\n');
                }
            }
            Shape::Text(text) => self.words(text),
        }
    }

    fn path_start(&mut self) {
        self.text.push_str("<path d=\"");
    }

    fn points(&mut self, points: &[Point]) {
        for (index, point) in points.iter().enumerate() {
            let command = if index == 0 { 'M' } else { 'L' };
            put!(self, "{command}{} {}", Short(point.x), Short(point.y));
        }
    }

    fn dots(&mut self, centres: &[Point]) {
        for centre in centres {
            put!(self, "M{} {}h0", Short(centre.x), Short(centre.y));
        }
    }

    fn path_end_filled(&mut self, fill: Fill) {
        put!(self, r#"" fill="{}"{}/>"#, Hex(fill.colour.0), Opacity(fill.opacity));
        self.text.push('\n');
    }

    fn path_end_stroked(&mut self, stroke: Stroke) {
        put!(
            self,
            r#"" fill="none" stroke="{}" stroke-width="{}" stroke-linejoin="round""#,
            Hex(stroke.colour.0),
            Short(stroke.width)
        );
        if let Some((dash, gap)) = stroke.dash {
            put!(self, r#" stroke-dasharray="{} {}""#, Short(dash), Short(gap));
        }
        self.text.push_str("/>\n");
    }

    fn words(&mut self, text: &Text) {
        let Font { size, weight } = text.font;
        let width = text.font.width(&text.text);
        put!(
            self,
            r#"<text x="{}" y="{}" font-size="{}" fill="{}""#,
            Short(text.at.x),
            Short(text.at.y),
            Short(size),
            Hex(text.colour.0)
        );
        if weight == Weight::Bold {
            self.text.push_str(r#" font-weight="700""#);
        }
        match text.anchor {
            Anchor::Start => {}
            Anchor::Middle => self.text.push_str(r#" text-anchor="middle""#),
            Anchor::End => self.text.push_str(r#" text-anchor="end""#),
        }
        put!(
            self,
            " textLength=\"{}\" lengthAdjust=\"spacingAndGlyphs\">{}</text>\n",
            Short(width),
            Escaped(&text.text)
        );
    }
}

/// A number with at most two decimals.
struct Short(f64);

impl std::fmt::Display for Short {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let hundredths = (self.0 * 100.0).round();
        // Adding zero turns a negative zero into a positive one.
        write!(f, "{}", hundredths / 100.0 + 0.0)
    }
}

struct Hex(u32);

impl std::fmt::Display for Hex {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "#{:06x}", self.0)
    }
}

struct Opacity(f64);

impl std::fmt::Display for Opacity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.0 < 1.0 {
            write!(f, r#" opacity="{}""#, Short(self.0))
        } else {
            Ok(())
        }
    }
}

/// Text that comes from data: markup is escaped, and what XML does not allow is replaced.
struct Escaped<'a>(&'a str);

impl std::fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for character in self.0.chars() {
            match character {
                '<' => f.write_str("&lt;")?,
                '>' => f.write_str("&gt;")?,
                '&' => f.write_str("&amp;")?,
                '"' => f.write_str("&quot;")?,
                '\u{fffe}' | '\u{ffff}' => f.write_char('\u{fffd}')?,
                control if control.is_control() => f.write_char('\u{fffd}')?,
                other => f.write_char(other)?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_from_data_cannot_become_markup() {
        let text = Escaped("<script>\"a\" & 'b'\u{1b}[31m\u{0}</script>").to_string();
        assert_eq!(
            text,
            "&lt;script&gt;&quot;a&quot; &amp; 'b'\u{fffd}[31m\u{fffd}&lt;/script&gt;"
        );
    }

    #[test]
    fn numbers_are_short() {
        let shown = [1.0, 0.126, -0.001, 1234.5, -3.999].map(|number| Short(number).to_string());
        assert_eq!(shown, ["1", "0.13", "0", "1234.5", "-4"]);
    }
}
