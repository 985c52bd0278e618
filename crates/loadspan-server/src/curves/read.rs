//! Reads the points of a run, and again what has come since.

use loadspan_wire::mlflow::live::WindowFigure;
use loadspan_wire::mlflow::runs::RunStatus;
use serde::Serialize;

use super::live::Seconds;
use super::request::{Curve, Point, Requests};
use super::window::{Clock, Windows};
use crate::database::Connection;
use crate::error::{ApiError, Code};
use crate::tracking::{metrics, runs};

/// Points that come later than those with a later time, by so many milliseconds, are seen all the same.
const LATE_MS: i64 = 30_000;
/// Most requests of a run that are put into windows. loadspan logs windows of its own long before.
const MOST: usize = 300_000;

/// Most windows of a run that are read.
const MOST_WINDOWS: i64 = 20_000;

/// What is known of a run beside its points.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Run {
    pub(crate) status: Option<RunStatus>,
    pub(crate) start_ms: i64,
    pub(crate) end_ms: Option<i64>,
}

impl Run {
    pub(crate) fn is_live(&self) -> bool {
        matches!(self.status, Some(RunStatus::Running | RunStatus::Scheduled))
    }
}

/// Reads a run, and goes on where it was.
#[derive(Debug, Clone)]
pub(crate) struct Reader {
    run_id: String,
    /// The latest point of each curve that was seen.
    seen: [Option<i64>; Curve::ALL.len()],
    requests: Requests,
    /// The latest window that was seen: its time, as all of its metrics have it.
    seen_window: Option<i64>,
    /// What was logged in place of points.
    seconds: Seconds,
}

/// What windows are made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Origin {
    /// Points of requests.
    Points,
    /// Windows that were logged as such.
    Live,
    None,
}

impl Reader {
    pub(crate) fn new(run_id: impl Into<String>) -> Self {
        Self {
            run_id: run_id.into(),
            seen: [None; Curve::ALL.len()],
            requests: Requests::default(),
            seen_window: None,
            seconds: Seconds::default(),
        }
    }

    /// One for the same run that has seen nothing.
    pub(crate) fn clone_empty(&self) -> Self {
        Self::new(self.run_id.as_str())
    }

    /// What there is to make windows of.
    pub(crate) fn origin(&self) -> Origin {
        if self.requests.len() > 0 {
            Origin::Points
        } else if self.seconds.is_empty() {
            Origin::None
        } else {
            Origin::Live
        }
    }

    /// The windows of what was seen so far. Those that were logged as such are of a second, whatever the clock says.
    pub(crate) fn windows(&self, clock: Clock) -> Windows {
        match self.origin() {
            Origin::Points | Origin::None => Windows::of(&self.requests, clock),
            Origin::Live => self.seconds.windows(clock),
        }
    }

    /// All requests that were seen so far.
    pub(crate) fn requests(&self) -> &Requests {
        &self.requests
    }

    /// Reads what the run is.
    ///
    /// # Errors
    ///
    /// There is no such run.
    pub(crate) fn run(&self, connection: &mut dyn Connection) -> Result<Run, ApiError> {
        let run = runs::get(connection, &self.run_id)?.info;
        Ok(Run {
            status: run.status,
            start_ms: run.start_time,
            end_ms: run.end_time,
        })
    }

    /// Reads what is new of a curve.
    ///
    /// # Errors
    ///
    /// The run has more requests than can be put into windows.
    pub(crate) fn read(&mut self, connection: &mut dyn Connection, curve: Curve) -> Result<(), ApiError> {
        let seen = self.seen[curve as usize];
        let wanted = metrics::Since {
            run_id: &self.run_id,
            key: curve.key(),
            time_ms: seen.map_or(i64::MIN, |seen| seen.saturating_sub(LATE_MS)),
            most: i64::try_from(MOST + 1).unwrap_or(i64::MAX),
        };
        for metric in metrics::since(connection, &wanted)? {
            let point = Point {
                time_ms: metric.timestamp,
                step: metric.step,
                value: metric.value.0,
            };
            let seen = &mut self.seen[curve as usize];
            *seen = (*seen).max(Some(point.time_ms));
            self.requests.add(curve, point);
        }
        self.check()
    }

    /// Reads what is new of the windows that were logged as such. A run with points has no need of them.
    ///
    /// # Errors
    ///
    /// The database says no.
    pub(crate) fn read_windows(&mut self, connection: &mut dyn Connection) -> Result<(), ApiError> {
        if self.requests.len() > 0 {
            return Ok(());
        }
        let from = self.seen_window.map_or(i64::MIN, |seen| seen.saturating_sub(LATE_MS));
        for figure in WindowFigure::ALL {
            let wanted = metrics::Since {
                run_id: &self.run_id,
                key: figure.key(),
                time_ms: from,
                most: MOST_WINDOWS,
            };
            for metric in metrics::since(connection, &wanted)? {
                self.seen_window = self.seen_window.max(Some(metric.timestamp));
                self.seconds.add(figure, metric.step, metric.value.0);
            }
        }
        Ok(())
    }

    fn check(&self) -> Result<(), ApiError> {
        if self.requests.len() > MOST {
            let message = format!("the run has points of more than {MOST} requests: its report has the curves");
            return Err(ApiError::new(Code::RequestTooLarge, message));
        }
        Ok(())
    }
}
