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

/// Nanoseconds of a trace, from the milliseconds that it took, and its first and last moment. A client's word is in whole milliseconds:
/// what spans say counts as long as it is the same but for what was rounded away.
pub(super) fn nanoseconds(ms: Option<i64>, (start_ns, end_ns): (i64, Option<i64>)) -> Option<i64> {
    const NS_PER_MS: i64 = 1_000_000;
    let said = ms?.saturating_mul(NS_PER_MS);
    let seen = end_ns.map(|end| end.saturating_sub(start_ns));
    let is_same = |seen: &i64| said.abs_diff(*seen) < NS_PER_MS.unsigned_abs();
    Some(seen.filter(is_same).unwrap_or(said))
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
    fn nanoseconds_are_those_of_the_spans_unless_the_client_says_something_else() {
        assert_eq!(nanoseconds(Some(1), (10, Some(1_999_999))), Some(1_999_989));
        assert_eq!(
            nanoseconds(Some(2), (10, Some(1_600_010))),
            Some(1_600_000),
            "rounded up"
        );
        assert_eq!(nanoseconds(Some(5), (10, Some(1_600_010))), Some(5_000_000));
        assert_eq!(nanoseconds(Some(5), (10, None)), Some(5_000_000));
        assert_eq!(nanoseconds(Some(0), (10, Some(10))), Some(0));
        assert_eq!(nanoseconds(None, (10, Some(20))), None, "nothing has ended");
        assert_eq!(nanoseconds(Some(i64::MAX), (i64::MIN, Some(i64::MAX))), Some(i64::MAX));
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
