//! Axes: the range of the data, where ticks stand, and what is written at them.

use super::number::grouped;

/// One axis of a panel.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Axis {
    /// What it shows, with its unit.
    pub(super) label: String,
    /// How values become places.
    pub(super) scale: Scale,
    /// The values at its two ends, of which the first is smaller.
    pub(super) range: (f64, f64),
}

/// How values become places on an axis.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Scale {
    /// Equal steps for equal differences.
    Linear,
    /// Equal steps for equal factors. The range is positive.
    Log,
    /// Seconds, with ticks at round seconds, minutes or hours.
    Time,
    /// One row for each text, the first at the top. The value of a row is its index.
    Rows(Vec<String>),
}

/// A place on an axis and its text.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Tick {
    pub(super) value: f64,
    pub(super) label: String,
}

impl Axis {
    /// A linear axis from zero to a round number that holds `max`.
    pub(super) fn from_zero(label: impl Into<String>, max: f64) -> Self {
        let max = if max > 0.0 { max } else { 1.0 };
        let step = step_at_least(max / 5.0);
        Self {
            label: label.into(),
            scale: Scale::Linear,
            range: (0.0, (max * 1.04 / step).ceil() * step),
        }
    }

    /// A logarithmic axis that holds every positive value of `values`, from one round number to another.
    pub(super) fn log(label: impl Into<String>, values: impl IntoIterator<Item = f64>) -> Self {
        let positive = values.into_iter().filter(|value| value.is_finite() && *value > 0.0);
        let (low, high) = positive.fold((f64::INFINITY, 0.0_f64), |(low, high), value| {
            (low.min(value), high.max(value))
        });
        let (low, high) = if low <= high { (low, high) } else { (1.0, 10.0) };
        let (low, high) = (low / 1.05, high * 1.05);
        // Within few decades 1, 2 and 5 would leave much of the panel empty.
        let factors: &[f64] = if high / low < NARROW { &FINE } else { &COARSE };
        Self {
            label: label.into(),
            scale: Scale::Log,
            range: (round_below(low, factors), round_above(high, factors)),
        }
    }

    /// The time of the run from `from` to `until`, in seconds.
    pub(super) fn run_time(from: f64, until: f64) -> Self {
        let until = if until > from { until } else { from + 1.0 };
        let unit = TimeUnit::for_length(until - from);
        Self {
            label: format!("time since the start of the run ({})", unit.name),
            scale: Scale::Time,
            range: (from, until),
        }
    }

    /// Rows with texts.
    pub(super) fn rows(label: impl Into<String>, rows: Vec<String>) -> Self {
        let last = rows.len().max(1) as f64;
        Self {
            label: label.into(),
            scale: Scale::Rows(rows),
            range: (-0.5, last - 0.5),
        }
    }

    /// Where a value lies, from 0 at the start of the axis to 1 at its end. Values outside of the range are moved to its ends.
    pub(super) fn place(&self, value: f64) -> f64 {
        let (low, high) = self.range;
        let share = match self.scale {
            Scale::Log => (value.max(f64::MIN_POSITIVE) / low).ln() / (high / low).ln(),
            Scale::Linear | Scale::Time | Scale::Rows(_) => (value - low) / (high - low),
        };
        share.clamp(0.0, 1.0)
    }

    /// About `count` ticks; the most that are round.
    pub(super) fn ticks(&self, count: usize) -> Vec<Tick> {
        match &self.scale {
            Scale::Linear => linear_ticks(self.range, count, 1.0),
            Scale::Log => log_ticks(self.range, count),
            Scale::Time => time_ticks(self.range, count),
            Scale::Rows(rows) => rows
                .iter()
                .enumerate()
                .map(|(row, label)| Tick {
                    value: row as f64,
                    label: label.clone(),
                })
                .collect(),
        }
    }
}

/// Round numbers of logarithmic axes, times a power of ten.
const COARSE: [f64; 3] = [1.0, 2.0, 5.0];
const MEDIUM: [f64; 5] = [1.0, 2.0, 3.0, 5.0, 7.0];
const FINE: [f64; 9] = [1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0];

/// Within a smaller factor even the finest of them are too few. It lies between quotients of round numbers.
const STEPPED: f64 = 2.45;

/// Data that spans a smaller factor has its axis end close to it.
const NARROW: f64 = 100.0;

/// The smallest of 1, 2 and 5 times a power of ten that is not below `least`.
pub(super) fn step_at_least(least: f64) -> f64 {
    round_above(least, &COARSE)
}

/// The smallest length of time that people call round and that is not below `least` seconds.
pub(super) fn round_time_at_least(least: f64) -> f64 {
    const ROUND: [f64; 8] = [60.0, 120.0, 300.0, 600.0, 900.0, 1_800.0, 3_600.0, 7_200.0];
    if least <= 50.0 {
        return step_at_least(least);
    }
    let round = ROUND.into_iter().find(|length| *length >= least);
    round.unwrap_or_else(|| step_at_least(least / 3_600.0) * 3_600.0)
}

