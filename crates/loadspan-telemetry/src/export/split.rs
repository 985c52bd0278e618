//! What is too large for a backend goes in halves.

use bytes::Bytes;
use loadspan_record::TelemetrySignal;
use loadspan_wire::otlp::split::{self, Half};

use super::Payload;

/// Two payloads of about half the items each. `None`: there is but one item, or the body cannot be read.
pub(super) fn halves(payload: &Payload) -> Option<[Payload; 2]> {
    let halves = match payload.signal {
        TelemetrySignal::Traces => split::traces(&payload.body),
        TelemetrySignal::Metrics => split::metrics(&payload.body),
    };
    let [first, second] = halves.ok().flatten()?;
    // Whatever the body holds, the ledger gets out what it got in.
    let first_items = first.items.min(payload.items);
    let half = |half: Half, items| Payload {
        signal: payload.signal,
        items,
        body: Bytes::from(half.body),
    };
    Some([half(first, first_items), half(second, payload.items - first_items)])
}
