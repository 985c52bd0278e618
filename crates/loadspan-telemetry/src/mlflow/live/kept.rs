//! The windows of a run that has points so far: they take the place of points when the server turns out to be too slow for these.

use loadspan_record::{RequestRecord, RunOffset};

use super::{WindowRecorder, WindowSummary};

/// So many windows are kept, in less than a megabyte. A server that has kept up with points for an hour will be given windows from where
/// it does not on.
const MOST_KEPT: usize = 3_600;

/// Windows that nobody was given yet.
#[derive(Debug, Default)]
pub(super) struct KeptWindows {
    recorder: WindowRecorder,
    whole: Vec<WindowSummary>,
}

impl KeptWindows {
    /// Takes a finished request.
    pub(super) fn record(&mut self, record: &RequestRecord) {
        self.recorder.record(record);
    }

    /// With the windows that are whole by `now`. `None`: they are too many to be kept.
    pub(super) fn advanced(mut self, now: RunOffset) -> Option<Self> {
        self.whole.extend(self.recorder.take(now));
        (self.whole.len() <= MOST_KEPT).then_some(self)
    }

    /// The windows that are not whole yet, and those that are.
    pub(super) fn into_parts(self) -> (WindowRecorder, Vec<WindowSummary>) {
        (self.recorder, self.whole)
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::stream;
    use super::*;

    #[test]
    fn windows_are_kept_for_an_hour() {
        let mut kept = KeptWindows::default();
        for second in 0..=MOST_KEPT as u64 {
            kept.record(&stream(second, second * 1_000 + 500));
            kept = kept.advanced(RunOffset::ZERO).unwrap();
        }
        kept.record(&stream(0, (MOST_KEPT as u64 + 1) * 1_000 + 500));
        assert_eq!(kept.whole.len(), MOST_KEPT);
        assert!(kept.advanced(RunOffset::ZERO).is_none());
    }
}
