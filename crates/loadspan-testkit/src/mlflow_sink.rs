//! A scripted MLflow tracking server: takes experiments, runs, points, artifacts and spans over HTTP/1.1, keeps what it got, and
//! goes wrong when it is told to.
//!
//! It knows of MLflow what a client that logs runs needs. There it refuses what MLflow 3.17 refuses, and what that takes and silently
//! makes something else of: broken JSON, values that are no numbers, states that do not exist.

mod answer;
mod artifacts;
mod call;
mod experiments;
mod filter;
mod history;
mod key;
mod logging;
mod multipart;
mod reply;
mod route;
mod running;
mod runs;
mod search;
mod serve;
mod store;
mod traces;
mod view;

use std::net::SocketAddr;

pub use self::answer::MlflowAnswer;
pub use self::running::RunningMlflowSink;
pub use self::view::{SinkPoint, SinkRun};
use crate::SinkError;

/// An MLflow server that is to be started. The default takes everything that MLflow takes, from everybody.
///
/// ```
/// use loadspan_testkit::{MlflowAnswer, MlflowSink};
///
/// let sink = MlflowSink::new().require_authorization("Bearer secret").start()?;
/// assert!(sink.url().starts_with("http://127.0.0.1:"));
/// sink.answer_path_with("runs/create", MlflowAnswer::DropAfterHandling);
/// assert!(sink.runs().is_empty());
/// # Ok::<(), loadspan_testkit::SinkError>(())
/// ```
#[derive(Debug, Clone, Default)]
#[must_use]
pub struct MlflowSink {
    settings: Settings,
}

/// What stays the same while it runs.
#[derive(Debug, Clone)]
struct Settings {
    authorization: Option<String>,
    multipart: Multipart,
    artifact_root: String,
}

/// Whether the artifact proxy takes files in parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Multipart {
    Off,
    On,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            authorization: None,
            multipart: Multipart::Off,
            artifact_root: "mlflow-artifacts:/".to_owned(),
        }
    }
}

impl MlflowSink {
    /// The default sink.
    pub fn new() -> Self {
        Self::default()
    }

    /// Answers 401 to requests that do not come with this header `Authorization`.
    pub fn require_authorization(mut self, value: impl Into<String>) -> Self {
        self.settings.authorization = Some(value.into());
        self
    }

    /// Takes artifacts in parts, and says so in its server-info.
    pub fn multipart_uploads(mut self) -> Self {
        self.settings.multipart = Multipart::On;
        self
    }

    /// What the artifact URI of new runs begins with. The default is `mlflow-artifacts:/`, the proxy.
    pub fn artifact_root(mut self, uri: impl Into<String>) -> Self {
        self.settings.artifact_root = uri.into();
        self
    }

    /// Starts on a free port of 127.0.0.1.
    pub fn start(self) -> Result<RunningMlflowSink, SinkError> {
        self.start_on(SocketAddr::from(([127, 0, 0, 1], 0)))
    }

    /// Starts on this address, without anything that another sink had there before.
    pub fn start_on(self, address: SocketAddr) -> Result<RunningMlflowSink, SinkError> {
        RunningMlflowSink::start(self.settings, address)
    }
}
