//! What the requests of one second were like.

#[cfg(test)]
mod tests;
mod window;

use std::collections::BTreeMap;
use std::time::Duration;

use loadspan_record::{RequestRecord, RunOffset};

pub(crate) use self::window::WindowSummary;
use self::window::{Place, Window};
use super::values::Values;

/// Length of a window.
const WINDOW: Duration = Duration::from_secs(1);
/// How long a window waits for records that come late, by the ends of the records that have come.
const STRAGGLERS: Duration = Duration::from_millis(500);
/// The same where no record comes at all, by the clock.
const QUIET: Duration = Duration::from_secs(5);
/// So many windows without a request are written in a row. In a longer gap the rest of them is left out.
const MOST_EMPTY_IN_A_ROW: u64 = 3_600;
/// So many are written in all, whatever the records say: one of a day has fewer.
const MOST_EMPTY: u64 = 100_000;

/// Gathers requests into windows by the time at which they ended. Windows are numbered from the start of the run.
///
/// A window is whole when a request has ended [`STRAGGLERS`] after it: then it is a function of the requests in it alone, and made
/// again from the records of the run it is the same. The last one ends with its last request. Which one that is shows when the run is
/// over: until then the newest one is not taken.
#[derive(Debug, Default)]
pub(crate) struct WindowRecorder {
    /// Those that were not taken yet, by their numbers.
    open: BTreeMap<u64, Window>,
    /// The number after the last that was taken. `None`: none was.
    next: Option<u64>,
    /// When the last request ended.
    last_ended_at: RunOffset,
    /// Windows without a request that were taken.
    empty: u64,
}

/// The number of the window in which something ended.
pub(crate) fn window_of(ended_at: RunOffset) -> u64 {
    (u128::from(ended_at.as_nanos()) / WINDOW.as_nanos()) as u64
}

/// Windows before this one are whole, where the last request ended then, and it is `now`.
pub(super) fn whole_until(last_ended_at: RunOffset, now: RunOffset) -> u64 {
    let by_records = last_ended_at.as_duration().saturating_sub(STRAGGLERS);
    let by_clock = now.as_duration().saturating_sub(QUIET);
    window_of(RunOffset::from_duration(by_records.max(by_clock)))
}

impl WindowRecorder {
    /// Takes a finished request. Warm-up is left out, and so is what comes after its window was taken.
    pub(crate) fn record(&mut self, record: &RequestRecord) {
        let ended_at = record.timings.finished_at;
        self.last_ended_at = self.last_ended_at.max(ended_at);
        let number = window_of(ended_at);
        if let Some(values) = Values::of(record)
            && self.next.is_none_or(|next| number >= next)
        {
            self.open.entry(number).or_default().add(&values, record);
        }
    }

    /// Every window that had ended by `now`, a moment for stragglers allowed, and was not taken before, but for the newest. There are
    /// also those without a request, but none before the first request.
    pub(crate) fn take(&mut self, now: RunOffset) -> Vec<WindowSummary> {
        let whole_until = whole_until(self.last_ended_at, now);
        let mut taken = Vec::new();
        while self.open.len() > 1 && self.take_oldest(whole_until, &mut taken) {}
        taken
    }

    /// The windows that are left when the run is over.
    pub(crate) fn take_rest(&mut self) -> Vec<WindowSummary> {
        let mut taken = Vec::new();
        while self.take_oldest(u64::MAX, &mut taken) {}
        taken
    }

    /// `false`: there is none before `until`.
    fn take_oldest(&mut self, until: u64, taken: &mut Vec<WindowSummary>) -> bool {
        let Some(oldest) = self.open.first_entry().filter(|window| *window.key() < until) else {
            return false;
        };
        let (number, window) = oldest.remove_entry();
        let gap = self.next.map_or(0, |next| number - next);
        let empty = gap.min(MOST_EMPTY_IN_A_ROW).min(MOST_EMPTY - self.empty);
        self.empty += empty;
        let first_empty = number - gap;
        taken.extend(
            (first_empty..first_empty + empty).map(|number| Window::default().summarize(number, Place::Within)),
        );
        let place = if self.open.is_empty() {
            Place::Last
        } else {
            Place::Within
        };
        taken.push(window.summarize(number, place));
        self.next = Some(number + 1);
        true
    }
}
