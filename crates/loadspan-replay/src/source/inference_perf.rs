//! `{"spans": [...]}` with times in ISO 8601, as inference-perf reads them: one such object, or one a line.

use std::io::BufRead;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::budget::{self, BUDGET, too_heavy};
use super::documents;
use super::problem::{Problems, SourceError, json_reason};
use super::spans::SpanRecord;

/// Spans are parsed one at a time: as values, all of a document would take many times its length.
#[derive(Deserialize)]
struct Document<'a> {
    #[serde(borrow)]
    spans: Vec<&'a RawValue>,
}

#[derive(Deserialize)]
struct Span {
    span_id: String,
    #[serde(default)]
    trace_id: String,
    #[serde(alias = "parent_id")]
    parent_span_id: Option<String>,
    #[serde(default)]
    name: String,
    start_time: Value,
    #[serde(default)]
    end_time: Value,
    #[serde(default)]
    status: Value,
    #[serde(default)]
    attributes: Map<String, Value>,
    #[serde(default)]
    links: Vec<Value>,
}

pub(super) fn read<R: BufRead>(
    reader: R,
    problems: &mut Problems,
    mut take: impl FnMut(SpanRecord) -> Result<(), SourceError>,
) -> Result<(), SourceError> {
    documents::each(reader, problems, |line, text, problems| {
        let document: Document<'_> = match serde_json::from_slice(text) {
            Ok(document) => document,
            Err(error) => {
                let within = error.line().saturating_sub(1) as u64;
                return problems.line(line + within, json_reason(&error));
            }
        };
        for (place, span) in document.spans.into_iter().enumerate() {
            match record(span) {
                Ok(span) => take(span)?,
                Err(reason) => problems.line(line, format!("span {}: {reason}", place + 1))?,
            }
        }
        Ok(())
    })
}

fn record(span: &RawValue) -> Result<SpanRecord, String> {
    if budget::of_json(span.get()) > BUDGET {
        return Err(too_heavy());
    }
    // A value first: what is wrong with its content has no place in the line.
    let span: Value = serde_json::from_str(span.get()).map_err(|error| error.to_string())?;
    let span = Span::deserialize(span).map_err(|error| error.to_string())?;
    let start_ns = time(&span.start_time).ok_or("start_time is no time")?;
    let end_ns = match &span.end_time {
        Value::Null => start_ns,
        other => time(other).ok_or("end_time is no time")?,
    };
    let id_of = |link: &Value, name: &str| {
        let place = link.get(name).or_else(|| link.get("context")?.get(name));
        place.and_then(Value::as_str).map(str::to_owned)
    };
    let links = span.links.iter().filter_map(|link| {
        let trace = id_of(link, "trace_id").unwrap_or_else(|| span.trace_id.clone());
        Some((trace, id_of(link, "span_id")?))
    });
    Ok(SpanRecord {
        links: links.collect(),
        trace: span.trace_id,
        id: span.span_id,
        parent: span.parent_span_id.filter(|id| !id.is_empty()),
        name: span.name,
        start_ns,
        end_ns,
        failed: has_failed(&span.status),
        attributes: span.attributes,
    })
}

fn has_failed(status: &Value) -> bool {
    let code = status
        .get("code")
        .or_else(|| status.get("status_code"))
        .unwrap_or(status);
    code == 2 || code.as_str().is_some_and(|code| code.ends_with("ERROR"))
}

/// A moment with an offset, or without one, which is taken as UTC; or nanoseconds since 1970.
fn time(value: &Value) -> Option<u64> {
    if let Some(nanos) = value.as_u64() {
        return Some(nanos);
    }
    let text = value.as_str()?.trim();
    moment(text).or_else(|| text.parse().ok()).filter(|nanos| *nanos > 0)
}

/// Nanoseconds since 1970.
pub(super) fn moment(text: &str) -> Option<u64> {
    let stamp = match text.parse::<Timestamp>() {
        Ok(stamp) => stamp,
        Err(_) => {
            let civil: DateTime = text.parse().ok()?;
            civil.to_zoned(TimeZone::UTC).ok()?.timestamp()
        }
    };
    u64::try_from(stamp.as_nanosecond()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_read_to_the_nanosecond() {
        assert_eq!(moment("1970-01-01T00:00:01.000000002Z"), Some(1_000_000_002));
        assert_eq!(moment("1970-01-01T01:00:01+01:00"), Some(1_000_000_000));
        assert_eq!(moment("1970-01-01 00:00:01.5"), Some(1_500_000_000));
        // Azure's has seven digits.
        assert_eq!(moment("2023-11-16 18:15:46.6805900"), Some(1_700_158_546_680_590_000));
        assert_eq!(
            moment("2024-05-10 00:00:00.009930+00:00"),
            Some(1_715_299_200_009_930_000)
        );
        for wrong in ["", "yesterday", "12", "1969-01-01T00:00:00Z"] {
            assert_eq!(moment(wrong), None, "{wrong}");
        }
    }
}
