//! The standard output as a backend: OTLP/JSON, one request a line.

use std::fmt;
use std::io::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};

use loadspan_record::TelemetrySignal;
use loadspan_wire::otlp::{DecodeError, ExportMetricsServiceRequest, ExportTraceServiceRequest, Message, json};

use super::transport::Transport;
use super::{Delivery, Payload};

/// Writes payloads to what the caller has given. Both signals may share it.
#[derive(Clone)]
pub(super) struct Console(Arc<Mutex<Box<dyn Write + Send>>>);

impl Console {
    pub(super) fn new(out: Box<dyn Write + Send>) -> Self {
        Self(Arc::new(Mutex::new(out)))
    }

    fn write(&self, payload: &Payload) -> io::Result<()> {
        let mut line = encode(payload).map_err(io::Error::other)?;
        line.push(b'\n');
        let mut out = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        out.write_all(&line)?;
        out.flush()
    }
}

impl Transport for Console {
    /// The reader of a pipe may be slow, so that writing must not hold up the other exports. A write that hangs when the run is
    /// over is left to the end of the process.
    async fn send(&self, payload: &Payload) -> Delivery {
        let (console, payload) = (self.clone(), payload.clone());
        let written = tokio::task::spawn_blocking(move || console.write(&payload)).await;
        match written.map_err(io::Error::other).flatten() {
            Ok(()) => Delivery::Accepted {
                rejected: 0,
                message: None,
            },
            Err(error) => Delivery::Refused {
                reason: error.to_string(),
            },
        }
    }
}

fn encode(payload: &Payload) -> Result<Vec<u8>, DecodeError> {
    let body = &*payload.body;
    Ok(match payload.contents.signal() {
        TelemetrySignal::Traces => json::encode_traces(&ExportTraceServiceRequest::decode(body)?),
        TelemetrySignal::Metrics => json::encode_metrics(&ExportMetricsServiceRequest::decode(body)?),
    })
}

impl fmt::Debug for Console {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Console")
    }
}
