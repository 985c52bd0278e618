//! Why a workload cannot be made.

use std::{io, path::PathBuf};

use thiserror::Error;

/// Why a workload cannot be made. The message names the file and line, or the setting, and what to try.
#[derive(Debug, Error)]
pub enum WorkloadError {
    /// A file cannot be read.
    #[error("{}: cannot be read", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A place in a dataset is wrong.
    #[error("{}:{line}: {problem}", path.display())]
    Line {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: u64,
        /// What is wrong there.
        problem: String,
    },
    /// A dataset has nothing to send.
    #[error("{}: {problem}", path.display())]
    NoEntries {
        /// The file.
        path: PathBuf,
        /// What is missing.
        problem: &'static str,
    },
    /// A tokenizer file is missing or not one.
    #[error("{}: not a usable tokenizer: {problem}", path.display())]
    Tokenizer {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// No texts of exact lengths can be made for a tokenizer.
    #[error(
        "{}: found no set of words whose token counts add up, so prompts cannot have exact lengths; leave out the \
         tokenizer to have lengths calibrated from the server's usage, or give the prompts in an input file",
        path.display()
    )]
    NotAdditive {
        /// The file of the tokenizer.
        path: PathBuf,
    },
    /// The chat template alone is as long as the prompt should be.
    #[error(
        "a prompt of {requested} input tokens is impossible: the server's chat template alone takes {overhead}; ask for \
         at least {}",
        u64::from(*overhead) + 1
    )]
    BelowTemplate {
        /// The mean length that was asked for.
        requested: f64,
        /// Tokens that the template adds to the text.
        overhead: u32,
    },
    /// A length is out of range.
    #[error(
        "a mean of {mean} {what} tokens with a deviation of {stddev} is out of range; the mean must be between 1 and {max}, \
         the deviation 0 or more"
    )]
    Length {
        /// "input" or "output".
        what: &'static str,
        /// The mean that was asked for.
        mean: f64,
        /// The standard deviation that was asked for.
        stddev: f64,
        /// The largest length that is supported.
        max: u32,
    },
    /// A calibration that cannot be used.
    #[error(
        "{tokens_per_word} tokens a word and {overhead} around them is no usable calibration; give a tokenizer instead"
    )]
    Calibration {
        /// Tokens a word, as given.
        tokens_per_word: f64,
        /// Tokens of the chat template, as given.
        overhead: f64,
    },
}

/// A message of a parser, short enough to be read. Some quote the whole value that they do not like.
pub(super) fn shortened(message: &str) -> String {
    const KEPT_AT_EACH_END: usize = 120;
    let start = message.char_indices().nth(KEPT_AT_EACH_END);
    let end = message.char_indices().nth_back(KEPT_AT_EACH_END);
    match (start, end) {
        (Some((start, _)), Some((end, _))) if start < end => format!("{} … {}", &message[..start], &message[end..]),
        _ => message.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_messages_keep_both_ends() {
        let long = format!("invalid type: string \"{}\", expected a map", "é".repeat(100_000));
        let short = shortened(&long);
        assert!(
            short.starts_with("invalid type: string") && short.ends_with("expected a map"),
            "{short}"
        );
        assert!(short.chars().count() < 250);
        assert_eq!(shortened("expected value"), "expected value");
        assert_eq!(shortened(""), "");
    }
}
