//! Numbers and times in a table.

use super::super::inference_perf::moment;

/// What numbers are that are times.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unit {
    Seconds,
    Milliseconds,
}

/// A whole number, which some programs write with a point.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "it is whole and in range"
)]
pub(super) fn count(text: &str) -> Result<u64, String> {
    let text = text.trim();
    text.parse().or_else(|_| match text.parse::<f64>() {
        Ok(number) if number.fract() == 0.0 && (0.0..1e15).contains(&number) => Ok(number as u64),
        _ => Err(format!("{text:?} is no number of tokens")),
    })
}

/// Nanoseconds: of a number since whenever, of a moment since 1970.
#[expect(clippy::cast_possible_truncation, reason = "it is in range")]
pub(super) fn time_of(text: &str, unit: Unit) -> Result<i64, String> {
    let text = text.trim();
    let wrong = || format!("{text:?} is no time");
    let Ok(number) = text.parse::<f64>() else {
        return moment(text)
            .and_then(|nanos| i64::try_from(nanos).ok())
            .ok_or_else(wrong);
    };
    let nanos = match unit {
        Unit::Seconds => 1e9,
        Unit::Milliseconds => 1e6,
    };
    // Whole and fraction apart, so that neither loses digits to the other.
    let (whole, fraction) = (number.trunc(), number.fract());
    if !(0.0..9e18).contains(&(number * nanos)) {
        return Err(wrong());
    }
    Ok(whole as i64 * nanos as i64 + (fraction * nanos).round() as i64)
}
