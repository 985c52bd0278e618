//! Where the bytes of a response go: what the two transports have in common.

use tokio::time::Instant;

/// The client has gone, or the connection is broken: nothing more can be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Gone;

/// The head of a response.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Head {
    pub(crate) status: u16,
    pub(crate) content_type: &'static str,
    pub(crate) length: BodyLength,
    /// `Retry-After`, in seconds.
    pub(crate) retry_after: Option<u64>,
}

/// How long the body will be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BodyLength {
    Known(usize),
    /// It ends when it ends.
    Streamed,
}

/// The way of one response to its client. What is queued leaves with the next flush, in one write.
pub(crate) trait Reply {
    /// Queues the head. To be called once, first.
    fn head(&mut self, head: &Head);

    /// Queues a piece of the body, which is a chunk of its own where the transport has chunks.
    fn chunk(&mut self, bytes: &[u8]);

    /// Queues the end of the body.
    fn end(&mut self);

    /// Bytes that wait for a flush.
    fn queued(&self) -> usize;

    /// Sends what is queued.
    async fn flush(&mut self) -> Result<(), Gone>;

    /// Waits, watching whether the client goes.
    async fn wait_until(&mut self, due: Instant) -> Result<(), Gone>;

    /// Waits for the client to go.
    async fn gone(&mut self);

    /// Breaks the response off when it is dropped: what was flushed arrives, the rest does not.
    fn abort(&mut self);
}
