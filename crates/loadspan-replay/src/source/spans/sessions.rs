//! Which calls make a session.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::SessionsBy;
use super::structure::Relations;
use super::tree::Tree;
use crate::recording::{After, Call, Origin, Recorded, Session};

/// The sessions of calls, by their first call. What a call came after in another session is not known in its own.
pub(super) fn group(tree: &Tree, calls: Vec<Call>, kept: &[bool], after: Relations, by: SessionsBy) -> Vec<Session> {
    let mut members: BTreeMap<Key, Vec<usize>> = BTreeMap::new();
    let conversations = Conversations::of(tree);
    for (place, node) in tree.nodes.iter().enumerate() {
        if let Some(call) = node.call.filter(|call| kept[*call]) {
            let key = match by {
                SessionsBy::Conversation => conversations.key(tree, place),
                SessionsBy::Trace => Key::Trace(node.trace.clone()),
            };
            members.entry(key).or_default().push(call);
        }
    }
    let mut calls: Vec<Option<Call>> = calls.into_iter().map(Some).collect();
    let sessions = members
        .into_iter()
        .map(|(key, members)| session(key, &members, &mut calls, &after));
    let mut sessions: Vec<Session> = sessions.collect();
    sessions.sort_by(|one, other| (one.start_ns(), one.id()).cmp(&(other.start_ns(), other.id())));
    sessions
}

#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Key {
    Trace(String),
    Conversation(String),
    /// By trace and span.
    Request(String, String),
}

fn session(key: Key, members: &[usize], calls: &mut [Option<Call>], after: &Relations) -> Session {
    let places: HashMap<usize, usize> = members.iter().copied().zip(0..).collect();
    let taken = members.iter().filter_map(|member| {
        let mut call = calls[*member].take()?;
        let known = after[*member].iter().filter_map(|(other, by)| {
            let (call, by) = (*places.get(other)?, by.clone());
            Some(After { call, by })
        });
        call.after = known.collect();
        Some(call)
    });
    let mut taken: Vec<Call> = taken.collect();
    turns(&mut taken);
    let (id, origin) = match key {
        Key::Trace(id) => (id, Origin::Trace),
        Key::Conversation(id) => (id, Origin::Conversation),
        Key::Request(_, id) => (id, Origin::Request),
    };
    Session::new(id, origin, taken)
}

/// A turn comes after the turn before it.
fn turns(calls: &mut [Call]) {
    let mut numbered: BTreeMap<u64, Vec<usize>> = BTreeMap::new();
    for (place, call) in calls.iter().enumerate() {
        if let Some(turn) = call.turn {
            numbered.entry(turn).or_default().push(place);
        }
    }
    let turns: Vec<Vec<usize>> = numbered.into_values().collect();
    for pair in turns.windows(2) {
        for to in &pair[1] {
            let start_ns = calls[*to].start_ns;
            let before = pair[0].iter().copied().filter(|call| calls[*call].end_ns <= start_ns);
            let before = before.filter(|call| calls[*to].after.iter().all(|after| after.call != *call));
            let by = Recorded::Turn;
            let found: Vec<After> = before.map(|call| After { call, by: by.clone() }).collect();
            calls[*to].after.extend(found);
        }
    }
}

/// The conversations that the spans of each trace name.
struct Conversations<'a>(HashMap<&'a str, BTreeSet<&'a str>>);

impl<'a> Conversations<'a> {
    fn of(tree: &'a Tree) -> Self {
        let mut found: HashMap<&str, BTreeSet<&str>> = HashMap::new();
        for node in &tree.nodes {
            if let Some(id) = &node.conversation {
                found.entry(&node.trace).or_default().insert(id);
            }
        }
        Self(found)
    }

    fn key(&self, tree: &'a Tree, place: usize) -> Key {
        let node = &tree.nodes[place];
        match self.around(tree, place) {
            Some(id) => Key::Conversation(id.to_owned()),
            None if node.is_made => Key::Request(node.trace.clone(), node.id.clone()),
            None => Key::Trace(node.trace.clone()),
        }
    }

    /// What a span says, else what is said above it, else the one conversation of its trace.
    fn around(&self, tree: &'a Tree, place: usize) -> Option<&'a str> {
        let mut line = std::iter::once(place).chain(tree.above(place));
        let said = line.find_map(|place| tree.nodes[place].conversation.as_deref());
        said.or_else(|| {
            if tree.nodes[place].is_made {
                return None;
            }
            let all = self.0.get(tree.nodes[place].trace.as_str())?;
            (all.len() == 1).then(|| all.first().copied()).flatten()
        })
    }
}
