//! What is sent, and what came of sending it.

use std::time::Duration;

use bytes::Bytes;
use loadspan_record::{Sink, TelemetrySignal};

/// What one request carries, encoded once, whatever protocol it will be sent with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Payload {
    /// What it holds, and for whom.
    pub(crate) contents: Contents,
    /// How many spans or data points.
    pub(crate) items: u64,
    /// Encoded as [`Contents`] says.
    pub(crate) body: Bytes,
}

/// What a payload holds, for whom, and thus how it is encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Contents {
    /// `ExportTraceServiceRequest`, in protobuf.
    Traces,
    /// `ExportMetricsServiceRequest`, in protobuf.
    Metrics,
    /// `ExportTraceServiceRequest`, in protobuf, for the trace store of MLflow.
    MlflowTraces,
    /// An array of MLflow's metrics, in JSON.
    MlflowPoints,
}

impl Contents {
    /// All of them.
    pub(crate) const ALL: [Self; 4] = [Self::Traces, Self::Metrics, Self::MlflowTraces, Self::MlflowPoints];

    /// The name in files.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Traces => "traces",
            Self::Metrics => "metrics",
            Self::MlflowTraces => "mlflow_traces",
            Self::MlflowPoints => "mlflow_points",
        }
    }

    /// What it is counted as.
    pub(crate) const fn signal(self) -> TelemetrySignal {
        match self {
            Self::Traces | Self::MlflowTraces => TelemetrySignal::Traces,
            Self::Metrics | Self::MlflowPoints => TelemetrySignal::Metrics,
        }
    }

    /// Whom it is for, if it is for a server.
    pub(crate) const fn sink(self) -> Sink {
        match self {
            Self::Traces | Self::Metrics => Sink::Otlp,
            Self::MlflowTraces | Self::MlflowPoints => Sink::Mlflow,
        }
    }
}

impl Payload {
    /// How many spans or data points it holds.
    #[must_use]
    pub fn items(&self) -> u64 {
        self.items
    }

    /// As it is sent: `ExportTraceServiceRequest` or `ExportMetricsServiceRequest` in protobuf, or an array of MLflow's metrics in
    /// JSON.
    #[must_use]
    pub fn body(&self) -> &[u8] {
        &self.body
    }

    /// The same spans, for the trace store of MLflow. The body is shared.
    pub(crate) fn for_trace_store(&self) -> Self {
        Self {
            contents: Contents::MlflowTraces,
            ..self.clone()
        }
    }
}

/// What came of one attempt to send a payload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Delivery {
    /// The backend has it, less `rejected` items that it refused for good (partial success). Never to be sent again.
    Accepted {
        /// Items refused.
        rejected: u64,
        /// What the backend said, if anything.
        message: Option<String>,
    },
    /// It may go well another time: 429, 502, 503, 504, the retryable gRPC codes, no connection, no answer.
    Retry {
        /// When the backend wants to be asked again.
        after: Option<Duration>,
        /// For people.
        reason: String,
    },
    /// Too large for the backend: 413, or gRPC RESOURCE_EXHAUSTED or OUT_OF_RANGE that speaks of the size.
    TooLarge {
        /// For people.
        reason: String,
    },
    /// The backend does not take this signal at all: 404, 405, gRPC UNIMPLEMENTED.
    NotTaken {
        /// For people.
        reason: String,
    },
    /// What it was meant for is no longer there: its run in MLflow was deleted. Nor will anything that follows be taken.
    Gone {
        /// For people.
        reason: String,
    },
    /// The backend refuses it and would again: 400, INVALID_ARGUMENT. Of no use in a spool.
    Invalid {
        /// For people.
        reason: String,
    },
    /// Not now and not by trying again, but somebody may put it right (credentials, 500): of use in a spool.
    Refused {
        /// For people.
        reason: String,
    },
}
