//! Writes everything that is made of a run of several stages and of one of sessions, to be looked at: `cargo run --example staged
//! -p loadspan-report -- DIR`.
#![expect(clippy::print_stdout, reason = "it shows the tables")]

#[path = "../tests/it/made_up.rs"]
#[expect(dead_code, reason = "other examples use the rest of it")]
mod made_up;
#[path = "../tests/it/staged.rs"]
mod staged;

use std::error::Error;
use std::path::Path;

use loadspan_report::html::{HtmlReport, render};
use loadspan_report::plot::{RunChart, RunData, Size, Theme, render_png};
use loadspan_report::{console, summary_csv, summary_json};
use made_up::MeasuredRun;

fn main() -> Result<(), Box<dyn Error>> {
    let folder = std::env::args().nth(1).ok_or("name the folder to write into")?;
    write(&Path::new(&folder).join("stages"), &staged::rate_ladder())?;
    write(&Path::new(&folder).join("sessions"), &staged::sessions())
}

fn write(folder: &Path, run: &MeasuredRun) -> Result<(), Box<dyn Error>> {
    std::fs::create_dir_all(folder)?;
    let data = RunData {
        summary: &run.summary,
        requests: &run.requests,
        server: &run.server,
        gpus: &run.gpus,
    };
    for kind in RunChart::ALL {
        let Ok(chart) = kind.chart(&data) else { continue };
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
