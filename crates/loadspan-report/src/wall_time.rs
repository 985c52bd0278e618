//! Dates of the wall clock, in UTC.

/// A moment of the wall clock, taken apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct WallTime {
    year: u64,
    month: u64,
    day: u64,
    hour: u64,
    minute: u64,
    second: u64,
    nanos: u64,
}

impl WallTime {
    /// From nanoseconds since 1970.
    pub(crate) fn from_unix_ns(unix_ns: u64) -> Self {
        let (secs, nanos) = (unix_ns / 1_000_000_000, unix_ns % 1_000_000_000);
        let (year, month, day) = date_of_day(secs / 86_400);
        Self {
            year,
            month,
            day,
            hour: secs / 3_600 % 24,
            minute: secs / 60 % 60,
            second: secs % 60,
            nanos,
        }
    }

    /// `2026-05-04T03:02:01.123456+00:00`
    pub(crate) fn iso(self) -> String {
        let Self {
            year,
            month,
            day,
            hour,
            minute,
            second,
            nanos,
        } = self;
        format!(
            "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{:06}+00:00",
            nanos / 1_000
        )
    }

    /// `2026-05-04 03:02:01 UTC`
    pub(crate) fn readable(self) -> String {
        let Self {
            year,
            month,
            day,
            hour,
            minute,
            second,
            ..
        } = self;
        format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02} UTC")
    }

    /// `20260504-030201`
    pub(crate) fn compact(self) -> String {
        let Self {
            year,
            month,
            day,
            hour,
            minute,
            second,
            ..
        } = self;
        format!("{year:04}{month:02}{day:02}-{hour:02}{minute:02}{second:02}")
    }
}

/// The date of a day counted from 1970-01-01, in the Gregorian calendar.
///
/// Days are counted from 1 March of the year 0 instead, so that a leap day is the last of its year; an era is the 400 years
/// after which the calendar repeats.
fn date_of_day(day_since_1970: u64) -> (u64, u64, u64) {
    const DAYS_OF_ERA: u64 = 146_097;
    let days = day_since_1970 + 719_468;
    let (era, day_of_era) = (days / DAYS_OF_ERA, days % DAYS_OF_ERA);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let months_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * months_from_march + 2) / 5 + 1;
    let month = if months_from_march < 10 {
        months_from_march + 3
    } else {
        months_from_march - 9
    };
    (era * 400 + year_of_era + u64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn iso(secs: u64) -> String {
        WallTime::from_unix_ns(secs * 1_000_000_000).iso()
    }

    #[test]
    fn known_moments_have_their_dates() {
        assert_eq!(iso(0), "1970-01-01T00:00:00.000000+00:00");
        assert_eq!(iso(951_782_400), "2000-02-29T00:00:00.000000+00:00");
        assert_eq!(iso(1_709_251_199), "2024-02-29T23:59:59.000000+00:00");
        assert_eq!(iso(1_709_251_200), "2024-03-01T00:00:00.000000+00:00");
        assert_eq!(iso(4_107_542_399), "2100-02-28T23:59:59.000000+00:00");
        assert_eq!(iso(4_107_542_400), "2100-03-01T00:00:00.000000+00:00");
        assert_eq!(
            WallTime::from_unix_ns(1_700_000_000_000_000_000).compact(),
            "20231114-221320"
        );
        assert_eq!(
            WallTime::from_unix_ns(1_700_000_000_000_000_000).readable(),
            "2023-11-14 22:13:20 UTC"
        );
    }

    #[test]
    fn days_follow_each_other() {
        let mut last = (0, 0, 0);
        for day in 0..200_000 {
            let date = date_of_day(day);
            assert!(
                date > last && (1..=12).contains(&date.1) && (1..=31).contains(&date.2),
                "{last:?} {date:?}"
            );
            last = date;
        }
    }

    #[test]
    fn the_end_of_time_is_no_panic() {
        assert!(WallTime::from_unix_ns(u64::MAX).iso().starts_with("2554-"));
    }
}
