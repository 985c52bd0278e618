//! The last requests as they came, for tests that check what a client sends.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// A request as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct CapturedRequest {
    /// The method, in capitals.
    pub method: String,
    /// The path with its query.
    pub target: String,
    /// Names in lower case, and values; in the order of their coming. Over HTTP/2 without the pseudo headers.
    pub headers: Vec<(String, String)>,
    /// The body, without chunk framing.
    pub body: Vec<u8>,
}

impl CapturedRequest {
    /// The first value of a header, whose name is given in lower case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(found, _)| found == name)
            .map(|(_, value)| value.as_str())
    }

    /// The body as JSON; `Null` when it is none.
    #[must_use]
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }
}

/// The last requests.
#[derive(Debug)]
pub(crate) struct Captures {
    keep: usize,
    requests: Mutex<VecDeque<CapturedRequest>>,
}

impl Captures {
    pub(crate) fn new(keep: usize) -> Self {
        Self {
            keep,
            requests: Mutex::default(),
        }
    }

    /// Keeps what `request` makes, if anything is kept at all.
    pub(crate) fn keep(&self, request: impl FnOnce() -> CapturedRequest) {
        if self.keep == 0 {
            return;
        }
        let request = request();
        let mut requests = self.lock();
        if requests.len() == self.keep {
            requests.pop_front();
        }
        requests.push_back(request);
    }

    pub(crate) fn all(&self) -> Vec<CapturedRequest> {
        self.lock().iter().cloned().collect()
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<CapturedRequest>> {
        self.requests.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
