//! Adds to what is known of a trace.

use loadspan_wire::mlflow::attributes;

use super::{LiveTrace, TraceInfo};
use crate::context::current_span;
use crate::diagnostics;

/// A trace for which somebody else says these cannot be found any more.
const SERVERS_TAGS: [&str; 4] = [
    "mlflow.artifactLocation",
    attributes::SPANS_LOCATION_TAG,
    "mlflow.trace.archiveLocation",
    "mlflow.trace.archivalFailure",
];

/// Adds to what is known of a trace. Comes from [`update_current_trace`] or [`Span::update_trace`](crate::Span::update_trace);
/// what is said is there at once. After the root span has ended it is too late: nothing happens, and one warning says so.
#[derive(Debug, Clone)]
pub struct TraceUpdate {
    /// `None`: there is no trace that is recorded.
    trace: Option<LiveTrace>,
}

/// Adds to what is known of the current trace: it travels on its root span, from wherever in the trace it is said.
///
/// ```
/// let _span = loadspan_sdk::start_span("chat");
/// loadspan_sdk::update_current_trace()
///     .session("session-123")
///     .user("user-42")
///     .tag("environment", "production");
/// ```
#[must_use = "says nothing yet: call its methods"]
pub fn update_current_trace() -> TraceUpdate {
    current_span().update_trace()
}

#[expect(
    clippy::return_self_not_must_use,
    reason = "each call has its effect at once; the value is there to go on"
)]
impl TraceUpdate {
    pub(crate) fn of(trace: Option<LiveTrace>) -> Self {
        Self { trace }
    }

    /// A tag: may be searched for and changed in MLflow. Those in which MLflow's server keeps where a trace is are left to it.
    pub fn tag(self, key: impl Into<String>, value: impl Into<String>) -> Self {
        let key = key.into();
        if SERVERS_TAGS.contains(&key.as_str()) {
            let message =
                format!("the tag {key} belongs to the MLflow server, which finds the trace by it: it is not set");
            diagnostics::warn(diagnostics::Kind::ServersTag, &message);
            return self;
        }
        self.change(|info| {
            info.tags.insert(key, value.into());
        })
    }

    /// Metadata: may be searched for in MLflow, and stays as it is.
    pub fn metadata(self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.change(|info| {
            info.metadata.insert(key.into(), value.into());
        })
    }

    /// The conversation that it belongs to.
    pub fn session(self, id: impl Into<String>) -> Self {
        self.change(|info| info.session = Some(id.into()))
    }

    /// The user that it is made for.
    pub fn user(self, id: impl Into<String>) -> Self {
        self.change(|info| info.user = Some(id.into()))
    }

    /// The id that the client gave to its request.
    pub fn client_request_id(self, id: impl Into<String>) -> Self {
        self.change(|info| info.client_request_id = Some(id.into()))
    }

    /// The run of MLflow that it belongs to, by id.
    pub fn run(self, id: impl Into<String>) -> Self {
        self.metadata(attributes::SOURCE_RUN_METADATA, id)
    }

    fn change(self, change: impl FnOnce(&mut TraceInfo)) -> Self {
        if let Some(trace) = &self.trace
            && !trace.update(change)
        {
            diagnostics::warn(
                diagnostics::Kind::LateUpdate,
                "a trace was given tags, metadata, a session or a user after its root span ended: they are lost; say them earlier",
            );
        }
        self
    }
}
