//! What a pipeline sends with: the OTLP client, the console, or a double in tests.

use std::future::Future;

use super::client::OtlpClient;
use super::{Delivery, Payload};

/// Sends one payload, once. Dropping the future gives the attempt up.
pub(crate) trait Transport: Send + Sync + 'static {
    /// What came of it.
    fn send(&self, payload: &Payload) -> impl Future<Output = Delivery> + Send;
}

impl Transport for OtlpClient {
    fn send(&self, payload: &Payload) -> impl Future<Output = Delivery> + Send {
        OtlpClient::send(self, payload)
    }
}
