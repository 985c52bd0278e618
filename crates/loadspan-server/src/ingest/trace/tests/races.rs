//! Requests at the same time, and the client's own word on a trace.

use super::*;
use crate::ingest::trace::{NewTrace, ensure};
use crate::ingest::{complete, find_stale};
use std::time::Duration;

const ID: &str = "tr-01010101010101010101010101010101";

async fn make(app: &TestApp) -> i64 {
    let made = app.write(|connection| {
        let trace = NewTrace {
            trace_id: ID,
            experiment_id: 0,
            start_ns: i64::try_from(START).unwrap(),
        };
        Ok(ensure(connection, &trace)?.key)
    });
    made.await.unwrap()
}

#[test]
fn many_requests_at_once_make_one_trace_in_one_experiment() {
    each_database(async |app| {
        let sends = (1..=40).map(|id| send(&app, vec![span(id, u8::from(id > 1), 0, 10)]));
        futures_join(sends).await;
        let found = trace(&app).await;
        assert_eq!((&found["spans"], &found["state"]), (&json!(40), &json!("OK")));
        assert_eq!(
            (
                count(&app, "traces").await,
                count(&app, "resources").await,
                count(&app, "experiments").await
            ),
            (1, 1, 2)
        );
    });
}

/// All at the same time.
async fn futures_join(futures: impl Iterator<Item = impl Future<Output = ()>>) {
    let mut waiting: Vec<_> = futures.map(Box::pin).collect();
    std::future::poll_fn(|context| {
        waiting.retain_mut(|future| future.as_mut().poll(context).is_pending());
        if waiting.is_empty() {
            std::task::Poll::Ready(())
        } else {
            std::task::Poll::Pending
        }
    })
    .await;
}

#[test]
fn a_trace_is_the_same_whoever_names_it_first() {
    each_database(async |app| {
        let key = make(&app).await;
        send(&app, vec![span(1, 0, 0, 10)]).await;
        assert_eq!(make(&app).await, key);
        let found = trace(&app).await;
        assert_eq!(
            (&found["state"], &found["name"], &found["spans"]),
            (&json!("OK"), &json!("span 1"), &json!(1))
        );
        let tags = pairs(&app, "trace_tags").await;
        assert_eq!(
            tags.iter()
                .filter(|tag| tag.starts_with("mlflow.artifactLocation="))
                .count(),
            1
        );
    });
}

#[test]
fn what_a_client_has_said_of_a_trace_stays() {
    each_database(async |app| {
        let key = make(&app).await;
        let sql = "UPDATE traces SET state = 'ERROR', name = 'said', execution_duration = 5, finalized = 1 WHERE trace_key = $1";
        app.write(move |connection| Ok(connection.execute(sql, &[key.into()])?))
            .await
            .unwrap();
        send(&app, vec![span(1, 0, 0, 100), span(2, 1, 0, 50)]).await;
        let found = trace(&app).await;
        assert_eq!(
            (&found["state"], &found["name"], &found["duration"]),
            (&json!("ERROR"), &json!("said"), &json!(5))
        );
        assert_eq!((&found["spans"], &found["service"]), (&json!(2), &json!("api")));
    });
}

#[test]
fn a_trace_to_which_something_comes_at_last_is_not_completed() {
    each_database(async |app| {
        send(&app, vec![span(2, 1, 5, 20)]).await;
        let past = "UPDATE traces SET last_update_time = last_update_time - 5000";
        app.write(move |connection| Ok(connection.execute(past, &[])?))
            .await
            .unwrap();
        let found = app.read(|connection| Ok(find_stale(connection, Duration::from_secs(4), 100)?));
        let stale = found.await.unwrap();
        assert_eq!(stale.len(), 1);
        send(&app, vec![span(3, 1, 5, 20)]).await;
        app.write(move |connection| Ok(complete(connection, &stale)?))
            .await
            .unwrap();
        assert_eq!(trace(&app).await["state"], json!("IN_PROGRESS"));
    });
}

#[test]
fn a_trace_whose_root_never_comes_is_completed_in_the_end() {
    each_database(async |app| {
        send(
            &app,
            vec![failed(span(2, 1, 5, 20)), failed(span(3, 2, 6, 7)), span(4, 1, 2, 3)],
        )
        .await;
        let sweep = |timeout| {
            app.write(move |connection| {
                let stale = find_stale(connection, timeout, 100)?;
                complete(connection, &stale)?;
                Ok(stale.len())
            })
        };
        assert_eq!(sweep(Duration::from_secs(3600)).await.unwrap(), 0);
        assert_eq!(trace(&app).await["state"], json!("IN_PROGRESS"));
        let past = "UPDATE traces SET last_update_time = last_update_time - 5000";
        app.write(move |connection| Ok(connection.execute(past, &[])?))
            .await
            .unwrap();
        assert_eq!(sweep(Duration::from_secs(4)).await.unwrap(), 1);
        let found = trace(&app).await;
        assert_eq!((&found["state"], &found["name"]), (&json!("ERROR"), &json!("span 4")));
        // The root may come even now.
        send(&app, vec![span(1, 0, 0, 30)]).await;
        let found = trace(&app).await;
        assert_eq!((&found["state"], &found["name"]), (&json!("OK"), &json!("span 1")));
    });
}
