//! From finished requests to live metrics: a point for each, or windows of time.
//!
//! Both are functions of records and of the start of the run, so that `loadspan push` makes the same ones again. What is here:
//!
//! ```text
//! record ─▶ LiveRecorder ─▶ points, or WindowRecorder ─▶ payload ─▶ lane ─▶ PointsTransport ─▶ runs/log-batch
//! sample ──────┘ └─▶ BesideRecorder ───────────────────────┘           └── waits for ── RunGate ◀── Keeper: finds or makes the run
//! ```

mod batch;
mod beside;
mod failures;
mod file;
mod gate;
mod keeper;
mod kept;
mod observed;
mod points;
mod recorder;
mod spread;
pub(crate) mod stages;
#[cfg(test)]
pub(crate) mod testing;
mod values;
mod windows;

pub(crate) use self::beside::BesideRecorder;
pub(crate) use self::file::{LiveFile, keep_written};
pub(crate) use self::gate::RunGate;
pub(crate) use self::keeper::Keeper;
pub(crate) use self::points::{POINT_KEYS, points_of};
pub(crate) use self::recorder::{LiveRecorder, LiveSetup};
pub(crate) use self::stages::StageTags;
#[cfg(test)]
pub(crate) use self::testing::stream;
pub(crate) use self::windows::{WindowRecorder, WindowSummary, window_of};

use loadspan_record::{RequestRecord, RunOffset};

use super::export_file::LiveMode;

/// What becomes of a request in live metrics.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Share {
    /// It has points of its own.
    Points,
    /// It is in its window.
    Window,
    /// Nothing.
    None,
}

impl LiveMode {
    /// What becomes of a request. Depends on when it ended alone, so that it is the same whenever it is asked.
    pub(crate) fn share_of(self, record: &RequestRecord) -> Share {
        match self {
            Self::Points => Share::Points,
            Self::Windows => Share::Window,
            Self::WindowsFrom { window } if window_of(record.timings.finished_at) < window => Share::Points,
            Self::WindowsFrom { .. } => Share::Window,
            Self::Off => Share::None,
        }
    }
}

/// The first window that nothing can have ended in by `now`.
fn window_after(now: RunOffset) -> u64 {
    window_of(now) + 1
}
