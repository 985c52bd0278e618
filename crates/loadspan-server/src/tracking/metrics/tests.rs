//! What is stored, against a model that is too simple to be wrong.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use loadspan_wire::mlflow::MetricValue;
use loadspan_wire::mlflow::runs::{CreateRun, Metric};
use proptest::prelude::*;

use super::{History, Interval, history, interval, log, settle};
use crate::testing::{each_database, on_sqlite};
use crate::tracking::runs;

/// A point, with a value that says whether it is no number.
type Known = (i64, i64, f64, bool);

fn known(metric: &Metric) -> Known {
    let value = metric.value.0;
    let number = if value.is_nan() { 0.0 } else { value };
    (metric.step, metric.timestamp, number, value.is_nan())
}

fn order(a: &Known, b: &Known) -> Ordering {
    a.partial_cmp(b).unwrap()
}

fn metrics() -> impl Strategy<Value = Vec<Vec<Metric>>> {
    let value = prop_oneof![
        Just(f64::NAN),
        Just(f64::INFINITY),
        Just(f64::NEG_INFINITY),
        Just(0.0),
        -2.0..2.0_f64,
        any::<f64>(),
    ];
    let step = prop_oneof![-2..3_i64, Just(i64::MIN), Just(i64::MAX)];
    let metric = ("[a-d]", value, 0..3_i64, step).prop_map(|(key, value, timestamp, step)| Metric {
        key,
        value: MetricValue(value),
        timestamp,
        step,
    });
    prop::collection::vec(prop::collection::vec(metric, 0..12), 1..6)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn the_latest_point_and_the_history_are_those_of_the_model(batches in metrics()) {
        on_sqlite(async move |app| {
            let logged = batches.clone();
            let run = app
                .write(move |connection| {
                    let run_id = runs::create(connection, &CreateRun::default())?.info.run_id;
                    let run = runs::active(connection, &run_id)?;
                    for batch in &logged {
                        log(connection, run.run_key, batch)?;
                        if batch.len() % 2 == 1 {
                            settle(connection)?;
                        }
                    }
                    runs::get(connection, &run_id)
                })
                .await
                .unwrap();
            let mut model: BTreeMap<String, Vec<Known>> = BTreeMap::new();
            for metric in batches.iter().flatten() {
                model.entry(metric.key.clone()).or_default().push(known(metric));
            }
            assert_eq!(run.data.metrics.len(), model.len());
            for latest in &run.data.metrics {
                let points = model.get_mut(&latest.key).unwrap();
                assert_eq!(Some(known(latest)), points.iter().copied().max_by(order), "{latest:?}");
                points.sort_by(|a, b| (a.1, a.0).cmp(&(b.1, b.0)).then(order(a, b)));
                points.dedup();
                let wanted = History {
                    run_id: run.info.run_id.clone(),
                    key: latest.key.clone(),
                    ..History::default()
                };
                let found = app.read(move |connection| history(connection, &wanted)).await.unwrap();
                assert_eq!(found.metrics.iter().map(known).collect::<Vec<_>>(), *points);
            }
        });
    }
}

#[test]
fn points_of_many_metrics_are_read_while_they_wait_and_after() {
    const METRICS: i64 = 1000;
    const BATCHES: i64 = 25;
    each_database(async |app| {
        let run_id = app
            .write(|connection| {
                let run_id = runs::create(connection, &CreateRun::default())?.info.run_id;
                let run_key = runs::active(connection, &run_id)?.run_key;
                for step in 0..BATCHES {
                    let batch: Vec<Metric> = (0..METRICS).map(|metric| point(metric, step)).collect();
                    log(connection, run_key, &batch)?;
                    // As a client does whose connection broke off.
                    log(connection, run_key, &batch[..100])?;
                }
                Ok(run_id)
            })
            .await
            .unwrap();
        let waiting = app
            .read(|connection| {
                let row = connection.query_one("SELECT COUNT(*) FROM metric_intake", &[])?;
                Ok(row.map_or(Ok(0), |row| row.int(0))?)
            })
            .await
            .unwrap();
        assert!(waiting < METRICS * BATCHES / 2, "{waiting} points wait");
        for metric in [0, 99, 100, 999] {
            let key = format!("metric_{metric}");
            let wanted = History {
                run_id: run_id.clone(),
                key: key.clone(),
                max_results: Some(20),
                ..History::default()
            };
            let (first, rest) = app
                .read(move |connection| {
                    let first = history(connection, &wanted)?;
                    let after = History {
                        page_token: first.next_page_token.clone(),
                        ..wanted
                    };
                    Ok((first.metrics, history(connection, &after)?.metrics))
                })
                .await
                .unwrap();
            let steps: Vec<i64> = first.iter().chain(&rest).map(|point| point.step).collect();
            assert_eq!(steps, (0..BATCHES).collect::<Vec<_>>());
            let wanted = Interval {
                run_ids: vec![run_id.clone()],
                key,
                steps: None,
                max_results: 100,
            };
            let found = app.read(move |connection| interval(connection, &wanted)).await.unwrap();
            let steps: Vec<i64> = found.metrics.iter().map(|point| point.metric.step).collect();
            assert_eq!(steps, (0..BATCHES).collect::<Vec<_>>());
        }
    });
}

fn point(metric: i64, step: i64) -> Metric {
    Metric {
        key: format!("metric_{metric}"),
        value: MetricValue(step as f64),
        timestamp: 1_700_000_000_000 + step,
        step,
    }
}
