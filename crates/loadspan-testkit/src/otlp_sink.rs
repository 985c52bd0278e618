//! A scripted OTLP server: takes telemetry over HTTP (protobuf and JSON) and gRPC on one port, keeps what it accepted, and goes
//! wrong when it is told to.
//!
//! It is no collector: it counts spans and data points and leaves everything else in them to its tests.

mod answer;
mod count;
mod encode;
mod respond;
mod running;
mod serve;
mod store;

use std::time::Duration;

pub use self::answer::SinkAnswer;
pub use self::running::RunningOtlpSink;
pub use self::store::{Accepted, SinkCounts};
use crate::transport::ClientAuth;
pub use crate::transport::ClientCertificate;
use crate::{SinkError, When};

/// An OTLP server that is to be started. The default accepts everything at once and keeps it.
///
/// ```
/// use loadspan_testkit::{DurationExt, OtlpSink, SinkAnswer, When};
///
/// let sink = OtlpSink::new()
///     .on(When::Number(0), SinkAnswer::unavailable().retry_after(1.secs()))
///     .start()?;
/// assert!(sink.url().starts_with("http://127.0.0.1:"));
/// assert!(sink.accepted().is_empty());
/// # Ok::<(), loadspan_testkit::SinkError>(())
/// ```
#[derive(Debug, Clone)]
#[must_use]
pub struct OtlpSink {
    script: Script,
    keep: Keep,
    security: Security,
}

/// What is exported.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SinkSignal {
    /// Spans.
    Traces,
    /// Data points.
    Metrics,
}

/// What is answered to which export.
#[derive(Debug, Clone)]
struct Script {
    default: SinkAnswer,
    rules: Vec<(When, SinkAnswer)>,
    refused: Vec<SinkSignal>,
    message_limit: usize,
}

/// What is kept of what was accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Keep {
    Everything,
    Counts,
}

/// How connections are secured.
#[derive(Debug, Clone, Copy)]
enum Security {
    Plain,
    Tls(ClientAuth),
}

impl Default for OtlpSink {
    fn default() -> Self {
        Self {
            script: Script {
                default: SinkAnswer::ok(),
                rules: Vec::new(),
                refused: Vec::new(),
                message_limit: usize::MAX,
            },
            keep: Keep::Everything,
            security: Security::Plain,
        }
    }
}

impl OtlpSink {
    /// The default sink.
    pub fn new() -> Self {
        Self::default()
    }

    /// The answer to exports that no rule is for. [`RunningOtlpSink::set_answer`] changes it later.
    pub fn answer(mut self, answer: SinkAnswer) -> Self {
        self.script.default = answer;
        self
    }

    /// The answer to some exports. Of several rules for an export the one added first wins.
    pub fn on(mut self, when: When, answer: SinkAnswer) -> Self {
        self.script.rules.push((when, answer));
        self
    }

    /// Accepts everything, this long after it has arrived.
    pub fn delay(self, delay: Duration) -> Self {
        self.answer(SinkAnswer::ok().delay(delay))
    }

    /// Does not know this signal, whatever the rules say: 404, UNIMPLEMENTED.
    pub fn refuse(mut self, signal: SinkSignal) -> Self {
        self.script.refused.push(signal);
        self
    }

    /// Refuses messages of more bytes, unpacked, as collectors do: 413, RESOURCE_EXHAUSTED.
    pub fn message_limit(mut self, bytes: usize) -> Self {
        self.script.message_limit = bytes;
        self
    }

    /// Counts what it accepts and keeps none of it.
    pub fn count_only(mut self) -> Self {
        self.keep = Keep::Counts;
        self
    }

    /// Speaks TLS, with a certificate for `localhost`, `127.0.0.1` and `::1` by a CA that is made at the start:
    /// [`RunningOtlpSink::ca_pem`].
    pub fn tls(mut self) -> Self {
        self.security = Security::Tls(ClientAuth::None);
        self
    }

    /// Speaks TLS, and only with clients that show [`RunningOtlpSink::client_certificate`].
    pub fn mutual_tls(mut self) -> Self {
        self.security = Security::Tls(ClientAuth::Demanded);
        self
    }

    /// Starts on a free port of 127.0.0.1.
    pub fn start(self) -> Result<RunningOtlpSink, SinkError> {
        RunningOtlpSink::start(self)
    }
}

impl Script {
    /// The answer to the export with this number.
    fn choose(&self, number: u64, signal: SinkSignal) -> SinkAnswer {
        if self.refused.contains(&signal) {
            return SinkAnswer::not_taken();
        }
        let rule = self.rules.iter().find(|(when, _)| when.is_for(number));
        rule.map_or(&self.default, |(_, answer)| answer).clone()
    }
}

impl SinkSignal {
    /// By the end of a path of OTLP/HTTP, or the whole path of a gRPC method.
    fn from_path(path: &str) -> Option<Self> {
        match path {
            "/opentelemetry.proto.collector.trace.v1.TraceService/Export" => Some(Self::Traces),
            "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export" => Some(Self::Metrics),
            _ if path.ends_with("/v1/traces") => Some(Self::Traces),
            _ if path.ends_with("/v1/metrics") => Some(Self::Metrics),
            _ => None,
        }
    }
}
