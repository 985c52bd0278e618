//! Finds the answers of calls in the inputs of later ones.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::evidence::Evidence;
use super::text::{Found, Texts};
use super::{Reason, Use, Used};
use crate::recording::{Call, Message, Part, Role};

/// All that was found. Each message of each input has the answer that explains it best.
pub(super) fn find(calls: &[Call]) -> Vec<Evidence> {
    let index = Index::of(calls);
    let mut known: HashMap<*const Message, Vec<Hit>> = HashMap::new();
    let mut found = Vec::new();
    for (to, call) in calls.iter().enumerate() {
        for (place, message) in call.messages.iter().enumerate() {
            if let Some(of) = index.continued(to, place) {
                found.push(evidence(
                    to,
                    place,
                    Hit::sure(of, Reason::Continuation, Used::Answer { call: of }),
                ));
                // It may answer tools as well, with some makers.
                let results = index.hits_of_results(message);
                found.extend(results.into_iter().map(|hit| evidence(to, place, hit)));
                continue;
            }
            let hits = known.entry(Arc::as_ptr(message)).or_insert_with(|| index.hits(message));
            found.extend(hits.iter().cloned().map(|hit| evidence(to, place, hit)));
        }
    }
    found
}

fn evidence(to: usize, message: usize, hit: Hit) -> Evidence {
    Evidence {
        of: hit.of,
        to,
        reason: hit.reason,
        used: hit.used.map(|of| Use { message, of }),
    }
}

/// An answer in a message.
#[derive(Debug, Clone)]
struct Hit {
    of: usize,
    reason: Reason,
    used: Option<Used>,
}

impl Hit {
    const fn sure(of: usize, reason: Reason, used: Used) -> Self {
        Self {
            of,
            reason,
            used: Some(used),
        }
    }
}

struct Index<'a> {
    calls: &'a [Call],
    texts: Texts<'a>,
    /// Calls by the ids of the tool calls of their answers, with the place of each.
    asked: HashMap<&'a str, Vec<(usize, usize)>>,
    /// When the first call began that had a message.
    seen: HashMap<*const Message, u64>,
    /// Calls by the number of their messages and the last one.
    inputs: HashMap<(usize, *const Message), Vec<usize>>,
}

impl<'a> Index<'a> {
    fn of(calls: &'a [Call]) -> Self {
        let mut index = Self {
            calls,
            texts: Texts::of(calls),
            asked: HashMap::new(),
            seen: HashMap::new(),
            inputs: HashMap::new(),
        };
        for (place, call) in calls.iter().enumerate() {
            for (nth, asked) in call.output.iter().flat_map(|output| &output.tool_calls).enumerate() {
                if let Some(id) = asked.id.as_deref().filter(|id| !id.is_empty()) {
                    index.asked.entry(id).or_default().push((place, nth));
                }
            }
            for message in &call.messages {
                // Calls are in the order of their starts.
                index.seen.entry(Arc::as_ptr(message)).or_insert(call.start_ns);
            }
            if let Some(last) = call.messages.last() {
                let key = (call.messages.len(), Arc::as_ptr(last));
                index.inputs.entry(key).or_default().push(place);
            }
        }
        index
    }

    /// The call whose input is what stands before a message, and whose answer is the message.
    fn continued(&self, to: usize, place: usize) -> Option<usize> {
        let messages = &self.calls[to].messages;
        let (message, before) = (&messages[place], &messages[..place]);
        if message.role != Role::Assistant {
            return None;
        }
        let candidates = self.inputs.get(&(place, Arc::as_ptr(before.last()?)))?;
        let is_it = |call: &Call| {
            let same = call
                .messages
                .iter()
                .zip(before)
                .all(|(one, other)| Arc::ptr_eq(one, other));
            same && call.output.as_ref().is_some_and(|output| output.is(message))
        };
        let matching = candidates.iter().copied().filter(|call| is_it(&self.calls[*call]));
        self.last(matching, self.calls[to].start_ns)
    }

