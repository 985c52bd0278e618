//! How much of the input a prefix cache can have seen before.
//!
//! A session of `T` turns whose users say `u` and whose servers answer `a` tokens repeats, in each turn, what the session shares with
//! others (`s`) and every earlier turn. New to the server is what the user says now. So, over many sessions,
//!
//! ```text
//! share = 1 − Σ u / Σ (s + earlier turns + u)
//! ```
//!
//! once the cache has seen each shared text. It is the most that a cache can have, which never forgets and has no blocks: one of
//! blocks of `b` tokens has `(b − 1) / 2` tokens less of each call, on average. The chat template is left out.

use super::error::ConversationError;
use super::made_up::MadeUp;

/// Sessions that are looked at. Their lengths are those that will be sent, cut at 1 as they are.
const SESSIONS: u64 = 1_024;
/// The longest shared text.
const MOST_TOKENS: f64 = 10_000_000.0;

/// The tokens of some sessions, summed up.
#[derive(Debug, Clone, Copy)]
pub(super) struct SampledTurns {
    calls: f64,
    /// Said by users.
    new: f64,
    /// Earlier turns, as often as they are repeated.
    repeated: f64,
}

impl SampledTurns {
    /// `None` when answers have no length.
    pub(super) fn of(made_up: &MadeUp) -> Option<Self> {
        let mut sums = Self {
            calls: 0.0,
            new: 0.0,
            repeated: 0.0,
        };
        for session in 0..SESSIONS {
            let mut history = 0.0;
            for turn in 0..made_up.turns(session) {
                let lengths = made_up.lengths(session, turn);
                sums.calls += 1.0;
                sums.new += f64::from(lengths.input);
                sums.repeated += history;
                history += f64::from(lengths.input) + f64::from(lengths.output?);
            }
        }
        Some(sums)
    }

    /// The share with a shared text of `tokens`.
    pub(super) fn share(&self, tokens: u32) -> f64 {
        1.0 - self.new / (self.new + self.repeated + self.calls * f64::from(tokens))
    }

    /// How long a shared text makes the share as asked; at least `least` tokens. `asked` is below 1.
    pub(super) fn shared_tokens_for(&self, asked: f64, least: u32) -> Result<u32, ConversationError> {
        let tokens = ((self.new / (1.0 - asked) - self.new - self.repeated) / self.calls).round();
        if tokens < f64::from(least) {
            let least = self.share(least);
            return Err(ConversationError::ShareTooSmall { asked, least });
        }
        if tokens > MOST_TOKENS {
            return Err(ConversationError::ShareTooLarge { asked, tokens });
        }
        Ok(tokens as u32)
    }
}
