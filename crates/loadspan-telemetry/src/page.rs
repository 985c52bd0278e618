//! Holds `docs/telemetry.md` and `docs/mlflow.md` to the tables in the code. Run with `LOADSPAN_UPDATE_DOCS=1`, the tests write the
//! sections instead.

use std::fmt::Write as _;

use loadspan_record::{GPU_INSTRUMENTS, ServerCounter, ServerGauge, ServerHistogram, TelemetrySignal};
use loadspan_wire::semconv::attributes::{self, Attribute};
use loadspan_wire::semconv::metrics::{self, Instrument, InstrumentKind, Vocabulary};

use crate::config::variables::{MLFLOW_VARIABLES, VARIABLES, Variable};
use crate::export::examples;

const PAGES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/");

#[test]
fn the_page_of_telemetry_says_what_the_code_says() {
    let sections = [
        ("environment", environment(VARIABLES)),
        ("metrics", instruments()),
        ("attributes", span_attributes()),
        ("messages", messages()),
    ];
    assert_says("telemetry.md", &sections);
}

#[test]
fn the_page_of_mlflow_says_what_the_code_says() {
    assert_says("mlflow.md", &[("environment", environment(MLFLOW_VARIABLES))]);
}

fn assert_says(name: &str, sections: &[(&str, String)]) {
    let page = format!("{PAGES}{name}");
    let written = std::fs::read_to_string(&page).unwrap();
    let expected = sections.iter().fold(written.clone(), |page, (name, section)| {
        with_section(&page, name, section)
    });
    if std::env::var_os("LOADSPAN_UPDATE_DOCS").is_some() {
        std::fs::write(page, expected).unwrap();
        return;
    }
    assert!(
        written == expected,
        "docs/{name} is out of date: run this test with LOADSPAN_UPDATE_DOCS=1"
    );
}

/// The page with what lies between the markers of a section replaced.
fn with_section(page: &str, name: &str, section: &str) -> String {
    let (begin, end) = (format!("<!-- {name}:begin -->\n"), format!("<!-- {name}:end -->"));
    let (before, rest) = page
        .split_once(&begin)
        .unwrap_or_else(|| panic!("the page has no {begin}"));
    let (_, after) = rest.split_once(&end).unwrap_or_else(|| panic!("the page has no {end}"));
    format!("{before}{begin}\n{section}\n{end}{after}")
}

fn environment(variables: &[Variable]) -> String {
    let mut text = String::new();
    let mut topic = "";
    for variable in variables {
        if variable.topic != topic {
            let between = if topic.is_empty() { "" } else { "\n" };
            topic = variable.topic;
            write!(
                text,
                "{between}### {topic}\n\n| variable | default | effect |\n|---|---|---|\n"
            )
            .unwrap();
        }
        writeln!(
            text,
            "| `{}` | {} | {} |",
            variable.name, variable.default, variable.effect
        )
        .unwrap();
    }
    text
}

fn instruments() -> String {
    let groups = [
        ("GenAI, names of semantic conventions 1.41", Vocabulary::V1_41),
        ("GenAI, newest names: `--otel-semconv latest`", Vocabulary::Latest),
        ("loadspan's own", Vocabulary::Loadspan),
    ];
    let tables = groups.map(|(title, vocabulary)| {
        let mut text = format!("### {title}\n\n| metric | kind | unit | what | attributes |\n|---|---|---|---|---|\n");
        for instrument in metrics::ALL
            .iter()
            .filter(|instrument| instrument.vocabulary == vocabulary)
        {
            text.push_str(&instrument_row(instrument));
        }
        text
    });
    tables.join("\n") + "\n" + &gauges()
}

fn instrument_row(instrument: &Instrument) -> String {
    let kind = match instrument.kind {
        InstrumentKind::Histogram(_) => "histogram",
        InstrumentKind::Counter => "counter",
        InstrumentKind::UpDownCounter => "up-down counter",
        InstrumentKind::Gauge => "gauge",
    };
    let attributes: Vec<String> = instrument.attributes.iter().map(|name| format!("`{name}`")).collect();
    format!(
        "| `{}` | {kind} | `{}` | {} | {} |\n",
        instrument.name,
        instrument.unit,
        instrument.description,
        attributes.join(", ")
    )
}

/// Gauges whose values are scraped.
fn gauges() -> String {
    let mut text =
        "### Server and GPUs, with `--stream all`\n\n| metric | kind | unit | what |\n|---|---|---|---|\n".to_owned();
    let instruments = ServerGauge::ALL
        .map(ServerGauge::instrument)
        .into_iter()
        .chain(ServerCounter::ALL.map(ServerCounter::rate_instrument))
        .chain(ServerHistogram::ALL.map(ServerHistogram::instrument))
        .chain(GPU_INSTRUMENTS);
    for (name, unit, description) in instruments {
        writeln!(text, "| `{name}` | gauge | `{unit}` | {description} |").unwrap();
    }
    text
}

fn span_attributes() -> String {
    let groups = [
        ("Spans, beside that of a request", attributes::SPANS),
        ("Attributes: conventions", attributes::CONVENTION),
        ("Attributes: loadspan's own", attributes::LOADSPAN),
        (
            "Attributes: inference-perf, with `--otel-attributes inference-perf`",
            attributes::INFERENCE_PERF,
        ),
        ("Events", attributes::EVENTS),
    ];
    let tables = groups.map(|(title, names)| {
        let mut text = format!("### {title}\n\n| name | what |\n|---|---|\n");
        for Attribute { name, description } in names {
            writeln!(text, "| `{name}` | {description} |").unwrap();
        }
        text
    });
    tables.join("\n")
}

/// Messages and advice, with the reason left out.
fn messages() -> String {
    let mut text = "| message | what to do |\n|---|---|\n".to_owned();
    for notice in examples(TelemetrySignal::Traces, "http://localhost:4318/v1/traces") {
        let advice = notice.advice.unwrap_or_else(|| "–".to_owned());
        writeln!(text, "| {} | {advice} |", notice.message).unwrap();
    }
    text
}
