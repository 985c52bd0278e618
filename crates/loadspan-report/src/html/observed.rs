//! What servers and GPUs said of themselves over the measured time.

use loadspan_record::{GpuDeviceSummary, GpuSummary, HistogramFigures, ServerGauge, ServerSummary, Spread, Summary};
use serde::Serialize;

use super::markup::{Element, element};
use super::table::{Cell, Column, Table};
use crate::number::{average, count, number};

/// A table for each server and one for all GPUs. `None` when nothing was watched.
pub(super) fn section(summary: &Summary) -> Option<Element> {
    let servers = summary.server.iter().flat_map(server);
    let gpus = summary.gpus.iter().flat_map(gpus);
    let parts: Vec<Element> = servers.chain(gpus).collect();
    let section = element("section")
        .id("observed")
        .child(element("h2").text("Server and GPUs"));
    (!parts.is_empty()).then(|| section.children(parts))
}

/// What it calls itself, and what it said.
fn server(server: &ServerSummary) -> Vec<Element> {
    let columns = ["mean", "p50", "p90", "p99", "max", "last", "total"].map(Column::number);
    let columns = [Column::text("Server"), Column::text("unit").class("unit")]
        .into_iter()
        .chain(columns);
    let mut table = Table::new("Server", columns);
    for (gauge, spread) in &server.gauges {
        let (scale, unit) = gauge_unit(*gauge);
        table.row(gauge_row((&named(gauge), unit), spread, scale));
    }
    for (name, share) in [
        ("prefix cache hit rate", server.prefix_cache_hit_rate),
        ("spec decode acceptance rate", server.spec_decode_acceptance_rate),
    ] {
        if let Some(share) = share {
            table.row(cells(
                (name, "%"),
                [Some(share * 100.0), None, None, None, None, None, None],
            ));
        }
    }
    for (histogram, figures) in &server.histograms {
        let name = named(histogram);
        table.row(histogram_row(name.trim_end_matches(" seconds"), figures));
    }
    for (counter, total) in &server.totals {
        let numbers = [None, None, None, None, None, None, Some(*total)];
        table.row(cells((&named(counter), "count"), numbers));
    }
    if table.is_empty() {
        return Vec::new();
    }
    let note = format!(
        "{} in {} samples. Durations are the server's own, from its histograms.",
        server.source,
        count(server.samples)
    );
    vec![table.into_element(), element("p").class("caption").text(note)]
}

/// The factor to the unit that is shown, and the unit.
const fn gauge_unit(gauge: ServerGauge) -> (f64, &'static str) {
    match gauge {
        ServerGauge::RequestsRunning | ServerGauge::RequestsWaiting => (1.0, "req"),
        ServerGauge::KvCacheUsage | ServerGauge::PrefixCacheHitRate | ServerGauge::SpecDecodeAcceptanceRate => {
            (100.0, "%")
        }
    }
}

fn gauge_row(name: (&str, &str), spread: &Spread, scale: f64) -> Vec<Cell> {
    let [mean, max, last] = [spread.mean, spread.max, spread.last].map(|value| Some(value * scale));
    cells(name, [mean, None, None, None, max, last, None])
}

fn histogram_row(name: &str, figures: &HistogramFigures) -> Vec<Cell> {
    let [mean, p50, p90, p99] = [figures.mean, figures.p50, figures.p90, figures.p99].map(|secs| Some(secs * 1e3));
    cells((name, "ms"), [mean, p50, p90, p99, None, None, None])
}

fn cells<const N: usize>((name, unit): (&str, &str), numbers: [Option<f64>; N]) -> Vec<Cell> {
    let mut cells = vec![Cell::text(name), Cell::text(unit)];
    cells.extend(numbers.map(|value| Cell::text(value.map(average).unwrap_or_default())));
    cells
}

/// The name that a quantity has in files, as words.
fn named(quantity: &impl Serialize) -> String {
    let name = serde_json::to_value(quantity).unwrap_or_default();
    name.as_str().unwrap_or_default().replace('_', " ")
}

fn gpus(summary: &GpuSummary) -> Vec<Element> {
    let numbers = [
        "busy, mean %",
        "memory, max GiB",
        "power, mean W",
        "temperature, max °C",
        "energy, J",
    ];
    let columns = [Column::text("GPU"), Column::text("model")]
        .into_iter()
        .chain(numbers.map(Column::number))
        .chain([Column::text("source")]);
    let mut table = Table::new("GPUs", columns);
    for gpu in &summary.gpus {
        table.row(gpu_row(gpu));
    }
    let together = [
        summary
            .mean_power_watts
            .map(|watts| format!("{} W on average", number(watts))),
        summary.energy_joules.map(|joules| format!("{} J", number(joules))),
    ];
    let together: Vec<String> = together.into_iter().flatten().collect();
    let mut parts = vec![table.into_element()];
    if !together.is_empty() {
        let note = format!("All together: {}.", together.join(", "));
        parts.push(element("p").class("caption").text(note));
    }
    parts
}

fn gpu_row(gpu: &GpuDeviceSummary) -> Vec<Cell> {
    let name = gpu.index.map_or_else(|| gpu.uuid.clone(), |index| index.to_string());
    let numbers = [
        gpu.utilization.map(|spread| spread.mean * 100.0),
        gpu.memory_used_bytes.map(|spread| spread.max / f64::from(1 << 30)),
        gpu.power_watts.map(|spread| spread.mean),
        gpu.temperature_celsius.map(|spread| spread.max),
        gpu.energy_joules,
    ];
    let mut cells = cells((&name, gpu.name.as_deref().unwrap_or_default()), numbers);
    cells.push(Cell::text(&gpu.source));
    cells
}
