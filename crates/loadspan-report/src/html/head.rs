//! The top of the page: what was run, whether it can be trusted, and the figures that are read first.

use loadspan_record::{Completeness, Finding, Metric, RunMetric, Severity, Summary, VerdictStatus};

use super::markup::{Element, element};
use crate::console::about;
use crate::number::{count, duration, number, percent};
use crate::wall_time::WallTime;

/// The title of the window.
pub(super) fn title(summary: &Summary) -> String {
    format!("{} · loadspan", summary.run.name)
}

/// Name, model, load and time.
pub(super) fn header(summary: &Summary) -> Element {
    let run = &summary.run;
    let streamed = if run.streaming { "streaming" } else { "not streaming" };
    let started = WallTime::from_unix_ns(run.started_unix_ns).readable();
    let mut facts = vec![
        ("Load", summary.load.asked.description.clone()),
        ("Endpoint", format!("{}, {streamed}", run.endpoint_type)),
        ("Server", run.urls.join(", ")),
        ("Started", started),
    ];
    if let Some(secs) = summary.metrics.scalar(RunMetric::BenchmarkDuration) {
        facts.push(("Measured", duration(secs)));
    }
    let facts = facts.into_iter().filter(|(_, text)| !text.is_empty());
    let facts = facts.map(|(label, text)| {
        element("div")
            .child(element("dt").text(label))
            .child(element("dd").text(text))
    });
    element("header")
        .child(
            element("div")
                .class("bar")
                .child(logo())
                .child(links())
                .child(theme_button()),
        )
        .child(element("h1").text(&run.model))
        .child(element("p").class("name").text(&run.name))
        .child(element("dl").class("facts").children(facts))
}

/// The mark. The script takes from it what an SVG element is, so that the page names no address.
fn logo() -> Element {
    let bar = |x: &str, y: &str, width: &str| {
        element("rect")
            .attribute("x", x)
            .attribute("y", y)
            .attribute("width", width)
            .attribute("height", "3")
            .attribute("rx", "1")
    };
    let bars = [bar("1", "2", "14"), bar("4", "7", "7"), bar("8", "12", "7")];
    let mark = element("svg")
        .id("mark")
        .attribute("viewBox", "0 0 16 17")
        .attribute("width", "16")
        .attribute("height", "17")
        .attribute("aria-hidden", "true")
        .children(bars);
    element("span").class("logo").child(mark).text("loadspan")
}

fn links() -> Element {
    let all = [
        ("#figures", "Figures"),
        ("#charts", "Charts"),
        ("#about", "About the run"),
        ("#definitions", "Definitions"),
    ];
    let links = all.map(|(target, text)| element("a").attribute("href", target).text(text));
    element("nav").attribute("aria-label", "Sections").children(links)
}

fn theme_button() -> Element {
    element("button")
        .id("theme")
        .attribute("type", "button")
        .attribute("hidden", "")
        .text("Theme: system")
}

/// The verdict in a word, how the requests ended, and the reasons.
pub(super) fn verdict(summary: &Summary) -> Element {
    let status = summary.verdict.status;
    let glyph = match status {
        VerdictStatus::Valid => "●",
        VerdictStatus::Degraded => "▲",
        VerdictStatus::Invalid => "✕",
    };
    let meaning = match status {
        VerdictStatus::Valid => "The figures describe the server under the load that was asked for.",
        VerdictStatus::Degraded => {
            "The figures describe the server with a doubt: read the reasons before quoting them."
        }
        VerdictStatus::Invalid => "The figures do not describe the server under the load that was asked for.",
    };
    let word = element("strong")
        .child(element("span").attribute("aria-hidden", "true").text(glyph))
        .text(format!(" {}", status.as_str()));
    let line = element("p")
        .class("line")
        .child(word)
        .child(element("span").text(about::outcome(summary)));
    let mut section = element("section")
        .id("verdict")
        .class(status.as_str())
        .attribute("aria-label", "Verdict")
        .child(line)
        .child(element("p").text(meaning));
    if let Completeness::Incomplete { reason } = &summary.run.completeness {
        section = section.child(element("p").text(format!("The run was cut short: {reason}.")));
    }
    let reasons = about::reasons(summary);
    if reasons.is_empty() {
        return section;
    }
    section.child(element("ul").children(reasons.iter().map(finding)))
}

