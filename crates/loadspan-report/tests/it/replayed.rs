//! What reports say of recordings that were sent again.

use loadspan_record::{
    Phase, PlannedReplay, ReplayAnswers, ReplayFacts, ReplayLeft, StageFacts, Summary, SummaryBuilder,
};
use loadspan_report::console::{self, Layout, Style};
use loadspan_report::html::{HtmlReport, render};
use loadspan_report::plot::RunData;

use crate::made_up::{MadeUpRun, MeasuredRun};

const SEQUENCE: &str = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

fn replay(stage: u32, calls: u64) -> ReplayFacts {
    ReplayFacts {
        stage,
        planned: PlannedReplay {
            sources: vec!["traces.json".to_owned()],
            format: "otlp-json".to_owned(),
            sessions: 2,
            calls,
            sequence: Some(SEQUENCE.to_owned()),
            left: ReplayLeft {
                by_window: 7,
                unread_lines: 1,
                ..ReplayLeft::default()
            },
            answers: ReplayAnswers {
                substituted: 4,
                recorded: 2,
                tool_calls_left_out: 1,
            },
            ..PlannedReplay::default()
        },
        never_sent: 3,
    }
}

/// 20 calls of each of so many stages.
fn run(stages: u32) -> MeasuredRun {
    let mut run = MadeUpRun::open_load(20);
    let records = run.records();
    let mut facts = MadeUpRun::open_load(1).facts();
    let mut builder = SummaryBuilder::new();
    for stage in 0..stages {
        for mut record in records.clone() {
            record.stage = stage;
            record.phase = Phase::Measure;
            record.tokens.input = Some(100);
            record.tokens.requested_input = Some(80);
            builder.push(&record);
        }
        facts.replays.push(replay(stage, 23));
        let mut planned = StageFacts::planned(stage, facts.load.clone());
        planned.name = Some(format!("part {}", stage + 1));
        facts.stages.push(planned);
    }
    MeasuredRun {
        summary: builder.finish(facts),
        ..MadeUpRun::open_load(20).measure()
    }
}

fn console(summary: &Summary) -> String {
    let layout = Layout {
        width: 100,
        style: Style::Plain,
    };
    let text = console::render(summary, layout);
    let start = text.find("Replay ").unwrap();
    text[start..].split("\n\n").next().unwrap().to_owned()
}

fn section(run: &MeasuredRun) -> String {
    let data = RunData {
        summary: &run.summary,
        requests: &run.requests,
        server: &run.server,
        gpus: &run.gpus,
    };
    let page = render(&HtmlReport { data, run: None });
    let start = page.find("<section id=\"replay\">").unwrap();
    let section = &page[start..];
    section[..section.find("</section>").unwrap()].to_owned()
}

/// The texts of the cells of each row.
fn rows(section: &str) -> Vec<String> {
    let rows = section.split("<tr>").skip(1);
    let cells = rows.map(|row| {
        let row = row.split("</tr>").next().unwrap();
        let texts = row
            .split('<')
            .filter_map(|tag| tag.split_once('>'))
            .map(|(_, text)| text);
        texts
            .filter(|text| !text.trim().is_empty())
            .collect::<Vec<_>>()
            .join(" | ")
    });
    cells.collect()
}

#[test]
fn the_console_says_how_faithful_a_replay_was() {
    insta::assert_snapshot!(console(&run(1).summary), @r"
    Replay   20 of 23 calls of traces.json sent, 3 never sent
    Arrivals late by p50 0.021 ms, p99 0.19 ms, max 0.19 ms
    Sequence sha256:0123456789ab…
    Lengths  2,000 tokens in, 1,600 recorded
    Answers  repeated 4 of this run, 2 recorded, for want of one of this run; 1 tool call left out
    Left     7 outside the window, 1 line that cannot be read
    ");
}

#[test]
fn the_page_has_the_whole_hash_and_every_count() {
    let section = section(&run(1));
    assert!(section.contains(SEQUENCE), "{section}");
    for said in [
        "traces.json (otlp-json)",
        "7 outside the window, 1 line that cannot be read",
        "1 tool call left out",
    ] {
        assert!(section.contains(said), "{said}: {section}");
    }
    insta::assert_snapshot!(rows(&section).join("\n"), @r"
    Calls | planned | sent | failed | cut off | never sent
    The run | 23 | 20 | 0 | 0 | 3
    Arrival error | p50, ms | p99, ms | max, ms
    The run | 0.02 | 0.19 | 0.19
    Tokens | calls | recorded | counted | difference | largest, of a call
    input | 20 | 1,600 | 2,000 | +25.0 % | 20
    ");
}

#[test]
fn each_stage_that_replays_has_rows_and_words_of_its_own() {
    let run = run(2);
    let section = section(&run);
    assert_eq!(section.matches(SEQUENCE).count(), 2);
    for stage in ["part 1", "part 2"] {
        assert!(section.contains(&format!("<h3>{stage}</h3>")), "{section}");
    }
    let calls: Vec<String> = rows(&section).into_iter().filter(|row| row.ends_with("| 3")).collect();
    assert_eq!(calls, ["part 1 | 23 | 20 | 0 | 0 | 3", "part 2 | 23 | 20 | 0 | 0 | 3"]);
    assert!(console(&run.summary).contains("part 2: 20 of 23 calls"));
}

#[test]
fn a_replay_is_valid_by_the_schema_of_summaries() {
    let schema = include_str!("../../../../docs/schema/summary.schema.json");
    let schema: serde_json::Value = serde_json::from_str(schema).unwrap();
    let summary = serde_json::to_value(run(2).summary).unwrap();
    let validator = jsonschema::draft202012::new(&schema).unwrap();
    let errors: Vec<String> = validator.iter_errors(&summary).map(|error| error.to_string()).collect();
    assert!(errors.is_empty(), "{errors:#?}");
}
