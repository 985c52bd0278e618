//! A turn of a session, and what the next one shows by it.

use super::super::{Lengths, RawCall};

/// The last turn of a session.
#[derive(Debug, Clone)]
pub(super) struct Past {
    pub(super) number: u32,
    pub(super) line: u64,
    pub(super) time_ns: Option<i64>,
    pub(super) session_time_ns: Option<i64>,
    pub(super) input: u64,
    pub(super) output: u64,
    /// Tokens of all turns, where lengths are those of what is new.
    pub(super) sum: u64,
    /// Whole blocks, and what they are.
    pub(super) blocks: usize,
    pub(super) digest: u64,
}

impl Past {
    pub(super) fn first(line: u64, call: &RawCall, block_tokens: u64) -> Self {
        let blocks = whole_blocks(call, block_tokens);
        let output = call.output_tokens.unwrap_or(0);
        Self {
            number: 0,
            line,
            time_ns: call.time_ns,
            session_time_ns: call.time_ns,
            input: call.input_tokens,
            output,
            sum: call.input_tokens.saturating_add(output),
            blocks,
            digest: digest(&call.hash_ids[..blocks]),
        }
    }

    pub(super) fn then(&self, line: u64, call: &RawCall, block_tokens: u64) -> Self {
        let first = Self::first(line, call, block_tokens);
        Self {
            number: self.number + 1,
            time_ns: call.time_ns.or(self.time_ns),
            session_time_ns: self.session_time_ns,
            sum: self.sum.saturating_add(first.sum),
            ..first
        }
    }

    /// What the next turn shows, and how.
    pub(super) fn shows(&self, call: &RawCall) -> Option<(Lengths, &'static str)> {
        if call.input_tokens < self.input {
            return Some((Lengths::Delta, "is shorter than"));
        }
        if self.blocks == 0 || call.hash_ids.is_empty() {
            return None;
        }
        let begins_alike = call
            .hash_ids
            .get(..self.blocks)
            .is_some_and(|ids| digest(ids) == self.digest);
        Some(if begins_alike {
            (Lengths::Cumulative, "begins with the blocks of")
        } else {
            (Lengths::Delta, "does not begin with the blocks of")
        })
    }
}

/// Blocks of an input that no later turn can have added to.
fn whole_blocks(call: &RawCall, block_tokens: u64) -> usize {
    let whole = call.input_tokens / block_tokens;
    usize::try_from(whole).unwrap_or(usize::MAX).min(call.hash_ids.len())
}

/// FNV-1a, of numbers.
fn digest(ids: &[u64]) -> u64 {
    let bytes = ids.iter().flat_map(|id| id.to_le_bytes());
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}
