//! What the samples of GPUs come to over the measured time, energy above all.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::window::Window;
use super::{GpuReading, GpuSample, Spread};
use crate::RunOffset;
use crate::distribution::to_seven_digits;

/// All GPUs over the measured time. A GPU that two sources know is there once, by the source that was read first.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct GpuSummary {
    /// The GPUs.
    pub gpus: Vec<GpuDeviceSummary>,
    /// Their energy together, in joules. `None` when none of them tells energy or power.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub energy_joules: Option<f64>,
    /// Their mean power together, in watts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mean_power_watts: Option<f64>,
}

/// One GPU over the measured time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GpuDeviceSummary {
    /// Who told: a URL without credentials, or `nvml`.
    pub source: String,
    /// Its number on its host.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub index: Option<u32>,
    /// Its id.
    pub uuid: String,
    /// Its model.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Share of time in which it was busy, from 0 to 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub utilization: Option<Spread>,
    /// Memory in use.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory_used_bytes: Option<Spread>,
    /// Power.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub power_watts: Option<Spread>,
    /// Temperature of the die.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub temperature_celsius: Option<Spread>,
    /// Energy between the first and the last sample that touch the measured time, and no further.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub energy_joules: Option<f64>,
    /// Where the energy comes from. `None` without energy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub energy_source: Option<EnergySource>,
}

/// Where a figure of energy comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EnergySource {
    /// The device's own counter.
    Counter,
    /// Power between samples, taken as a straight line, wholly or for a part of the time.
    Power,
}

/// A reading and its time.
type Timed<'a> = (RunOffset, &'a GpuReading);

impl GpuSummary {
    /// `None` without a GPU. `samples` are in the order of their times.
    #[must_use]
    pub fn of(samples: &[GpuSample], from: RunOffset, until: RunOffset) -> Option<Self> {
        let window = Window { from, until };
        let gpus: Vec<GpuDeviceSummary> = by_device(samples)
            .into_values()
            .map(|device| device.summary(window))
            .collect();
        if gpus.is_empty() {
            return None;
        }
        let sum = |values: Vec<f64>| (!values.is_empty()).then(|| to_seven_digits(values.iter().sum()));
        Some(Self {
            energy_joules: sum(gpus.iter().filter_map(|gpu| gpu.energy_joules).collect()),
            mean_power_watts: sum(gpus.iter().filter_map(|gpu| Some(gpu.power_watts?.mean)).collect()),
            gpus,
        })
    }
}

/// The readings of one device by one source.
struct Device<'a> {
    source: &'a str,
    readings: Vec<Timed<'a>>,
}

fn by_device(samples: &[GpuSample]) -> BTreeMap<&str, Device<'_>> {
    let mut devices: BTreeMap<&str, Device<'_>> = BTreeMap::new();
    for sample in samples {
        for reading in &sample.gpus {
            let device = devices.entry(&reading.uuid).or_insert_with(|| Device {
                source: &sample.source,
                readings: Vec::new(),
            });
            if device.source == sample.source {
                device.readings.push((sample.at, reading));
            }
        }
    }
    devices
}

impl Device<'_> {
    fn summary(&self, window: Window) -> GpuDeviceSummary {
        let spread = |value: fn(&GpuReading) -> Option<f64>| {
            let within = self.readings.iter().filter(|(at, _)| window.contains(*at));
            Spread::of(within.filter_map(|(_, reading)| value(reading)))
        };
        let energy = self.energy(window);
        let last = self.readings.last().map(|(_, reading)| *reading);
        GpuDeviceSummary {
            source: self.source.to_owned(),
            index: last.and_then(|reading| reading.index),
            uuid: last.map(|reading| reading.uuid.clone()).unwrap_or_default(),
            name: last.and_then(|reading| reading.name.clone()),
            utilization: spread(|reading| reading.utilization),
            memory_used_bytes: spread(|reading| reading.memory_used_bytes.map(|bytes| bytes as f64)),
            power_watts: spread(|reading| reading.power_watts),
            temperature_celsius: spread(|reading| reading.temperature_celsius),
            energy_joules: energy.map(|(joules, _)| to_seven_digits(joules)),
            energy_source: energy.map(|(_, source)| source),
        }
    }

    fn energy(&self, window: Window) -> Option<(f64, EnergySource)> {
        let mut total: Option<(f64, EnergySource)> = None;
        for pair in self.readings.windows(2) {
            let [start, end] = pair else { continue };
            let share = window.share_of_time(start.0, end.0);
            if share == 0.0 {
                continue;
            }
            let Some((joules, source)) = energy_between(*start, *end) else {
                continue;
            };
            let (sum, worst) = total.get_or_insert((0.0, source));
            *sum += joules * share;
            if source == EnergySource::Power {
                *worst = source;
            }
        }
        total
    }
}

