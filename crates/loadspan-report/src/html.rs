//! `report.html`: a run on one page that opens from disk, without a network.
//!
//! The page is complete without its script, but for the charts. Text from data gets into it through `markup`, which escapes
//! it, and through JSON that a script reads as data; its policy lets nothing run but that script, and nothing load.

mod charts;
mod configuration;
mod definitions;
mod embedded;
mod figures;
mod head;
mod markup;
mod observed;
mod remarks;
mod replay;
mod sessions;
mod stages;
mod table;
mod telemetry;

use serde_json::Value;

use crate::plot::{self, RunData};
use markup::{Element, element};

const STYLE: &str = include_str!("html/report.css");
/// One script, in the order in which its parts need each other.
const SCRIPT: &str = concat!(
    include_str!("html/axes.js"),
    include_str!("html/marks.js"),
    include_str!("html/chart.js"),
    include_str!("html/report.js"),
);

/// What the page is made of.
#[derive(Debug, Clone, Copy)]
pub struct HtmlReport<'a> {
    /// What was measured.
    pub data: RunData<'a>,
    /// `run.json` as it was written, which holds no secret. `None` where there is none to show.
    pub run: Option<&'a Value>,
}

/// The page, as the whole text of its file. The same report gives the same bytes.
#[must_use]
pub fn render(report: &HtmlReport<'_>) -> String {
    let summary = report.data.summary;
    let sections = [
        Some(head::header(summary)),
        Some(head::verdict(summary)),
        head::tiles(summary),
        stages::section(summary),
        figures::section(summary),
        sessions::section(summary),
        replay::section(summary),
        Some(charts::section(&report.data)),
        remarks::errors(summary),
        remarks::notices(summary),
        observed::section(summary),
        telemetry::section(summary),
        Some(remarks::about(summary)),
        report.run.map(configuration::section),
        Some(definitions::section(summary)),
    ];
    let style = plot::style::variables() + STYLE;
    let main = element("main")
        .attribute("data-verdict", summary.verdict.status.as_str())
        .children(sections.into_iter().flatten());
    document(&head::title(summary), &style, main)
}

fn document(title: &str, style: &str, main: Element) -> String {
    let head = element("head").children([
        element("meta").attribute("charset", "utf-8"),
        element("meta")
            .attribute("http-equiv", "Content-Security-Policy")
            .attribute("content", &embedded::policy(style, SCRIPT)),
        element("meta")
            .attribute("name", "viewport")
            .attribute("content", "width=device-width, initial-scale=1"),
        element("meta")
            .attribute("name", "referrer")
            .attribute("content", "no-referrer"),
        element("title").text(title),
        embedded::style(style),
    ]);
    let body = element("body").child(main).child(embedded::script(SCRIPT));
    let html = element("html").attribute("lang", "en").child(head).child(body);
    format!("<!doctype html>\n{html}\n")
}
