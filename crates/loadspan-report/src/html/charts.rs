//! The charts: frames with words here, drawn by the script from data that the page carries.

use serde_json::Value;

use super::embedded;
use super::markup::{Element, element};
use crate::plot::{Chart, CompareChart, NoData, RunChart, RunData, Statistic, json};

/// Every chart that there is data for, and in words what there is none for.
pub(super) fn section(data: &RunData<'_>) -> Element {
    let mut section = element("section").id("charts").child(element("h2").text("Charts"));
    let mut missing = Vec::new();
    let mut charts = Vec::new();
    for chart in of_stages(data).chain(RunChart::ALL.into_iter().map(|kind| kind.chart(data))) {
        match chart {
            Ok(chart) => charts.push(chart),
            Err(none) => missing.push(element("li").text(none.to_string())),
        }
    }
    if !charts.is_empty() {
        let keys = "Drag to zoom, double click to reset: all charts over time follow. With the keyboard: arrows move the \
                    cursor, + and − zoom, 0 resets.";
        let no_script = "The charts need JavaScript. `loadspan plot` draws the same as SVG and PNG.";
        let figures = element("div").class("grid").children(charts.iter().map(figure));
        section = section
            .child(element("p").class("caption screen").text(keys))
            .child(element("noscript").child(element("p").text(no_script)))
            .child(figures);
    }
    if !missing.is_empty() {
        section = section.child(element("ul").class("missing").children(missing));
    }
    let encoded: Value = charts.iter().map(json::encode).collect();
    section.child(embedded::data("chart-data", &encoded))
}

/// What its stages show together, where there are several.
fn of_stages(data: &RunData<'_>) -> impl Iterator<Item = Result<Chart, NoData>> {
    let summary = data.summary;
    let kinds = CompareChart::ALL.into_iter().filter(|_| CompareChart::is_of(summary));
    kinds.map(|kind| kind.of_stages(summary, Statistic::default()))
}

fn figure(chart: &Chart) -> Element {
    let caption = format!("caption-{}", chart.name());
    element("figure")
        .id(chart.name())
        .attribute("aria-describedby", &caption)
        .child(element("h3").text(chart.title()))
        .child(element("div").class("legend"))
        .child(
            element("div")
                .child(element("div").class("plot"))
                .child(element("p").class("caption").id(&caption).text(chart.caption())),
        )
}
