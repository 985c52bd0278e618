//! What the files of a run say that MLflow should have of it: computed here from `records.jsonl`, with no code of loadspan's own but
//! the shape of a record.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use anyhow::Context;
use loadspan_record::{ChunkGaps, Outcome, Phase, RequestRecord};
use serde_json::Value;

use super::super::check::Checks;
use super::super::mlflow_reader::{LoggedPoint, LoggedRun};

const DURATION: &str = "live.gen_ai.client.operation.duration";
const INPUT: &str = "live.gen_ai.client.token.usage.input";
const OUTPUT: &str = "live.gen_ai.client.token.usage.output";
const FIRST_CHUNK: &str = "live.gen_ai.client.operation.time_to_first_chunk";
const CHUNK_GAP: &str = "live.gen_ai.client.operation.time_per_output_chunk";

/// A value is the same to the nanosecond, which is what records are exact to.
const NANOSECOND: f64 = 1.001e-9;

const WINDOW_NS: u64 = 1_000_000_000;

/// A run, by its files.
pub(super) struct Recorded {
    /// Wall clock at offset zero.
    pub(super) start_unix_ns: u64,
    /// Requests that were measured.
    pub(super) measured: Vec<RequestRecord>,
    pub(super) summary: Value,
}

/// Whether MLflow may have more points than the records have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Records {
    All,
    /// The run was killed: what it had logged last may not have reached the file.
    UpToTheKill,
}

