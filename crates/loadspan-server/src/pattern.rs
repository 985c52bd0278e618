//! Patterns of `LIKE`, `ILIKE` and `RLIKE`: `%` is any text, `_` any character. A backslash before one of the two, or before another
//! backslash, takes their meaning away; before anything else it is a backslash, so that Windows paths need no thought.

use regex::{Regex, RegexBuilder};

/// Whether upper and lower case are the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Case {
    Kept,
    Folded,
}

/// Memory of a compiled expression. A client that needs more is told so.
const EXPRESSION_BYTES: usize = 1 << 20;

/// A part of a pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    AnyText,
    AnyChar,
    Char(char),
}

/// The pattern for `LIKE … ESCAPE '\'`.
pub(crate) fn escaped(pattern: &str) -> String {
    let mut escaped = String::with_capacity(pattern.len());
    for part in parts(pattern) {
        match part {
            Part::AnyText => escaped.push('%'),
            Part::AnyChar => escaped.push('_'),
            Part::Char(char) => {
                if matches!(char, '%' | '_' | '\\') {
                    escaped.push('\\');
                }
                escaped.push(char);
            }
        }
    }
    escaped
}

/// The pattern as a regular expression.
pub(crate) fn expression(pattern: &str, case: Case) -> Result<Regex, String> {
    let parts: Vec<Part> = parts(pattern).collect();
    let begins_open = parts.first() == Some(&Part::AnyText);
    let ends_open = parts.last() == Some(&Part::AnyText);
    let inner = match (begins_open, ends_open, parts.len()) {
        (true, true, 1) => &[],
        _ => &parts[usize::from(begins_open)..parts.len() - usize::from(ends_open)],
    };
    // Open ends are left out: a search for plain text within a text is much faster than a match from its beginning.
    let mut written = String::from(if begins_open { "" } else { r"\A" });
    for part in inner {
        match part {
            Part::AnyText => written.push_str(".*"),
            Part::AnyChar => written.push('.'),
            Part::Char(char) => written.push_str(&regex::escape(char.encode_utf8(&mut [0; 4]))),
        }
    }
    written.push_str(if ends_open { "" } else { r"\z" });
    build(RegexBuilder::new(&written).dot_matches_new_line(true), case)
}

/// A regular expression, found anywhere in a text.
pub(crate) fn regular(pattern: &str) -> Result<Regex, String> {
    build(&mut RegexBuilder::new(pattern), Case::Kept)
}

fn build(builder: &mut RegexBuilder, case: Case) -> Result<Regex, String> {
    let built = builder
        .size_limit(EXPRESSION_BYTES)
        .case_insensitive(case == Case::Folded)
        .build();
    built.map_err(|error| match error {
        regex::Error::CompiledTooBig(_) => "the pattern is too large".to_owned(),
        _ => "Invalid regular expression".to_owned(),
    })
}

fn parts(pattern: &str) -> impl Iterator<Item = Part> {
    let mut chars = pattern.chars().peekable();
    std::iter::from_fn(move || {
        Some(match chars.next()? {
            '%' => Part::AnyText,
            '_' => Part::AnyChar,
            '\\' => Part::Char(chars.next_if(|next| matches!(next, '%' | '_' | '\\')).unwrap_or('\\')),
            char => Part::Char(char),
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn like(text: &str, pattern: &str) -> bool {
        expression(pattern, Case::Kept).expect("a pattern").is_match(text)
    }

    #[test]
    fn percent_is_any_text_and_underscore_any_character() {
        for (text, pattern) in [
            ("abc", "a%"),
            ("abc", "%c"),
            ("abc", "%b%"),
            ("abc", "a_c"),
            ("", "%"),
            ("a\nb", "a%b"),
        ] {
            assert!(like(text, pattern), "{text:?} is like {pattern:?}");
        }
        for (text, pattern) in [
            ("abc", "b%"),
            ("abc", "%b"),
            ("abc", "a_"),
            ("abc", "ABC"),
            ("abc", ""),
            ("ac", "a_c"),
        ] {
            assert!(!like(text, pattern), "{text:?} is not like {pattern:?}");
        }
    }

    #[test]
    fn a_backslash_takes_the_meaning_away() {
        assert!(like("100%", r"100\%"));
        assert!(!like("1000", r"100\%"));
        assert!(like(r"C:\dir\x", r"C:\dir%"));
        assert_eq!(escaped(r"C:\dir_\%%"), r"C:\\dir_\%%");
    }

    #[test]
    fn what_is_special_in_expressions_is_not_in_patterns() {
        assert!(like("a.b(c)[d]*", "a.b(c)[d]*"));
        assert!(!like("axb(c)[d]*", "a.b(c)[d]*"));
    }

    #[test]
    fn a_huge_expression_is_refused() {
        assert_eq!(regular("(a{1000}){1000}").unwrap_err(), "the pattern is too large");
    }
}
