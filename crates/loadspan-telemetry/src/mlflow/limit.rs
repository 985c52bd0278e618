//! How long something may take that somebody may also cut short.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// How often is looked whether somebody has cut it short: a flag that a signal sets wakes nobody up.
const GLANCE: Duration = Duration::from_millis(50);

/// When it is to end, done or not.
#[derive(Debug, Clone)]
pub struct CompletionLimit {
    /// Latest.
    pub deadline: Instant,
    /// At once when this is set.
    pub cut: Arc<AtomicBool>,
}

impl CompletionLimit {
    /// The same limit, earlier by `reserve`.
    pub(crate) fn less(&self, reserve: Duration) -> Self {
        Self {
            deadline: self.deadline.checked_sub(reserve).unwrap_or(self.deadline),
            cut: Arc::clone(&self.cut),
        }
    }

    /// The same limit, but no later than in `time`.
    pub(crate) fn at_most(&self, time: Duration) -> Self {
        Self {
            deadline: self.deadline.min(Instant::now() + time),
            cut: Arc::clone(&self.cut),
        }
    }

    /// What is left of it.
    pub(crate) fn left(&self) -> Duration {
        if self.is_cut() {
            Duration::ZERO
        } else {
            self.deadline.saturating_duration_since(Instant::now())
        }
    }

    pub(crate) fn is_over(&self) -> bool {
        self.left().is_zero()
    }

    /// What comes of `work`. `None`: it was not through in time and is given up.
    pub(crate) async fn hold<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        tokio::select! {
            biased;
            () = self.over() => None,
            outcome = work => Some(outcome),
        }
    }

    /// Why [`Self::hold`] has given up, for people.
    pub(crate) fn reason(&self) -> &'static str {
        if self.is_cut() {
            "it was interrupted"
        } else {
            "there was no more time for it"
        }
    }

    fn is_cut(&self) -> bool {
        self.cut.load(Ordering::Relaxed)
    }

    async fn over(&self) {
        while !self.is_over() {
            tokio::time::sleep(self.left().min(GLANCE)).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::{pending, ready};

    use super::*;

    fn limit(time: Duration) -> CompletionLimit {
        CompletionLimit {
            deadline: Instant::now() + time,
            cut: Arc::default(),
        }
    }

    #[tokio::test]
    async fn work_in_time_has_its_outcome() {
        assert_eq!(limit(Duration::from_secs(60)).hold(ready(7)).await, Some(7));
    }

    #[tokio::test]
    async fn work_ends_at_the_deadline() {
        let limit = limit(Duration::from_millis(20));
        assert_eq!(limit.hold(pending::<()>()).await, None);
        assert_eq!(limit.reason(), "there was no more time for it");
    }

    #[tokio::test]
    async fn work_ends_when_it_is_cut() {
        let limit = limit(Duration::from_secs(60));
        let cutter = async {
            tokio::task::yield_now().await;
            limit.cut.store(true, Ordering::Relaxed);
        };
        let (outcome, ()) = tokio::join!(limit.hold(pending::<()>()), cutter);
        assert_eq!(outcome, None);
        assert_eq!(limit.reason(), "it was interrupted");
    }

    #[tokio::test]
    async fn nothing_begins_when_it_is_over() {
        let limit = limit(Duration::ZERO);
        let outcome = limit.hold(async { panic!("it began") }).await;
        assert_eq!(outcome, None::<()>);
    }
}
