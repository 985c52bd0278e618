//! What was said in the sessions of a log, as long as there is room for it in memory.
//!
//! All sessions share the room. One that finds none forgets what was said, and gives back what it had: its later calls are as long as
//! they should be, and repeat nothing.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Memory for what is said.
#[derive(Debug)]
pub(super) struct Room {
    most: usize,
    taken: AtomicUsize,
}

/// What was said in a session, as JSON messages with a comma behind each.
#[derive(Debug)]
pub(super) struct History {
    room: Arc<Room>,
    /// `None`: it was forgotten.
    said: Option<String>,
}

impl Room {
    pub(super) fn new(most: usize) -> Arc<Self> {
        Arc::new(Self {
            most,
            taken: AtomicUsize::new(0),
        })
    }

    /// Whether there was room for so much more.
    fn take(&self, bytes: usize) -> bool {
        let fits = |taken: usize| taken.checked_add(bytes).filter(|taken| *taken <= self.most);
        let taken = self.taken.fetch_update(Ordering::Relaxed, Ordering::Relaxed, fits);
        taken.is_ok()
    }

    fn give_back(&self, bytes: usize) {
        self.taken.fetch_sub(bytes, Ordering::Relaxed);
    }
}

impl History {
    pub(super) fn new(room: &Arc<Room>) -> Self {
        Self {
            room: Arc::clone(room),
            said: Some(String::new()),
        }
    }

    /// What was said. `None`: it was forgotten.
    pub(super) fn said(&self) -> Option<&str> {
        self.said.as_deref()
    }

    /// Adds what `say` appends, unless that is too much or what was before it was forgotten.
    pub(super) fn add(&mut self, say: impl FnOnce(&mut String)) {
        let Some(mut said) = self.said.take() else { return };
        let before = said.capacity();
        say(&mut said);
        if self.room.take(said.capacity() - before) {
            self.said = Some(said);
        } else {
            self.room.give_back(before);
        }
    }
}

impl Drop for History {
    fn drop(&mut self) {
        // Most sessions are single calls, which have said nothing.
        let bytes = self.said.as_ref().map_or(0, String::capacity);
        if bytes > 0 {
            self.room.give_back(bytes);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_finds_no_room_is_forgotten_and_makes_room_for_others() {
        let room = Room::new(100);
        let (mut one, mut other) = (History::new(&room), History::new(&room));
        let say = |history: &mut History, bytes: usize| history.add(|said| said.push_str(&"x".repeat(bytes)));
        say(&mut one, 60);
        say(&mut other, 60);
        assert_eq!((one.said().map(str::len), other.said()), (Some(60), None));
        say(&mut other, 1);
        assert_eq!(other.said(), None);
        drop(one);
        assert_eq!(room.taken.load(Ordering::Relaxed), 0);
        let mut third = History::new(&room);
        say(&mut third, 100);
        assert_eq!(third.said().map(str::len), Some(100));
    }
}
