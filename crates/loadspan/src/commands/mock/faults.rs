//! From the faults that were asked for to rules of the server, of which the first that fits a request wins.

use std::num::NonZeroU64;
use std::time::Duration;

use loadspan_testkit::{Fault, Script, When};

use crate::cli::{FaultArg, FaultName, FaultShare};
use crate::exit::UsageError;

/// How late a `slow-head` begins its response.
const SLOW_HEAD: Duration = Duration::from_secs(2);
/// Tokens before a stream goes wrong: enough to be a stream, so few that every answer has them.
const TOKENS_BEFORE: u32 = 1;

/// One rule for each fault, in their order. `script` is what the requests would get otherwise.
///
/// # Errors
///
/// A fault that no request would be left for, and shares that are more than all requests.
pub(super) fn rules(faults: &[FaultArg], script: &Script, seed: u64) -> Result<Vec<(When, Script)>, UsageError> {
    let mut taken = Taken::default();
    let numbered = (1..).zip(faults);
    numbered
        .map(|(number, fault)| Ok((taken.rule(fault, seed.wrapping_add(number))?, spoil(script, fault.name))))
        .collect()
}

/// What earlier rules leave to later ones.
#[derive(Debug, Default)]
struct Taken {
    all: bool,
    /// The sum of the shares so far.
    share: f64,
    every: Vec<NonZeroU64>,
}

impl Taken {
    fn rule(&mut self, fault: &FaultArg, seed: u64) -> Result<When, UsageError> {
        if self.all {
            let hint = "give the one before it a share, such as 429@5%";
            return Err(no_effect(fault.name, "after one for every request", hint));
        }
        match fault.share {
            FaultShare::All => {
                self.all = true;
                Ok(When::First(u64::MAX))
            }
            FaultShare::Every(number) => self.every(fault.name, number),
            FaultShare::Share(share) => self.share(share, seed),
        }
    }

    fn every(&mut self, name: FaultName, number: NonZeroU64) -> Result<When, UsageError> {
        if let Some(earlier) = self.every.iter().find(|earlier| number.get() % **earlier == 0) {
            let because = format!("after one for every-{earlier}, which takes all of its requests");
            return Err(no_effect(name, &because, "choose another number, or put it first"));
        }
        self.every.push(number);
        Ok(When::EveryNth(number.get()))
    }

    /// Of the requests that the earlier shares leave, so that it is the share of all that was asked for.
    fn share(&mut self, share: f64, seed: u64) -> Result<When, UsageError> {
        let left = 1.0 - self.share;
        self.share += share;
        // A little more is what adding up shares costs in precision.
        if self.share > 1.0 + 1e-9 {
            let message = format!("--fault: the shares are {:.0}% together", self.share * 100.0);
            return Err(UsageError::with_hint(message, "at most 100% of the requests can fail"));
        }
        Ok(When::Share {
            share: share / left,
            seed,
        })
    }
}

fn no_effect(name: FaultName, because: &str, hint: &str) -> UsageError {
    UsageError::with_hint(format!("--fault {name} has no effect {because}"), hint)
}

fn spoil(script: &Script, name: FaultName) -> Script {
    let script = script.clone();
    let fault = match name {
        FaultName::SlowHead => return script.head_delay(SLOW_HEAD),
        FaultName::Status(429) => Fault::too_many_requests(Duration::from_secs(1)),
        FaultName::Status(status) => Fault::status(status),
        FaultName::SseError => Fault::ErrorEventAfter(TOKENS_BEFORE),
        FaultName::Truncated => Fault::TruncateAfter(TOKENS_BEFORE),
        FaultName::Stalled => Fault::StallAfter(TOKENS_BEFORE),
        FaultName::Dropped => Fault::Drop,
        FaultName::Never => Fault::Silence,
        FaultName::Empty => Fault::EmptyOutput,
        FaultName::NotJson => Fault::NotJson,
        FaultName::Html => Fault::Html,
    };
    script.fault(fault)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn whens(faults: &[&str]) -> Result<Vec<When>, String> {
        let faults: Vec<FaultArg> = faults.iter().map(|fault| fault.parse().unwrap()).collect();
        let rules = rules(&faults, &Script::new(), 7).map_err(|error| error.to_string())?;
        Ok(rules.into_iter().map(|(when, _)| when).collect())
    }

    #[test]
    fn each_share_is_one_of_all_requests_although_earlier_rules_win() {
        let rules = whens(&["429@50%", "500@25%", "empty@25%"]).unwrap();
        let shares = [(0.5, 8), (0.5, 9), (1.0, 10)].map(|(share, seed)| When::Share { share, seed });
        assert_eq!(rules, shares);
    }

    #[test]
    fn a_fault_that_earlier_ones_leave_nothing_for_is_named() {
        assert_eq!(
            whens(&["429", "500"]).unwrap_err(),
            "--fault 500 has no effect after one for every request\n  hint: give the one before it a share, such as 429@5%"
        );
        assert!(
            whens(&["429@every-3", "html@every-6"])
                .unwrap_err()
                .starts_with("--fault html has no effect")
        );
        assert_eq!(
            whens(&["html@every-6", "429@every-3"]),
            Ok(vec![When::EveryNth(6), When::EveryNth(3)])
        );
    }

    #[test]
    fn no_more_than_all_requests_can_fail() {
        assert!(
            whens(&["429@60%", "500@60%"])
                .unwrap_err()
                .starts_with("--fault: the shares are 120% together")
        );
        assert!(whens(&["429@10%", "500@20%", "empty@70%"]).is_ok());
    }
}
