//! The load that was asked for.

use serde::{Deserialize, Serialize};

/// The load that was asked for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LoadFacts {
    /// For people: `64 concurrent`, `poisson 20 req/s, at most 256 at once`.
    pub description: String,
    /// Its kind and size.
    #[serde(flatten)]
    pub model: LoadModel,
}

/// The kinds of load.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(tag = "mode", rename_all = "snake_case")]
pub enum LoadModel {
    /// Requests are sent on a schedule, whatever becomes of those before.
    Open {
        /// Requests per second at the end of any ramp. `None` when the schedule has no single rate.
        target_rate: Option<f64>,
        /// The cap on requests in flight.
        max_concurrency: Option<u32>,
    },
    /// A request is sent when another ends.
    Closed {
        /// Requests in flight at the end of any ramp.
        concurrency: u32,
    },
    /// Sessions begin on a schedule, whatever becomes of those before.
    OpenSessions {
        /// Sessions per second at the end of any ramp. `None` when the schedule has no single rate.
        target_rate: Option<f64>,
        /// The cap on requests in flight.
        max_concurrency: Option<u32>,
    },
    /// A session begins when another ends.
    ClosedSessions {
        /// Sessions that last at a time, at the end of any ramp. In a think time a session has no request in flight.
        sessions: u32,
    },
    /// Sessions begin when they did in a recording.
    Recorded {
        /// The cap on requests in flight.
        max_concurrency: Option<u32>,
    },
    /// Several stages, each with a load of its own.
    Staged,
}

impl LoadModel {
    /// Whether the schedule ignores how the server is doing. Of sessions that is the schedule of their beginnings.
    #[must_use]
    pub const fn is_open(self) -> bool {
        matches!(
            self,
            Self::Open { .. } | Self::OpenSessions { .. } | Self::Recorded { .. }
        )
    }

    /// Whether the load is one of sessions: what it schedules, or keeps at a level, are sessions and not requests.
    #[must_use]
    pub const fn is_of_sessions(self) -> bool {
        matches!(
            self,
            Self::OpenSessions { .. } | Self::ClosedSessions { .. } | Self::Recorded { .. }
        )
    }

    /// The most requests that the load keeps or allows in flight. `None` where it says nothing of that.
    #[must_use]
    pub const fn max_concurrency(self) -> Option<u32> {
        match self {
            Self::Closed { concurrency } => Some(concurrency),
            Self::Open { max_concurrency, .. }
            | Self::OpenSessions { max_concurrency, .. }
            | Self::Recorded { max_concurrency } => max_concurrency,
            Self::ClosedSessions { .. } | Self::Staged => None,
        }
    }
}