impl Recorded {
    pub(super) fn load(folder: &Path) -> anyhow::Result<Self> {
        let read = |name: &str| -> anyhow::Result<String> {
            let path = folder.join(name);
            fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))
        };
        let run: Value = serde_json::from_str(&read("run.json")?)?;
        // The last line of a run that was killed may be torn.
        let records = read("records.jsonl")?;
        let records = records
            .lines()
            .filter_map(|line| serde_json::from_str::<RequestRecord>(line).ok());
        Ok(Self {
            start_unix_ns: run["clock"]["wall_start_unix_ns"]
                .as_u64()
                .context("run.json has no clock")?,
            measured: records.filter(|record| record.phase == Phase::Measure).collect(),
            summary: serde_json::from_str(&read("summary.json")?)?,
        })
    }

    /// Each request that was measured has its points in MLflow, each point once, and there are no others but windows.
    pub(super) fn compare_points(&self, checks: &mut Checks, (what, run): (&str, &LoggedRun), records: Records) {
        let expected = self.points();
        for (key, expected) in &expected {
            let logged = run.histories.get(key).map(Vec::as_slice).unwrap_or_default();
            let wrong = differences(logged, expected, records);
            checks.that(
                format!(
                    "{what}: {} points of {key}, each as records.jsonl has it",
                    expected.len()
                ),
                wrong.is_empty() && !expected.is_empty(),
                wrong.iter().take(5).collect::<Vec<_>>(),
            );
        }
        let is_live = |key: &&String| key.starts_with("live.") && !key.starts_with("live.window.") && !is_observed(key);
        let others: Vec<_> = run
            .histories
            .keys()
            .filter(is_live)
            .filter(|key| !expected.contains_key(key.as_str()))
            .collect();
        checks.that(format!("{what}: no other points"), others.is_empty(), others);
    }

    /// Each point in MLflow is one of a request that was measured, as it is on record, and none is there twice.
    pub(super) fn compare_some_points(&self, checks: &mut Checks, (what, run): (&str, &LoggedRun)) {
        for (key, mut expected) in self.points() {
            let logged = run.histories.get(&key).map(Vec::as_slice).unwrap_or_default();
            let steps: BTreeSet<i64> = logged.iter().map(|point| point.step).collect();
            expected.retain(|point| steps.contains(&point.step));
            let wrong = differences(logged, &expected, Records::All);
            checks.that(
                format!(
                    "{what}: the {} points of {key} are as records.jsonl has them",
                    logged.len()
                ),
                wrong.is_empty() && !logged.is_empty(),
                wrong.iter().take(5).collect::<Vec<_>>(),
            );
        }
    }

    /// Each second has its window in MLflow, with the number of requests that ended in it, and there are no others.
    pub(super) fn compare_windows(&self, checks: &mut Checks, (what, run): (&str, &LoggedRun)) {
        let mut expected: BTreeMap<i64, f64> = BTreeMap::new();
        for record in &self.measured {
            let window = record.timings.finished_at.as_nanos() / WINDOW_NS;
            *expected.entry(window as i64).or_default() += 1.0;
        }
        if let (Some((first, _)), Some((last, _))) = (expected.first_key_value(), expected.last_key_value()) {
            for empty in *first..*last {
                expected.entry(empty).or_default();
            }
        }
        let counts = run.histories.get("live.window.requests.count");
        let counted = counts.into_iter().flatten().map(|point| (point.step, point.value));
        checks.equal(
            format!("{what}: each window counts the requests that ended in its second"),
            counted.collect(),
            expected,
        );
        let windows = run.histories.iter().filter(|(key, _)| key.starts_with("live.window."));
        // The last one ends with the last request.
        let last_end = self
            .measured
            .iter()
            .map(|record| record.timings.finished_at.as_nanos())
            .max();
        let is_late = |point: &&LoggedPoint| {
            let end = (point.step as u64 + 1) * WINDOW_NS;
            let end = self.unix_ms(end.min(last_end.unwrap_or(end)));
            (point.timestamp_ms - end).abs() > 1
        };
        let late: Vec<_> = windows.flat_map(|(_, points)| points).filter(is_late).collect();
        checks.that(
            format!("{what}: each window has the time at which it ended"),
            late.is_empty(),
            late,
        );
    }

    /// When the last request ended, in milliseconds since 1970.
    pub(super) fn end_ms(&self) -> i64 {
        let until = self.summary["run"]["measured_until_s"].as_f64().unwrap_or_default();
        self.unix_ms((until * 1e9).round() as u64)
    }

    /// How many points the run should have, with those that it has of server and GPUs.
    pub(super) fn count(&self, run: &LoggedRun) -> u64 {
        let observed = run.histories.iter().filter(|(key, _)| is_observed(key));
        let points = self.points();
        let all = points.values().chain(observed.map(|(_, points)| points));
        all.map(|points| points.len() as u64).sum()
    }

    /// When something was, in milliseconds since 1970.
    pub(super) fn unix_ms(&self, offset_ns: u64) -> i64 {
        ((self.start_unix_ns + offset_ns) / 1_000_000) as i64
    }

    /// How many requests of each second failed, by class.
    fn failures(&self) -> BTreeMap<String, Vec<LoggedPoint>> {
        let mut counts: BTreeMap<(String, u64), u32> = BTreeMap::new();
        for record in &self.measured {
            let class = match &record.outcome {
                Outcome::Completed => continue,
                Outcome::Cancelled => "cancelled".to_owned(),
                Outcome::Failed(failure) => failure.kind.to_string(),
            };
            let second = record.timings.finished_at.as_nanos() / WINDOW_NS;
            *counts.entry((class, second)).or_default() += 1;
        }
        let mut points: BTreeMap<String, Vec<LoggedPoint>> = BTreeMap::new();
        for ((class, second), count) in counts {
            let of_class = points.entry(format!("live.requests.by_error.{class}")).or_default();
            of_class.push(LoggedPoint {
                step: second as i64,
                timestamp_ms: self.unix_ms((second + 1) * WINDOW_NS),
                value: f64::from(count),
            });
        }
        points
    }

    fn points(&self) -> BTreeMap<String, Vec<LoggedPoint>> {
        let mut points = self.failures();
        for record in &self.measured {
            for (key, value) in values(record) {
                points.entry(key.to_owned()).or_default().push(LoggedPoint {
                    step: record.id.index as i64,
                    timestamp_ms: self.unix_ms(record.timings.finished_at.as_nanos()),
                    value,
                });
            }
        }
        for points in points.values_mut() {
            points.sort_by_key(|point| point.step);
        }
        points
    }
}

