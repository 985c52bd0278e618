//! Calls of tools, whose arguments come in pieces.

use serde_json::{Map, Value};

use super::choices::merge;

/// Calls of tools, in the order in which they began.
#[derive(Debug, Default)]
pub(super) struct ToolCalls {
    calls: Vec<Call>,
}

#[derive(Debug)]
struct Call {
    /// `None`: the server does not count them.
    index: Option<u64>,
    members: Map<String, Value>,
}

impl ToolCalls {
    /// Adds a piece of a call: to the one of its index, or, without one, to the last, unless it has an id of its own.
    pub(super) fn add(&mut self, piece: Value) {
        let Value::Object(mut piece) = piece else {
            return;
        };
        let index = piece.remove("index").and_then(|index| index.as_u64());
        let position = match index {
            Some(_) => self.calls.iter().position(|call| call.index == index),
            None if piece.get("id").is_some_and(Value::is_string) => None,
            None => self.calls.len().checked_sub(1),
        };
        match position.and_then(|position| self.calls.get_mut(position)) {
            Some(call) => call.add(piece),
            None => self.calls.push(Call { index, members: piece }),
        }
    }

    /// `None`: there are none.
    pub(super) fn output(self) -> Option<Value> {
        let calls: Vec<Value> = self.calls.into_iter().map(|call| Value::Object(call.members)).collect();
        (!calls.is_empty()).then_some(Value::Array(calls))
    }
}

impl Call {
    fn add(&mut self, piece: Map<String, Value>) {
        for (name, value) in piece {
            match (self.members.get_mut(&name), value) {
                (Some(Value::Object(known)), Value::Object(more)) => merge_function(known, more),
                // Ids and types are whole, and some servers repeat them.
                (Some(known), _) if !known.is_null() => {}
                (_, value) => {
                    self.members.insert(name, value);
                }
            }
        }
    }
}

/// Arguments grow; the name is whole.
fn merge_function(function: &mut Map<String, Value>, piece: Map<String, Value>) {
    for (name, value) in piece {
        if name == "name" && function.get("name").is_some_and(Value::is_string) {
            continue;
        }
        merge(function, name, value);
    }
}