/// The counter where it counts; power where there is no counter or it started again.
fn energy_between(start: Timed<'_>, end: Timed<'_>) -> Option<(f64, EnergySource)> {
    if let (Some(before), Some(after)) = (start.1.energy_joules, end.1.energy_joules)
        && after >= before
    {
        return Some((after - before, EnergySource::Counter));
    }
    let mean_watts = f64::midpoint(start.1.power_watts?, end.1.power_watts?);
    Some((
        mean_watts * end.0.nanos_since(start.0) as f64 / 1e9,
        EnergySource::Power,
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at_secs(secs: u64) -> RunOffset {
        RunOffset::from_nanos(secs * 1_000_000_000)
    }

    fn sample(secs: u64, reading: GpuReading) -> GpuSample {
        GpuSample {
            at: at_secs(secs),
            source: "nvml".to_owned(),
            gpus: vec![GpuReading {
                uuid: "GPU-1".to_owned(),
                ..reading
            }],
        }
    }

    fn powered(secs: u64, watts: f64, joules: Option<f64>) -> GpuSample {
        sample(
            secs,
            GpuReading {
                power_watts: Some(watts),
                energy_joules: joules,
                ..GpuReading::default()
            },
        )
    }

    #[test]
    fn energy_comes_from_the_counter_where_there_is_one() {
        let samples: Vec<GpuSample> = (0..5)
            .map(|secs| powered(secs, 1.0, Some(1e6 + 300.0 * secs as f64)))
            .collect();
        let summary = GpuSummary::of(&samples, at_secs(1), at_secs(3)).unwrap();
        assert_eq!(summary.energy_joules, Some(600.0));
        assert_eq!(summary.gpus[0].energy_source, Some(EnergySource::Counter));
    }

    #[test]
    fn energy_is_power_over_time_where_there_is_no_counter() {
        let samples = [
            powered(0, 100.0, None),
            powered(2, 200.0, None),
            powered(4, 200.0, None),
        ];
        let summary = GpuSummary::of(&samples, at_secs(0), at_secs(4)).unwrap();
        assert_eq!(summary.energy_joules, Some(700.0));
        assert_eq!(summary.gpus[0].energy_source, Some(EnergySource::Power));
    }

    #[test]
    fn a_counter_that_starts_again_is_not_negative_energy() {
        let samples = [powered(0, 50.0, Some(9_000.0)), powered(1, 50.0, Some(10.0))];
        let summary = GpuSummary::of(&samples, at_secs(0), at_secs(1)).unwrap();
        assert_eq!(
            (summary.energy_joules, summary.gpus[0].energy_source),
            (Some(50.0), Some(EnergySource::Power))
        );
    }

    #[test]
    fn a_gpu_that_two_sources_know_counts_once() {
        let mut other = powered(0, 100.0, None);
        other.source = "http://exporter/metrics".to_owned();
        let samples = [powered(0, 100.0, None), other, powered(1, 100.0, None)];
        let summary = GpuSummary::of(&samples, at_secs(0), at_secs(1)).unwrap();
        assert_eq!((summary.gpus.len(), summary.mean_power_watts), (1, Some(100.0)));
    }

    #[test]
    fn no_gpu_is_no_summary() {
        assert_eq!(GpuSummary::of(&[], at_secs(0), at_secs(1)), None);
    }
}
