//! Sessions, with what their calls share kept once.

use std::collections::HashSet;
use std::sync::Arc;

use serde_json::Map;

use super::{After, Call, Message};
use crate::held::of_message;

/// Calls that belong together.
#[derive(Debug, Clone, PartialEq)]
pub struct Session {
    id: String,
    origin: Origin,
    calls: Vec<Call>,
}

/// What makes calls a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// They are of one trace.
    Trace,
    /// They say that they are of one conversation.
    Conversation,
    /// It is one request, which loadspan has sent by itself.
    Request,
    /// A file has them as one, and says when it began.
    Timed,
    /// A file has them as one, and says nothing of times: all of its calls are at 0.
    Untimed,
}

/// Keeps messages once: each call of a conversation repeats all that was said before.
#[derive(Debug, Default)]
pub(crate) struct Interner {
    known: HashSet<Arc<Message>>,
    /// What they take.
    bytes: usize,
}

/// What a set takes for an entry, with the room that it keeps free.
const SLOT: usize = 16;

impl Session {
    /// A session of these calls, which are put into the order in which they began. What comes [`After`] what is said by the places in
    /// `calls`; a place that there is not is left out.
    #[must_use]
    pub fn new(id: impl Into<String>, origin: Origin, calls: Vec<Call>) -> Self {
        let mut interner = Interner::default();
        let mut ordered: Vec<(usize, Call)> = calls.into_iter().enumerate().collect();
        for (_, call) in &mut ordered {
            call.end_ns = call.end_ns.max(call.start_ns);
            for message in &mut call.messages {
                *message = interner.intern(Arc::clone(message));
            }
        }
        // What has the same times stays in the order of the recording.
        ordered.sort_by_key(|(_, call)| (call.start_ns, call.end_ns));
        let mut places = vec![0; ordered.len()];
        for (place, (was, _)) in ordered.iter().enumerate() {
            places[*was] = place;
        }
        let calls = ordered.into_iter().map(|(_, mut call)| {
            call.after = moved(&call.after, &places);
            call
        });
        Self {
            id: id.into(),
            origin,
            calls: calls.collect(),
        }
    }

    /// What the recording calls it.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// What makes it a session.
    #[must_use]
    pub const fn origin(&self) -> Origin {
        self.origin
    }

    /// Its calls, in the order in which they began.
    #[must_use]
    pub fn calls(&self) -> &[Call] {
        &self.calls
    }

    /// When its first call began. `None` where nothing is known of times, or it has no calls.
    #[must_use]
    pub fn start_ns(&self) -> Option<u64> {
        let first = self.calls.first().filter(|_| self.origin != Origin::Untimed)?;
        Some(first.start_ns)
    }

    /// As much of it as says when it began: its first call, without what was said. For sessions that are not sent.
    #[must_use]
    pub fn without_content(&self) -> Self {
        let first = self.calls.first().map(|call| Call {
            model: None,
            messages: Vec::new(),
            tools: None,
            output: None,
            parameters: Map::new(),
            after: Vec::new(),
            ..call.clone()
        });
        Self {
            id: self.id.clone(),
            origin: self.origin,
            calls: first.into_iter().collect(),
        }
    }

    /// The session without the calls that failed. What came after one of them comes after what that one came after.
    #[must_use]
    pub fn without_failed(&self) -> Self {
        let mut places = Vec::with_capacity(self.calls.len());
        let mut kept = 0;
        for call in &self.calls {
            places.push((!call.failed).then_some(kept));
            kept += usize::from(!call.failed);
        }
        let calls = self.calls.iter().filter(|call| !call.failed).map(|call| {
            let mut call = call.clone();
            call.after = self.inherited(&call.after, &places);
            call
        });
        Self {
            id: self.id.clone(),
            origin: self.origin,
            calls: calls.collect(),
        }
    }

    /// What was recorded, followed through what is left out.
    fn inherited(&self, after: &[After], places: &[Option<usize>]) -> Vec<After> {
        let mut found: Vec<After> = Vec::new();
        let mut open: Vec<After> = after.to_vec();
        let mut seen = HashSet::new();
        while let Some(next) = open.pop() {
            if !seen.insert(next.call) {
                continue;
            }
            match places[next.call] {
                Some(call) => found.push(After { call, by: next.by }),
                None => open.extend(self.calls[next.call].after.iter().map(|above| After {
                    call: above.call,
                    by: next.by.clone(),
                })),
            }
        }
        found.sort_by_key(|after| after.call);
        found
    }
}

fn moved(after: &[After], places: &[usize]) -> Vec<After> {
    let known = after.iter().filter_map(|after| {
        Some(After {
            call: *places.get(after.call)?,
            by: after.by.clone(),
        })
    });
    known.collect()
}

impl Interner {
    pub(crate) fn intern(&mut self, message: Arc<Message>) -> Arc<Message> {
        if let Some(known) = self.known.get(&message) {
            return Arc::clone(known);
        }
        self.bytes += SLOT + of_message(&message);
        self.known.insert(Arc::clone(&message));
        message
    }

    /// The memory that all messages take, about.
    pub(crate) const fn bytes(&self) -> usize {
        self.bytes
    }
}
