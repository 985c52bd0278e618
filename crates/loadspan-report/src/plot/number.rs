//! Numbers and units in pictures.

use crate::number;
pub(super) use crate::number::counted;

/// With commas between thousands and a true minus, and exactly `decimals` decimals. What shows only zeros has no sign.
pub(super) fn grouped(value: f64, decimals: usize) -> String {
    let text = number::grouped(value, decimals);
    match text.strip_prefix('-') {
        Some(digits) if digits.bytes().any(|byte| (b'1'..=b'9').contains(&byte)) => format!("\u{2212}{digits}"),
        Some(digits) => digits.to_owned(),
        None => text,
    }
}

/// About three digits that mean something.
pub(super) fn number(value: f64) -> String {
    let decimals = match value.abs() {
        0.0 => 0,
        size if size >= 100.0 => 0,
        size if size >= 10.0 => 1,
        size if size >= 1.0 => 2,
        _ => 3,
    };
    grouped(value, decimals)
}

/// A number as people write it: whole ones without decimals.
pub(super) fn plain(value: f64) -> String {
    if value.fract() == 0.0 {
        grouped(value, 0)
    } else {
        number(value)
    }
}

/// The unit in which a chart shows its latencies, which are kept in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct LatencyUnit {
    /// `µs`, `ms` or `s`.
    pub(super) name: &'static str,
    per_ms: f64,
}

impl LatencyUnit {
    /// The one in which a typical value has few digits.
    pub(super) fn for_typical_ms(typical: f64) -> Self {
        match typical {
            small if small < 0.5 => Self {
                name: "µs",
                per_ms: 1e3,
            },
            large if large >= 5_000.0 => Self {
                name: "s",
                per_ms: 1e-3,
            },
            _ => Self {
                name: "ms",
                per_ms: 1.0,
            },
        }
    }

    pub(super) fn of_ms(self, ms: f64) -> f64 {
        ms * self.per_ms
    }

    /// `412 ms`
    pub(super) fn label_ms(self, ms: f64) -> String {
        format!("{} {}", number(self.of_ms(ms)), self.name)
    }

    /// The same of a limit that somebody chose.
    pub(super) fn label_limit_ms(self, ms: f64) -> String {
        format!("{} {}", plain(self.of_ms(ms)), self.name)
    }
}

/// `500 ms`, `1 s`, `2 min`, `256 s`
pub(super) fn round_length(secs: f64) -> String {
    let (value, unit) = match secs {
        whole if whole >= 60.0 && whole % 60.0 == 0.0 => (whole / 60.0, "min"),
        short if short < 1.0 => (short * 1e3, "ms"),
        _ => (secs, "s"),
    };
    format!("{} {unit}", (value * 1e3).round() / 1e3)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_about_three_digits_and_no_negative_zero() {
        assert_eq!(
            [0.0, 0.0421, 1.234, 20.44, 1_234_567.0, -0.0001, -12.3].map(number),
            ["0", "0.042", "1.23", "20.4", "1,234,567", "0.000", "\u{2212}12.3"]
        );
    }

    #[test]
    fn a_chart_has_the_unit_of_its_typical_value() {
        let labels = [0.04, 12.0, 800.0, 9_000.0].map(|ms| LatencyUnit::for_typical_ms(ms).label_ms(ms));
        assert_eq!(labels, ["40.0 µs", "12.0 ms", "800 ms", "9.00 s"]);
        assert_eq!(
            [0.5, 2.0, 120.0, 256.0].map(round_length),
            ["500 ms", "2 s", "2 min", "256 s"]
        );
    }
}
