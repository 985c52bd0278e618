//! What of a recording is wanted, and how fast.

use std::time::Duration;

use aws_lc_rs::digest::{Context, SHA256};

/// What of a recording is sent, and how fast.
#[derive(Debug, Clone, PartialEq)]
pub struct Options {
    /// How much faster than it was recorded.
    pub speed: Speed,
    /// No wait between two calls is longer, after it was made faster. Where nothing of a session runs for longer, all that comes later
    /// in it moves up.
    pub max_wait: Option<Duration>,
    /// Only sessions that begin in it, in the time of the recording.
    pub window: Option<Window>,
    /// Only this share of sessions.
    pub sample: Share,
    /// Which ones they are.
    pub seed: u64,
    /// What becomes of calls that failed when they were recorded.
    pub failed: FailedCalls,
}

/// Times faster than it was recorded: a positive number.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub struct Speed(f64);

/// A share, from 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub struct Share(f64);

/// A stretch of the recording, from the start of its first session on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// Its first moment.
    pub from: Duration,
    /// The first moment after it.
    pub to: Duration,
}

/// What becomes of calls that failed when they were recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum FailedCalls {
    /// They are sent like all others: the server had them on its hands.
    #[default]
    Send,
    /// They are left out. What came after one of them comes after what that one came after.
    Leave,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            speed: Speed::AS_RECORDED,
            max_wait: None,
            window: None,
            sample: Share::ALL,
            seed: 0,
            failed: FailedCalls::Send,
        }
    }
}

impl Options {
    /// Whether the session of this id is sampled.
    #[must_use]
    pub fn samples(&self, id: &str) -> bool {
        self.sample.takes(self.seed, id)
    }

    /// When something is due that arrived so long after the start of the recording.
    pub(super) fn arrival(&self, since: Duration) -> Duration {
        let from = self.window.map_or(Duration::ZERO, |window| window.from);
        self.speed.scale(since.saturating_sub(from))
    }

    /// How long is waited where the recording waited so long.
    pub(super) fn wait(&self, recorded: Duration) -> Duration {
        let wait = self.speed.scale(recorded);
        self.max_wait.map_or(wait, |max| wait.min(max))
    }
}

impl Speed {
    /// As fast as it was recorded.
    pub const AS_RECORDED: Self = Self(1.0);

    /// `None` unless `times` is positive and finite.
    #[must_use]
    pub fn new(times: f64) -> Option<Self> {
        (times > 0.0 && times.is_finite()).then_some(Self(times))
    }

    /// The factor.
    #[must_use]
    pub const fn get(self) -> f64 {
        self.0
    }

    /// How long something takes that took so long.
    pub(super) fn scale(self, recorded: Duration) -> Duration {
        if self == Self::AS_RECORDED {
            return recorded;
        }
        Duration::try_from_secs_f64(recorded.as_secs_f64() / self.0).unwrap_or(Duration::MAX)
    }
}

impl Share {
    /// Everything.
    pub const ALL: Self = Self(1.0);

    /// `None` unless `share` lies in 0 to 1.
    #[must_use]
    pub fn new(share: f64) -> Option<Self> {
        (0.0..=1.0).contains(&share).then_some(Self(share))
    }

    /// The number.
    #[must_use]
    pub const fn get(self) -> f64 {
        self.0
    }

    /// Whether what has this id is within it: always the same for one seed.
    #[expect(clippy::cast_precision_loss, reason = "a share is not known to 53 bits")]
    pub(super) fn takes(self, seed: u64, id: &str) -> bool {
        if self.0 >= 1.0 {
            return true;
        }
        let mut digest = Context::new(&SHA256);
        digest.update(&seed.to_be_bytes());
        digest.update(id.as_bytes());
        let digest = digest.finish();
        let bytes = digest.as_ref().first_chunk::<8>().copied().unwrap_or_default();
        (u64::from_be_bytes(bytes) as f64) < self.0 * 2.0_f64.powi(64)
    }
}

impl Window {
    pub(super) fn contains(&self, moment: Duration) -> bool {
        (self.from..self.to).contains(&moment)
    }
}
