//! The typeface: how wide a text is, and the outlines of its glyphs.
//!
//! Noto Sans under the SIL Open Font License 1.1, from the crate `notosans`. PNGs are drawn from it; SVGs name it first and
//! carry the measured width of each text, so that a viewer with another typeface keeps to the layout.

use std::sync::LazyLock;

use ttf_parser::{Face, GlyphId, OutlineBuilder};

/// How heavy a text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Weight {
    Regular,
    Bold,
}

static REGULAR: LazyLock<Face<'static>> =
    LazyLock::new(|| Face::parse(notosans::REGULAR_TTF, 0).expect("the embedded typeface is whole"));
static BOLD: LazyLock<Face<'static>> =
    LazyLock::new(|| Face::parse(notosans::BOLD_TTF, 0).expect("the embedded typeface is whole"));

/// A size, a weight.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Font {
    pub(super) size: f64,
    pub(super) weight: Weight,
}

impl Font {
    pub(super) const TITLE: Self = Self::bold(21.0);
    pub(super) const SUBTITLE: Self = Self::regular(14.0);
    pub(super) const PANEL: Self = Self::bold(13.0);
    pub(super) const LABEL: Self = Self::regular(13.0);
    pub(super) const AXIS: Self = Self::regular(12.0);
    pub(super) const CAPTION: Self = Self::regular(12.0);

    const fn regular(size: f64) -> Self {
        Self {
            size,
            weight: Weight::Regular,
        }
    }

    const fn bold(size: f64) -> Self {
        Self {
            size,
            weight: Weight::Bold,
        }
    }

    fn face(self) -> &'static Face<'static> {
        match self.weight {
            Weight::Regular => &REGULAR,
            Weight::Bold => &BOLD,
        }
    }

    /// The size of one unit of the typeface.
    pub(super) fn units(self) -> f64 {
        self.size / f64::from(self.face().units_per_em())
    }

    /// The width of a text.
    pub(super) fn width(self, text: &str) -> f64 {
        let face = self.face();
        let advances = text.chars().map(|character| advance(face, glyph(face, character)));
        advances.sum::<f64>() * self.units()
    }

    /// The text, or as much of its beginning as fits into `width`, with an ellipsis.
    pub(super) fn fit(self, text: &str, width: f64) -> String {
        if self.width(text) <= width {
            return text.to_owned();
        }
        let room = width - self.width("…");
        let mut used = 0.0;
        let kept: String = text
            .chars()
            .take_while(|character| {
                used += self.width(character.encode_utf8(&mut [0; 4]));
                used <= room
            })
            .collect();
        format!("{}…", kept.trim_end())
    }

    /// The text, or as much of its beginning and its end as fits into `width`: names that begin alike stay apart.
    pub(super) fn fit_ends(self, text: &str, width: f64) -> String {
        if self.width(text) <= width {
            return text.to_owned();
        }
        let half = (width - self.width("…")) / 2.0;
        let within = |characters: &mut dyn Iterator<Item = char>| -> Vec<char> {
            let mut used = 0.0;
            let kept = characters.take_while(|character| {
                used += self.width(character.encode_utf8(&mut [0; 4]));
                used <= half
            });
            kept.collect()
        };
        let begin: String = within(&mut text.chars()).into_iter().collect();
        let end: String = within(&mut text.chars().rev()).into_iter().rev().collect();
        format!("{}…{}", begin.trim_end(), end.trim_start())
    }

    /// The text in lines that fit into `width`. Words that are wider are shortened.
    pub(super) fn wrap(self, text: &str, width: f64) -> Vec<String> {
        let mut lines: Vec<String> = Vec::new();
        for word in text.split_whitespace() {
            match lines.last_mut() {
                Some(line) if self.width(line) + self.width(" ") + self.width(word) <= width => {
                    line.push(' ');
                    line.push_str(word);
                }
                _ => lines.push(self.fit(word, width)),
            }
        }
        lines
    }

    /// The glyphs of a text, each with the distance of its origin from the start of the text.
    pub(super) fn glyphs(self, text: &str) -> impl Iterator<Item = (GlyphId, f64)> {
        let (face, units) = (self.face(), self.units());
        text.chars().scan(0.0, move |along, character| {
            let (id, origin) = (glyph(face, character), *along);
            *along += advance(face, id) * units;
            Some((id, origin))
        })
    }

    /// Draws a glyph in the units of the typeface.
    pub(super) fn outline(self, glyph: GlyphId, builder: &mut dyn OutlineBuilder) {
        self.face().outline_glyph(glyph, builder);
    }
}

/// The glyph of a character; that of the replacement for those that the typeface lacks.
fn glyph(face: &Face<'_>, character: char) -> GlyphId {
    face.glyph_index(character).unwrap_or(GlyphId(0))
}

fn advance(face: &Face<'_>, glyph: GlyphId) -> f64 {
    face.glyph_hor_advance(glyph).map_or(0.0, f64::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_as_wide_as_its_letters() {
        let font = Font::LABEL;
        assert!(font.width("wide") > font.width("ill"));
        assert!((font.width("ab") - font.width("a") - font.width("b")).abs() < 1e-9);
        assert_eq!(font.width(""), 0.0);
        assert!(Font::PANEL.width("time") > font.width("time"), "bold is wider");
    }

    #[test]
    fn digits_are_of_one_width() {
        let widths = ('0'..='9').map(|digit| Font::AXIS.width(&digit.to_string()));
        assert!(
            widths
                .into_iter()
                .all(|width| (width - Font::AXIS.width("0")).abs() < 1e-9)
        );
    }

    #[test]
    fn a_long_text_is_cut_or_wrapped_to_fit() {
        let (font, text) = (
            Font::CAPTION,
            "a-very-long-model-name/with-a-very-long-path at 64 concurrent",
        );
        for width in [30.0, 120.0, 200.0] {
            assert!(font.width(&font.fit(text, width)) <= width);
            assert!(font.wrap(text, width).iter().all(|line| font.width(line) <= width));
        }
        assert_eq!(font.fit(text, 1e4), text);
        assert_eq!(font.wrap(text, 1e4).join(" "), text);
    }

    #[test]
    fn every_character_that_the_charts_write_has_a_glyph() {
        for character in "µ·–—…−≤×%°/→".chars() {
            assert!(REGULAR.glyph_index(character).is_some(), "{character}");
        }
    }
}
