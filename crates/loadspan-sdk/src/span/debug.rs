//! What is shown of a span: its ids. Everything else belongs to somebody: spans are arguments of traced functions, and what an
//! argument shows is recorded.

use std::fmt;

use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};

use super::{Recording, Span, SpanGuard};

impl fmt::Debug for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let context = self.span_context();
        f.debug_struct("Span")
            .field("trace_id", &context.trace_id())
            .field("span_id", &context.span_id())
            .finish()
    }
}

impl fmt::Debug for Recording {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recording")
            .field("trace_id", &self.context().trace_id())
            .field("span_id", &self.context().span_id())
            .finish_non_exhaustive()
    }
}

/// As its ids; `null` for both where it is not recorded.
impl Serialize for Span {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut ids = serializer.serialize_struct("Span", 2)?;
        ids.serialize_field("trace_id", &self.trace_id())?;
        ids.serialize_field("span_id", &self.span_id())?;
        ids.end()
    }
}

/// As its span.
impl Serialize for SpanGuard {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        (**self).serialize(serializer)
    }
}
