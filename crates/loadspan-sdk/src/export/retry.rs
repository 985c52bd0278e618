//! How long to wait before trying again.

use std::time::Duration;

use opentelemetry_sdk::trace::{IdGenerator, RandomIdGenerator};

/// Ceiling of the first wait; it doubles with each failure.
const FIRST_WAIT: Duration = Duration::from_millis(200);
const LONGEST_WAIT: Duration = Duration::from_secs(5);
/// A backend that asks for more than this does not get it.
const LONGEST_WISH: Duration = Duration::from_secs(30);

/// The wait after so many failures in a row: spread below a ceiling, so that many clients do not come back together. A wish of the
/// backend is honoured as it is.
pub(crate) fn wait_after(failures: u32, wish: Option<Duration>) -> Duration {
    wish.map_or_else(|| ceiling(failures).mul_f64(share()), |wish| wish.min(LONGEST_WISH))
}

fn ceiling(failures: u32) -> Duration {
    let doublings = failures.saturating_sub(1).min(16);
    FIRST_WAIT.saturating_mul(1 << doublings).min(LONGEST_WAIT)
}

/// Uniform from 0 to 1.
fn share() -> f64 {
    let random = u64::from_be_bytes(RandomIdGenerator::default().new_span_id().to_bytes());
    random as f64 / u64::MAX as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_a_ceiling() {
        let ceilings: Vec<_> = (1..=7).map(|failures| ceiling(failures).as_millis()).collect();
        assert_eq!(ceilings, [200, 400, 800, 1600, 3200, 5000, 5000]);
        assert!((0..100).all(|_| wait_after(3, None) <= Duration::from_millis(800)));
    }

    #[test]
    fn a_wish_of_the_backend_is_honoured_within_reason() {
        assert_eq!(wait_after(1, Some(Duration::from_secs(7))), Duration::from_secs(7));
        assert_eq!(wait_after(1, Some(Duration::from_secs(3600))), LONGEST_WISH);
    }
}
