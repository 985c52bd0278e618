//! Writes everything that is made of a run of several stages and of one of sessions, to be looked at: `cargo run --example staged
//! -p loadspan-report -- DIR`.
#![expect(clippy::print_stdout, reason = "it shows the tables")]

#[path = "../tests/it/made_up.rs"]
mod made_up;
#[path = "../tests/it/staged.rs"]
mod staged;

use std::collections::BTreeMap;
use std::error::Error;
use std::path::Path;

use loadspan_report::html::{HtmlReport, render};
use loadspan_report::plot::{CompareChart, ComparedRun, RunChart, RunData, Size, Statistic, Theme, render_png};
use loadspan_report::{console, summary_csv, summary_json};
use made_up::{MadeUpRun, MeasuredRun};
use staged::{Step, ladder};

fn main() -> Result<(), Box<dyn Error>> {
    let folder = std::env::args().nth(1).ok_or("name the folder to write into")?;
    write(&Path::new(&folder).join("stages"), &staged::rate_ladder())?;
    write(&Path::new(&folder).join("sessions"), &staged::sessions())?;
    for (name, steps) in ladders() {
        write(&Path::new(&folder).join(name), &ladder(&steps, 3))?;
    }
    compare(&Path::new(&folder).join("compared"))
}

/// Runs of stages that are hard to draw.
fn ladders() -> Vec<(&'static str, Vec<Step>)> {
    let step = |rate: f64| Step::new(&format!("{rate} req/s"), rate);
    let long = |rate: f64| {
        Step::new(
            &format!("steady traffic of a working day, {rate} requests per second"),
            rate,
        )
    };
    let short = |index: u32| Step {
        seconds: 1.0,
        pause_s: 0.0,
        ..step(f64::from(index) * 8.0)
    };
    let failing = Step {
        fails: true,
        ..Step::new("down", 40.0)
    };
    vec![
        ("two", vec![step(10.0), step(40.0)]),
        ("five", [5.0, 10.0, 20.0, 40.0, 80.0].map(step).into()),
        ("twelve", (1..=12).map(|index| step(f64::from(index) * 6.0)).collect()),
        (
            "long-names",
            (1..=12).map(|index| long(f64::from(index) * 6.0)).collect(),
        ),
        ("failing", vec![step(10.0), step(20.0), failing, step(40.0)]),
        ("short", (1..=12).map(short).chain([step(10.0)]).collect()),
        ("one", vec![step(20.0)]),
    ]
}

/// Staged runs beside each other and beside a run with one load.
fn compare(folder: &Path) -> Result<(), Box<dyn Error>> {
    std::fs::create_dir_all(folder)?;
    let ladders: Vec<_> = ladders().into_iter().take(3).map(|(_, steps)| steps).collect();
    let mut runs: Vec<_> = ladders.iter().map(|steps| ladder(steps, 3).summary).collect();
    runs.push(ladder(&ladders[1], 77).summary);
    runs.push(MadeUpRun::closed_load(40, 1).measure().summary);
    let compared = runs
        .iter()
        .zip(["a", "b", "c", "b", "d"])
        .map(|(summary, build)| ComparedRun {
            summary,
            settings: [("build".to_owned(), build.to_owned())].into(),
            tags: BTreeMap::default(),
        });
    let compared: Vec<_> = compared.collect();
    for chart in CompareChart::ALL {
        let chart = chart.chart(&compared, Statistic::default())?;
        let file = folder.join(format!("{}.png", chart.name()));
        std::fs::write(file, render_png(&chart, Theme::Light, Size::default())?)?;
    }
    Ok(())
}

fn write(folder: &Path, run: &MeasuredRun) -> Result<(), Box<dyn Error>> {
    std::fs::create_dir_all(folder)?;
    let data = RunData {
        summary: &run.summary,
        requests: &run.requests,
        server: &run.server,
        gpus: &run.gpus,
    };
    let of_stages = CompareChart::ALL.map(|kind| kind.of_stages(data.summary, Statistic::default()));
    for chart in of_stages.into_iter().chain(RunChart::ALL.map(|kind| kind.chart(&data))) {
        let Ok(chart) = chart else { continue };
        for theme in Theme::ALL {
            let file = folder.join(format!("{}-{}.png", chart.name(), theme.as_str()));
            std::fs::write(file, render_png(&chart, theme, Size::default())?)?;
        }
    }
    std::fs::write(folder.join("report.html"), render(&HtmlReport { data, run: None }))?;
    std::fs::write(folder.join("summary.json"), summary_json::render(&run.summary))?;
    std::fs::write(folder.join("summary.csv"), summary_csv::render(&run.summary))?;
    for width in [80, 100, 120] {
        let style = console::Style::Plain;
        println!("{}", console::render(&run.summary, console::Layout { width, style }));
    }
    Ok(())
}
