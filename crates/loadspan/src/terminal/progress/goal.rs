//! How much of a stage is done.

use std::time::Duration;

use loadspan_loadgen::{LoadConfig, Warmup};
use loadspan_record::{PlannedReplay, counted};

/// When a stage is done: when the first of these is reached.
#[derive(Debug)]
pub(crate) struct StageGoal {
    /// What it is called beside its progress. Empty where there is but one.
    pub(crate) title: String,
    /// Measured requests until its end, if their number ends it.
    pub(super) requests: Option<u64>,
    /// Measured sessions until its end, if their number ends it. Their turns are not known in advance.
    pub(super) sessions: Option<u64>,
    /// Measured time until its end, if it ends it.
    pub(super) duration: Option<Duration>,
}

/// What of a stage has ended.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reached {
    pub(super) requests: u64,
    pub(super) sessions: u64,
    pub(super) time: Duration,
}

/// How far a stage is.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Done {
    /// 0 to 1. `None`: nobody knows when it ends.
    pub(super) share: Option<f64>,
    pub(super) told: String,
}

impl StageGoal {
    /// Of a stage with this load; `replay` is what it replays, if it does, as far as that is known.
    pub(crate) fn new(title: String, load: &LoadConfig, replay: Option<&PlannedReplay>) -> Self {
        let planned = replay.and_then(|planned| measured(planned, load.warmup));
        let (calls, sessions) = planned.unzip();
        Self {
            title,
            requests: load.limits.requests.into_iter().chain(calls).min(),
            sessions: load.limits.sessions.into_iter().chain(sessions).min(),
            duration: load.limits.duration,
        }
    }

    pub(super) fn done(&self, reached: Reached) -> Done {
        let Reached {
            requests,
            sessions,
            time,
        } = reached;
        let by_requests = self
            .requests
            .map(|total| (ratio(requests, total), format!("{requests}/{total}")));
        let by_sessions = self.sessions.map(|total| {
            let told = format!("{sessions}/{}", counted(total, "session"));
            (ratio(sessions, total), told)
        });
        let by_time = self.duration.map(|total| {
            let share = time.as_secs_f64() / total.as_secs_f64().max(1e-9);
            (share, format!("{requests} done"))
        });
        let goals = [by_requests, by_sessions, by_time].into_iter().flatten();
        let nearest = goals.reduce(|best, other| if other.0 > best.0 { other } else { best });
        match nearest {
            Some((share, told)) => Done {
                share: Some(share.min(1.0)),
                told: format!("{told} ({:.0} %)", share.min(1.0) * 100.0),
            },
            None => Done {
                share: None,
                told: format!("{requests} done"),
            },
        }
    }
}

/// Calls and sessions of a recording that will be measured; `None` where it is not known beforehand how many these are.
fn measured(planned: &PlannedReplay, warmup: Warmup) -> Option<(u64, u64)> {
    // Without it, not all was read.
    planned.sequence.as_ref()?;
    let PlannedReplay { calls, sessions, .. } = *planned;
    match warmup {
        Warmup::None => Some((calls, sessions)),
        Warmup::Requests(_) | Warmup::Sessions(_) | Warmup::Duration(_) => None,
    }
}

fn ratio(part: u64, total: u64) -> f64 {
    part as f64 / total.max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn goal(requests: Option<u64>, sessions: Option<u64>, seconds: Option<u64>) -> StageGoal {
        StageGoal {
            title: String::new(),
            requests,
            sessions,
            duration: seconds.map(Duration::from_secs),
        }
    }

    fn reached(requests: u64, sessions: u64, seconds: u64) -> Reached {
        Reached {
            requests,
            sessions,
            time: Duration::from_secs(seconds),
        }
    }

    #[test]
    fn the_goal_that_is_reached_first_says_how_far_it_is() {
        let told = |goal: StageGoal, reached| {
            let Done { share, told } = goal.done(reached);
            (share, told)
        };
        let at = reached(40, 16, 30);
        assert_eq!(
            told(goal(Some(80), None, None), at),
            (Some(0.5), "40/80 (50 %)".to_owned())
        );
        assert_eq!(
            told(goal(None, Some(64), None), at),
            (Some(0.25), "16/64 sessions (25 %)".to_owned())
        );
        assert_eq!(
            told(goal(None, Some(1), None), reached(3, 0, 1)),
            (Some(0.0), "0/1 session (0 %)".to_owned())
        );
        assert_eq!(
            told(goal(None, Some(64), Some(40)), at),
            (Some(0.75), "40 done (75 %)".to_owned())
        );
        assert_eq!(
            told(goal(Some(50), Some(64), Some(40)), at),
            (Some(0.8), "40/50 (80 %)".to_owned())
        );
        assert_eq!(
            told(goal(Some(30), None, None), at),
            (Some(1.0), "40/30 (100 %)".to_owned())
        );
        assert_eq!(told(goal(None, None, None), at), (None, "40 done".to_owned()));
    }

    #[test]
    fn of_a_recording_it_is_known_how_much_it_has_when_it_was_read() {
        let planned = |sequence: Option<&str>| PlannedReplay {
            sessions: 3,
            calls: 12,
            sequence: sequence.map(str::to_owned),
            ..PlannedReplay::default()
        };
        assert_eq!(measured(&planned(Some("sha256:0")), Warmup::None), Some((12, 3)));
        assert_eq!(measured(&planned(None), Warmup::None), None);
        assert_eq!(measured(&planned(Some("sha256:0")), Warmup::Sessions(1)), None);
    }
}
