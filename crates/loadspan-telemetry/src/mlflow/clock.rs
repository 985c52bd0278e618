//! The wall clock, and offsets of a run on it.

use std::time::{SystemTime, UNIX_EPOCH};

use loadspan_record::RunOffset;

const NANOS_PER_MILLI: u64 = 1_000_000;

/// Now, in nanoseconds since 1970.
pub(super) fn now_unix_ns() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
}

/// Nanoseconds since 1970 as MLflow's time stamps: milliseconds.
pub(super) fn millis(unix_ns: u64) -> i64 {
    i64::try_from(unix_ns / NANOS_PER_MILLI).unwrap_or(i64::MAX)
}

/// The wall clock at an offset, in milliseconds since 1970.
pub(super) fn unix_ms(run_start_unix_ns: u64, at: RunOffset) -> i64 {
    millis(run_start_unix_ns.saturating_add(at.as_nanos()))
}
