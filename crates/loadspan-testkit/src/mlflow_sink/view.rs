//! What tests see of a sink.

use std::collections::BTreeMap;

/// A run, as the sink has it.
#[derive(Debug, Clone, PartialEq, Default)]
#[non_exhaustive]
pub struct SinkRun {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Where it belongs.
    pub experiment_id: String,
    /// Its state: `RUNNING`, `FINISHED`, ….
    pub status: Option<String>,
    /// When it began, in milliseconds since 1970.
    pub start_time: i64,
    /// When it ended, in milliseconds since 1970.
    pub end_time: Option<i64>,
    /// Its parameters.
    pub params: BTreeMap<String, String>,
    /// Its tags, `mlflow.runName` included.
    pub tags: BTreeMap<String, String>,
    /// Its points, by the key of their metric, in the order of their coming. One that came twice is there once.
    pub metrics: BTreeMap<String, Vec<SinkPoint>>,
    /// How many points came, those included that it had already.
    pub points_received: u64,
    /// How often it was updated.
    pub updates: u64,
    /// How many spans were sent with its id.
    pub traces: u64,
    /// Whether it is deleted.
    pub deleted: bool,
}

/// One point of a metric.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SinkPoint {
    /// Its place on the axis.
    pub step: i64,
    /// When, in milliseconds since 1970.
    pub timestamp: i64,
    /// Its value.
    pub value: f64,
}

impl SinkRun {
    /// How many points it has. Less than were received: some came twice.
    #[must_use]
    pub fn points_stored(&self) -> u64 {
        self.metrics.values().map(|points| points.len() as u64).sum()
    }
}
