//! Tokens and their cost, of traces that come in pieces.

use super::*;

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
