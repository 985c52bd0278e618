//! The figures of sessions.

use loadspan_record::{SessionBucket, Summary};

use super::markup::{Element, element};
use super::stages::{millis, nothing};
use super::table::{Cell, Column, Table};
use crate::console::sessions::{range, remarks};
use crate::number::{count, percent};

/// `None` without sessions.
pub(super) fn section(summary: &Summary) -> Option<Element> {
    let sessions = summary.sessions.as_ref()?;
    let facts = remarks(sessions)
        .into_iter()
        .flat_map(|(label, text)| [element("dt").text(label), element("dd").text(text)]);
    let tables = [
        table("Requests of sessions by turn", "Turn", &sessions.by_turn),
        table(
            "Requests of sessions by input length",
            "Input tokens",
            &sessions.by_context,
        ),
    ];
    let tables = tables.into_iter().filter(|table| !table.is_empty());
    let section = element("section")
        .id("sessions")
        .child(element("h2").text("Sessions"))
        .child(element("dl").class("pairs").children(facts));
    Some(section.child(element("div").class("tables").children(tables.map(Table::into_element))))
}

fn table(name: &'static str, what: &str, buckets: &[SessionBucket]) -> Table {
    let has_cached = buckets.iter().any(|bucket| bucket.cached_input_share.is_some());
    let mut columns = vec![Column::text(what), Column::number("requests")];
    columns.extend(["first token p50, ms", "p99, ms", "latency p50, ms", "p99, ms"].map(Column::number));
    if has_cached {
        columns.push(Column::number("cached"));
    }
    let mut table = Table::new(name, columns);
    for bucket in buckets {
        let mut cells = vec![Cell::text(range(bucket)), Cell::text(count(bucket.requests))];
        for stats in [&bucket.time_to_first_token, &bucket.request_latency] {
            cells.extend(["p50", "p99"].map(|stat| millis(stats.as_ref(), stat)));
        }
        if has_cached {
            let share = bucket.cached_input_share;
            let share = share.map_or_else(nothing, |share| percent((share * 1e3).round() / 1e3));
            cells.push(Cell::text(share));
        }
        table.row(cells);
    }
    table
}
