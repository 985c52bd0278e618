//! The telemetry ledger: what was made, and what became of it.

use loadspan_record::{SignalLedger, Summary};

use super::markup::{Element, element};
use super::table::{Cell, Column, Table};
use crate::number::count;

/// A row for each signal and sink. `None` without telemetry.
pub(super) fn section(summary: &Summary) -> Option<Element> {
    let numbers = [
        "produced",
        "delivered",
        "spooled",
        "rejected",
        "dropped",
        "not sampled",
        "retries",
    ];
    let columns = [Column::text("Signal"), Column::text("to").class("long")]
        .into_iter()
        .chain(numbers.map(Column::number))
        .chain([Column::text("remark").class("long")]);
    let mut table = Table::new("Telemetry", columns);
    for ledger in &summary.telemetry.signals {
        table.row(row(ledger));
    }
    let caption = "Each span and each data point has one fate: produced = delivered + spooled + rejected + dropped. \
                   `loadspan push` delivers what is spooled.";
    let section = element("section")
        .id("telemetry")
        .child(element("h2").text("Telemetry"));
    (!table.is_empty()).then(|| {
        section
            .child(table.into_element())
            .child(element("p").class("caption").text(caption))
    })
}

fn row(ledger: &SignalLedger) -> Vec<Cell> {
    let signal = format!("{}, {}", ledger.signal.as_str(), ledger.signal.unit());
    let mut cells = vec![
        Cell::text(signal),
        Cell::text(format!("{} {}", ledger.sink.as_str(), ledger.destination)),
    ];
    let numbers = [
        ledger.produced,
        ledger.delivered,
        ledger.spooled,
        ledger.rejected,
        ledger.dropped,
        ledger.sampled_out,
        ledger.retries,
    ];
    cells.extend(numbers.map(|number| Cell::text(count(number))));
    cells.push(Cell::text(remark(ledger)));
    cells
}

/// What went wrong on the way to everything being delivered is of no interest any more.
fn remark(ledger: &SignalLedger) -> String {
    let error = ledger
        .last_error
        .as_ref()
        .filter(|_| ledger.delivered < ledger.produced);
    let off = ledger.turned_off.as_ref().map(|reason| format!("off: {reason}"));
    off.or_else(|| error.cloned()).unwrap_or_default()
}
