//! GPUs, by DCGM's exporter and by NVML.

use loadspan_record::NoticeLevel;
use loadspan_record::{EnergySource, GpuSample, GpuSummary, RunOffset};
use loadspan_scrape::{GpuSource, ScrapeConfig};
use loadspan_testkit::{DurationExt, TextEndpoint, TextReply};

use crate::harness::{Rig, config, dcgm};

/// The exporter's page for two GPUs that have taken so many joules each.
fn page(joules: u32) -> String {
    (0..2)
        .map(|gpu| {
            let labels = format!(
                "gpu=\"{gpu}\",UUID=\"GPU-{gpu}\",pci_bus_id=\"00000000:0{gpu}:00.0\",device=\"nvidia{gpu}\",\
                 modelName=\"NVIDIA H100 80GB HBM3\",Hostname=\"node\",DCGM_FI_DRIVER_VERSION=\"550.90.07\""
            );
            let line = |name: &str, value: u32| format!("# TYPE {name} gauge\n{name}{{{labels}}} {value}\n");
            line("DCGM_FI_DEV_POWER_USAGE", 300 + gpu)
                + &line("DCGM_FI_DEV_GPU_UTIL", 50)
                + &line("DCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION", joules * 1_000)
        })
        .collect()
}

#[test]
fn two_gpus_of_an_exporter_are_read_and_their_energy_is_added_up() {
    let exporter = TextEndpoint::text(page(1_000)).unwrap();
    let rig = Rig::start(&dcgm(&exporter.url("/metrics")));
    let first = rig.gpu_sample();
    assert_eq!(
        first
            .gpus
            .iter()
            .map(|gpu| (gpu.index, gpu.power_watts))
            .collect::<Vec<_>>(),
        [(Some(0), Some(300.0)), (Some(1), Some(301.0))]
    );
    exporter.answer(TextReply::Text(page(1_250)));
    while rig.gpu_sample().gpus[0].energy_joules != Some(1_250.0) {}
    let finished = rig.finish();

    let lines = finished.lines("gpu_metrics.jsonl");
    let samples: Vec<GpuSample> = lines.iter().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(samples[0], first);
    let summary = GpuSummary::of(&samples, RunOffset::ZERO, RunOffset::from_duration(60.secs())).unwrap();
    assert_eq!(summary.energy_joules, Some(500.0));
    assert_eq!(summary.mean_power_watts, Some(601.0));
    assert!(
        summary
            .gpus
            .iter()
            .all(|gpu| gpu.energy_source == Some(EnergySource::Counter))
    );
    assert!(!finished.path("server_metrics.jsonl").exists());
}

#[test]
fn a_page_without_gpus_is_a_warning() {
    let exporter = TextEndpoint::text("vllm:num_requests_running 1").unwrap();
    let rig = Rig::start(&dcgm(&exporter.url("/metrics")));
    let notice = rig.notice();
    assert_eq!(notice.level, NoticeLevel::Warning);
    assert!(
        notice
            .notice
            .message
            .ends_with("it shows no DCGM_FI_DEV_ metric of a GPU"),
        "{notice:?}"
    );
}

#[test]
fn a_host_without_gpus_is_a_note_and_asked_once() {
    let rig = Rig::start(&ScrapeConfig {
        gpus: vec![GpuSource::Nvml],
        ..config()
    });
    let report = rig.finish().report;
    let [nvml] = &report.sources[..] else {
        panic!("{report:?}")
    };
    if nvml.samples > 0 {
        // This host has GPUs, and they answered.
        return;
    }
    assert_eq!(nvml.failed, 1);
    let [notice] = &report.notices[..] else {
        panic!("{report:?}")
    };
    assert_eq!(notice.level, NoticeLevel::Note);
    assert!(
        notice.notice.message.starts_with("no GPU figures from NVML: "),
        "{notice:?}"
    );
}
