//! Requests of which something cannot be read.

use super::*;
use crate::testing::each_database;

/// A request in which the name of one span is no UTF-8.
fn damaged() -> Vec<u8> {
    let named = |id: u8, name: &str| Span {
        span_id: vec![id; 8],
        name: name.to_owned(),
        ..span()
    };
    let request = traces(vec![named(1, "good"), named(2, "damaged"), named(3, "fine")]);
    let mut body = request.encode_to_vec();
    let place = body.windows(7).position(|window| window == b"damaged").unwrap();
    body[place] = 0xff;
    body
}

#[test]
fn a_span_that_cannot_be_read_costs_its_neighbours_nothing() {
    each_database(async |app| {
        let answer = post(&app, &[("content-type", PROTOBUF)], damaged()).await;
        assert_eq!(answer.status(), StatusCode::OK);
        let ExportOutcome { rejected, message } = decode_outcome(answer.body()).unwrap();
        assert_eq!(rejected, 1);
        let message = message.unwrap();
        assert!(
            message.starts_with("1 × cannot be read: ") && message.contains("UTF-8"),
            "{message}"
        );
        assert_eq!(count(&app, "spans").await, 2);
        let ledger = app.app().meters.ledger(Signal::Traces);
        assert_eq!((ledger.received(), ledger.stored(), ledger.rejected()), (3, 2, 1));
    });
}

#[test]
fn what_is_no_request_at_all_is_refused() {
    on_sqlite(async |app| {
        let mut body = damaged();
        body.truncate(body.len() - 1);
        let answer = post(&app, &[("content-type", PROTOBUF)], body).await;
        assert_eq!(answer.status(), StatusCode::BAD_REQUEST);
        assert_eq!(count(&app, "spans").await, 0);
    });
}
