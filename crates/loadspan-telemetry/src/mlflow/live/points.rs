//! The points of one request.

use loadspan_record::RequestRecord;
use loadspan_wire::mlflow::MetricValue;
use loadspan_wire::mlflow::live;
use loadspan_wire::mlflow::runs::Metric;

use super::values::{Values, seconds};
use crate::mlflow::clock::unix_ms;

/// Their keys. Values are in seconds and tokens.
pub(crate) const POINT_KEYS: [&str; 5] = [
    live::DURATION,
    live::INPUT_TOKENS,
    live::OUTPUT_TOKENS,
    live::FIRST_CHUNK,
    live::CHUNK_GAP,
];

/// The points of a request: none of warm-up, and none for what it has no value of. The step is its number, the time stamp its end.
pub(crate) fn points_of(record: &RequestRecord, run_start_unix_ns: u64) -> Vec<Metric> {
    let (timestamp, step) = place_of(record, run_start_unix_ns);
    let point = |(key, value): (&str, f64)| Metric {
        key: key.to_owned(),
        value: MetricValue(value),
        timestamp,
        step,
    };
    keyed_values(record).map(point).collect()
}

/// Writes the same points as JSON, one after the other with a comma before each, and tells how many there are. Several times
/// as fast as by way of [`Metric`]s: there may be 100,000 requests a second.
pub(super) fn write_points(record: &RequestRecord, run_start_unix_ns: u64, json: &mut Vec<u8>) -> u64 {
    let (timestamp, step) = place_of(record, run_start_unix_ns);
    let mut count = 0;
    for (key, value) in keyed_values(record) {
        json.extend_from_slice(b",{\"key\":\"");
        json.extend_from_slice(key.as_bytes());
        json.extend_from_slice(b"\",\"value\":");
        put(json, &value);
        json.extend_from_slice(b",\"timestamp\":");
        put(json, &timestamp);
        json.extend_from_slice(b",\"step\":");
        put(json, &step);
        json.push(b'}');
        count += 1;
    }
    count
}

fn put<T: serde::Serialize>(json: &mut Vec<u8>, number: &T) {
    // Neither can a finite number fail to be written, nor memory to be written to.
    let _ = serde_json::to_writer(json, number);
}

fn place_of(record: &RequestRecord, run_start_unix_ns: u64) -> (i64, i64) {
    let step = i64::try_from(record.id.index).unwrap_or(i64::MAX);
    (unix_ms(run_start_unix_ns, record.timings.finished_at), step)
}

fn keyed_values(record: &RequestRecord) -> impl Iterator<Item = (&'static str, f64)> {
    let values = Values::of(record).map(|values| {
        [
            Some(seconds(values.duration_ns)),
            values.input_tokens.map(f64::from),
            values.output_tokens.map(f64::from),
            values.first_chunk_ns.map(seconds),
            values.chunk_gap_ns.map(seconds),
        ]
    });
    let keyed = POINT_KEYS.into_iter().zip(values.into_iter().flatten());
    keyed.filter_map(|(key, value)| Some((key, value?)))
}

#[cfg(test)]
mod tests {
    use loadspan_record::{ChunkGaps, Failure, FailureKind, Outcome, Phase, TokenSource};

    use super::super::testing::{START_UNIX_NS, stream};
    use super::*;

    #[test]
    fn a_stream_has_a_point_of_every_kind() {
        let points = points_of(&stream(7, 1_250), START_UNIX_NS);
        let values: Vec<_> = points.iter().map(|point| (point.key.as_str(), point.value.0)).collect();
        assert_eq!(
            values,
            [
                ("live.gen_ai.client.operation.duration", 0.25),
                ("live.gen_ai.client.token.usage.input", 550.0),
                ("live.gen_ai.client.token.usage.output", 4.0),
                ("live.gen_ai.client.operation.time_to_first_chunk", 0.1),
                ("live.gen_ai.client.operation.time_per_output_chunk", 0.05),
            ]
        );
        let place = |point: &Metric| (point.step, point.timestamp);
        assert!(points.iter().all(|point| place(point) == (7, 1_700_000_001_250)));
    }

    #[test]
    fn what_failed_has_a_duration_and_nothing_else() {
        for outcome in [
            Outcome::Failed(Failure::new(FailureKind::HttpStatus(503))),
            Outcome::Cancelled,
        ] {
            let mut record = stream(7, 1_250);
            record.outcome = outcome;
            let keys: Vec<_> = points_of(&record, START_UNIX_NS)
                .into_iter()
                .map(|point| point.key)
                .collect();
            assert_eq!(keys, ["live.gen_ai.client.operation.duration"]);
        }
    }

    #[test]
    fn a_request_of_warmup_has_no_point() {
        let mut record = stream(7, 1_250);
        record.phase = Phase::Warmup;
        assert_eq!(points_of(&record, START_UNIX_NS), []);
    }

    #[test]
    fn chunks_are_not_counted_as_tokens() {
        let mut record = stream(7, 1_250);
        record.tokens.source = Some(TokenSource::ChunkCount);
        let points = points_of(&record, START_UNIX_NS);
        assert!(points.iter().all(|point| point.key != POINT_KEYS[2]), "{points:?}");
    }

    #[test]
    fn what_is_written_are_the_same_points() {
        let mut records: Vec<_> = (0..50).map(|index| stream(index, 1_000 + index * 37)).collect();
        records[3].chunk_gaps = ChunkGaps::Histogram {
            first: 7,
            buckets: [(7, 2), (40_100, 3)].into(),
        };
        records[4].outcome = Outcome::Cancelled;
        for record in &records {
            let mut json = Vec::new();
            let count = write_points(record, START_UNIX_NS, &mut json);
            json[0] = b'[';
            json.push(b']');
            let written: Vec<Metric> = serde_json::from_slice(&json).unwrap();
            assert_eq!(written, points_of(record, START_UNIX_NS));
            assert_eq!(written.len() as u64, count);
        }
    }
}
