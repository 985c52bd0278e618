//! Samples as OpenTelemetry gauges.
//!
//! GPUs have names in the semantic conventions (`hw.*`), which are used where the conventions want a gauge. Where they want a sum
//! (energy, bytes of memory) the name is ours, because a conventional name with another instrument is worse than none.

use super::{GpuReading, GpuSample, HistogramFigures, ObservedSample, ServerSample};

/// The value of a gauge. Its time is that of the sample.
#[derive(Debug, Clone, PartialEq)]
pub struct ObservedGauge {
    /// Name of the instrument.
    pub name: &'static str,
    /// Its unit, in UCUM.
    pub unit: &'static str,
    /// Its description.
    pub description: &'static str,
    /// The attributes. As many different ones as there are sources, GPUs and three quantiles.
    pub attributes: Vec<(&'static str, String)>,
    /// The value.
    pub value: f64,
}

/// Name, unit and description.
type Instrument = (&'static str, &'static str, &'static str);

/// The gauges of a GPU.
pub const GPU_INSTRUMENTS: [Instrument; 8] = [
    ("hw.gpu.utilization", "1", "Fraction of time spent busy."),
    ("hw.gpu.memory.utilization", "1", "Fraction of GPU memory used."),
    ("loadspan.gpu.memory.usage", "By", "GPU memory used."),
    ("loadspan.gpu.memory.limit", "By", "Size of the GPU memory."),
    ("hw.power", "W", "Instantaneous power consumed by the component."),
    (
        "loadspan.gpu.energy",
        "J",
        "Energy consumed since the driver was loaded.",
    ),
    ("hw.temperature", "Cel", "Temperature in degrees Celsius."),
    ("loadspan.gpu.sm_clock", "Hz", "Clock of the streaming multiprocessors."),
];

impl ObservedSample {
    /// The sample as gauges.
    #[must_use]
    pub fn gauges(&self) -> Vec<ObservedGauge> {
        match self {
            Self::Server(sample) => of_server(sample),
            Self::Gpu(sample) => sample.gpus.iter().flat_map(|gpu| of_gpu(sample, gpu)).collect(),
        }
    }
}

fn gauge((name, unit, description): Instrument, attributes: Vec<(&'static str, String)>, value: f64) -> ObservedGauge {
    ObservedGauge {
        name,
        unit,
        description,
        attributes,
        value,
    }
}

fn of_server(sample: &ServerSample) -> Vec<ObservedGauge> {
    let attributes = || vec![("loadspan.server.source", sample.source.clone())];
    let metrics = sample.metrics.iter();
    let rates = sample.rates.iter();
    let quantiles = sample.quantiles.iter().flat_map(|(histogram, interval)| {
        of_quantiles(&interval.figures).map(|(quantile, value)| {
            let mut attributes = attributes();
            attributes.push(("loadspan.quantile", quantile.to_owned()));
            gauge(histogram.instrument(), attributes, value)
        })
    });
    metrics
        .map(|(metric, value)| gauge(metric.instrument(), attributes(), *value))
        .chain(rates.map(|(counter, rate)| gauge(counter.rate_instrument(), attributes(), *rate)))
        .chain(quantiles)
        .collect()
}

fn of_quantiles(figures: &HistogramFigures) -> [(&'static str, f64); 3] {
    [("0.5", figures.p50), ("0.9", figures.p90), ("0.99", figures.p99)]
}

fn of_gpu(sample: &GpuSample, gpu: &GpuReading) -> Vec<ObservedGauge> {
    let attributes = gpu_attributes(sample, gpu);
    let bytes = |bytes: Option<u64>| bytes.map(|bytes| bytes as f64);
    let memory_share = match (gpu.memory_used_bytes, gpu.memory_total_bytes) {
        (Some(used), Some(total)) if total > 0 => Some(used as f64 / total as f64),
        _ => None,
    };
    let values = [
        gpu.utilization,
        memory_share,
        bytes(gpu.memory_used_bytes),
        bytes(gpu.memory_total_bytes),
        gpu.power_watts,
        gpu.energy_joules,
        gpu.temperature_celsius,
        bytes(gpu.sm_clock_hertz),
    ];
    GPU_INSTRUMENTS
        .into_iter()
        .zip(values)
        .filter_map(|(instrument, value)| Some(gauge(instrument, attributes.clone(), value?)))
        .collect()
}

fn gpu_attributes(sample: &GpuSample, gpu: &GpuReading) -> Vec<(&'static str, String)> {
    let mut attributes = vec![
        ("hw.id", gpu.uuid.clone()),
        ("hw.type", "gpu".to_owned()),
        ("hw.vendor", "NVIDIA".to_owned()),
        ("loadspan.gpu.source", sample.source.clone()),
    ];
    let index = gpu.index.map(|index| ("hw.name", format!("GPU {index}")));
    let model = gpu.name.clone().map(|name| ("hw.model", name));
    attributes.extend([index, model].into_iter().flatten());
    attributes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Bucket, HistogramInterval, ServerCounter, ServerGauge, ServerHistogram};

    fn name_and_value(gauge: &ObservedGauge) -> (&'static str, f64) {
        (gauge.name, gauge.value)
    }

    #[test]
    fn a_server_sample_is_gauges_rates_and_quantiles() {
        let whole = [Bucket {
            lower: 0.0,
            upper: Some(1.0),
            count: 10,
        }];
        let sample = ObservedSample::Server(ServerSample {
            metrics: [(ServerGauge::KvCacheUsage, 0.25)].into(),
            rates: [(ServerCounter::GenerationTokens, 800.0)].into(),
            quantiles: [(ServerHistogram::QueueTime, HistogramInterval::of(&whole, 5.0).unwrap())].into(),
            ..ServerSample::default()
        });
        let gauges = sample.gauges();
        assert_eq!(
            gauges.iter().map(name_and_value).collect::<Vec<_>>(),
            [
                ("loadspan.server.kv_cache.usage", 0.25),
                ("loadspan.server.generation_tokens.rate", 800.0),
                ("loadspan.server.queue_time", 0.5),
                ("loadspan.server.queue_time", 0.9),
                ("loadspan.server.queue_time", 0.99),
            ]
        );
        assert_eq!(gauges[4].attributes[1], ("loadspan.quantile", "0.99".to_owned()));
    }

    #[test]
    fn what_a_gpu_does_not_tell_is_no_gauge() {
        let sample = ObservedSample::Gpu(GpuSample {
            source: "nvml".to_owned(),
            gpus: vec![GpuReading {
                uuid: "GPU-1".to_owned(),
                power_watts: Some(300.0),
                memory_used_bytes: Some(1),
                memory_total_bytes: Some(4),
                ..GpuReading::default()
            }],
            ..GpuSample::default()
        });
        assert_eq!(
            sample.gauges().iter().map(name_and_value).collect::<Vec<_>>(),
            [
                ("hw.gpu.memory.utilization", 0.25),
                ("loadspan.gpu.memory.usage", 1.0),
                ("loadspan.gpu.memory.limit", 4.0),
                ("hw.power", 300.0),
            ]
        );
    }
}
