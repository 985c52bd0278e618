//! When to try again: by the rules of MLflow's own clients, within a limit.

use std::future::Future;
use std::time::Duration;

use super::ApiError;
use crate::config::RetryPolicy;
use crate::export::random;
use crate::mlflow::CompletionLimit;

/// A server that asks for more than this does not get it.
const LONGEST_WISH: Duration = Duration::from_secs(30);
/// The longest wait.
const LONGEST_WAIT: Duration = Duration::from_secs(120);
/// Up to so much is added to a wait, so that many clients do not come back together. Less for who wants next to no waits.
const JITTER: Duration = Duration::from_secs(1);

pub(super) async fn patiently<T, F: Future<Output = Result<T, ApiError>>>(
    policy: RetryPolicy,
    limit: &CompletionLimit,
    mut attempt: impl FnMut() -> F,
) -> Result<T, ApiError> {
    let mut failure = ApiError::Unavailable {
        reason: limit.reason().to_owned(),
        status: None,
        after: None,
    };
    for retry in 1.. {
        let Some(outcome) = limit.hold(attempt()).await else {
            break;
        };
        let Err(ApiError::Unavailable { after, .. }) = &outcome else {
            return outcome;
        };
        let wait = wait_before(retry, &policy, *after);
        let is_last = retry > policy.max_retries || wait >= limit.left();
        failure = match outcome {
            Err(failure) if !is_last => failure,
            outcome => return outcome,
        };
        if limit.hold(tokio::time::sleep(wait)).await.is_none() {
            break;
        }
    }
    Err(failure)
}

/// How long to wait before the so-manieth retry: not at all before the first one. A wish of the server is honoured.
fn wait_before(retry: u32, policy: &RetryPolicy, wish: Option<Duration>) -> Duration {
    if let Some(wish) = wish {
        return wish.min(LONGEST_WISH);
    }
    if retry <= 1 {
        return Duration::ZERO;
    }
    let doublings = i32::try_from(retry - 1).unwrap_or(i32::MAX);
    let seconds = policy.backoff_factor * 2_f64.powi(doublings);
    let wait = Duration::try_from_secs_f64(seconds).unwrap_or(LONGEST_WAIT);
    let jitter = JITTER.mul_f64(policy.backoff_factor.clamp(0.0, 1.0) * uniform());
    wait.saturating_add(jitter).min(LONGEST_WAIT)
}

/// Uniform between 0 and 1.
fn uniform() -> f64 {
    random() as f64 / u64::MAX as f64
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::time::Instant;

    use super::*;

    const MLFLOWS: RetryPolicy = RetryPolicy {
        max_retries: 7,
        backoff_factor: 2.0,
    };
    const HASTY: RetryPolicy = RetryPolicy {
        max_retries: 2,
        backoff_factor: 0.0,
    };

    fn limit(time: Duration) -> CompletionLimit {
        CompletionLimit {
            deadline: Instant::now() + time,
            cut: Default::default(),
        }
    }

    fn unavailable(reason: &str, after: Option<Duration>) -> ApiError {
        ApiError::Unavailable {
            reason: reason.to_owned(),
            status: None,
            after,
        }
    }

    #[test]
    fn the_first_retry_comes_at_once_and_the_others_wait_twice_as_long_each() {
        let waits: Vec<_> = (1..=8).map(|retry| wait_before(retry, &MLFLOWS, None)).collect();
        assert_eq!(waits[0], Duration::ZERO);
        for (wait, seconds) in waits[1..].iter().zip([4, 8, 16, 32, 64]) {
            let seconds = Duration::from_secs(seconds);
            assert!((seconds..=seconds + JITTER).contains(wait), "{wait:?}");
        }
        assert_eq!(waits[6..], [LONGEST_WAIT; 2]);
        assert_eq!(wait_before(u32::MAX, &MLFLOWS, None), LONGEST_WAIT);
    }

    #[test]
    fn a_wish_of_the_server_is_honoured_within_reason() {
        let wait = |seconds| wait_before(1, &MLFLOWS, Some(Duration::from_secs(seconds)));
        assert_eq!(wait(3), Duration::from_secs(3));
        assert_eq!(wait(3_600), LONGEST_WISH);
    }

    #[tokio::test]
    async fn what_may_go_well_another_time_is_tried_so_many_times() {
        let attempts = Cell::new(0);
        let outcome = patiently(HASTY, &limit(Duration::from_secs(60)), || async {
            attempts.set(attempts.get() + 1);
            Err::<(), _>(unavailable("down", None))
        })
        .await;
        assert_eq!(outcome, Err(unavailable("down", None)));
        assert_eq!(attempts.get(), 3);
    }

    #[tokio::test]
    async fn what_will_not_go_well_is_not_tried_again() {
        let attempts = Cell::new(0);
        let refused = ApiError::Refused {
            reason: "no".to_owned(),
        };
        let outcome = patiently(HASTY, &limit(Duration::from_secs(60)), || async {
            attempts.set(attempts.get() + 1);
            Err::<(), _>(refused.clone())
        })
        .await;
        assert_eq!((outcome, attempts.get()), (Err(refused.clone()), 1));
    }

    #[tokio::test]
    async fn a_wait_that_would_end_after_the_limit_does_not_begin() {
        let started = Instant::now();
        let after = Some(Duration::from_secs(20));
        let outcome = patiently(MLFLOWS, &limit(Duration::from_secs(10)), || async {
            Err::<(), _>(unavailable("busy", after))
        })
        .await;
        assert_eq!(outcome, Err(unavailable("busy", after)));
        assert!(started.elapsed() < Duration::from_secs(5));
    }

    #[tokio::test]
    async fn an_attempt_that_hangs_ends_with_the_limit_and_says_what_was_the_matter_before() {
        let attempts = Cell::new(0);
        let outcome = patiently(HASTY, &limit(Duration::from_millis(100)), || async {
            attempts.set(attempts.get() + 1);
            if attempts.get() > 1 {
                std::future::pending::<()>().await;
            }
            Err::<(), _>(unavailable("down", None))
        })
        .await;
        assert_eq!(outcome, Err(unavailable("down", None)));
    }
}
