//! How many spans or data points an export has, found without decoding it: lengths are skipped over.

use serde_json::Value;

use super::SinkSignal;
use super::respond::Dialect;

/// Fields of `Metric` that hold data points: gauge, sum, histogram, exponential histogram, summary.
const METRIC_DATA: [u64; 5] = [5, 7, 9, 10, 11];

/// How many spans or data points are in `message`; in one that is broken, those before the break.
pub(super) fn items(dialect: Dialect, signal: SinkSignal, message: &[u8]) -> u64 {
    match dialect {
        Dialect::Grpc | Dialect::Protobuf => in_protobuf(signal, message),
        Dialect::Json => serde_json::from_slice(message).map_or(0, |message| in_json(signal, &message)),
    }
}

fn in_protobuf(signal: SinkSignal, message: &[u8]) -> u64 {
    let resources = fields(message, &[1]);
    let scopes = resources.flat_map(|resource| fields(resource, &[2]));
    let leaves = scopes.flat_map(|scope| fields(scope, &[2]));
    let items = match signal {
        SinkSignal::Traces => leaves.count(),
        SinkSignal::Metrics => leaves
            .flat_map(|metric| fields(metric, &METRIC_DATA))
            .flat_map(|data| fields(data, &[1]))
            .count(),
    };
    items as u64
}

fn in_json(signal: SinkSignal, message: &Value) -> u64 {
    let names = match signal {
        SinkSignal::Traces => ["resourceSpans", "scopeSpans", "spans"],
        SinkSignal::Metrics => ["resourceMetrics", "scopeMetrics", "metrics"],
    };
    let mut level = vec![message];
    for name in names {
        level = level
            .into_iter()
            .filter_map(|value| value[name].as_array())
            .flatten()
            .collect();
    }
    let items = match signal {
        SinkSignal::Traces => level.len(),
        SinkSignal::Metrics => level
            .into_iter()
            .filter_map(Value::as_object)
            .flat_map(serde_json::Map::values)
            .filter_map(|data| data["dataPoints"].as_array())
            .map(Vec::len)
            .sum(),
    };
    items as u64
}

/// The length-delimited fields of a message that have one of these numbers.
fn fields<'m>(message: &'m [u8], wanted: &'static [u64]) -> impl Iterator<Item = &'m [u8]> {
    let mut rest = message;
    std::iter::from_fn(move || {
        while !rest.is_empty() {
            let (field, value) = next_field(&mut rest)?;
            if let Some(value) = value.filter(|_| wanted.contains(&field)) {
                return Some(value);
            }
        }
        None
    })
}

/// The number of the next field, and its bytes if it is length-delimited. `None` when the message is broken.
fn next_field<'m>(rest: &mut &'m [u8]) -> Option<(u64, Option<&'m [u8]>)> {
    let tag = varint(rest)?;
    let value = match tag & 7 {
        0 => {
            varint(rest)?;
            None
        }
        1 => {
            take(rest, 8)?;
            None
        }
        2 => {
            let length = usize::try_from(varint(rest)?).ok()?;
            Some(take(rest, length)?)
        }
        5 => {
            take(rest, 4)?;
            None
        }
        _ => return None,
    };
    Some((tag >> 3, value))
}

fn varint(rest: &mut &[u8]) -> Option<u64> {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let (&byte, tail) = rest.split_first()?;
        *rest = tail;
        value |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Some(value);
        }
    }
    None
}

fn take<'m>(rest: &mut &'m [u8], length: usize) -> Option<&'m [u8]> {
    let (taken, tail) = rest.split_at_checked(length)?;
    *rest = tail;
    Some(taken)
}