fn finding((finding, message): &(&Finding, String)) -> Element {
    let (glyph, word) = match finding.severity {
        Severity::Note => ("○", "note"),
        Severity::Degraded => ("▲", "degraded"),
        Severity::Invalid => ("✕", "invalid"),
    };
    element("li")
        .class(word)
        .child(element("b").text(format!("{glyph} {word}: ")))
        .text(message)
        .child(element("span").class("advice").text(&finding.advice))
}

/// The figures that are read first. `None` when there is none of them.
pub(super) fn tiles(summary: &Summary) -> Option<Element> {
    let tiles: Vec<Element> = [
        rate(summary, RunMetric::RequestThroughput, "req/s"),
        rate(summary, RunMetric::OutputTokenThroughput, "tok/s"),
        latency(summary, Metric::TimeToFirstToken),
        latency(summary, Metric::InterTokenLatency),
        latency(summary, Metric::RequestLatency),
        goodput(summary),
        error_rate(summary),
    ]
    .into_iter()
    .flatten()
    .collect();
    let section = element("section")
        .id("headline")
        .attribute("aria-label", "Headline figures");
    (!tiles.is_empty()).then(|| section.children(tiles))
}

fn tile(label: &str, (value, unit): (String, &str), below: &str) -> Element {
    let value = element("p")
        .class("value")
        .text(value)
        .child(element("small").text(format!(" {unit}")));
    let tile = element("div")
        .class("tile")
        .child(element("p").class("caption").text(label))
        .child(value);
    if below.is_empty() {
        return tile;
    }
    tile.child(element("p").class("caption").text(below))
}

fn rate(summary: &Summary, metric: RunMetric, unit: &str) -> Option<Element> {
    let value = summary.metrics.scalar(metric)?;
    let below = match metric {
        RunMetric::RequestThroughput => in_flight(summary),
        _ => per_user(summary),
    };
    Some(tile(metric.title(), (number(value), unit), &below.unwrap_or_default()))
}

fn in_flight(summary: &Summary) -> Option<String> {
    let mean = summary.metrics.scalar(RunMetric::InFlightMean)?;
    Some(format!("{} in flight, mean", number(mean)))
}

fn per_user(summary: &Summary) -> Option<String> {
    let speed = summary.metrics.get(Metric::OutputTokenThroughputPerUser)?;
    Some(format!("{} per user, p50", number(speed.p50)))
}

fn latency(summary: &Summary, metric: Metric) -> Option<Element> {
    let stats = summary.metrics.get(metric)?;
    let below = format!("p99 {} ms", number(stats.p99));
    Some(tile(metric.title(), (number(stats.p50), "ms p50"), &below))
}

fn goodput(summary: &Summary) -> Option<Element> {
    let rate = summary.metrics.scalar(RunMetric::Goodput)?;
    let share = summary.metrics.scalar(RunMetric::GoodRequestFraction);
    let below = share.map(|share| format!("{} of completed + failed", percent(share)));
    let value = (number(rate), "req/s");
    Some(tile(RunMetric::Goodput.title(), value, &below.unwrap_or_default()))
}

fn error_rate(summary: &Summary) -> Option<Element> {
    let rate = summary.metrics.scalar(RunMetric::RequestErrorRate)?;
    let counts = &summary.counts;
    let below = format!("{} of {} failed", count(counts.failed), count(counts.requests));
    let shown = percent(rate / 100.0);
    let value = shown.trim_end_matches(" %").to_owned();
    Some(tile(RunMetric::RequestErrorRate.title(), (value, "%"), &below))
}
