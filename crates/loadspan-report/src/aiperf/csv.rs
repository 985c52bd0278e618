//! `profile_export_aiperf.csv`: a block of distributions, an empty line, a block of single values.

use loadspan_record::{Summary, Unit};

use super::{Entry, EntryValue, STATS, entries, stat};
use crate::csv::Csv;

/// The file: names with their units in parentheses, two decimals, sorted by tag.
#[must_use]
pub fn render(summary: &Summary) -> String {
    let mut entries = entries(summary);
    entries.sort_by_key(|entry| entry.tag);
    let (many, one): (Vec<Entry>, Vec<Entry>) = entries
        .into_iter()
        .partition(|entry| matches!(entry.value, EntryValue::Many(_)));
    let mut csv = Csv::new();
    if !many.is_empty() {
        write_block(&mut csv, &many, &STATS.map(|stat| (stat, stat)));
        csv.end_row();
    }
    write_block(&mut csv, &one, &[("Value", "avg")]);
    csv.into_text()
}

/// Columns are pairs of a title and a statistic.
fn write_block(csv: &mut Csv, rows: &[Entry], columns: &[(&str, &str)]) {
    csv.cell("Metric");
    for (title, _) in columns {
        csv.cell(title);
    }
    csv.end_row();
    for entry in rows {
        csv.cell(name(entry));
        for (_, name) in columns {
            match stat(entry.value, name) {
                Some(value) => csv.cell(format_args!("{value:.2}")),
                None => csv.cell(""),
            };
        }
        csv.end_row();
    }
}

fn name(entry: &Entry) -> String {
    match entry.unit {
        Unit::Requests => entry.header.to_owned(),
        unit => format!("{} ({unit})", entry.header),
    }
}
