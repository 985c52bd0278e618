//! Tokens and their cost, of traces that come in pieces.

use super::*;
use crate::ingest::Recount;

fn tokens(count: i64) -> Vec<KeyValue> {
    vec![
        attribute("gen_ai.operation.name", "chat"),
        attribute("gen_ai.usage.input_tokens", count),
        attribute("gen_ai.usage.output_tokens", 0_i64),
    ]
}

#[test]
fn tokens_are_counted_once_in_a_tree() {
    each_database(async |app| {
        let spans = vec![
            with(span(1, 0, 0, 9), tokens(7)),
            with(span(2, 1, 1, 2), tokens(3)),
            with(span(3, 1, 3, 4), tokens(4)),
        ];
        send(&app, spans).await;
        assert_eq!(trace(&app).await["tokens"], json!(7));
    });
}

#[test]
fn tokens_are_counted_again_when_spans_come_later() {
    each_database(async |app| {
        send(&app, vec![with(span(3, 2, 3, 4), tokens(4))]).await;
        assert_eq!(trace(&app).await["tokens"], json!(4));
        send(&app, vec![with(span(1, 0, 0, 9), tokens(10))]).await;
        assert_eq!(
            trace(&app).await["tokens"],
            json!(14),
            "nobody knows yet that span 1 is above span 3"
        );
        send(&app, vec![span(2, 1, 2, 5)]).await;
        assert_eq!(trace(&app).await["tokens"], json!(10));
        send(&app, vec![span(1, 0, 0, 9)]).await;
        assert_eq!(
            trace(&app).await["tokens"],
            json!(4),
            "the root does not say anything any more"
        );
    });
}

#[test]
fn a_span_may_say_what_it_cost() {
    each_database(async |app| {
        let cost = attribute(
            "mlflow.llm.cost",
            r#"{"input_cost": 0.25, "output_cost": 0.5, "total_cost": 0.75}"#,
        );
        send(&app, vec![with(span(2, 1, 0, 1), vec![cost.clone()])]).await;
        send(&app, vec![span(1, 0, 0, 9), with(span(3, 1, 0, 1), vec![cost])]).await;
        let sql = "SELECT input_cost, output_cost, total_cost FROM traces";
        let row = app
            .read(move |connection| Ok(connection.query_one(sql, &[])?))
            .await
            .unwrap()
            .unwrap();
        let costs: Vec<_> = (0..3).map(|column| row.real(column).unwrap()).collect();
        assert_eq!(costs, [0.5, 1.0, 1.5]);
    });
}

/// A span of trace 1 with more than 255 like it.
fn numbered(number: u64, parent: u64, attributes: Vec<KeyValue>) -> Span {
    let id = |number: u64| {
        if number == 0 {
            Vec::new()
        } else {
            number.to_be_bytes().to_vec()
        }
    };
    Span {
        span_id: id(number),
        parent_span_id: id(parent),
        ..with(span(1, 0, 0, 1), attributes)
    }
}

async fn find_marked(app: &TestApp) -> Recount {
    let found = app.read(|connection| {
        let mut recount = Recount::find(connection, 10)?;
        while !recount.is_done() {
            recount.go_on(connection)?;
        }
        Ok(recount)
    });
    found.await.unwrap()
}

async fn write_down(app: &TestApp, recount: Recount) {
    let write = app.write(move |connection| Ok(recount.write(connection)?));
    write.await.unwrap();
}

#[test]
fn a_large_trace_is_not_read_for_every_span_but_counted_a_moment_later() {
    each_database(async |app| {
        let root = numbered(1, 0, Vec::new());
        let calls = (2..=1001).map(|number| numbered(number, 1, tokens(1)));
        send(&app, std::iter::once(root).chain(calls).collect()).await;
        assert_eq!(trace(&app).await["tokens"], json!(1000));

        send(&app, vec![numbered(2000, 1, tokens(1))]).await;
        assert_eq!(trace(&app).await["tokens"], json!(1000));
        let early = find_marked(&app).await;
        // A root that sums up hides what the others say.
        send(&app, vec![numbered(1, 0, tokens(7))]).await;
        write_down(&app, early).await;
        assert_eq!(trace(&app).await["tokens"], json!(1001), "what was known a moment ago");

        write_down(&app, find_marked(&app).await).await;
        assert_eq!(trace(&app).await["tokens"], json!(7));
        assert!(find_marked(&app).await.is_nothing());
    });
}

#[test]
fn a_trace_that_a_request_has_counted_is_not_counted_worse() {
    each_database(async |app| {
        let calls = (1..=600).map(|number| numbered(number, 0, tokens(1)));
        send(&app, calls.collect()).await;
        send(&app, vec![numbered(601, 0, tokens(1))]).await;
        let early = find_marked(&app).await;
        // So many are brought that all can be read at once.
        send(&app, (602..=800).map(|number| numbered(number, 0, tokens(1))).collect()).await;
        assert_eq!(trace(&app).await["tokens"], json!(800));
        write_down(&app, early).await;
        assert_eq!(trace(&app).await["tokens"], json!(800));
    });
}
