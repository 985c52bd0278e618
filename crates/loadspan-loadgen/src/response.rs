//! What a transport hands to whoever reads the response, for HTTP/1.1 and HTTP/2 alike.

use loadspan_record::{FailureKind, RunOffset};

/// Takes a response as it arrives.
pub(crate) trait ResponseSink {
    /// The head. Called once, before the body.
    fn on_head(&mut self, head: ResponseHead<'_>);

    /// The next bytes of the body, read at `at`. Never empty but for a body that is.
    fn on_body(&mut self, bytes: &[u8], at: RunOffset);

    /// Whether all that is wanted has come, although the body has not ended: a stream after its `[DONE]`.
    fn has_enough(&self) -> bool {
        false
    }
}

/// What is wanted of a response head.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ResponseHead<'a> {
    pub(crate) status: u16,
    pub(crate) content_type: Option<&'a str>,
    pub(crate) request_id: Option<&'a str>,
}

/// A response that arrived whole, as the transport saw it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Received {
    pub(crate) finished_at: RunOffset,
    pub(crate) bytes: u64,
}

/// A response that did not arrive whole.
#[derive(Debug)]
pub(crate) struct Broken {
    pub(crate) finished_at: RunOffset,
    pub(crate) bytes: u64,
    pub(crate) cause: BreakCause,
}

/// Why a response did not arrive whole.
#[derive(Debug)]
pub(crate) enum BreakCause {
    Failure(FailureKind, Option<String>),
    /// The run ended first.
    Cutoff,
}

/// How an exchange went.
pub(crate) type Exchanged = Result<Received, Broken>;

