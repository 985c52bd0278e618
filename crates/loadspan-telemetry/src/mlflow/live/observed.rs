//! Points of what the server under test and the GPUs said of themselves.

use std::collections::{BTreeMap, HashMap};
use std::mem::{Discriminant, discriminant};
use std::time::Duration;

use loadspan_record::{GpuReading, GpuSample, ObservedSample, RunOffset, ServerSample};
use loadspan_wire::mlflow::MetricValue;
use loadspan_wire::mlflow::live::{GpuFigure, server_key};
use loadspan_wire::mlflow::runs::Metric;
use serde_json::Value;

use super::windows::window_of;
use crate::mlflow::clock::unix_ms;

/// The least time between two samples of a source that have points. They come once a second, not quite evenly.
const LEAST_APART: Duration = Duration::from_millis(500);
/// So many servers have points.
const MOST_SERVERS: usize = 16;
/// So many GPUs have points.
const MOST_GPUS: usize = 64;

/// Makes points of samples: a function of the samples and their order alone.
#[derive(Debug, Default)]
pub(super) struct ObservedPoints {
    servers: Numbers,
    gpus: Numbers,
    /// When the last sample of each kind and source was taken that has points.
    last: HashMap<(Discriminant<ObservedSample>, String), RunOffset>,
}

/// What tells servers, or GPUs, apart, by the number that each has in the names of metrics.
#[derive(Debug, Default)]
struct Numbers(BTreeMap<usize, String>);

impl ObservedPoints {
    /// The points of a sample. The step is the second in which it was taken.
    pub(super) fn of(&mut self, sample: &ObservedSample, run_start_unix_ns: u64) -> Vec<Metric> {
        let at = sample.at();
        if !self.is_due(sample) {
            return Vec::new();
        }
        let figures = match sample {
            ObservedSample::Server(sample) => self.of_server(sample),
            ObservedSample::Gpu(sample) => self.of_gpus(sample),
        };
        let finite = figures.into_iter().filter(|(_, value)| value.is_finite());
        finite
            .map(|(key, value)| Metric {
                key,
                value: MetricValue(value),
                timestamp: unix_ms(run_start_unix_ns, at),
                step: i64::try_from(window_of(at)).unwrap_or(i64::MAX),
            })
            .collect()
    }

    fn is_due(&mut self, sample: &ObservedSample) -> bool {
        let place = (discriminant(sample), sample.source().to_owned());
        let last = self.last.get(&place);
        let is_due = last.is_none_or(|last| sample.at() >= last.after(LEAST_APART));
        if is_due {
            self.last.insert(place, sample.at());
        }
        is_due
    }

    /// In the words of `server_metrics.jsonl`.
    fn of_server(&mut self, sample: &ServerSample) -> Vec<(String, f64)> {
        let Some(number) = self.servers.of(&sample.source, None, MOST_SERVERS) else {
            return Vec::new();
        };
        // Plain data of text and numbers.
        let said = serde_json::to_value(sample).unwrap_or_default();
        let mut figures = Vec::new();
        let mut add = |name: String, value: &Value| {
            figures.extend(value.as_f64().map(|value| (server_key(number, &name), value)));
        };
        entries(&said["metrics"]).for_each(|(name, value)| add(name.clone(), value));
        entries(&said["rates"]).for_each(|(name, value)| add(format!("{name}.rate"), value));
        for (name, interval) in entries(&said["quantiles"]) {
            for quantile in ["p50", "p90", "p99"] {
                add(format!("{name}.{quantile}"), &interval[quantile]);
            }
        }
        figures
    }

    fn of_gpus(&mut self, sample: &GpuSample) -> Vec<(String, f64)> {
        let mut figures = Vec::new();
        for gpu in &sample.gpus {
            let index = gpu.index.map(|index| index as usize);
            if let Some(number) = self.gpus.of(&gpu.uuid, index, MOST_GPUS) {
                let known = values(gpu).into_iter();
                figures.extend(known.filter_map(|(figure, value)| Some((figure.key(number), value?))));
            }
        }
        figures
    }
}

impl Numbers {
    /// The number of an id: always the same. It is the one that is wished for, unless another has that, as GPUs of several hosts may.
    /// `None`: there are too many.
    fn of(&mut self, id: &str, wish: Option<usize>, most: usize) -> Option<usize> {
        let known = self.0.iter().find(|(_, known)| *known == id);
        if let Some((number, _)) = known {
            return Some(*number);
        }
        let mut free = wish
            .into_iter()
            .chain(0..most)
            .filter(|number| !self.0.contains_key(number));
        let number = free.next().filter(|_| self.0.len() < most)?;
        self.0.insert(number, id.to_owned());
        Some(number)
    }
}

