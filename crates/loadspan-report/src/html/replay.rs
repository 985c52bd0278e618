//! How faithfully recordings were sent again: what is said of each in words, then a row for each stage that did.

use loadspan_record::{ReplayLengths, ReplaySummary, Summary};

use super::markup::{Element, element};
use super::stages::{millis, nothing};
use super::table::{Cell, Column, Table};
use crate::console::replay::{answers, left};
use crate::number::{count, grouped};

/// `None` where nothing was replayed.
pub(super) fn section(summary: &Summary) -> Option<Element> {
    if summary.replays.is_empty() {
        return None;
    }
    let named: Vec<_> = summary
        .replays
        .iter()
        .map(|replay| (stage_of(summary, replay), replay))
        .collect();
    let tables = [calls(&named), arrivals(&named), lengths(&named)].into_iter().flatten();
    let tables = tables.map(Table::into_element);
    let section = element("section").id("replay").child(element("h2").text("Replay"));
    let section = named.iter().fold(section, |section, (stage, replay)| {
        let section = match summary.stages.as_slice() {
            [] => section,
            _ => section.child(element("h3").text(stage)),
        };
        section.child(element("dl").class("pairs").children(words(replay)))
    });
    Some(section.child(element("div").class("tables").children(tables)))
}

/// What the rows of a stage are called.
fn stage_of(summary: &Summary, replay: &ReplaySummary) -> String {
    let stage = summary.stages.iter().find(|stage| stage.number == replay.facts.stage);
    stage.map_or_else(|| "The run".to_owned(), |stage| stage.label())
}

/// What became of the calls. Columns that are nothing but zeros are left out, but for those that one looks for.
fn calls(replays: &[(String, &ReplaySummary)]) -> Option<Table> {
    type Count = fn(&ReplaySummary) -> u64;
    let always: [(&str, Count); 5] = [
        ("planned", |replay| replay.facts.planned.calls),
        ("sent", |replay| replay.sent + replay.warmup),
        ("failed", |replay| replay.failed),
        ("cut off", |replay| replay.cancelled),
        ("never sent", |replay| replay.facts.never_sent),
    ];
    let sometimes: [(&str, Count); 2] = [
        ("of the warm-up", |replay| replay.warmup),
        ("with made-up texts", |replay| replay.facts.planned.made_up),
    ];
    let has = |(_, count): &(&str, Count)| replays.iter().any(|(_, replay)| count(replay) > 0);
    let counts: Vec<_> = always.into_iter().chain(sometimes.into_iter().filter(has)).collect();
    let columns = std::iter::once(Column::text("Calls"));
    let columns = columns.chain(counts.iter().map(|(title, _)| Column::number(*title)));
    let mut table = Table::new("Calls of the replay", columns);
    for (stage, replay) in replays {
        let cells = counts.iter().map(|(_, number)| Cell::text(count(number(replay))));
        table.row(std::iter::once(Cell::text(stage)).chain(cells));
    }
    Some(table)
}

/// From when calls were planned to when they were sent.
fn arrivals(replays: &[(String, &ReplaySummary)]) -> Option<Table> {
    let columns = ["p50, ms", "p99, ms", "max, ms"].map(Column::number);
    let columns = std::iter::once(Column::text("Arrival error")).chain(columns);
    let mut table = Table::new("Arrival error of the replay", columns);
    for (stage, replay) in replays {
        if let Some(error) = &replay.arrival_error {
            let cells = ["p50", "p99", "max"].map(|stat| millis(Some(error), stat));
            table.row(std::iter::once(Cell::text(stage)).chain(cells));
        }
    }
    (!table.is_empty()).then_some(table)
}

/// The tokens that the recording has, and those that the server counted.
fn lengths(replays: &[(String, &ReplaySummary)]) -> Option<Table> {
    let columns = ["calls", "recorded", "counted", "difference", "largest, of a call"].map(Column::number);
    let columns = std::iter::once(Column::text("Tokens")).chain(columns);
    let mut table = Table::new("Lengths of the replay", columns);
    let is_one = replays.len() == 1;
    for (stage, replay) in replays {
        for (name, lengths) in [("input", replay.input), ("output", replay.output)] {
            let name = if is_one {
                name.to_owned()
            } else {
                format!("{stage}, {name}")
            };
            if lengths.calls > 0 {
                table.row(std::iter::once(Cell::text(name)).chain(length(&lengths)));
            }
        }
    }
    (!table.is_empty()).then_some(table)
}

fn length(lengths: &ReplayLengths) -> [Cell; 5] {
    let ReplayLengths {
        calls,
        wanted,
        got,
        largest_difference,
    } = *lengths;
    let difference = match (wanted, got) {
        (0, _) => nothing(),
        _ if wanted == got => "none".to_owned(),
        _ => {
            let share = (got as f64 - wanted as f64) / wanted as f64 * 1e2;
            let sign = if share < 0.0 { "−" } else { "+" };
            format!("{sign}{} %", grouped(share.abs(), 1))
        }
    };
    [
        count(calls),
        count(wanted),
        count(got),
        difference,
        count(largest_difference.into()),
    ]
    .map(Cell::text)
}

fn words(replay: &ReplaySummary) -> Vec<Element> {
    let planned = &replay.facts.planned;
    let sequence = match &planned.sequence {
        Some(sequence) => element("code").text(sequence),
        None => element("span").text("unknown: not all of the recording was read"),
    };
    let mut pairs = vec![(
        "Recording",
        element("span").text(format!("{} ({})", planned.sources.join(", "), planned.format)),
    )];
    pairs.extend(left(replay).map(|text| ("Left out", element("span").text(text))));
    pairs.extend(answers(replay).map(|text| ("Answers", element("span").text(text))));
    pairs.push(("Sequence", sequence));
    let pairs = pairs.into_iter();
    pairs
        .flat_map(|(label, content)| [element("dt").text(label), element("dd").child(content)])
        .collect()
}
