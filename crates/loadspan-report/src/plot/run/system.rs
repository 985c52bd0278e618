//! What the GPUs and the server were doing, on the time axis of the run.

use std::collections::BTreeMap;

use loadspan_record::{GpuReading, ServerGauge, ServerSample};

use super::super::NoData;
use super::super::axis::{Axis, Scale};
use super::super::chart::{Line, Mark, Panel, Stacking};
use super::super::theme::Ink;
use super::super::thin::thin_line;
use super::{Drawing, RunData};

const NONE: NoData = NoData {
    what: "GPUs and server over time",
    why: "neither a server nor a GPU was watched while the load ran",
};

/// Lines with a name and a colour each; of more devices only the lowest, the mean and the highest are shown.
const MOST_LINES: usize = 8;

/// Host, number and id: the order of lines.
type Device<'a> = (Option<&'a str>, Option<u32>, &'a str);

/// A line's name and its points.
type Named = (String, Vec<(f64, f64)>);

pub(super) fn draw(run: &RunData<'_>) -> Result<Drawing, NoData> {
    let time = time_axis(run).ok_or(NONE)?;
    let percent = |share: f64| share * 100.0;
    let gpus = |value: fn(&GpuReading) -> Option<f64>| summed_up(by_gpu(run, value));
    let gauge = |gauge: ServerGauge, name: &str| by_server(run.server, gauge, name);
    let mut queue = gauge(ServerGauge::RequestsRunning, "running");
    queue.extend(gauge(ServerGauge::RequestsWaiting, "waiting"));
    let rows = [
        ("GPU utilisation (%)", Kind::Share, gpus(|gpu| gpu.utilization)),
        ("GPU power (W)", Kind::Amount, gpus(|gpu| gpu.power_watts)),
        ("GPU memory in use (%)", Kind::Share, gpus(memory_share)),
        ("server: requests", Kind::Amount, summed_up(queue)),
        (
            "server: KV cache in use (%)",
            Kind::Share,
            summed_up(gauge(ServerGauge::KvCacheUsage, "KV cache")),
        ),
    ];
    let panels: Vec<Panel> = rows
        .into_iter()
        .filter(|(_, _, lines)| !lines.is_empty())
        .map(|(label, kind, lines)| {
            let scaled = lines.into_iter().map(|(name, points)| {
                let value = |value| if kind == Kind::Share { percent(value) } else { value };
                let within = points
                    .into_iter()
                    .filter(|(at, _)| (time.range.0..=time.range.1).contains(at));
                (name, within.map(|(at, y)| (at, value(y))).collect())
            });
            panel(run, (label, kind), (&time, scaled.collect()))
        })
        .collect();
    if panels.is_empty() {
        return Err(NONE);
    }
    Ok(Drawing {
        title: "GPUs and server over the run",
        caption: "Each line is what the device or the server said of itself, sample by sample; of very many samples the extremes \
                  are kept. A share of 100 % is all that there is."
            .to_owned(),
        panels,
        stacking: Stacking::SharedAxis,
    })
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// From 0 to 1 in the data, in percent in the picture.
    Share,
    Amount,
}

/// That of the requests, so that charts can be laid side by side; that of the samples where there are no requests.
fn time_axis(run: &RunData<'_>) -> Option<Axis> {
    run.time_axis().or_else(|| {
        let server = run.server.iter().map(|sample| sample.at);
        let moments: Vec<_> = server.chain(run.gpus.iter().map(|sample| sample.at)).collect();
        let (from, until) = (moments.iter().min()?, moments.iter().max()?);
        Some(Axis::run_time(from.as_secs_f64(), until.as_secs_f64()))
    })
}

