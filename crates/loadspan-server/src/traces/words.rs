//! Words that many rows have in common: each stands in a table once.

use std::collections::HashMap;

/// Words, each once, in the order in which they came up.
#[derive(Debug, Default)]
pub(super) struct Table {
    words: Vec<String>,
    places: HashMap<String, i64>,
}

impl Table {
    /// The place of a word, which is added if it is new.
    pub(super) fn place(&mut self, word: String) -> i64 {
        if let Some(place) = self.places.get(&word) {
            return *place;
        }
        let place = i64::try_from(self.words.len()).unwrap_or(i64::MAX);
        self.words.push(word.clone());
        self.places.insert(word, place);
        place
    }

    pub(super) fn into_words(self) -> Vec<String> {
        self.words
    }
}
