//! What the server and its GPUs were doing, a line each.

use loadspan_record::{GpuSummary, ServerCounter, ServerGauge, ServerHistogram, ServerSummary, Summary};

use super::{Layout, about};
use crate::number::{average, count, counted, number, percent};

/// A line for each server that was scraped, and one for all GPUs.
pub(super) fn observed(summary: &Summary, layout: Layout) -> String {
    let servers = summary.server.iter().filter_map(server);
    let gpus = summary.gpus.iter().map(gpus);
    let labelled = |label: &'static str| move |text: String| about::labelled(label, &text, layout);
    servers
        .map(labelled("Server"))
        .chain(gpus.map(labelled("GPUs")))
        .collect()
}

/// `None` when it said nothing that is known here.
fn server(server: &ServerSummary) -> Option<String> {
    let gauge = |gauge| server.gauges.get(&gauge);
    let mut parts = Vec::new();
    if let Some(running) = gauge(ServerGauge::RequestsRunning) {
        parts.push(format!(
            "{} running, {} at most",
            average(running.mean),
            count(running.max as u64)
        ));
    }
    if let Some(waiting) = gauge(ServerGauge::RequestsWaiting) {
        parts.push(format!(
            "{} waiting, {} at most",
            average(waiting.mean),
            count(waiting.max as u64)
        ));
    }
    if let Some(queue) = server.histograms.get(&ServerHistogram::QueueTime) {
        parts.push(format!("queue p99 {} ms", number(queue.p99 * 1e3)));
    }
    if let Some(usage) = gauge(ServerGauge::KvCacheUsage) {
        parts.push(format!("KV cache {}, {} at most", share(usage.mean), share(usage.max)));
    }
    parts.extend(
        server
            .prefix_cache_hit_rate
            .map(|rate| format!("prefix hits {}", share(rate))),
    );
    parts.extend(
        server
            .spec_decode_acceptance_rate
            .map(|rate| format!("drafts accepted {}", share(rate))),
    );
    let preemptions = server
        .totals
        .get(&ServerCounter::Preemptions)
        .filter(|total| **total >= 0.5);
    parts.extend(preemptions.map(|total| counted(total.round() as u64, "preemption")));
    (!parts.is_empty()).then(|| parts.join("; "))
}

fn gpus(summary: &GpuSummary) -> String {
    let mut parts = vec![counted(summary.gpus.len() as u64, "GPU")];
    let busy: Vec<f64> = summary
        .gpus
        .iter()
        .filter_map(|gpu| Some(gpu.utilization?.mean))
        .collect();
    if !busy.is_empty() {
        parts.push(format!("{} busy", share(busy.iter().sum::<f64>() / busy.len() as f64)));
    }
    parts.extend(summary.mean_power_watts.map(|power| format!("{} W", average(power))));
    parts.extend(summary.energy_joules.map(|energy| format!("{} J", average(energy))));
    let hottest = summary
        .gpus
        .iter()
        .filter_map(|gpu| Some(gpu.temperature_celsius?.max))
        .reduce(f64::max);
    parts.extend(hottest.map(|degrees| format!("{} °C at most", average(degrees))));
    parts.join(", ")
}

fn share(share: f64) -> String {
    percent((share * 1e3).round() / 1e3)
}
