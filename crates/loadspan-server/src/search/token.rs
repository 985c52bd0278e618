//! Tokens of pages: a position in an order, in letters that any client hands back unchanged.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

use super::fragment::Bound;
use super::order::{Kind, Order, Position};
use crate::error::ApiError;

/// Bytes of a token: a position may have several long texts.
const LONGEST: usize = 256 << 10;

/// The token of a position.
pub(super) fn encode(position: &[Bound]) -> String {
    let values = position.iter().map(|value| match value {
        // Nothing is ordered by bytes.
        Bound::Null | Bound::Blob(_) => Value::Null,
        Bound::Int(value) => Value::from(*value),
        // Its bits: JSON has no infinity.
        Bound::Real(value) => Value::from(format!("{:016x}", value.to_bits())),
        Bound::Text(text) => Value::from(text.as_str()),
    });
    URL_SAFE_NO_PAD.encode(Value::Array(values.collect()).to_string())
}

/// The position of a token, which must be of this order.
pub(super) fn decode(token: &str, order: &Order) -> Result<Position, ApiError> {
    let position = values(token).and_then(|values| {
        let values = values.into_iter().map(Some).chain(std::iter::repeat(None));
        let kinds = order.terms.iter().map(|term| (term.kind, term.nullable));
        kinds.zip(values).map(|(kind, value)| bound(kind, value?)).collect()
    });
    position.ok_or_else(|| {
        ApiError::invalid("Invalid page token: it must be one that a search with the same order_by has answered with")
    })
}

fn values(token: &str) -> Option<Vec<Value>> {
    let decoded = (token.len() <= LONGEST).then(|| URL_SAFE_NO_PAD.decode(token).ok())??;
    serde_json::from_slice(&decoded).ok()
}

fn bound((kind, nullable): (Kind, bool), value: Value) -> Option<Bound> {
    match (kind, value) {
        (_, Value::Null) => nullable.then_some(Bound::Null),
        (Kind::Int, Value::Number(number)) => number.as_i64().map(Bound::Int),
        (Kind::Real, Value::String(bits)) => u64::from_str_radix(&bits, 16)
            .ok()
            .map(|bits| Bound::Real(f64::from_bits(bits))),
        (Kind::Text, Value::String(text)) => Some(Bound::Text(text)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::search::clause::Direction::Ascending;
    use crate::search::order::Term;

    fn order() -> Order {
        Order {
            terms: vec![
                Term::new("a", Kind::Real, Ascending).nullable(),
                Term::new("b", Kind::Text, Ascending),
                Term::new("c", Kind::Int, Ascending),
            ],
            ..Order::default()
        }
    }

    #[test]
    fn a_position_survives_being_a_token() {
        for real in [
            Bound::Real(f64::INFINITY),
            Bound::Real(-0.0),
            Bound::Real(0.1 + 0.2),
            Bound::Null,
        ] {
            let position = vec![real, Bound::Text("ä'\"\0".to_owned()), Bound::Int(i64::MIN)];
            assert_eq!(decode(&encode(&position), &order()).expect("its own token"), position);
        }
    }

    #[test]
    fn a_token_of_another_order_or_none_at_all_is_refused() {
        let other = encode(&[Bound::Int(1), Bound::Int(2), Bound::Int(3)]);
        let short = encode(&[Bound::Null]);
        let null = encode(&[Bound::Null, Bound::Null, Bound::Int(3)]);
        for token in [other.as_str(), &short, &null, "eyJvZmZzZXQiOiAxfQ==", "%", "AAAA"] {
            let error = decode(token, &order()).expect_err("refused");
            assert!(error.message.starts_with("Invalid page token"), "{}", error.message);
        }
    }
}
