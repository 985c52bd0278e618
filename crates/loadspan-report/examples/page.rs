//! Writes `report.html` of made-up runs into a folder, to be looked at: `cargo run --example page -p loadspan-report -- DIR [REQUESTS]`.
#![expect(clippy::print_stdout, reason = "it tells what it wrote")]

#[path = "../tests/it/made_up.rs"]
mod made_up;

use std::error::Error;
use std::path::Path;
use std::time::Instant;

use loadspan_record::{Failure, FailureKind, GpuSummary, Outcome, RunOffset, ServerSummary, SummaryBuilder};
use loadspan_report::html::{HtmlReport, render};
use loadspan_report::plot::RunData;
use made_up::{MadeUpRun, MeasuredRun, blank};
use serde_json::json;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let folder = arguments.next().ok_or("name the folder to write into")?;
    let requests: u32 = arguments.next().map_or(Ok(12_000), |count| count.parse())?;
    let folder = Path::new(&folder);
    std::fs::create_dir_all(folder)?;
    let mut watched = MadeUpRun::open_load(requests).measure();
    let until = RunOffset::from_nanos(u64::MAX);
    watched.summary.server = ServerSummary::of(&watched.server, RunOffset::from_nanos(0), until);
    watched.summary.gpus = GpuSummary::of(&watched.gpus, RunOffset::from_nanos(0), until);
    write(folder, "watched", &watched)?;
    let mut closed = MadeUpRun::closed_load(16, 3).measure();
    closed.gpus.clear();
    closed.server.clear();
    write(folder, "closed", &closed)?;
    write(folder, "failed", &failed(200))?;
    write(folder, "one", &one())?;
    write(folder, "none", &failed(0))
}

fn write(folder: &Path, name: &str, run: &MeasuredRun) -> Result<(), Box<dyn Error>> {
    let data = RunData {
        summary: &run.summary,
        requests: &run.requests,
        server: &run.server,
        gpus: &run.gpus,
    };
    let config = json!({
        "schema_version": "1.0",
        "config": { "model": "Qwen/Qwen3-8B", "load": { "mode": "closed", "concurrency": 16 }, "urls": ["http://127.0.0.1:8000"], "headers": [{ "name": "x-team", "value": "***" }] },
        "host": { "hostname": "bench-1", "cpus": 16, "kernel": "Linux 6.1" },
    });
    let started = Instant::now();
    let page = render(&HtmlReport {
        data,
        run: Some(&config),
    });
    println!("{name}: {} KB in {:?}", page.len() / 1_000, started.elapsed());
    std::fs::write(folder.join(name).with_extension("html"), page)?;
    Ok(())
}

fn failed(count: u32) -> MeasuredRun {
    let records: Vec<_> = (0..count)
        .map(|index| {
            let at = |ms: u64| RunOffset::from_nanos((u64::from(index) * 50 + ms) * 1_000_000);
            let mut record = blank(index);
            record.timings.scheduled_at = at(0);
            record.timings.sent_at = Some(at(1));
            record.timings.finished_at = at(30);
            let kind = if index % 3 == 0 {
                FailureKind::HttpStatus(503)
            } else {
                FailureKind::TimeoutFirstByte
            };
            record.outcome = Outcome::Failed(Failure::new(kind));
            record
        })
        .collect();
    let mut builder = SummaryBuilder::new();
    records.iter().for_each(|record| builder.push(record));
    MeasuredRun {
        summary: builder.finish(MadeUpRun::open_load(1).facts()),
        requests: records.iter().collect(),
        server: Vec::new(),
        gpus: Vec::new(),
    }
}

fn one() -> MeasuredRun {
    let record = blank(0);
    let mut builder = SummaryBuilder::new();
    builder.push(&record);
    MeasuredRun {
        summary: builder.finish(MadeUpRun::open_load(1).facts()),
        requests: [&record].into_iter().collect(),
        server: Vec::new(),
        gpus: Vec::new(),
    }
}