fn values(gpu: &GpuReading) -> [(GpuFigure, Option<f64>); 4] {
    [
        (GpuFigure::Utilization, gpu.utilization.map(|share| share * 100.0)),
        (GpuFigure::Memory, gpu.memory_used_bytes.map(|bytes| bytes as f64 / 1e6)),
        (GpuFigure::Power, gpu.power_watts),
        (GpuFigure::Temperature, gpu.temperature_celsius),
    ]
}

fn entries(object: &Value) -> impl Iterator<Item = (&String, &Value)> {
    object.as_object().into_iter().flatten()
}

#[cfg(test)]
mod tests {
    use loadspan_record::{Bucket, HistogramInterval, ServerCounter, ServerGauge, ServerHistogram};

    use super::super::testing::START_UNIX_NS;
    use super::*;

    fn server(source: &str, at_ms: u64) -> ObservedSample {
        let whole = [Bucket {
            lower: 0.0,
            upper: Some(1.0),
            count: 10,
        }];
        ObservedSample::Server(ServerSample {
            at: RunOffset::from_duration(Duration::from_millis(at_ms)),
            source: source.to_owned(),
            metrics: [
                (ServerGauge::RequestsRunning, 8.0),
                (ServerGauge::KvCacheUsage, f64::NAN),
            ]
            .into(),
            rates: [(ServerCounter::GenerationTokens, 800.0)].into(),
            quantiles: [(ServerHistogram::QueueTime, HistogramInterval::of(&whole, 5.0).unwrap())].into(),
            ..ServerSample::default()
        })
    }

    fn gpu(index: u32, uuid: &str) -> GpuReading {
        GpuReading {
            index: Some(index),
            uuid: uuid.to_owned(),
            utilization: Some(0.5),
            ..GpuReading::default()
        }
    }

    fn said(points: &[Metric]) -> Vec<(&str, f64)> {
        points.iter().map(|point| (point.key.as_str(), point.value.0)).collect()
    }

    #[test]
    fn a_server_has_its_figures_at_the_second_of_the_sample() {
        let points = ObservedPoints::default().of(&server("a", 2_250), START_UNIX_NS);
        assert_eq!(
            said(&points),
            [
                ("live.server.0.requests_running", 8.0),
                ("live.server.0.generation_tokens.rate", 800.0),
                ("live.server.0.queue_time_seconds.p50", 0.5),
                ("live.server.0.queue_time_seconds.p90", 0.9),
                ("live.server.0.queue_time_seconds.p99", 0.99),
            ]
        );
        assert!(
            points
                .iter()
                .all(|point| (point.step, point.timestamp) == (2, 1_700_000_002_250))
        );
    }

    #[test]
    fn sources_have_numbers_and_none_has_points_too_often() {
        let mut points = ObservedPoints::default();
        let mut first_key = |source: &str, at_ms| {
            let points = points.of(&server(source, at_ms), START_UNIX_NS);
            points.first().map(|point| point.key.clone())
        };
        let running = |number: u32| Some(format!("live.server.{number}.requests_running"));
        assert_eq!(first_key("a", 0), running(0));
        assert_eq!(first_key("b", 10), running(1));
        assert_eq!(first_key("a", 499), None);
        assert_eq!(first_key("a", 990), running(0));
        for other in 2..MOST_SERVERS {
            assert!(first_key(&other.to_string(), 0).is_some());
        }
        assert_eq!(first_key("one too many", 0), None);
    }

    #[test]
    fn gpus_have_the_names_that_mlflow_gives_them() {
        let reading = GpuReading {
            memory_used_bytes: Some(2_000_000),
            power_watts: Some(300.0),
            temperature_celsius: Some(60.0),
            ..gpu(3, "GPU-3")
        };
        let sample = ObservedSample::Gpu(GpuSample {
            gpus: vec![reading, gpu(0, "GPU-a"), gpu(0, "GPU-of-another-host")],
            ..GpuSample::default()
        });
        assert_eq!(
            said(&ObservedPoints::default().of(&sample, START_UNIX_NS)),
            [
                ("system/gpu_3_utilization_percentage", 50.0),
                ("system/gpu_3_memory_usage_megabytes", 2.0),
                ("system/gpu_3_power_usage_watts", 300.0),
                ("system/gpu_3_temperature_celsius", 60.0),
                ("system/gpu_0_utilization_percentage", 50.0),
                ("system/gpu_1_utilization_percentage", 50.0),
            ]
        );
    }
}