fn round_above(value: f64, factors: &[f64]) -> f64 {
    let power = 10_f64.powf(value.log10().floor());
    let mut rounds = factors.iter().chain(&[10.0]).map(|factor| factor * power);
    rounds
        .find(|round| *round >= value * (1.0 - 1e-9))
        .unwrap_or(10.0 * power)
}

fn round_below(value: f64, factors: &[f64]) -> f64 {
    let power = 10_f64.powf(value.log10().floor());
    let mut rounds = factors.iter().rev().map(|factor| factor * power);
    rounds.find(|round| *round <= value * (1.0 + 1e-9)).unwrap_or(power)
}

/// Ticks at multiples of a round step, written in units of `unit`.
fn linear_ticks(range: (f64, f64), count: usize, unit: f64) -> Vec<Tick> {
    let (low, high) = (range.0 / unit, range.1 / unit);
    let step = step_at_least((high - low) / count.max(1) as f64);
    multiples(low, high, step, unit)
}

fn multiples(low: f64, high: f64, step: f64, unit: f64) -> Vec<Tick> {
    let decimals = (-step.log10().floor()).max(0.0) as usize;
    let first = (low / step - 1e-9).ceil() as i64;
    let last = (high / step + 1e-9).floor() as i64;
    (first..=last)
        .map(|multiple| {
            let value = multiple as f64 * step;
            Tick {
                value: value * unit,
                label: grouped(value, decimals),
            }
        })
        .collect()
}

/// Decades, with as many round numbers between them as there is room for. Ticks of a short range are equal differences apart.
fn log_ticks(range: (f64, f64), count: usize) -> Vec<Tick> {
    if range.1 / range.0 < STEPPED {
        // Equal differences lie closest at the upper end: the step that has room there has room everywhere.
        let closest = (range.0 / range.1).powf(1.0 / count.max(1) as f64);
        return multiples(range.0, range.1, step_at_least(range.1 * (1.0 - closest)), 1.0);
    }
    let decades = (range.1 / range.0).log10();
    let skip = (decades / count.max(1) as f64).ceil().max(1.0) as i32;
    let sets: [&[f64]; 4] = [&FINE, &MEDIUM, &COARSE, &[1.0]];
    let first = usize::from(decades > 1.0);
    let mut fitting = sets[first..].iter().map(|factors| log_ticks_at(range, (factors, skip)));
    if let Some(fitting) = fitting.find(|ticks| (2..=count + 1).contains(&ticks.len())) {
        return fitting;
    }
    let fine = log_ticks_at(range, (&FINE, skip));
    let every = fine.len().div_ceil(count.max(1));
    fine.into_iter().step_by(every).collect()
}

fn log_ticks_at(range: (f64, f64), (factors, skip): (&[f64], i32)) -> Vec<Tick> {
    let (first, last) = (range.0.log10().floor() as i32, range.1.log10().ceil() as i32);
    let within = |tick: &Tick| (range.0 * (1.0 - 1e-9)..=range.1 * (1.0 + 1e-9)).contains(&tick.value);
    let tick = |power: i32, factor: f64| Tick {
        value: factor * 10_f64.powi(power),
        label: grouped(
            factor * 10_f64.powi(power),
            (i32::from(factor.fract() > 0.0) - power).max(0) as usize,
        ),
    };
    (first..=last)
        .filter(|power| power.rem_euclid(skip) == 0)
        .flat_map(|power| factors.iter().map(move |factor| tick(power, *factor)))
        .filter(within)
        .collect()
}

/// The unit in which a stretch of time is written.
#[derive(Debug, Clone, Copy)]
struct TimeUnit {
    name: &'static str,
    secs: f64,
}

impl TimeUnit {
    fn for_length(secs: f64) -> Self {
        let (name, secs) = match secs {
            short if short <= 300.0 => ("s", 1.0),
            medium if medium <= 4.0 * 3_600.0 => ("min", 60.0),
            _ => ("h", 3_600.0),
        };
        Self { name, secs }
    }
}

