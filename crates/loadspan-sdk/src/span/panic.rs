//! A panic within a span.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use super::Span;

impl Span {
    /// A panic ends it: status and exception say so.
    pub(crate) fn record_panic(&self, message: &str) {
        self.record_failure("panic", message);
    }

    /// Calls it. A panic goes on, but ends the span first.
    pub(crate) fn watch<R>(&self, call: impl FnOnce() -> R) -> R {
        // The panic goes on, so that nobody sees what it has left half done.
        match catch_unwind(AssertUnwindSafe(call)) {
            Ok(result) => result,
            Err(payload) => {
                self.record_panic(message(&*payload));
                self.end();
                resume_unwind(payload)
            }
        }
    }
}

fn message(payload: &(dyn Any + Send)) -> &str {
    payload
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| payload.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no message")
}
