//! Mean, highest and last of the values that a gauge had.

use serde::{Deserialize, Serialize};

use crate::distribution::to_seven_digits;

/// The values of a gauge over a time. Each sample weighs the same.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Spread {
    /// Mean.
    pub mean: f64,
    /// Highest.
    pub max: f64,
    /// Last.
    pub last: f64,
}

impl Spread {
    /// `None` without values.
    #[must_use]
    pub fn of(values: impl IntoIterator<Item = f64>) -> Option<Self> {
        let mut values = values.into_iter();
        let first = values.next()?;
        let (mut sum, mut count, mut max, mut last) = (first, 1_u32, first, first);
        for value in values {
            sum += value;
            count += 1;
            max = max.max(value);
            last = value;
        }
        Some(Self {
            mean: to_seven_digits(sum / f64::from(count)),
            max,
            last,
        })
    }
}
