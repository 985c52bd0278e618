//! What is said in words: errors, notices, where the numbers come from.

use loadspan_record::{Notice, Summary};

use super::markup::{Element, element};
use super::table::{Cell, Column, Table};
use crate::console::about as words;
use crate::number::{count, percent};

/// Failures by class, the most frequent first. `None` when nothing failed.
pub(super) fn errors(summary: &Summary) -> Option<Element> {
    let counts = &summary.counts;
    let mut errors: Vec<_> = counts.by_error.iter().collect();
    errors.sort_by_key(|(_, number)| std::cmp::Reverse(**number));
    let columns = [
        Column::text("Class"),
        Column::number("requests"),
        Column::number("share"),
        Column::text("what the first one said").class("long"),
    ];
    let mut table = Table::new("Errors", columns);
    for (class, number) in errors {
        let share = *number as f64 / (counts.completed + counts.failed).max(1) as f64;
        let example = counts.error_examples.get(class).map_or("", String::as_str);
        table.row([
            Cell::text(class),
            Cell::text(count(*number)),
            Cell::text(percent(share)),
            Cell::text(example),
        ]);
    }
    let section = element("section").id("errors").child(element("h2").text("Errors"));
    (!table.is_empty()).then(|| section.child(table.into_element()))
}

/// What was noticed besides.
pub(super) fn notices(summary: &Summary) -> Option<Element> {
    let section = element("section").id("notices").child(element("h2").text("Notices"));
    let list = element("ul").children(summary.notices.iter().map(notice));
    (!summary.notices.is_empty()).then(|| section.child(list))
}

fn notice(notice: &Notice) -> Element {
    let item = element("li").text(&notice.message);
    match &notice.advice {
        Some(advice) => item.child(element("span").class("advice").text(advice)),
        None => item,
    }
}

/// Load, tokens, targets, steady part and client, a line each, and what identifies the run.
pub(super) fn about(summary: &Summary) -> Element {
    let run = &summary.run;
    let mut facts: Vec<(&str, String)> = words::remarks(summary).collect();
    facts.push(("Run", run.id.clone()));
    facts.extend(run.seed.map(|seed| ("Seed", seed.to_string())));
    facts.push(("Made by", format!("loadspan {}", run.loadspan_version)));
    let facts = facts
        .into_iter()
        .flat_map(|(label, text)| [element("dt").text(label), element("dd").text(text)]);
    element("section")
        .id("about")
        .child(element("h2").text("About the run"))
        .child(element("dl").class("pairs").children(facts))
}
