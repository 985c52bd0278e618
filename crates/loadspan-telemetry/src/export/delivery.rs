//! What is sent, and what came of sending it.

use std::time::Duration;

use bytes::Bytes;
use loadspan_record::TelemetrySignal;

/// One OTLP export request, encoded as protobuf, whatever protocol it will be sent with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Payload {
    /// What it holds.
    pub(crate) signal: TelemetrySignal,
    /// How many spans or data points.
    pub(crate) items: u64,
    /// `ExportTraceServiceRequest` or `ExportMetricsServiceRequest`.
    pub(crate) body: Bytes,
}

impl Payload {
    /// How many spans or data points it holds.
    #[must_use]
    pub fn items(&self) -> u64 {
        self.items
    }

    /// `ExportTraceServiceRequest` or `ExportMetricsServiceRequest`, as protobuf.
    #[must_use]
    pub fn body(&self) -> &[u8] {
        &self.body
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
