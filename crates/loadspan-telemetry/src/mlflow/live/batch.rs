//! Points on their way into payloads.

use bytes::Bytes;
use loadspan_record::{RequestRecord, RunOffset};
use loadspan_wire::mlflow::limits::METRICS_PER_BATCH;
use loadspan_wire::mlflow::runs::Metric;

use super::points::{POINT_KEYS, write_points};
use crate::export::{Contents, Payload};

/// Most points of a payload: what `runs/log-batch` takes.
const MOST_POINTS: u64 = METRICS_PER_BATCH as u64;
/// What a point takes, about.
const POINT_BYTES: usize = 120;

/// Gathers points as the JSON that they are sent as.
#[derive(Debug, Default)]
pub(super) struct PointBatch {
    /// Points, each with a comma before it.
    json: Vec<u8>,
    count: u64,
    /// When the oldest point began to wait.
    waits_since: Option<RunOffset>,
}

impl PointBatch {
    /// Adds the points of a request. Hands out a payload when there was no room for them beside the others.
    pub(super) fn push_request(&mut self, record: &RequestRecord, run_start_unix_ns: u64) -> Option<Payload> {
        let full = self.make_room(POINT_KEYS.len() as u64);
        let added = write_points(record, run_start_unix_ns, &mut self.json);
        self.note_added(added, record.timings.finished_at);
        full
    }

    /// Adds a point that was made `now`, as [`PointBatch::push_request`] does.
    pub(super) fn push(&mut self, point: &Metric, now: RunOffset) -> Option<Payload> {
        let full = self.make_room(1);
        self.json.push(b',');
        // Neither can a point fail to be written, nor memory to be written to.
        let _ = serde_json::to_writer(&mut self.json, point);
        self.note_added(1, now);
        full
    }

    /// Since when the oldest point waits.
    pub(super) fn waits_since(&self) -> Option<RunOffset> {
        self.waits_since
    }

    /// What there is.
    pub(super) fn take(&mut self) -> Option<Payload> {
        if self.count == 0 {
            return None;
        }
        let room = Vec::with_capacity(MOST_POINTS as usize * POINT_BYTES);
        let mut body = std::mem::replace(&mut self.json, room);
        body[0] = b'[';
        body.push(b']');
        self.waits_since = None;
        Some(Payload {
            contents: Contents::MlflowPoints,
            items: std::mem::take(&mut self.count),
            body: Bytes::from(body),
        })
    }

    fn make_room(&mut self, points: u64) -> Option<Payload> {
        (self.count + points > MOST_POINTS).then(|| self.take()).flatten()
    }

    fn note_added(&mut self, points: u64, since: RunOffset) {
        self.count += points;
        if points > 0 {
            self.waits_since.get_or_insert(since);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::points::points_of;
    use super::super::testing::{START_UNIX_NS, stream};
    use super::*;

    #[test]
    fn payloads_hold_a_thousand_points_at_most_and_none_is_lost() {
        let mut batch = PointBatch::default();
        let records: Vec<_> = (0..501).map(|index| stream(index, 1_000 + index)).collect();
        let mut payloads: Vec<_> = records
            .iter()
            .filter_map(|record| batch.push_request(record, START_UNIX_NS))
            .collect();
        payloads.extend(batch.take());
        let sizes: Vec<_> = payloads.iter().map(|payload| payload.items).collect();
        assert_eq!(sizes, [1_000, 1_000, 505]);
        let points = payloads.iter().flat_map(|payload| {
            let points: Vec<Metric> = serde_json::from_slice(&payload.body).unwrap();
            assert_eq!(points.len() as u64, payload.items);
            points
        });
        let expected = records.iter().flat_map(|record| points_of(record, START_UNIX_NS));
        assert!(points.eq(expected));
        assert_eq!(batch.take(), None);
    }

    #[test]
    fn points_of_windows_are_gathered_in_the_same_way() {
        let mut batch = PointBatch::default();
        let now = RunOffset::from_nanos(7);
        let points = points_of(&stream(3, 1_000), START_UNIX_NS);
        points.iter().for_each(|point| assert_eq!(batch.push(point, now), None));
        assert_eq!(batch.waits_since(), Some(now));
        let payload = batch.take().unwrap();
        assert_eq!(serde_json::from_slice::<Vec<Metric>>(&payload.body).unwrap(), points);
        assert_eq!(batch.waits_since(), None);
    }
}
