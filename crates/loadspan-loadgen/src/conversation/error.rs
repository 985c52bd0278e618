//! Why conversations cannot be made.

use thiserror::Error;

use crate::workload::WorkloadError;

/// Why conversations cannot be made. The message names the setting, or the file and line, and what to try.
#[derive(Debug, Error)]
pub enum ConversationError {
    /// Texts, lengths or a dataset.
    #[error(transparent)]
    Workload(#[from] WorkloadError),
    /// A number of turns out of range.
    #[error(
        "--session-turns-mean {mean} with a deviation of {stddev} is out of range; the mean must be between 1 and 10000, the \
         deviation 0 or more"
    )]
    Turns {
        /// As asked for.
        mean: f64,
        /// As asked for.
        stddev: f64,
    },
    /// A delay out of range.
    #[error(
        "--session-turn-delay-mean {mean} s with a deviation of {stddev} s is out of range; both must be between 0 and a day"
    )]
    Delay {
        /// As asked for.
        mean: f64,
        /// As asked for.
        stddev: f64,
    },
    /// A factor out of range.
    #[error("--session-delay-ratio: delays cannot be multiplied by {0}; give 0 or more")]
    DelayRatio(f64),
    /// A share that is none.
    #[error("--tool-turn-share: {0} is no share of turns; give a number from 0 to 1")]
    ToolShare(f64),
    /// A share that is none.
    #[error(
        "--prefix-share: {0} is no share of tokens that a cache can have; give a number from 0 to below 1, such as 0.5"
    )]
    PrefixShare(f64),
    /// A share that depends on answers of unknown length.
    #[error("--prefix-share can only be aimed at when answers have a length; give one with --osl")]
    AnswersOfUnknownLength,
    /// Even without the prefix, more of the input repeats.
    #[error(
        "a prefix share of {asked} is impossible: with no prefix at all it is {:.3}, because each turn repeats the earlier ones and \
         any system prompt; ask for more, or for fewer turns",
        (least * 1e3).ceil() / 1e3
    )]
    ShareTooSmall {
        /// As asked for.
        asked: f64,
        /// The least that there can be.
        least: f64,
    },
    /// The prefix would be longer than any.
    #[error(
        "a prefix share of {asked} needs a shared prefix of {tokens:.0} tokens, which is out of range; ask for less"
    )]
    ShareTooLarge {
        /// As asked for.
        asked: f64,
        /// What it would take.
        tokens: f64,
    },
    /// Texts that sessions share do not fit into memory.
    #[error(
        "a shared system prompt of {system} tokens and {count} prefixes of {tokens} are too much to hold; ask for at most {most} tokens \
         in all"
    )]
    TooMuchShared {
        /// Tokens of the system prompt.
        system: u32,
        /// How many prefixes.
        count: u32,
        /// Of so many tokens each.
        tokens: u32,
        /// The limit.
        most: u64,
    },
}