fn time_ticks(range: (f64, f64), count: usize) -> Vec<Tick> {
    let unit = TimeUnit::for_length(range.1 - range.0);
    let (low, high) = (range.0 / unit.secs, range.1 / unit.secs);
    let least = (high - low) / count.max(1) as f64;
    let step = if unit.secs == 60.0 {
        [1.0, 2.0, 5.0, 10.0, 15.0, 30.0, 60.0]
            .into_iter()
            .find(|step| *step >= least)
            .unwrap_or(120.0)
    } else {
        step_at_least(least)
    };
    multiples(low, high, step, unit.secs)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn labels(axis: &Axis, count: usize) -> Vec<String> {
        axis.ticks(count).into_iter().map(|tick| tick.label).collect()
    }

    #[test]
    fn ticks_are_round_numbers() {
        assert_eq!(
            labels(&Axis::from_zero("req/s", 87.0), 5),
            ["0", "20", "40", "60", "80", "100"]
        );
        assert_eq!(
            labels(&Axis::from_zero("s", 0.43), 5),
            ["0.0", "0.1", "0.2", "0.3", "0.4", "0.5"]
        );
        assert_eq!(
            labels(&Axis::log("ms", [12.0, 1_900.0]), 8),
            ["10", "20", "50", "100", "200", "500", "1,000", "2,000"][..].to_vec()
        );
        assert_eq!(
            labels(&Axis::log("ms", [0.02, 9_000.0]), 6),
            ["0.01", "0.1", "1", "10", "100", "1,000", "10,000"]
        );
    }

    #[test]
    fn a_narrow_logarithmic_axis_ends_close_to_its_data() {
        let axis = Axis::log("ms", [27.0, 41.0]);
        assert_eq!(axis.range, (25.0, 50.0));
        assert_eq!(labels(&axis, 12), ["25", "30", "35", "40", "45", "50"]);
        assert_eq!(
            labels(&Axis::log("ms", [1.3, 6.0]), 12),
            ["1", "1.5", "2", "2.5", "3", "4", "5", "6", "8"]
        );
    }

    #[test]
    fn values_close_together_have_ticks_between_them() {
        assert_eq!(
            labels(&Axis::log("ms", [318.0, 352.0]), 14),
            [
                "300", "310", "320", "330", "340", "350", "360", "370", "380", "390", "400"
            ]
        );
        assert_eq!(
            labels(&Axis::log("ms", [0.16, 0.19]), 8),
            ["0.15", "0.16", "0.17", "0.18", "0.19", "0.20"]
        );
    }

    #[test]
    fn a_long_run_has_its_ticks_at_minutes_and_hours() {
        assert_eq!(
            labels(&Axis::run_time(0.0, 95.0), 10),
            ["0", "10", "20", "30", "40", "50", "60", "70", "80", "90"]
        );
        let half_an_hour = Axis::run_time(0.0, 1_800.0);
        assert_eq!(half_an_hour.label, "time since the start of the run (min)");
        assert_eq!(labels(&half_an_hour, 8), ["0", "5", "10", "15", "20", "25", "30"]);
        assert_eq!(
            labels(&Axis::run_time(0.0, 6.0 * 3_600.0), 6),
            ["0", "1", "2", "3", "4", "5", "6"]
        );
    }

    proptest! {
        #[test]
        fn ticks_are_few_distinct_and_within_the_range(low in -1e9_f64..1e9, length in 1e-6_f64..1e9, count in 2_usize..14) {
            let axis = Axis { label: String::new(), scale: Scale::Linear, range: (low, low + length.max(low.abs() * 1e-9)) };
            let ticks = axis.ticks(count);
            prop_assert!(ticks.len() <= count + 1, "{ticks:?}");
            for pair in ticks.windows(2) {
                prop_assert!(pair[0].value < pair[1].value);
                prop_assert!(pair[0].label != pair[1].label, "{pair:?}");
            }
            let slack = length * 1e-6;
            prop_assert!(ticks.iter().all(|tick| tick.value >= axis.range.0 - slack && tick.value <= axis.range.1 + slack));
        }

        #[test]
        fn a_logarithmic_axis_holds_its_data_and_has_three_ticks(values in prop::collection::vec(1e-6_f64..1e9, 1..20), count in 6_usize..14) {
            let axis = Axis::log("ms", values.iter().copied());
            for value in values {
                prop_assert!(axis.range.0 <= value && value <= axis.range.1, "{value} in {:?}", axis.range);
            }
            let ticks = axis.ticks(count);
            prop_assert!((3..=count + 3).contains(&ticks.len()), "{:?} {ticks:?}", axis.range);
        }

        #[test]
        fn a_narrow_logarithmic_axis_has_three_ticks(low in 1e-3_f64..1e4, factor in 1.0_f64..4.0, count in 6_usize..14) {
            let ticks = Axis::log("ms", [low, low * factor]).ticks(count);
            prop_assert!((3..=count + 3).contains(&ticks.len()), "{ticks:?}");
        }

        #[test]
        fn an_axis_from_zero_holds_its_data(max in 0.0_f64..1e12) {
            let axis = Axis::from_zero("tok/s", max);
            prop_assert!(axis.range.1 >= max && axis.range.1 <= (max * 1.6).max(1.6), "{max} {:?}", axis.range);
        }
    }
}
