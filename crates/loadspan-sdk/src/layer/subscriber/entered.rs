//! The spans of `tracing` that are entered on this thread, each with its scope.

use std::cell::RefCell;

use tracing::span::Id;

use crate::span::{Span, SpanScope};

thread_local! {
    static ENTERED: RefCell<Vec<(Id, SpanScope)>> = const { RefCell::new(Vec::new()) };
}

pub(super) fn enter(id: &Id, span: &Span) {
    let scope = span.enter();
    // Fails only while the thread ends, when nothing can be current any more.
    let _ = ENTERED.try_with(|entered| entered.borrow_mut().push((id.clone(), scope)));
}

/// The last one of this id: spans are left in any order, and may be entered within themselves.
pub(super) fn exit(id: &Id) {
    let scope = ENTERED.try_with(|entered| {
        let mut entered = entered.borrow_mut();
        let position = entered.iter().rposition(|(known, _)| known == id)?;
        Some(entered.remove(position))
    });
    // Dropped outside of the borrow: it may be the end of spans.
    drop(scope);
}
