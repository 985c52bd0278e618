//! What MLflow gets, as far as the flags of OpenTelemetry have to know it.

use super::{LiveMetrics, MlflowConfig, TraceStore};

/// What MLflow gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::config) enum MlflowShare {
    /// Nothing: there is no tracking server.
    Absent,
    /// A run.
    Run {
        /// Figures of requests while it goes on.
        live: bool,
        /// Spans.
        traces: bool,
    },
}

impl MlflowShare {
    pub(in crate::config) fn of(config: Option<&MlflowConfig>) -> Self {
        config.map_or(Self::Absent, |config| Self::Run {
            live: config.live != LiveMetrics::Off,
            traces: config.traces == TraceStore::On,
        })
    }

    pub(in crate::config) fn is_absent(self) -> bool {
        self == Self::Absent
    }

    pub(in crate::config) const fn is_live(self) -> bool {
        matches!(self, Self::Run { live: true, .. })
    }

    pub(in crate::config) const fn has_traces(self) -> bool {
        matches!(self, Self::Run { traces: true, .. })
    }
}