fn panel(run: &RunData<'_>, (label, kind): (&str, Kind), (time, lines): (&Axis, Vec<Named>)) -> Panel {
    let values = lines.iter().flat_map(|(_, points)| points.iter().map(|point| point.1));
    let y = match kind {
        Kind::Share => Axis {
            label: label.to_owned(),
            scale: Scale::Linear,
            range: (0.0, 100.0),
        },
        Kind::Amount => Axis::from_zero(label, values.fold(0.0, f64::max)),
    };
    let lines = lines
        .into_iter()
        .enumerate()
        .map(|(index, (name, points))| Mark::Line(Line::new(thin_line(points), Ink::Series(index), name)));
    Panel {
        height: 110.0,
        x: time.clone(),
        y,
        marks: run.stretches().into_iter().chain(lines).collect(),
        key: Vec::new(),
    }
}

fn memory_share(gpu: &GpuReading) -> Option<f64> {
    let total = gpu.memory_total_bytes.filter(|total| *total > 0)?;
    Some(gpu.memory_used_bytes? as f64 / total as f64)
}

/// One line for each GPU that tells the value.
fn by_gpu(run: &RunData<'_>, value: fn(&GpuReading) -> Option<f64>) -> Vec<Named> {
    let mut lines: BTreeMap<Device<'_>, Vec<(f64, f64)>> = BTreeMap::new();
    for sample in run.gpus {
        for gpu in &sample.gpus {
            if let Some(value) = value(gpu).filter(|value| value.is_finite()) {
                let id = (gpu.host.as_deref(), gpu.index, gpu.uuid.as_str());
                lines.entry(id).or_default().push((sample.at.as_secs_f64(), value));
            }
        }
    }
    let hosts: std::collections::BTreeSet<_> = lines.keys().map(|(host, ..)| *host).collect();
    let several_hosts = hosts.len() > 1;
    lines
        .into_iter()
        .map(|((host, index, uuid), points)| {
            let name = index.map_or_else(|| uuid.to_owned(), |index| format!("GPU {index}"));
            match host.filter(|_| several_hosts) {
                Some(host) => (format!("{name}, {host}"), points),
                None => (name, points),
            }
        })
        .collect()
}

/// One line for each server that tells the value, under `name`; with the server's URL where there are several.
fn by_server(samples: &[ServerSample], gauge: ServerGauge, name: &str) -> Vec<Named> {
    let mut lines: BTreeMap<&str, Vec<(f64, f64)>> = BTreeMap::new();
    for sample in samples {
        if let Some(value) = sample.metrics.get(&gauge).filter(|value| value.is_finite()) {
            let points = lines.entry(&sample.source).or_default();
            points.push((sample.at.as_secs_f64(), *value));
        }
    }
    let is_single = lines.len() == 1;
    let named = |source: &str| {
        if is_single {
            name.to_owned()
        } else {
            format!("{name}, {source}")
        }
    };
    lines
        .into_iter()
        .map(|(source, points)| (named(source), points))
        .collect()
}

/// All lines, or what they come to when they are too many to tell apart.
fn summed_up(lines: Vec<Named>) -> Vec<Named> {
    if lines.len() <= MOST_LINES {
        return lines;
    }
    // Samples of devices of one host have the same time; those of others are joined by the rounded second.
    let mut moments: BTreeMap<i64, Vec<f64>> = BTreeMap::new();
    for (at, value) in lines.iter().flat_map(|(_, points)| points) {
        moments.entry(at.round() as i64).or_default().push(*value);
    }
    let line = |of: fn(&[f64]) -> f64| moments.iter().map(|(at, values)| (*at as f64, of(values))).collect();
    let count = lines.len();
    vec![
        (
            format!("highest of {count}"),
            line(|values| values.iter().copied().fold(f64::NEG_INFINITY, f64::max)),
        ),
        (
            "mean".to_owned(),
            line(|values| values.iter().sum::<f64>() / values.len() as f64),
        ),
        (
            "lowest".to_owned(),
            line(|values| values.iter().copied().fold(f64::INFINITY, f64::min)),
        ),
    ]
}
