//! The course of a run over its stages: what is being run, and whether it shall go on. Not on the load path.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use loadspan_record::RunOffset;

use super::control::Control;
use crate::StopReason;

/// Shared by whoever runs the stages and whoever stops them.
#[derive(Debug, Default)]
pub(crate) struct Course {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    stopped: bool,
    /// The stage that is being run, and its drain deadline.
    current: Option<(Arc<Control>, Duration)>,
}

impl Course {
    /// Stops the stage that is being run; none is begun after it. Requests in flight have `drain` to end, or what their stage says.
    pub(crate) fn stop(&self, now: RunOffset, drain: Option<Duration>) {
        let mut state = self.lock();
        state.stopped = true;
        if let Some((control, usual)) = &state.current {
            control.stop(StopReason::Interrupted, now, drain.unwrap_or(*usual));
        }
        self.changed.notify_all();
    }

    /// Waits for so long. Says whether to go on.
    pub(crate) fn wait(&self, pause: Duration) -> bool {
        let state = self.lock();
        let waited = self.changed.wait_timeout_while(state, pause, |state| !state.stopped);
        !waited.unwrap_or_else(PoisonError::into_inner).0.stopped
    }

    /// A stage begins. Says whether it may.
    pub(crate) fn begin(&self, control: &Arc<Control>, drain: Duration) -> bool {
        let mut state = self.lock();
        state.current = Some((Arc::clone(control), drain));
        !state.stopped
    }

    pub(crate) fn is_stopped(&self) -> bool {
        self.lock().stopped
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stop_ends_a_pause_and_whatever_would_come_after_it() {
        let course = Arc::new(Course::default());
        assert!(course.wait(Duration::ZERO));
        let stopping = Arc::clone(&course);
        let stopper = std::thread::spawn(move || stopping.stop(RunOffset::ZERO, None));
        assert!(!course.wait(Duration::from_secs(60)));
        stopper.join().unwrap();
        assert!(course.is_stopped());
    }
}
