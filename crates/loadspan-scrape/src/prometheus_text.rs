//! The text exposition format of Prometheus, and what OpenMetrics adds to it.
//!
//! A parser of our own, because of those on crates.io one knows no colon in names, which is to say no metric of vLLM, and splits
//! label values at commas, and the strict one is LGPL. Types and help texts are skipped: the vocabulary knows what a name means.

use std::borrow::Cow;

use thiserror::Error;

/// Longest line. Help texts and label sets are far below it.
const MAX_LINE: usize = 64 << 10;

/// Most series of a page.
const MAX_SERIES: usize = 100_000;

/// One value of a page.
#[derive(Debug, Clone, PartialEq)]
pub struct Series<'a> {
    /// Its name, with `_bucket`, `_sum`, `_count` or `_total` where it has them.
    pub name: &'a str,
    /// Its labels, in the order of the page.
    pub labels: Vec<Label<'a>>,
    /// Its value. NaN and infinities are possible.
    pub value: f64,
}

/// Name and value of a label.
pub type Label<'a> = (&'a str, Cow<'a, str>);

/// Why a page is not in the text format.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum PrometheusTextError {
    /// It is no text.
    #[error("not UTF-8")]
    NotUtf8,
    /// A line does not fit the format. The page may be something else altogether.
    #[error("line {line} is not in Prometheus' text format: {what}")]
    Line {
        /// Number of the line, from 1.
        line: usize,
        /// What is wrong with it.
        what: &'static str,
    },
    /// There are too many.
    #[error("more than {MAX_SERIES} series")]
    TooManySeries,
}

/// The series of a page. Time stamps and exemplars are read over.
pub fn parse(page: &[u8]) -> Result<Vec<Series<'_>>, PrometheusTextError> {
    let text = std::str::from_utf8(page).map_err(|_| PrometheusTextError::NotUtf8)?;
    let mut series = Vec::new();
    for (number, line) in text.lines().enumerate() {
        if line == "# EOF" {
            break;
        }
        match parse_line(line) {
            Ok(None) => {}
            Ok(Some(_)) if series.len() == MAX_SERIES => return Err(PrometheusTextError::TooManySeries),
            Ok(Some(one)) => series.push(one),
            Err(what) => return Err(PrometheusTextError::Line { line: number + 1, what }),
        }
    }
    Ok(series)
}

/// `None` for blank lines and comments.
fn parse_line(line: &str) -> Result<Option<Series<'_>>, &'static str> {
    if line.len() > MAX_LINE {
        return Err("it is longer than 64 KiB");
    }
    let line = line.trim_matches(is_blank);
    if line.is_empty() || line.starts_with('#') {
        return Ok(None);
    }
    let (name, rest) = split_name(line, |c| is_name_char(c) || c == ':');
    if name.is_empty() {
        return Err("it does not begin with a name");
    }
    let rest = rest.trim_start_matches(is_blank);
    let (labels, rest) = match rest.strip_prefix('{') {
        Some(rest) => parse_labels(rest)?,
        None => (Vec::new(), rest),
    };
    let value = parse_value(rest)?;
    Ok(Some(Series { name, labels, value }))
}

/// What stands behind the `{`, to behind the `}`.
fn parse_labels(mut rest: &str) -> Result<(Vec<Label<'_>>, &str), &'static str> {
    let mut labels = Vec::new();
    loop {
        rest = rest.trim_start_matches(is_blank);
        if let Some(behind) = rest.strip_prefix('}') {
            return Ok((labels, behind));
        }
        let (name, behind) = split_name(rest, is_name_char);
        if name.is_empty() {
            return Err("a label has no name");
        }
        let quoted = behind
            .trim_start_matches(is_blank)
            .strip_prefix('=')
            .and_then(|behind| behind.trim_start_matches(is_blank).strip_prefix('"'))
            .ok_or("a label has no value")?;
        let (value, behind) = split_quoted(quoted).ok_or("a label's value has no end")?;
        labels.push((name, value));
        rest = behind.trim_start_matches(is_blank);
        rest = match rest.strip_prefix(',') {
            Some(behind) => behind,
            None if rest.starts_with('}') => rest,
            None => return Err("there is no comma between two labels"),
        };
    }
}

/// What stands before the closing quote, without its escapes, and what stands behind.
fn split_quoted(text: &str) -> Option<(Cow<'_, str>, &str)> {
    let mut escaped = false;
    let end = text.bytes().position(|byte| {
        let ends = byte == b'"' && !escaped;
        escaped = byte == b'\\' && !escaped;
        ends
    })?;
    let (value, behind) = (&text[..end], &text[end + 1..]);
    if value.contains('\\') {
        return Some((Cow::Owned(unescape(value)), behind));
    }
    Some((Cow::Borrowed(value), behind))
}

/// An escape that the format does not know stays as it is.
fn unescape(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        if character != '\\' {
            plain.push(character);
            continue;
        }
        match characters.next() {
            Some('n') => plain.push('\n'),
            Some(escaped @ ('\\' | '"')) => plain.push(escaped),
            Some(other) => plain.extend(['\\', other]),
            None => plain.push('\\'),
        }
    }
    plain
}

