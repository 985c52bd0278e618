//! Items that were not stored, and why.

use std::borrow::Cow;
use std::fmt;

use super::Accepted;

/// Different reasons that are told apart. What comes after is counted with the last.
const REASONS: usize = 8;

/// Why an item is not stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reason {
    text: Cow<'static, str>,
    flaw: Flaw,
}

/// What is wrong with an item, as far as there is advice of its own for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Flaw {
    /// It belongs to no trace: the id is empty, or all zeros.
    NoTraceId,
    Other,
}

impl Reason {
    pub(super) const fn no_trace_id(text: &'static str) -> Self {
        Self {
            text: Cow::Borrowed(text),
            flaw: Flaw::NoTraceId,
        }
    }

    pub(crate) const fn flaw(&self) -> Flaw {
        self.flaw
    }
}

impl<T: Into<Cow<'static, str>>> From<T> for Reason {
    fn from(text: T) -> Self {
        Self {
            text: text.into(),
            flaw: Flaw::Other,
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.text)
    }
}

/// Items that were not stored, by reason, in the order in which the reasons came up.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Refusals(Vec<(Reason, u64)>);

impl Refusals {
    /// Counts items.
    pub(super) fn add(&mut self, reason: impl Into<Reason>, items: usize) {
        let reason = reason.into();
        let items = items as u64;
        let place = self.0.iter().position(|(known, _)| *known == reason);
        match place.or_else(|| (self.0.len() >= REASONS).then_some(REASONS - 1)) {
            Some(place) => self.0[place].1 += items,
            None => self.0.push((reason, items)),
        }
    }

    /// How many they are.
    pub(super) fn items(&self) -> u64 {
        self.0.iter().map(|(_, items)| items).sum()
    }

    /// What the client is told.
    pub(super) fn accepted(&self) -> Accepted {
        let reasons = self.0.iter().map(|(reason, items)| format!("{items} × {reason}"));
        Accepted {
            rejected: i64::try_from(self.items()).unwrap_or(i64::MAX),
            message: reasons.collect::<Vec<_>>().join("; "),
            refused: self.0.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_are_told_with_their_counts() {
        let mut refusals = Refusals::default();
        refusals.add("the span id is empty", 1);
        refusals.add("the trace id is empty", 2);
        refusals.add("the span id is empty", 1);
        let accepted = refusals.accepted();
        assert_eq!(accepted.rejected, 4);
        assert_eq!(accepted.message, "2 × the span id is empty; 2 × the trace id is empty");
    }

    #[test]
    fn many_reasons_do_not_make_a_long_message() {
        let mut refusals = Refusals::default();
        for number in 0..1_000 {
            refusals.add(format!("reason {number}"), 1);
        }
        assert_eq!(refusals.items(), 1_000);
        assert!(refusals.accepted().message.ends_with("993 × reason 7"), "{refusals:?}");
    }
}
