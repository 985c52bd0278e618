//! The figures of sessions: requests that belong together.

mod buckets;
mod course;

use serde::{Deserialize, Serialize};

use self::buckets::{Cached, by_context, by_turn};
use self::course::{Course, End, each_session};
use super::rows::Selection;
use crate::{Distribution, Unit};

/// The figures of the sessions of a run or of a stage, from the measured requests that belong to one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SessionSummary {
    /// Those of which at least one request is measured: `completed`, `failed` and `cut`.
    pub seen: u64,
    /// Those of which every turn completed, as far as it is known how many there were to be.
    pub completed: u64,
    /// Those of which a turn failed, and did not complete when it was tried again.
    pub failed: u64,
    /// Those that did not fail, and that the end of the run cut short.
    pub cut: u64,
    /// Requests that belong to one.
    pub requests: u64,
    /// Requests that were sent because an earlier attempt at the same turn had failed.
    pub retries: u64,
    /// Turns of failed and cut sessions that were never sent, as far as it is known how many there were to be.
    #[serde(default)]
    pub never_sent: u64,
    /// Turns of each completed session.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub turns: Option<Distribution>,
    /// From the first request of a completed session sent to the end of its last one, think time included.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration: Option<Distribution>,
    /// The part of it in which a request of the session was in flight: without think time and without tool time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub busy_duration: Option<Distribution>,
    /// The share of input tokens that were cached, over the requests whose server says so. `None` when none does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cached_input_share: Option<f64>,
    /// Completed requests by their place in the session, counted from 1: 1, 2, 3, 4 to 7, 8 to 15, …
    pub by_turn: Vec<SessionBucket>,
    /// Completed requests by their input tokens: 0 to 255, 256 to 511, 512 to 1023, …
    pub by_context: Vec<SessionBucket>,
}

/// Completed requests of sessions that are alike.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SessionBucket {
    /// The lowest turn, or number of tokens.
    pub from: u64,
    /// The highest.
    pub to: u64,
    /// How many requests.
    pub requests: u64,
    /// Their time to first token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time_to_first_token: Option<Distribution>,
    /// Their latency.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_latency: Option<Distribution>,
    /// The share of their input tokens that were cached. `None` when no server says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cached_input_share: Option<f64>,
}

/// `None`: no measured request belongs to a session.
pub(super) fn summarise(rows: Selection<'_>) -> Option<SessionSummary> {
    if !rows.has_sessions() {
        return None;
    }
    let mut tally = SessionTally::default();
    each_session(rows, |course| tally.add(&course));
    if tally.seen == 0 {
        return None;
    }
    Some(SessionSummary {
        seen: tally.seen,
        completed: tally.turns.len() as u64,
        failed: tally.failed,
        cut: tally.cut,
        requests: tally.requests,
        retries: tally.retries,
        never_sent: tally.never_sent,
        turns: Distribution::of(Unit::Requests, tally.turns),
        duration: Distribution::of(Unit::Seconds, tally.durations),
        busy_duration: Distribution::of(Unit::Seconds, tally.busy),
        cached_input_share: Cached::of(rows, rows.turns()).share(),
        by_turn: by_turn(rows),
        by_context: by_context(rows),
    })
}

#[derive(Debug, Default)]
struct SessionTally {
    seen: u64,
    failed: u64,
    cut: u64,
    requests: u64,
    retries: u64,
    never_sent: u64,
    /// Of the completed ones.
    turns: Vec<f32>,
    durations: Vec<f32>,
    busy: Vec<f32>,
}

impl SessionTally {
    fn add(&mut self, course: &Course) {
        self.seen += 1;
        self.requests += course.requests;
        self.retries += course.requests - course.turns;
        self.never_sent += course.missing();
        match course.end() {
            End::Failed => self.failed += 1,
            End::Cut => self.cut += 1,
            End::Completed => {
                self.turns.push(course.turns as f32);
                self.durations.push(course.secs() as f32);
                self.busy.push(course.busy_secs() as f32);
            }
        }
    }
}
