//! Times as protobuf's JSON has them: moments in RFC 3339, durations in seconds.

use jiff::Timestamp;

/// A moment, from milliseconds since 1970. Empty: no calendar has it.
pub(super) fn rfc3339(ms: i64) -> String {
    let digits = if ms % 1000 == 0 { 0 } else { 3 };
    Timestamp::from_millisecond(ms)
        .map(|time| format!("{time:.digits$}"))
        .unwrap_or_default()
}

/// Milliseconds since 1970 of a moment. `None`: it is none.
pub(super) fn milliseconds(rfc3339: &str) -> Option<i64> {
    rfc3339.parse().ok().map(|time: Timestamp| time.as_millisecond())
}

/// A duration such as `1.500s`.
pub(super) fn seconds(ms: i64) -> String {
    match (ms / 1000, ms % 1000) {
        (seconds, 0) => format!("{seconds}s"),
        (seconds, rest) => format!("{seconds}.{rest:03}s"),
    }
}

/// Milliseconds of a duration; one that goes backwards has none. `None`: it is no duration.
pub(super) fn milliseconds_of(seconds: &str) -> Option<i64> {
    /// What a duration of protobuf may be at most: 10,000 years.
    const MOST: f64 = 315_576_000_000.0;
    let seconds: f64 = seconds.strip_suffix('s')?.parse().ok()?;
    let seconds = (seconds.abs() <= MOST).then_some(seconds)?;
    #[expect(clippy::cast_possible_truncation, reason = "it is a whole number of moderate size")]
    Some((seconds * 1000.0).round().max(0.0) as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_have_milliseconds_if_they_need_them() {
        assert_eq!(rfc3339(1_700_000_000_000), "2023-11-14T22:13:20Z");
        assert_eq!(rfc3339(1_700_000_000_120), "2023-11-14T22:13:20.120Z");
        assert_eq!(rfc3339(i64::MAX), "");
        assert_eq!(milliseconds("2023-11-14T22:13:20.123456Z"), Some(1_700_000_000_123));
        assert_eq!(milliseconds("2023-11-14T23:13:20+01:00"), Some(1_700_000_000_000));
        assert_eq!(milliseconds("yesterday"), None);
    }

    #[test]
    fn durations_are_seconds() {
        assert_eq!(
            (seconds(1500), seconds(2000), seconds(7)),
            ("1.500s".to_owned(), "2s".to_owned(), "0.007s".to_owned())
        );
        assert_eq!(milliseconds_of("0.085s"), Some(85));
        assert_eq!(milliseconds_of("-1s"), Some(0));
        for text in ["", "1", "s", "infs", "NaNs", "1e300s"] {
            assert_eq!(milliseconds_of(text), None, "{text}");
        }
    }
}
