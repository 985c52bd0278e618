//! What is too large for a backend goes in halves.

use bytes::Bytes;
use loadspan_wire::mlflow::runs::Metric;
use loadspan_wire::otlp::split::{self, Half};

use super::{Contents, Payload};

/// Two payloads of about half the items each. `None`: there is but one item, or the body cannot be read.
pub(super) fn halves(payload: &Payload) -> Option<[Payload; 2]> {
    let [first, second] = match payload.contents {
        Contents::Traces | Contents::MlflowTraces => split::traces(&payload.body).ok().flatten()?,
        Contents::Metrics => split::metrics(&payload.body).ok().flatten()?,
        Contents::MlflowPoints => halves_of_points(&payload.body)?,
    };
    // Whatever the body holds, the ledger gets out what it got in.
    let first_items = first.items.min(payload.items);
    let half = |half: Half, items| Payload {
        contents: payload.contents,
        items,
        body: Bytes::from(half.body),
    };
    Some([half(first, first_items), half(second, payload.items - first_items)])
}

fn halves_of_points(body: &[u8]) -> Option<[Half; 2]> {
    let points: Vec<Metric> = serde_json::from_slice(body).ok()?;
    if points.len() < 2 {
        return None;
    }
    let (first, second) = points.split_at(points.len() / 2);
    let half = |points: &[Metric]| {
        let items = points.len() as u64;
        let body = serde_json::to_vec(points).ok()?;
        Some(Half { body, items })
    };
    Some([half(first)?, half(second)?])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_of_mlflow_are_halved_until_there_is_but_one() {
        let point = r#"{"key":"a","value":1.5,"timestamp":7,"step":3}"#;
        let payload = Payload {
            contents: Contents::MlflowPoints,
            items: 3,
            body: Bytes::from(format!("[{point},{point},{point}]")),
        };
        let [first, second] = halves(&payload).unwrap();
        assert_eq!((first.items, &first.body[..]), (1, format!("[{point}]").as_bytes()));
        assert_eq!((second.items, second.contents), (2, Contents::MlflowPoints));
        assert_eq!(halves(&first), None);
        assert!(halves(&second).is_some());
    }
}
