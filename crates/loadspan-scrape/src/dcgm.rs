//! GPUs as NVIDIA's DCGM exporter shows them.

use std::collections::BTreeMap;

use loadspan_record::GpuReading;

use crate::prometheus_text::Series;

const MEBIBYTE: f64 = 1_048_576.0;

/// What is known of one GPU so far. Values are by the instance of the GPU (MIG): memory is that of an instance, while all instances
/// show the power of the whole. Several pods on one GPU show the same values.
#[derive(Debug, Default)]
struct Gpu {
    index: Option<u32>,
    host: Option<String>,
    name: Option<String>,
    fields: BTreeMap<Field, BTreeMap<String, f64>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Field {
    /// Percent.
    Utilization,
    /// From 0 to 1. The only one that instances have.
    EngineActive,
    /// Mebibytes.
    MemoryUsed,
    MemoryFree,
    MemoryReserved,
    MemoryTotal,
    /// Watts.
    Power,
    /// Millijoules.
    Energy,
    /// Degrees Celsius.
    Temperature,
    /// Megahertz.
    SmClock,
}

/// The GPUs of a page, in the order of their hosts and indexes. Empty when it is not a page of DCGM.
pub(crate) fn readings(series: &[Series<'_>]) -> Vec<GpuReading> {
    let mut gpus: BTreeMap<&str, Gpu> = BTreeMap::new();
    for one in series {
        if let Some(field) = field(one.name)
            && let Some(uuid) = label(one, "UUID")
            && one.value.is_finite()
            && one.value >= 0.0
        {
            gpus.entry(uuid).or_default().take(field, one);
        }
    }
    let mut readings: Vec<GpuReading> = gpus.into_iter().map(|(uuid, gpu)| gpu.reading(uuid)).collect();
    readings.sort_by(|a, b| (&a.host, a.index).cmp(&(&b.host, b.index)));
    readings
}

fn field(name: &str) -> Option<Field> {
    Some(match name {
        "DCGM_FI_DEV_GPU_UTIL" => Field::Utilization,
        "DCGM_FI_PROF_GR_ENGINE_ACTIVE" => Field::EngineActive,
        "DCGM_FI_DEV_FB_USED" => Field::MemoryUsed,
        "DCGM_FI_DEV_FB_FREE" => Field::MemoryFree,
        "DCGM_FI_DEV_FB_RESERVED" => Field::MemoryReserved,
        "DCGM_FI_DEV_FB_TOTAL" => Field::MemoryTotal,
        "DCGM_FI_DEV_POWER_USAGE" => Field::Power,
        "DCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION" => Field::Energy,
        "DCGM_FI_DEV_GPU_TEMP" => Field::Temperature,
        "DCGM_FI_DEV_SM_CLOCK" => Field::SmClock,
        _ => return None,
    })
}

fn label<'s>(series: &'s Series<'_>, wanted: &str) -> Option<&'s str> {
    let (_, value) = series.labels.iter().find(|(name, _)| *name == wanted)?;
    (!value.is_empty()).then_some(value.as_ref())
}

impl Gpu {
    fn take(&mut self, field: Field, series: &Series<'_>) {
        let instance = label(series, "GPU_I_ID").unwrap_or_default().to_owned();
        let value = self.fields.entry(field).or_default().entry(instance).or_insert(0.0);
        *value = value.max(series.value);
        let index = label(series, "gpu").and_then(|index| index.parse().ok());
        self.index = self.index.or(index);
        let text = |wanted| label(series, wanted).map(str::to_owned);
        self.host = self.host.take().or_else(|| text("Hostname"));
        self.name = self.name.take().or_else(|| text("modelName"));
    }

    fn reading(&self, uuid: &str) -> GpuReading {
        let bytes = |mebibytes: f64| (mebibytes * MEBIBYTE) as u64;
        let utilization = self.highest(Field::Utilization).map(|percent| percent / 100.0);
        GpuReading {
            index: self.index,
            uuid: uuid.to_owned(),
            host: self.host.clone(),
            name: self.name.clone(),
            utilization: utilization.or_else(|| self.highest(Field::EngineActive)),
            memory_used_bytes: self.sum(Field::MemoryUsed).map(bytes),
            memory_total_bytes: self.memory_total().map(bytes),
            power_watts: self.highest(Field::Power),
            temperature_celsius: self.highest(Field::Temperature),
            energy_joules: self.highest(Field::Energy).map(|millijoules| millijoules / 1e3),
            sm_clock_hertz: self.highest(Field::SmClock).map(|megahertz| (megahertz * 1e6) as u64),
        }
    }

    /// The exporter shows no total unless it is told to.
    fn memory_total(&self) -> Option<f64> {
        self.sum(Field::MemoryTotal).or_else(|| {
            let parts = self.sum(Field::MemoryUsed)? + self.sum(Field::MemoryFree)?;
            Some(parts + self.sum(Field::MemoryReserved).unwrap_or(0.0))
        })
    }

    fn highest(&self, field: Field) -> Option<f64> {
        self.fields.get(&field)?.values().copied().max_by(f64::total_cmp)
    }

    fn sum(&self, field: Field) -> Option<f64> {
        Some(self.fields.get(&field)?.values().sum())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prometheus_text::parse;

    fn of(page: &str) -> Vec<GpuReading> {
        readings(&parse(page.as_bytes()).unwrap())
    }

    const ONE: &str = r#"gpu="0",UUID="GPU-a",device="nvidia0",modelName="NVIDIA H100 80GB HBM3",Hostname="node1""#;

    #[test]
    fn units_are_made_ours() {
        let page = format!(
            "DCGM_FI_DEV_GPU_UTIL{{{ONE}}} 87\nDCGM_FI_DEV_FB_USED{{{ONE}}} 1024\nDCGM_FI_DEV_FB_FREE{{{ONE}}} 3072\n\
             DCGM_FI_DEV_POWER_USAGE{{{ONE}}} 412.5\nDCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION{{{ONE}}} 5000500\n\
             DCGM_FI_DEV_GPU_TEMP{{{ONE}}} 61\nDCGM_FI_DEV_SM_CLOCK{{{ONE}}} 1980\nDCGM_FI_DEV_XID_ERRORS{{{ONE}}} 0"
        );
        assert_eq!(
            of(&page),
            [GpuReading {
                index: Some(0),
                uuid: "GPU-a".to_owned(),
                host: Some("node1".to_owned()),
                name: Some("NVIDIA H100 80GB HBM3".to_owned()),
                utilization: Some(0.87),
                memory_used_bytes: Some(1 << 30),
                memory_total_bytes: Some(4 << 30),
                power_watts: Some(412.5),
                temperature_celsius: Some(61.0),
                energy_joules: Some(5_000.5),
                sm_clock_hertz: Some(1_980_000_000),
            }]
        );
    }

    #[test]
    fn instances_of_a_gpu_share_its_power_and_part_its_memory() {
        let page = format!(
            "DCGM_FI_DEV_POWER_USAGE{{{ONE},GPU_I_ID=\"1\"}} 300\nDCGM_FI_DEV_POWER_USAGE{{{ONE},GPU_I_ID=\"2\"}} 300\n\
             DCGM_FI_DEV_FB_USED{{{ONE},GPU_I_ID=\"1\"}} 1\nDCGM_FI_DEV_FB_USED{{{ONE},GPU_I_ID=\"2\"}} 2"
        );
        let gpu = &of(&page)[0];
        assert_eq!(gpu.power_watts, Some(300.0));
        assert_eq!(gpu.memory_used_bytes, Some(3 << 20));
    }

    #[test]
    fn pods_that_share_a_gpu_show_it_once() {
        let page = format!("DCGM_FI_DEV_FB_USED{{{ONE},pod=\"a\"}} 8\nDCGM_FI_DEV_FB_USED{{{ONE},pod=\"b\"}} 8");
        assert_eq!(of(&page)[0].memory_used_bytes, Some(8 << 20));
    }

    #[test]
    fn another_page_has_no_gpus() {
        assert!(of("vllm:num_requests_running 1").is_empty());
    }
}