/// The value, behind which there may be a time stamp and an exemplar.
fn parse_value(text: &str) -> Result<f64, &'static str> {
    let (text, _exemplar) = text.split_once('#').unwrap_or((text, ""));
    let mut words = text.split(is_blank).filter(|word| !word.is_empty());
    let value = words.next().ok_or("it has no value")?;
    let value = value.parse().map_err(|_| "its value is not a number")?;
    if words.next().is_some_and(|stamp| stamp.parse::<f64>().is_err()) {
        return Err("its time stamp is not a number");
    }
    match words.next() {
        Some(_) => Err("there is more behind its time stamp"),
        None => Ok(value),
    }
}

/// The longest name at the start of a text. Empty when it begins otherwise.
fn split_name(text: &str, belongs: impl Fn(char) -> bool) -> (&str, &str) {
    let end = match text.chars().next() {
        Some(first) if first.is_ascii_digit() => 0,
        _ => text.find(|c| !belongs(c)).unwrap_or(text.len()),
    };
    text.split_at(end)
}

fn is_name_char(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

fn is_blank(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\r')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn one(line: &str) -> Series<'_> {
        let mut series = parse(line.as_bytes()).unwrap();
        assert_eq!(series.len(), 1, "{line}");
        series.remove(0)
    }

    fn wrong(page: &str) -> String {
        parse(page.as_bytes()).unwrap_err().to_string()
    }

    #[test]
    fn a_line_of_vllm_is_read() {
        let series = one("vllm:num_requests_running{engine=\"0\",model_name=\"meta/llama, {8B}\"} 3.0");
        assert_eq!((series.name, series.value), ("vllm:num_requests_running", 3.0));
        assert_eq!(series.labels[1], ("model_name", "meta/llama, {8B}".into()));
    }

    #[test]
    fn help_and_types_and_blank_lines_are_read_over() {
        let page =
            "# HELP a Text with \"quotes\" {and} braces\n# TYPE a gauge\n\n  \na 1\r\n#\n# EOF\nnot read any more {{";
        assert_eq!(one(page).name, "a");
    }

    #[test]
    fn escapes_in_labels_are_undone() {
        let series = one(r#"a{path="C:\\dir\"x\"\n\t",b="",} 1"#);
        assert_eq!(series.labels[0].1, "C:\\dir\"x\"\n\\t");
        assert_eq!(series.labels[1].1, "");
    }

    #[test]
    fn numbers_may_be_infinite_or_none() {
        assert_eq!(one("a +Inf").value, f64::INFINITY);
        assert_eq!(one("a -Inf").value, f64::NEG_INFINITY);
        assert!(one("a NaN").value.is_nan());
        assert_eq!(one("a 1.7560473e+07").value, 17_560_473.0);
    }

    #[test]
    fn time_stamps_and_exemplars_are_read_over() {
        assert_eq!(one("a 2 1395066363000").value, 2.0);
        assert_eq!(one("a{} 2 1395066363.5").value, 2.0);
        assert_eq!(
            one("a_bucket{le=\"1\"} 2 # {trace_id=\"x\"} 0.67 1395066363.5").value,
            2.0
        );
    }

    #[test]
    fn what_is_no_metrics_page_is_an_error_with_its_line() {
        assert_eq!(
            wrong("<!doctype html>"),
            "line 1 is not in Prometheus' text format: it does not begin with a name"
        );
        for page in [
            "[]",
            "a",
            "a{",
            "a{b} 1",
            "a{b=\"c} 1",
            "a{b=\"c\" d=\"e\"} 1",
            "a x",
            "a 1 x",
            "a 1 2 3",
            "9a 1",
        ] {
            assert!(wrong(page).starts_with("line 1 "), "{page}");
        }
        assert!(wrong("a 1\nb").starts_with("line 2 "));
        assert_eq!(parse(b"a{b=\"\xff\"} 1"), Err(PrometheusTextError::NotUtf8));
    }

    #[test]
    fn lines_and_pages_have_limits() {
        assert!(wrong(&format!("a{{b=\"{}\"}} 1", "x".repeat(MAX_LINE))).contains("64 KiB"));
        assert_eq!(wrong(&"a 1\n".repeat(MAX_SERIES + 1)), "more than 100000 series");
        assert!(parse("a 1\n".repeat(MAX_SERIES).as_bytes()).is_ok());
    }

    proptest! {
        #[test]
        fn any_bytes_are_series_or_an_error(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            let _ = parse(&bytes);
        }

        #[test]
        fn any_text_made_of_the_format_s_own_characters_is_series_or_an_error(text in "[a:0\\{\\}=\",\\\\ \n#.+é]{0,80}") {
            let _ = parse(text.as_bytes());
        }

        #[test]
        fn what_is_written_is_read(label in "[ -~]{0,20}", value in -1e12_f64..1e12) {
            let escaped = label.replace('\\', "\\\\").replace('"', "\\\"");
            let line = format!("name:x{{l=\"{escaped}\"}} {value}");
            let series = parse(line.as_bytes()).unwrap();
            prop_assert_eq!(series[0].labels[0].1.as_ref(), label.as_str());
            prop_assert_eq!(series[0].value, value);
        }
    }
}
