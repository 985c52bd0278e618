//! What can go wrong with a response.

use std::time::Duration;

/// What goes wrong with a response.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Fault {
    /// Nothing.
    #[default]
    None,
    /// This status with an error object, after `ttft`.
    Status {
        /// The HTTP status.
        status: u16,
        /// The `Retry-After` header, in whole seconds.
        retry_after: Option<Duration>,
    },
    /// 400 when the body has `stream_options`, as servers that do not know them answer; otherwise nothing.
    RejectStreamOptions,
    /// An `error` event after so many tokens, then the end of the stream. Not streamed: status 500.
    ErrorEventAfter(u32),
    /// The connection is closed after so many tokens, within the body. Not streamed: within the JSON.
    TruncateAfter(u32),
    /// After so many tokens nothing more is sent, and the connection stays open. Not streamed: half of the JSON is sent.
    StallAfter(u32),
    /// The connection is closed without a byte.
    Drop,
    /// Nothing is ever sent, and the connection stays open.
    Silence,
    /// 200, complete, and not one token.
    EmptyOutput,
    /// 200 that promises what was asked for and brings something that is not JSON.
    NotJson,
    /// 200 with an HTML page, as a proxy in between would send.
    Html,
}

impl Fault {
    /// 429 Too Many Requests.
    #[must_use]
    pub fn too_many_requests(retry_after: Duration) -> Self {
        Self::Status {
            status: 429,
            retry_after: Some(retry_after),
        }
    }

    /// A status without `Retry-After`.
    #[must_use]
    pub fn status(status: u16) -> Self {
        Self::Status {
            status,
            retry_after: None,
        }
    }
}