/// Whether a metric says what was sampled of server or GPUs.
fn is_observed(key: &str) -> bool {
    key.starts_with("live.server.") || key.starts_with("system/gpu_")
}

/// What a request is logged with, in seconds and tokens.
fn values(record: &RequestRecord) -> Vec<(&'static str, f64)> {
    let timings = &record.timings;
    let began = timings.sent_at.unwrap_or(timings.scheduled_at).as_nanos();
    let since_began = |nanos: u64| (nanos - began) as f64 / 1e9;
    let mut values = vec![(DURATION, since_began(timings.finished_at.as_nanos()))];
    if !record.outcome.is_completed() {
        return values;
    }
    values.extend(record.tokens.input.map(|tokens| (INPUT, f64::from(tokens))));
    values.extend(record.tokens.output.map(|tokens| (OUTPUT, f64::from(tokens))));
    values.extend(
        timings
            .first_chunk_at
            .map(|at| (FIRST_CHUNK, since_began(at.as_nanos()))),
    );
    if let ChunkGaps::Each(gaps) = &record.chunk_gaps {
        let sum: f64 = gaps.iter().map(|gap| f64::from(*gap)).sum();
        values.push((CHUNK_GAP, sum / gaps.len() as f64 / 1e6));
    }
    values
}

/// What is wrong with the points of a metric. Both lists are in the order of steps.
fn differences(logged: &[LoggedPoint], expected: &[LoggedPoint], records: Records) -> Vec<String> {
    let mut by_step: BTreeMap<i64, Vec<&LoggedPoint>> = BTreeMap::new();
    for point in logged {
        by_step.entry(point.step).or_default().push(point);
    }
    let mut wrong = Vec::new();
    for point in expected {
        match by_step.remove(&point.step).as_deref() {
            Some([logged]) if is_same(logged, point) => {}
            logged => wrong.push(format!("request {}: {logged:?}, not {point:?}", point.step)),
        }
    }
    if records == Records::All {
        wrong.extend(by_step.keys().map(|step| format!("request {step}: of no record")));
    }
    // Also of what is not on record there is nothing twice.
    let twice = by_step.iter().filter(|(_, points)| points.len() > 1);
    wrong.extend(twice.map(|(step, points)| format!("request {step}: {points:?}")));
    wrong
}

fn is_same(logged: &LoggedPoint, expected: &LoggedPoint) -> bool {
    (logged.value - expected.value).abs() <= NANOSECOND && (logged.timestamp_ms - expected.timestamp_ms).abs() <= 1
}

#[cfg(test)]
mod tests {
    use super::*;

    fn point(step: i64, value: f64) -> LoggedPoint {
        LoggedPoint {
            step,
            timestamp_ms: 1_000 + step,
            value,
        }
    }

    #[test]
    fn the_same_points_in_any_order_are_right() {
        let expected = [point(5, 0.25), point(6, 0.5)];
        let logged = [point(6, 0.5 + 5e-10), point(5, 0.25)];
        assert_eq!(differences(&logged, &expected, Records::All), [""; 0]);
    }

    #[test]
    fn a_point_that_is_missing_wrong_late_or_there_twice_is_found() {
        let expected = [point(5, 0.25)];
        let late = LoggedPoint {
            timestamp_ms: 1_007,
            ..point(5, 0.25)
        };
        for logged in [&[][..], &[point(5, 0.26)], &[late], &[point(5, 0.25), point(5, 0.25)]] {
            assert_eq!(differences(logged, &expected, Records::All).len(), 1, "{logged:?}");
        }
    }

    #[test]
    fn only_a_run_that_was_killed_may_have_points_of_no_record() {
        let logged = [point(5, 0.25), point(6, 0.5)];
        let expected = [point(5, 0.25)];
        assert_eq!(
            differences(&logged, &expected, Records::All),
            ["request 6: of no record"]
        );
        assert_eq!(differences(&logged, &expected, Records::UpToTheKill), [""; 0]);
        let twice = [point(5, 0.25), point(6, 0.5), point(6, 0.5)];
        assert_eq!(differences(&twice, &expected, Records::UpToTheKill).len(), 1);
    }
}
