//! Texts of recorded lengths, where the recording has none.

use std::num::NonZeroU32;

use loadspan_record::FailureKind;

use crate::sessions::Unsendable;
use crate::workload::{LengthModel, PromptTokenizer, Stream, Wording, WorkloadError, estimated_tokens};

/// Makes texts up.
#[derive(Debug)]
pub(super) struct Texts {
    wording: Wording,
    tokenizer: Option<PromptTokenizer>,
    seed: u64,
    block_tokens: NonZeroU32,
}

impl Texts {
    /// For calls that have texts of their own, where nobody needs those of exact lengths.
    pub(super) fn of_recorded(
        lengths: &LengthModel,
        seed: u64,
        block_tokens: NonZeroU32,
    ) -> Result<Self, WorkloadError> {
        Ok(Self {
            tokenizer: lengths.tokenizer().cloned(),
            ..Self::new(&LengthModel::Words, seed, block_tokens)?
        })
    }

    pub(super) fn new(lengths: &LengthModel, seed: u64, block_tokens: NonZeroU32) -> Result<Self, WorkloadError> {
        Ok(Self {
            wording: Wording::of(lengths)?,
            tokenizer: lengths.tokenizer().cloned(),
            seed,
            block_tokens,
        })
    }

    /// Appends a whole prompt of so many tokens, chat template included. It begins with the texts of its blocks, which depend on their
    /// numbers and the seed alone: prompts whose numbers begin alike begin alike, to the token. What they do not cover depends on
    /// `own`.
    pub(super) fn append_prompt(&self, hash_ids: &[u64], tokens: u64, own: u64, text: &mut String) {
        let pieces = self.wording.pieces_of_prompt(to_u32(tokens));
        let mut written = 0;
        let mut tokens_before = 0_u64;
        for id in hash_ids {
            tokens_before += u64::from(self.block_tokens.get());
            // Counted from the start, so that no rounding adds up.
            let until = self.wording.pieces_within(to_u32(tokens_before)).min(pieces);
            let mut random = Stream::SharedText.random(self.seed, *id);
            self.wording
                .append_pieces(until.saturating_sub(written), &mut random, text);
            written = written.max(until);
        }
        let mut random = Stream::Text.random(self.seed, own);
        self.wording.append_pieces(pieces - written, &mut random, text);
    }

    /// The number by which texts of a session differ from those of others.
    pub(super) fn own(&self, session: u64, call: u32) -> u64 {
        Stream::Session.number(Stream::Session.number(self.seed, session), u64::from(call))
    }

    /// How many tokens a recorded text has, about, where there is no tokenizer.
    pub(super) fn tokens_of(&self, text: &str) -> u32 {
        match &self.tokenizer {
            Some(tokenizer) => tokenizer.count(text),
            None => estimated_tokens(text),
        }
    }

    pub(super) fn lengths(&self) -> &'static str {
        self.wording.lengths()
    }

    pub(super) fn fingerprint(&self) -> String {
        self.wording.fingerprint()
    }
}

/// Longer inputs are not made up: no model takes them, and their texts would fill the memory.
const LONGEST_INPUT: u64 = 1 << 24;

/// Whether a text of so many tokens is made up.
pub(super) fn check_length(tokens: u64) -> Result<(), Unsendable> {
    if tokens <= LONGEST_INPUT {
        return Ok(());
    }
    Err(Unsendable {
        kind: FailureKind::ContextTooLong,
        message: format!("texts of more than {LONGEST_INPUT} tokens are not made up, and this one would have {tokens}"),
    })
}

pub(super) fn to_u32(number: u64) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}
