//! A figure: what was measured, several times, and the bar that it should reach.

use std::fmt;

/// What several runs measured. Never empty.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Samples(Vec<f64>);

/// What a figure should be.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Bar {
    AtLeast(f64),
    AtMost(f64),
    /// Nobody has said: it is there to be known.
    Open,
}

/// A measured figure.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Figure {
    pub(crate) name: String,
    pub(crate) unit: &'static str,
    pub(crate) bar: Bar,
    pub(crate) samples: Samples,
}

/// The same work, done by loadspan and by another client in turn.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Comparison {
    pub(crate) figure: String,
    pub(crate) unit: &'static str,
    pub(crate) peer: &'static str,
    pub(crate) ours: Samples,
    pub(crate) theirs: Samples,
    /// Ours by theirs, round by round.
    pub(crate) ratios: Samples,
}

impl Samples {
    /// `None` without any.
    pub(crate) fn new(mut values: Vec<f64>) -> Option<Self> {
        values.sort_by(f64::total_cmp);
        (!values.is_empty()).then_some(Self(values))
    }

    pub(crate) fn median(&self) -> f64 {
        let middle = self.0.len() / 2;
        if self.0.len() % 2 == 1 {
            self.0[middle]
        } else {
            f64::midpoint(self.0[middle - 1], self.0[middle])
        }
    }

    pub(crate) fn min(&self) -> f64 {
        self.quantile(0.0)
    }

    pub(crate) fn max(&self) -> f64 {
        self.quantile(1.0)
    }

    /// The smallest value that a share of `q` of all values does not exceed.
    pub(crate) fn quantile(&self, q: f64) -> f64 {
        let rank = (q * self.0.len() as f64).ceil() as usize;
        self.0[rank.clamp(1, self.0.len()) - 1]
    }
}

/// The median, and the span when there was more than one run.
impl fmt::Display for Samples {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", Short(self.median()))?;
        if self.0.len() > 1 {
            write!(f, " ({}–{})", Short(self.min()), Short(self.max()))?;
        }
        Ok(())
    }
}

impl Figure {
    /// Whether the median reaches the bar.
    pub(crate) fn is_reached(&self) -> bool {
        match self.bar {
            Bar::AtLeast(bar) => self.samples.median() >= bar,
            Bar::AtMost(bar) => self.samples.median() <= bar,
            Bar::Open => true,
        }
    }

    /// How far the median lies on the wrong side of the bar, as a share of the bar.
    pub(crate) fn gap(&self) -> f64 {
        match self.bar {
            Bar::AtLeast(bar) => 1.0 - self.samples.median() / bar,
            Bar::AtMost(bar) => self.samples.median() / bar - 1.0,
            Bar::Open => 0.0,
        }
    }
}

impl fmt::Display for Bar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AtLeast(bar) => write!(f, "≥ {}", Short(*bar)),
            Self::AtMost(bar) => write!(f, "≤ {}", Short(*bar)),
            Self::Open => f.write_str("–"),
        }
    }
}

/// Three significant digits, or all of a whole number; thousands are set apart.
pub(crate) struct Short(pub(crate) f64);

impl fmt::Display for Short {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let value = self.0;
        if value.abs() >= 1_000.0 {
            return write_thousands(f, value.round());
        }
        let whole_digits = if value == 0.0 {
            1
        } else {
            value.abs().log10().floor() as i32 + 1
        };
        let decimals = usize::try_from(3 - whole_digits).unwrap_or_default().min(5);
        let text = format!("{value:.decimals$}");
        let trimmed = if text.contains('.') {
            text.trim_end_matches('0').trim_end_matches('.')
        } else {
            &text
        };
        f.write_str(trimmed)
    }
}

fn write_thousands(f: &mut fmt::Formatter<'_>, value: f64) -> fmt::Result {
    let digits = format!("{value:.0}");
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            f.write_str(",")?;
        }
        write!(f, "{digit}")?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn samples(values: &[f64]) -> Samples {
        Samples::new(values.to_vec()).unwrap()
    }

    #[test]
    fn the_median_of_an_even_number_lies_between_two() {
        assert_eq!(samples(&[4.0, 1.0, 3.0]).median(), 3.0);
        assert_eq!(samples(&[4.0, 1.0, 3.0, 2.0]).median(), 2.5);
        assert_eq!(Samples::new(Vec::new()), None);
    }

    #[test]
    fn quantiles_are_values_that_were_measured() {
        let hundred = samples(&(1..=100).map(f64::from).collect::<Vec<_>>());
        assert_eq!(hundred.quantile(0.5), 50.0);
        assert_eq!(hundred.quantile(0.99), 99.0);
        assert_eq!((hundred.min(), hundred.max()), (1.0, 100.0));
        assert_eq!(samples(&[7.0]).quantile(0.99), 7.0);
    }

    #[test]
    fn numbers_are_short() {
        let shown = [
            80_000.0,
            1_234_567.0,
            999.4,
            46.8,
            1.714,
            0.0125,
            0.004_56,
            0.0,
            2.0,
            200.0,
        ];
        let shown = shown.map(|value| Short(value).to_string()).join(" ");
        assert_eq!(shown, "80,000 1,234,567 999 46.8 1.71 0.0125 0.00456 0 2 200");
    }

    #[test]
    fn one_run_has_no_span() {
        assert_eq!(samples(&[1.5]).to_string(), "1.5");
        assert_eq!(samples(&[1.5, 1.0, 2.0]).to_string(), "1.5 (1–2)");
    }

    #[test]
    fn the_median_decides_and_the_bar_itself_counts() {
        let figure = |bar, values: &[f64]| Figure {
            name: "x".to_owned(),
            unit: "ms",
            bar,
            samples: samples(values),
        };
        assert!(figure(Bar::AtMost(2.0), &[1.0, 2.0, 9.0]).is_reached());
        assert!(figure(Bar::AtLeast(2.0), &[1.0, 2.0, 9.0]).is_reached());
        let missed = figure(Bar::AtLeast(100.0), &[75.0]);
        assert!(!missed.is_reached());
        assert_eq!(missed.gap(), 0.25);
        assert_eq!(figure(Bar::AtMost(2.0), &[3.0]).gap(), 0.5);
        assert!(figure(Bar::Open, &[3.0]).is_reached());
    }
}
