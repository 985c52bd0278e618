//! The steps of a metric that are there already.

use std::collections::BTreeMap;
use std::fmt;

/// Steps of one block.
const BLOCK: usize = 1 << 16;
/// More steps than a run has requests. Beyond them none is kept: so many take 32 MiB, whatever records and server say.
const MOST: u64 = 1 << 28;

/// A set of steps from 0 to a last one: one bit each, in blocks that exist where there is something in them. Ten million steps in a row
/// take 1.25 MB.
pub(super) struct Steps {
    /// How many there can be.
    count: u64,
    blocks: BTreeMap<u64, Box<[u64; BLOCK / 64]>>,
}

impl Steps {
    /// Nothing, of steps up to `last`.
    pub(super) fn up_to(last: u64) -> Self {
        Self {
            count: last.saturating_add(1).min(MOST),
            blocks: BTreeMap::new(),
        }
    }

    /// Adds a step. `false`: it is there. One that there cannot be is not kept, and so is never there.
    pub(super) fn insert(&mut self, step: i64) -> bool {
        let Some(step) = u64::try_from(step).ok().filter(|step| *step < self.count) else {
            return true;
        };
        let block = self.blocks.entry(step / BLOCK as u64);
        let bits = block.or_insert_with(|| Box::new([0; BLOCK / 64]));
        let place = (step % BLOCK as u64) as usize;
        let (word, bit) = (&mut bits[place / 64], 1 << (place % 64));
        let is_new = *word & bit == 0;
        *word |= bit;
        is_new
    }
}

impl fmt::Debug for Steps {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Steps")
            .field("count", &self.count)
            .field("blocks", &self.blocks.len())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_is_new_once() {
        let mut steps = Steps::up_to(9_999_999);
        for step in [0, 1, 63, 64, 65_535, 65_536, 9_999_999] {
            assert!(steps.insert(step), "{step}");
            assert!(!steps.insert(step), "{step}");
        }
    }

    #[test]
    fn steps_in_a_row_take_a_bit_each() {
        let mut steps = Steps::up_to(u64::MAX);
        for step in 0..1_000_000 {
            steps.insert(step);
        }
        assert_eq!(steps.blocks.len(), 16);
    }

    #[test]
    fn steps_that_there_cannot_be_take_nothing() {
        let mut steps = Steps::up_to(99);
        for step in [-1, 100, 65_536, i64::MAX, i64::MIN] {
            assert!(steps.insert(step) && steps.insert(step), "{step}");
        }
        assert_eq!(steps.blocks.len(), 0);
        let mut steps = Steps::up_to(u64::MAX);
        assert!(steps.insert(MOST as i64) && steps.blocks.is_empty());
    }
}
