//! Values with a syntax of their own.

use std::str::FromStr;
use std::time::Duration;

/// A duration: `30`, `1.5`, `500ms`, `30s`, `5m`, `1h`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Seconds(pub(crate) Duration);

impl FromStr for Seconds {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (number, unit) = text.split_at(text.find(|c: char| c.is_ascii_alphabetic()).unwrap_or(text.len()));
        let scale = match unit {
            "ms" => 1e-3,
            "" | "s" => 1.0,
            "m" => 60.0,
            "h" => 3600.0,
            _ => return Err(format!("`{unit}` is no unit of time: use ms, s, m or h")),
        };
        let number: f64 = number
            .trim()
            .parse()
            .map_err(|_| "expected seconds, such as 30, 1.5 or 500ms".to_owned())?;
        Duration::try_from_secs_f64(number * scale)
            .map(Self)
            .map_err(|_| "a duration cannot be negative or endless".to_owned())
    }
}

/// A duration whose usual unit is the millisecond: `250`, `1.5s`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Milliseconds(pub(crate) Duration);

impl FromStr for Milliseconds {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let has_unit = text.contains(|c: char| c.is_ascii_alphabetic());
        let text = if has_unit { text.to_owned() } else { format!("{text}ms") };
        let parsed = text.parse().map(|Seconds(duration)| Self(duration));
        parsed.map_err(|problem| {
            problem.replace(
                "seconds, such as 30, 1.5 or 500ms",
                "milliseconds, such as 250, or 1.5s",
            )
        })
    }
}

/// A number of failures, or a share: `10`, `5%`, `0.05`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Threshold {
    Count(u64),
    Share(f64),
}

impl FromStr for Threshold {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        const EXPECTED: &str = "expected a number of requests, such as 10, or a share, such as 5% or 0.05";
        let share = |number: f64| {
            if (0.0..=1.0).contains(&number) {
                Ok(Self::Share(number))
            } else {
                Err(EXPECTED.to_owned())
            }
        };
        if let Some(percent) = text.strip_suffix('%') {
            return share(percent.trim().parse::<f64>().map_err(|_| EXPECTED.to_owned())? / 100.0);
        }
        match text.parse::<u64>() {
            Ok(count) => Ok(Self::Count(count)),
            Err(_) => share(text.parse().map_err(|_| EXPECTED.to_owned())?),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_units() {
        let parse = |text: &str| text.parse::<Seconds>().map(|seconds| seconds.0);
        assert_eq!(parse("30"), Ok(Duration::from_secs(30)));
        assert_eq!(parse("1.5"), Ok(Duration::from_millis(1500)));
        assert_eq!(parse("500ms"), Ok(Duration::from_millis(500)));
        assert_eq!(parse("2m"), Ok(Duration::from_secs(120)));
        for bad in ["", "s", "-1", "5d", "inf", "nan", "1e300"] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn milliseconds_may_have_another_unit() {
        let parse = |text: &str| text.parse::<Milliseconds>().map(|milliseconds| milliseconds.0);
        assert_eq!(parse("250"), Ok(Duration::from_millis(250)));
        assert_eq!(parse("0.5"), Ok(Duration::from_micros(500)));
        assert_eq!(parse("1.5s"), Ok(Duration::from_millis(1_500)));
        assert_eq!(parse("x1").unwrap_err(), "`x1` is no unit of time: use ms, s, m or h");
        assert_eq!(parse("-1").unwrap_err(), "a duration cannot be negative or endless");
        assert_eq!(parse("").unwrap_err(), "expected milliseconds, such as 250, or 1.5s");
    }

    #[test]
    fn thresholds_are_counts_or_shares() {
        assert_eq!("10".parse(), Ok(Threshold::Count(10)));
        assert_eq!("5%".parse(), Ok(Threshold::Share(0.05)));
        assert_eq!("0.5".parse(), Ok(Threshold::Share(0.5)));
        for bad in ["101%", "-1", "1.5", "x"] {
            assert!(bad.parse::<Threshold>().is_err(), "{bad}");
        }
    }
}
