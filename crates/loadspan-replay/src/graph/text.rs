//! The texts of answers, to be found in other texts.
//!
//! All answers are looked for at once: a text is read once, and only where something begins as an answer does is it compared.

use std::collections::HashMap;
use std::ops::Range;

use super::SHORTEST;
use crate::recording::Call;

/// What of an answer is looked up.
type Beginning = [u8; SHORTEST];

#[derive(Debug)]
pub(super) struct Texts<'a> {
    /// Calls by the text that they answered.
    whole: HashMap<&'a str, Vec<usize>>,
    /// Texts by how they begin, the longest first.
    beginnings: HashMap<Beginning, Vec<&'a str>>,
    /// A bit for each four bytes with which one of them begins.
    first: Box<[u64; 1024]>,
}

/// An answer within a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) call: usize,
    pub(super) at: Range<usize>,
}

impl<'a> Texts<'a> {
    pub(super) fn of(calls: &'a [Call]) -> Self {
        let mut texts = Self {
            whole: HashMap::new(),
            beginnings: HashMap::new(),
            first: Box::new([0; 1024]),
        };
        for (place, call) in calls.iter().enumerate() {
            let text = call.output.as_ref().map_or("", |output| output.text.trim());
            if text.chars().nth(SHORTEST - 1).is_none() {
                continue;
            }
            let calls = texts.whole.entry(text).or_default();
            calls.push(place);
            if calls.len() == 1
                && let Some(beginning) = text.as_bytes().first_chunk::<SHORTEST>()
            {
                texts.beginnings.entry(*beginning).or_default().push(text);
                let (word, bit) = place_of(text.as_bytes());
                texts.first[word] |= bit;
            }
        }
        for texts in texts.beginnings.values_mut() {
            texts.sort_by_key(|text| std::cmp::Reverse(text.len()));
        }
        texts
    }

    /// The calls that answered a text, but for white space around it.
    pub(super) fn whole(&self, text: &str) -> &[usize] {
        self.whole.get(text.trim()).map_or(&[], Vec::as_slice)
    }

    /// The answers within a text, none of which overlap: of two that do, the one that begins first, of these the longest. Of the calls
    /// that gave the same answer, `choose` says which it is, or that it is none.
    pub(super) fn within(
        &self,
        text: &str,
        choose: impl Fn(std::iter::Copied<std::slice::Iter<'_, usize>>) -> Option<usize>,
    ) -> Vec<Found> {
        let mut found = Vec::new();
        let bytes = text.as_bytes();
        let mut at = 0;
        while let Some(beginning) = bytes.get(at..).and_then(|rest| rest.first_chunk::<SHORTEST>()) {
            let (word, bit) = place_of(beginning);
            let here = (self.first[word] & bit != 0)
                .then(|| self.beginnings.get(beginning))
                .flatten();
            let mut here = here
                .into_iter()
                .flatten()
                .filter(|text| bytes[at..].starts_with(text.as_bytes()));
            let hit = here.find_map(|text| Some((choose(self.whole(text).iter().copied())?, text.len())));
            match hit {
                Some((call, length)) => {
                    let range = at..at + length;
                    found.push(Found {
                        call,
                        at: range.clone(),
                    });
                    at = range.end;
                }
                None => at += 1,
            }
        }
        found
    }
}

/// The bit of the first four of some bytes.
fn place_of(bytes: &[u8]) -> (usize, u64) {
    let four = bytes.first_chunk::<4>().map_or(0, |four| u32::from_le_bytes(*four));
    let place = four.wrapping_mul(0x9e37_79b1) >> 16;
    ((place / 64) as usize, 1 << (place % 64))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::call;

    const ONE: &str = "the first answer of all";
    const TWO: &str = "the first answer of all and more of it";

    fn found(text: &str) -> Vec<(usize, &str)> {
        let calls = [
            call(0, 1).says(&format!(" {ONE}\n")).build(),
            call(0, 2).says(TWO).build(),
            call(0, 3).says("too short").build(),
            call(0, 4).says(ONE).build(),
        ];
        let texts = Texts::of(&calls);
        let found = texts.within(text, |mut calls| calls.next());
        found.into_iter().map(|found| (found.call, &text[found.at])).collect()
    }

    #[test]
    fn answers_are_found_within_texts() {
        assert_eq!(found(&format!("é {ONE}, {TWO}. too short")), [(0, ONE), (1, TWO)]);
        assert_eq!(found("the first answer of al"), []);
        assert_eq!(found(""), []);
    }
}
