//! What became of the telemetry itself, as far as it is known when it is exported: points are always one export behind. The last
//! export of a run comes after its last spans.

use loadspan_record::{SignalLedger, TelemetrySignal};
use loadspan_wire::semconv::metrics as table;

use super::collection::Collection;
use super::instrument::CounterInstrument;
use super::series::{About, Detail, SeriesKey};

/// The counters of spans and data points.
#[derive(Debug)]
pub(super) struct LedgerMetrics {
    produced: CounterInstrument,
    items: CounterInstrument,
}

impl LedgerMetrics {
    pub(super) fn new() -> Self {
        Self {
            produced: CounterInstrument::new(&table::TELEMETRY_PRODUCED),
            items: CounterInstrument::new(&table::TELEMETRY_ITEMS),
        }
    }

    /// Takes the ledgers as they stand.
    pub(super) fn record(&mut self, ledgers: &[SignalLedger]) {
        for ledger in ledgers {
            let fates = [
                ("delivered", ledger.delivered),
                ("rejected", ledger.rejected),
                ("spooled", ledger.spooled),
                ("dropped", ledger.dropped),
            ];
            // Data points are not sampled.
            let sampled_out = (ledger.signal == TelemetrySignal::Traces).then_some(("sampled_out", ledger.sampled_out));
            let (sink, signal) = (ledger.sink, ledger.signal);
            let key = SeriesKey::of(About::Client).with_detail(Detail::Sink { sink, signal });
            self.produced.raise_to(key, ledger.produced);
            for (fate, count) in fates.into_iter().chain(sampled_out) {
                let key = SeriesKey::of(About::Client).with_detail(Detail::Fate { sink, signal, fate });
                self.items.raise_to(key, count);
            }
        }
    }

    pub(super) fn collect(&mut self, collection: &mut Collection<'_>) {
        self.produced.collect(collection);
        self.items.collect(collection);
    }
}
