//! Draws every chart of made-up runs into a folder, to be looked at: `cargo run --example plots -p loadspan-report -- DIR [REQUESTS]`.
#![expect(clippy::print_stdout, reason = "it tells what it wrote")]

#[path = "../tests/it/made_up.rs"]
mod made_up;

use std::error::Error;
use std::path::Path;
use std::time::Instant;

use loadspan_record::Summary;
use loadspan_report::plot::{
    Chart, CompareChart, ComparedRun, NoData, RunChart, RunData, Size, Statistic, Theme, render_png, render_svg,
};
use made_up::MadeUpRun;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let folder = arguments.next().ok_or("name the folder to draw into")?;
    let requests: u32 = arguments.next().map_or(Ok(12_000), |count| count.parse())?;
    let folder = Path::new(&folder);
    std::fs::create_dir_all(folder)?;

    let started = Instant::now();
    let run = MadeUpRun::open_load(requests).measure();
    println!("made up {requests} requests in {:?}", started.elapsed());
    let data = RunData {
        summary: &run.summary,
        requests: &run.requests,
        server: &run.server,
        gpus: &run.gpus,
    };
    let started = Instant::now();
    let charts = RunChart::ALL.map(|chart| chart.chart(&data));
    println!("made the charts of one run in {:?}", started.elapsed());
    let started = Instant::now();
    for chart in charts.iter().flatten() {
        render_png(chart, Theme::Light, Size::default())?;
    }
    println!("drew each of them once in {:?}", started.elapsed());
    for chart in charts {
        draw(folder, chart)?;
    }

    let summaries = sweep();
    let runs: Vec<ComparedRun<'_>> = summaries
        .iter()
        .map(|summary| ComparedRun {
            summary,
            settings: Default::default(),
            tags: Default::default(),
        })
        .collect();
    for chart in CompareChart::ALL {
        draw(folder, chart.chart(&runs, Statistic::default()))?;
    }
    Ok(())
}

/// Closed loads of growing concurrency, one of them three times.
fn sweep() -> Vec<Summary> {
    let sizes = [1, 2, 4, 8, 16, 16, 16, 32, 48, 64, 96];
    let runs = sizes.into_iter().zip(1..);
    runs.map(|(concurrency, seed)| MadeUpRun::closed_load(concurrency, seed).measure().summary)
        .collect()
}

fn draw(folder: &Path, chart: Result<Chart, NoData>) -> Result<(), Box<dyn Error>> {
    let chart = match chart {
        Ok(chart) => chart,
        Err(none) => {
            println!("{none}");
            return Ok(());
        }
    };
    for theme in Theme::ALL {
        for width in [1_200, 2_400] {
            let file = folder.join(format!("{}-{}-{width}", chart.name(), theme.as_str()));
            let size = Size::of_width(width);
            std::fs::write(file.with_extension("svg"), render_svg(&chart, theme, size))?;
            std::fs::write(file.with_extension("png"), render_png(&chart, theme, size)?)?;
        }
    }
    println!("{}", chart.name());
    Ok(())
}
