//! The telemetry ledger: what became of every span and data point that a run produced.

use serde::{Deserialize, Serialize};

/// What became of the telemetry of a run: one ledger for each signal and sink. Empty when there was none.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct TelemetrySummary {
    /// The ledgers, in a fixed order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub signals: Vec<SignalLedger>,
}

/// What became of one signal in one sink. `produced` is the sum of the four fates: [`SignalLedger::adds_up`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignalLedger {
    /// What took it.
    pub sink: Sink,
    /// What it is.
    pub signal: TelemetrySignal,
    /// Where it went, without credentials: a URL, or `stdout`.
    pub destination: String,
    /// Spans or data points that the run made.
    pub produced: u64,
    /// Those that the sink acknowledged.
    pub delivered: u64,
    /// Those that the sink refused for good: its partial success said so, or it does not take this signal.
    pub rejected: u64,
    /// Those that lie in `telemetry.spool/`, for `loadspan push`.
    pub spooled: u64,
    /// Those that are lost.
    pub dropped: u64,
    /// Spans that sampling left out, and live points that were made way for by windows. They are in no other count.
    #[serde(default)]
    pub sampled_out: u64,
    /// Attempts beyond the first of a payload.
    #[serde(default)]
    pub retries: u64,
    /// Why the sink gets no more of this signal, if that is so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub turned_off: Option<String>,
    /// The last thing that went wrong, for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_error: Option<String>,
}

/// What takes telemetry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sink {
    /// An OTLP endpoint.
    Otlp,
    /// The standard output, as OTLP/JSON lines.
    Console,
    /// An MLflow server.
    Mlflow,
}

/// The signals of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TelemetrySignal {
    /// Counted in spans.
    Traces,
    /// Counted in data points.
    Metrics,
}

impl SignalLedger {
    /// A ledger with nothing in it.
    #[must_use]
    pub fn new(sink: Sink, signal: TelemetrySignal, destination: impl Into<String>) -> Self {
        Self {
            sink,
            signal,
            destination: destination.into(),
            produced: 0,
            delivered: 0,
            rejected: 0,
            spooled: 0,
            dropped: 0,
            sampled_out: 0,
            retries: 0,
            turned_off: None,
            last_error: None,
        }
    }

    /// Takes what has become of spooled items, of which there are no more than `spooled` says.
    pub fn settle(&mut self, delivered: u64, rejected: u64) {
        let delivered = delivered.min(self.spooled);
        let rejected = rejected.min(self.spooled - delivered);
        self.spooled -= delivered + rejected;
        self.delivered += delivered;
        self.rejected += rejected;
    }

    /// Whether every span or data point has exactly one fate.
    #[must_use]
    pub const fn adds_up(&self) -> bool {
        self.produced == self.delivered + self.rejected + self.spooled + self.dropped
    }
}

impl Sink {
    /// The name in files and attributes.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Otlp => "otlp",
            Self::Console => "console",
            Self::Mlflow => "mlflow",
        }
    }
}

impl TelemetrySignal {
    /// The name in files and messages.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Traces => "traces",
            Self::Metrics => "metrics",
        }
    }

    /// One of what it is counted in.
    #[must_use]
    pub const fn noun(self) -> &'static str {
        match self {
            Self::Traces => "span",
            Self::Metrics => "data point",
        }
    }

    /// What it is counted in.
    #[must_use]
    pub const fn unit(self) -> &'static str {
        match self {
            Self::Traces => "spans",
            Self::Metrics => "data points",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_pushed_moves_from_one_fate_to_another() {
        let mut ledger = SignalLedger {
            produced: 10,
            delivered: 4,
            spooled: 6,
            ..SignalLedger::new(Sink::Otlp, TelemetrySignal::Traces, "http://c")
        };
        ledger.settle(3, 1);
        assert_eq!((ledger.delivered, ledger.rejected, ledger.spooled), (7, 1, 2));
        ledger.settle(9, 9);
        assert_eq!((ledger.delivered, ledger.rejected, ledger.spooled), (9, 1, 0));
        assert!(ledger.adds_up());
    }
}
