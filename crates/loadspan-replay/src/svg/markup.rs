//! SVG as text.

use std::fmt::{self, Display, Formatter, Write};

const TYPEFACES: &str = "'Noto Sans','Open Sans',system-ui,-apple-system,'Segoe UI',Roboto,sans-serif";

pub(super) struct Svg(String);

/// How an arrow goes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Way {
    /// How far it is pulled to the side at either end.
    pub(super) bend: f64,
    /// How far it is pulled down.
    pub(super) dip: f64,
}

/// Writing to a `String` cannot fail.
macro_rules! put {
    ($svg:expr, $($arg:tt)*) => {
        let _ = writeln!($svg.0, $($arg)*);
    };
}

impl Svg {
    pub(super) fn open(width: f64, height: f64, title: &str, about: &str) -> Self {
        let mut svg = Self(String::new());
        let (width, height) = (Short(width), Short(height));
        put!(
            svg,
            r#"<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" role="img" aria-labelledby="title desc" font-family="{TYPEFACES}">"#
        );
        put!(svg, "<title id=\"title\">{}</title>", Escaped(title));
        put!(svg, "<desc id=\"desc\">{}</desc>", Escaped(about));
        put!(svg, r##"<rect width="{width}" height="{height}" fill="#ffffff"/>"##);
        svg
    }

    pub(super) fn text(&mut self, x: f64, y: f64, size: f64, colour: &str, text: &str) {
        let (x, y, size) = (Short(x), Short(y), Short(size));
        put!(
            self,
            r#"<text x="{x}" y="{y}" font-size="{size}" fill="{colour}">{}</text>"#,
            Escaped(text)
        );
    }

    pub(super) fn line(&mut self, x1: f64, y1: f64, x2: f64, y2: f64, colour: &str) {
        let (x1, y1, x2, y2) = (Short(x1), Short(y1), Short(x2), Short(y2));
        put!(
            self,
            r#"<path d="M{x1} {y1}L{x2} {y2}" fill="none" stroke="{colour}"/>"#
        );
    }

    /// A box, with fill and stroke, that says something when it is pointed at.
    pub(super) fn rect(&mut self, at: (f64, f64), size: (f64, f64), colours: (&str, &str), about: &str) {
        let (x, y, width, height) = (Short(at.0), Short(at.1), Short(size.0), Short(size.1));
        let (fill, stroke) = colours;
        put!(
            self,
            r#"<rect x="{x}" y="{y}" width="{width}" height="{height}" rx="4" fill="{fill}" stroke="{stroke}"><title>{}</title></rect>"#,
            Escaped(about)
        );
    }

    /// An arrow that leaves and comes in level.
    pub(super) fn arrow(&mut self, from: (f64, f64), to: (f64, f64), way: Way, colour: &str, about: &str) {
        const HEAD: f64 = 5.0;
        let (x1, y1, x2, y2) = (Short(from.0), Short(from.1), Short(to.0 - HEAD), Short(to.1));
        let (out, into) = (Short(from.0 + way.bend), Short(to.0 - HEAD - way.bend));
        let (y3, y4) = (Short(from.1 + way.dip), Short(to.1 + way.dip));
        let (tip, above, below) = (Short(to.0), Short(to.1 - HEAD * 0.7), Short(to.1 + HEAD * 0.7));
        put!(
            self,
            r#"<g stroke="{colour}" fill="none"><title>{}</title><path d="M{x1} {y1}C{out} {y3} {into} {y4} {x2} {y2}" stroke-width="1.5"/><path d="M{tip} {y2}L{x2} {above}L{x2} {below}z" fill="{colour}"/></g>"#,
            Escaped(about)
        );
    }

    pub(super) fn close(mut self) -> String {
        self.0.push_str("</svg>\n");
        self.0
    }
}

/// A number with at most two decimals.
#[derive(Clone, Copy)]
struct Short(f64);

impl Display for Short {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        // Adding zero turns a negative zero into a positive one.
        write!(f, "{}", (self.0 * 100.0).round() / 100.0 + 0.0)
    }
}

/// Text of a recording: markup is escaped, and what XML does not allow is replaced.
struct Escaped<'a>(&'a str);

impl Display for Escaped<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        for letter in self.0.chars() {
            match letter {
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
    fn text_of_a_recording_cannot_become_markup() {
        let text = Escaped("<script>\"a\" & \u{1b}[31m\u{0}</script>").to_string();
        assert_eq!(
            text,
            "&lt;script&gt;&quot;a&quot; &amp; \u{fffd}[31m\u{fffd}&lt;/script&gt;"
        );
    }
}