    /// The last of several calls that had ended by a moment.
    fn last(&self, calls: impl Iterator<Item = usize>, by_ns: u64) -> Option<usize> {
        let ended = calls.filter(|call| self.calls[*call].end_ns <= by_ns);
        ended.max_by_key(|call| (self.calls[*call].end_ns, *call))
    }

    /// What in a message is made of answers that were given before it was first there.
    fn hits(&self, message: &Arc<Message>) -> Vec<Hit> {
        if let Some(hit) = self.whole(message) {
            return vec![hit];
        }
        let mut hits = self.hits_of_results(message);
        if message.role == Role::Assistant && message.tool_calls().next().is_some() {
            return hits;
        }
        for (part, text) in texts_of(message) {
            for Found { call, at } in self.texts.within(text, |calls| self.last(calls, self.seen_at(message))) {
                let used = Used::Quote { call, part, at };
                hits.push(Hit::sure(call, Reason::Quote, used));
            }
        }
        hits
    }

    fn seen_at(&self, message: &Arc<Message>) -> u64 {
        self.seen.get(&Arc::as_ptr(message)).copied().unwrap_or_default()
    }

    /// The answer that a message of the model is.
    fn whole(&self, message: &Arc<Message>) -> Option<Hit> {
        if message.role != Role::Assistant {
            return None;
        }
        let mut asked = message.tool_calls().filter_map(|call| call.id.as_deref()).peekable();
        if asked.peek().is_some() {
            let by_id: Vec<(usize, &str)> = asked
                .flat_map(|id| {
                    self.asked
                        .get(id)
                        .into_iter()
                        .flatten()
                        .map(move |(call, _)| (*call, id))
                })
                .collect();
            let call = self.last(by_id.iter().map(|(call, _)| *call), self.seen_at(message));
            return match call {
                Some(call) => {
                    let id = by_id.iter().find(|(of, _)| *of == call)?.1;
                    Some(Hit::sure(call, Reason::ToolCall(id.to_owned()), Used::Answer { call }))
                }
                None => by_id.first().map(|(call, id)| said(*call, id)),
            };
        }
        let text = message.text();
        let same = self.texts.whole(&text);
        let call = self.last(same.iter().copied(), self.seen_at(message))?;
        Some(Hit::sure(call, Reason::SameText, Used::Answer { call }))
    }

    /// The results of tool calls in a message.
    fn hits_of_results(&self, message: &Arc<Message>) -> Vec<Hit> {
        let results = message.parts.iter().enumerate().filter_map(|(part, said)| match said {
            Part::ToolResult(result) => Some((part, result.id.as_deref()?)),
            _ => None,
        });
        let hits = results.filter_map(|(part, id)| {
            let asked = self.asked.get(id)?;
            let call = self.last(asked.iter().map(|(call, _)| *call), self.seen_at(message));
            let Some(call) = call else {
                return asked.first().map(|(call, _)| said(*call, id));
            };
            let (_, tool_call) = *asked.iter().find(|(of, _)| *of == call)?;
            let used = Used::ToolResult { call, part, tool_call };
            Some(Hit::sure(call, Reason::ToolCall(id.to_owned()), used))
        });
        let mut by_part: BTreeMap<usize, Hit> = BTreeMap::new();
        for hit in hits {
            let part = match &hit.used {
                Some(Used::ToolResult { part, .. }) => *part,
                _ => usize::MAX,
            };
            by_part.entry(part).or_insert(hit);
        }
        by_part.into_values().collect()
    }
}

/// What ids say of a call that had not ended yet.
fn said(of: usize, id: &str) -> Hit {
    Hit {
        of,
        reason: Reason::ToolCall(id.to_owned()),
        used: None,
    }
}

/// The texts that answers can be within.
fn texts_of(message: &Message) -> impl Iterator<Item = (usize, &str)> {
    message.parts.iter().enumerate().filter_map(|(place, part)| match part {
        Part::Text(text) => Some((place, text.as_str())),
        Part::ToolResult(result) => Some((place, result.content.as_str()?)),
        _ => None,
    })
}
