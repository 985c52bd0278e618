//! Searches on a database, for experiments and runs, and what is the same for all of them.

use super::*;
use crate::database::{Connection, Value};
use crate::testing::{TestApp, each_database};

/// Three experiments, four runs.
const ROWS: &str = r#"
INSERT INTO experiments (experiment_id, name, artifact_location, lifecycle_stage, creation_time, last_update_time) VALUES
    (1, 'one', 'mlflow-artifacts:/1', 'active', 100, 500), (2, 'Two_2', 'mlflow-artifacts:/2', 'active', 200, 400),
    (3, 'gone', 'mlflow-artifacts:/3', 'deleted', 300, 300);
INSERT INTO experiment_tags (experiment_id, key, value) VALUES (1, 'team', 'Blue'), (2, 'team', 'red'), (3, 'team', 'Blue');
INSERT INTO runs (run_key, run_id, experiment_id, name, user_id, status, start_time, end_time, deleted_time, lifecycle_stage, artifact_uri)
VALUES (1, 'r1', 1, 'first', 'ann', 'FINISHED', 1000, 1500, NULL, 'active', 'mlflow-artifacts:/1/r1/artifacts'),
    (2, 'r2', 1, 'Second', 'bob', 'RUNNING', 2000, NULL, NULL, 'active', 'mlflow-artifacts:/1/r2/artifacts'),
    (3, 'r3', 1, 'grün', 'ann', 'FAILED', 3000, 3500, NULL, 'active', 'mlflow-artifacts:/1/r3/artifacts'),
    (4, 'r4', 1, 'gone', 'ann', 'FAILED', 4000, 4500, 1, 'deleted', 'mlflow-artifacts:/1/r4/artifacts'),
    (5, 'r5', 2, 'other', 'ann', 'FAILED', 5000, 5500, NULL, 'active', 'mlflow-artifacts:/2/r5/artifacts');
INSERT INTO run_tags (run_key, key, value) VALUES
    (1, 'env', 'prod'), (2, 'env', 'Prod'), (3, 'mlflow.parentRunId', 'r1'), (4, 'env', 'prod'), (2, 'note', '100%_a\b');
INSERT INTO params (run_key, key, value) VALUES (1, 'a b', '0.1'), (2, 'a b', '0.2'), (3, 'it''s', 'x"y''z');
INSERT INTO run_metrics (metric_key, run_key, key, value, is_nan, step, timestamp) VALUES
    (1, 1, 'acc', 0.5, 0, 0, 0), (2, 2, 'acc', 0.75, 0, 0, 0), (3, 3, 'acc', 0, 1, 0, 0), (4, 2, 'loss', 1, 0, 0, 0);
INSERT INTO datasets (dataset_key, experiment_id, name, digest, source_type, source) VALUES (1, 1, 'mnist', 'abc', 'local', 'x');
INSERT INTO run_datasets (run_key, dataset_key, tags) VALUES
    (1, 1, '[{"key":"other","value":"eval"},{"key":"mlflow.data.context","value":"train"}]'), (2, 1, '[]');
"#;

async fn filled(app: &TestApp) {
    let written = app.write(|connection: &mut dyn Connection| {
        connection.execute("DELETE FROM experiments", &[])?;
        for statement in ROWS.split(";\n").filter(|statement| !statement.trim().is_empty()) {
            connection.execute(statement, &[])?;
        }
        Ok(())
    });
    written.await.expect("rows");
}

fn of_experiment_1(filter: &str) -> RunSearch {
    RunSearch {
        experiment_ids: vec!["1".to_owned()],
        filter: filter.to_owned(),
        ..RunSearch::default()
    }
}

async fn found_runs(app: &TestApp, search: RunSearch) -> Vec<i64> {
    let page = app.read(move |connection| runs(connection, &search)).await;
    page.expect("a page").keys
}

async fn found_experiments(app: &TestApp, search: ExperimentSearch) -> Vec<i64> {
    let page = app.read(move |connection| experiments(connection, &search)).await;
    page.expect("a page").keys
}

async fn refusal(app: &TestApp, search: RunSearch) -> String {
    let page = app.read(move |connection| runs(connection, &search)).await;
    let error = page.expect_err("a mistake");
    assert_eq!(
        error.code,
        crate::error::Code::InvalidParameterValue,
        "{}",
        error.message
    );
    error.message
}

#[test]
fn runs_are_found_by_what_they_are() {
    each_database(async |app| {
        filled(&app).await;
        for (filter, keys) in [
            ("", vec![3, 2, 1]),
            ("status = 'RUNNING'", vec![2]),
            ("attributes.status != 'RUNNING'", vec![3, 1]),
            ("attribute.run_name LIKE 's%'", vec![]),
            ("attr.run_name LIKE 'S%'", vec![2]),
            ("run.run_name ILIKE 's%'", vec![2]),
            ("run_name ILIKE 'GRÜ_'", vec![3]),
            ("attributes.\"Run name\" = 'first'", vec![1]),
            ("start_time > 1000", vec![3, 2]),
            ("start_time >= 1000 AND start_time < 3000", vec![2, 1]),
            ("created <= 1000.5", vec![1]),
            ("start_time = 1000.5", vec![]),
            ("start_time != 1000.5", vec![3, 2, 1]),
            ("end_time != 1500", vec![3]),
            ("run_id = 'r1'", vec![1]),
            ("run_id IN ('r1', \"r3\", 'r9')", vec![3, 1]),
            ("run_id NOT IN ('r1')", vec![3, 2]),
            ("user_id = 'ann'", vec![3, 1]),
            ("artifact_uri LIKE '%/r2/%'", vec![2]),
        ] {
            assert_eq!(found_runs(&app, of_experiment_1(filter)).await, keys, "{filter}");
        }
    });
}

#[test]
fn runs_are_found_by_what_was_logged() {
    each_database(async |app| {
        filled(&app).await;
        for (filter, keys) in [
            ("metrics.acc > 0.5", vec![2]),
            ("metric.acc >= 0.5", vec![2, 1]),
            ("metrics.acc < 1", vec![2, 1]),
            ("metrics.acc <= 0", vec![]),
            ("metrics.acc = 0.75 AND metrics.loss = 1", vec![2]),
            ("metrics.acc != 0.5", vec![3, 2]),
            ("metrics.none != 1", vec![]),
            ("params.`a b` = '0.1'", vec![1]),
            ("param.\"a b\" != '0.1'", vec![2]),
            ("parameters.`it's` = 'x\"y''z'", vec![3]),
            ("params.`a b` IS NULL", vec![3]),
            ("params.`a b` IS NOT NULL", vec![2, 1]),
            ("tags.env = 'prod'", vec![1]),
            ("tag.env ILIKE 'PROD'", vec![2, 1]),
            ("tags.env LIKE 'P%'", vec![2]),
            ("tags.note LIKE '100\\%\\_a\\b'", vec![2]),
            ("tags.note LIKE '1000%'", vec![]),
            ("tags.mlflow.parentRunId = 'r1'", vec![3]),
            ("datasets.name = 'mnist'", vec![2, 1]),
            ("dataset.digest LIKE 'a%' AND datasets.context = 'train'", vec![1]),
            ("datasets.context IN ('eval', 'test')", vec![]),
            ("datasets.context != 'test'", vec![1]),
        ] {
            assert_eq!(found_runs(&app, of_experiment_1(filter)).await, keys, "{filter}");
        }
    });
}

#[test]
fn runs_are_ordered_and_what_has_no_value_comes_last() {
    each_database(async |app| {
        filled(&app).await;
        for (order, keys) in [
            ("start_time", vec![1, 2, 3]),
            ("attributes.start_time DESC", vec![3, 2, 1]),
            ("metrics.acc ASC", vec![1, 2, 3]),
            ("metrics.acc DESC", vec![2, 1, 3]),
            ("metrics.loss", vec![2, 3, 1]),
            ("params.`a b` DESC", vec![2, 1, 3]),
            ("tags.env ASC", vec![2, 1, 3]),
            ("run_name ASC", vec![2, 1, 3]),
            ("end_time ASC", vec![1, 3, 2]),
            ("end_time DESC", vec![3, 1, 2]),
        ] {
            let search = RunSearch {
                order_by: vec![order.to_owned()],
                ..of_experiment_1("")
            };
            assert_eq!(found_runs(&app, search).await, keys, "{order}");
        }
    });
}

#[test]
fn only_the_experiments_and_the_stage_that_are_asked_for_are_seen() {
    each_database(async |app| {
        filled(&app).await;
        let search = |ids: &[&str], view| RunSearch {
            experiment_ids: ids.iter().map(|id| (*id).to_owned()).collect(),
            view,
            ..RunSearch::default()
        };
        assert_eq!(found_runs(&app, search(&[], ViewType::All)).await, [0; 0]);
        assert_eq!(
            found_runs(&app, search(&["2", "1", "1", "77"], ViewType::ActiveOnly)).await,
            [5, 3, 2, 1]
        );
        assert_eq!(found_runs(&app, search(&["1"], ViewType::DeletedOnly)).await, [4]);
        assert_eq!(found_runs(&app, search(&["1"], ViewType::All)).await, [4, 3, 2, 1]);
        let message = refusal(&app, search(&["x"], ViewType::All)).await;
        assert!(message.contains("Invalid experiment ID"), "{message}");
    });
}

#[test]
fn experiments_are_found_and_ordered() {
    each_database(async |app| {
        filled(&app).await;
        for (filter, keys) in [
            ("", vec![2, 1]),
            ("name = 'one'", vec![1]),
            ("attribute.name LIKE 'Two\\_%'", vec![2]),
            ("name ILIKE 'tWO%'", vec![2]),
            ("creation_time > 100", vec![2]),
            ("last_update_time <= 400", vec![2]),
            ("experiment_id IN ('1', '2')", vec![2, 1]),
            ("experiment_id != '1'", vec![2]),
            ("tags.team = 'Blue'", vec![1]),
            ("tag.team IS NULL", vec![]),
            ("tags.`team` ILIKE 'RED'", vec![2]),
        ] {
            let search = ExperimentSearch {
                filter: filter.to_owned(),
                ..ExperimentSearch::default()
            };
            assert_eq!(found_experiments(&app, search).await, keys, "{filter}");
        }
        for (order, keys) in [
            ("name ASC", vec![2, 3, 1]),
            ("last_update_time DESC", vec![1, 2, 3]),
            ("experiment_id", vec![1, 2, 3]),
        ] {
            let search = ExperimentSearch {
                order_by: vec![order.to_owned()],
                view: ViewType::All,
                ..ExperimentSearch::default()
            };
            assert_eq!(found_experiments(&app, search).await, keys, "{order}");
        }
    });
}

#[test]
fn mistakes_are_the_clients_and_say_where_they_are() {
    each_database(async |app| {
        filled(&app).await;
        for (filter, message) in [
            (
                "foo.a = 1",
                "Invalid entity type 'foo'. Valid values are ['metric', 'parameter', 'tag', 'attribute', 'dataset'] (at position 1 of the filter)",
            ),
            (
                "status = 'a' AND foo = 'b'",
                "Invalid attribute key 'foo' specified. Valid keys are {'run_id', 'run_name', 'status', 'start_time', 'end_time', 'artifact_uri', 'user_id'} (at position 18 of the filter)",
            ),
            (
                "metrics.a = 'x'",
                "Expected numeric value type for metric (at position 13 of the filter)",
            ),
            (
                "metrics.a LIKE 'x'",
                "Invalid comparator 'LIKE' not one of {'=', '!=', '<', '<=', '>', '>='} for 'a' (at position 11 of the filter)",
            ),
            (
                "params.a = 1",
                "Expected a quoted string value for 'a' (e.g. 'my-value') (at position 12 of the filter)",
            ),
            (
                "start_time > '1'",
                "Expected numeric value type for numeric attribute: start_time (at position 14 of the filter)",
            ),
            (
                "datasets.x = 'a'",
                "Invalid dataset key 'x' specified. Valid keys are {'name', 'digest', 'context'} (at position 1 of the filter)",
            ),
            (
                "status IS NULL",
                "Invalid comparator 'IS NULL' not one of {'=', '!=', 'LIKE', 'ILIKE'} for 'status' (at position 8 of the filter)",
            ),
        ] {
            assert_eq!(refusal(&app, of_experiment_1(filter)).await, message);
        }
        for (order, message) in [
            (
                vec!["foo"],
                "Invalid attribute key 'foo' specified. Valid keys are {'run_id', 'run_name', 'status', 'start_time', 'end_time', 'artifact_uri', 'user_id'} (at position 1 of the order_by clause)",
            ),
            (
                vec!["metrics.a UP"],
                "Invalid ordering key 'UP': ASC or DESC goes here (at position 11 of the order_by clause)",
            ),
            (
                vec!["metrics.a", "metrics.`a` DESC"],
                "`order_by` contains duplicate fields: [\"metrics.a\", \"metrics.`a` DESC\"]",
            ),
        ] {
            let search = RunSearch {
                order_by: order.into_iter().map(str::to_owned).collect(),
                ..of_experiment_1("")
            };
            assert_eq!(refusal(&app, search).await, message);
        }
        for (wanted, message) in [
            (
                0,
                "Invalid value 0 for parameter 'max_results' supplied. It must be a positive integer",
            ),
            (
                -1,
                "Invalid value -1 for parameter 'max_results' supplied. It must be a positive integer",
            ),
            (
                50_001,
                "Invalid value 50001 for parameter 'max_results' supplied. It must be at most 50000",
            ),
        ] {
            let search = RunSearch {
                max_results: Some(wanted),
                ..of_experiment_1("")
            };
            assert_eq!(refusal(&app, search).await, message);
        }
    });
}

/// A run with the start time and the metric of a number.
async fn add_run(app: &TestApp, number: i64) {
    let written = app.write(move |connection: &mut dyn Connection| {
        let key = 100 + number;
        let id = format!("n{number:04}");
        connection.execute(
            "INSERT INTO runs (run_key, run_id, experiment_id, name, user_id, status, start_time, lifecycle_stage, artifact_uri) \
             VALUES ($1, $2, 9, 'n', 'u', 'RUNNING', $3, 'active', 'x')",
            &[key.into(), (&id).into(), (number / 3).into()],
        )?;
        if number % 4 != 0 {
            connection.execute(
                "INSERT INTO run_metrics (run_key, key, value, is_nan, step, timestamp) VALUES ($1, 'm', $2, $3, 0, 0)",
                &[key.into(), Value::Real((number % 7) as f64), i64::from(number % 5 == 0).into()],
            )?;
        }
        Ok(())
    });
    written.await.expect("a run");
}

#[test]
fn pages_have_each_run_once_while_others_are_added() {
    each_database(async |app| {
        for number in 0..100 {
            add_run(&app, 2 * number).await;
        }
        for order in [
            vec![],
            vec!["metrics.m DESC"],
            vec!["metrics.m"],
            vec!["run_name", "metrics.m ASC"],
        ] {
            let order: Vec<String> = order.into_iter().map(str::to_owned).collect();
            let mut seen = Vec::new();
            let mut token = None;
            let mut added = 0;
            loop {
                let search = RunSearch {
                    experiment_ids: vec!["9".to_owned()],
                    order_by: order.clone(),
                    max_results: Some(7),
                    page_token: token.take(),
                    ..RunSearch::default()
                };
                let page = app
                    .read(move |connection| runs(connection, &search))
                    .await
                    .expect("a page");
                seen.extend(page.keys);
                // One more at the start of the order, and one at its end.
                add_run(&app, 1001 + 2 * seen.len() as i64 + 10_000 * order.len() as i64).await;
                added += 1;
                match page.next {
                    Some(next) => token = Some(next),
                    None => break,
                }
            }
            let mut once = seen.clone();
            once.sort_unstable();
            once.dedup();
            assert_eq!(once.len(), seen.len(), "{order:?}: no run twice");
            let old = (0..100).map(|number| 100 + 2 * number);
            assert!(
                old.into_iter().all(|key| once.binary_search(&key).is_ok()),
                "{order:?}: no run missing"
            );
            assert!(added > 10);
            let cleared = app.write(|connection: &mut dyn Connection| {
                connection.execute("DELETE FROM run_metrics WHERE run_key > 1000", &[])?;
                connection.execute("DELETE FROM runs WHERE run_key > 1000", &[])?;
                Ok(())
            });
            cleared.await.expect("as before");
        }
    });
}

#[test]
fn a_token_of_something_else_is_refused() {
    each_database(async |app| {
        filled(&app).await;
        for token in ["x", "WzFd", "bnVsbA", "W10"] {
            let search = RunSearch {
                page_token: Some(token.to_owned()),
                ..of_experiment_1("")
            };
            assert!(refusal(&app, search).await.starts_with("Invalid page token"));
        }
    });
}

#[test]
fn a_run_with_any_text_is_found_by_it_and_by_nothing_else() {
    each_database(async |app| {
        filled(&app).await;
        let long = "ß".repeat(200);
        let longer = format!("{long}x");
        for text in [
            "it's",
            "\"",
            "`",
            "') OR ('1'='1",
            "a\0b",
            "\u{10FFFF}",
            "$1 ? $2",
            "100%",
            "\\",
            long.as_str(),
            &longer,
        ] {
            let value = text.to_owned();
            let written = app.write(move |connection: &mut dyn Connection| {
                connection.execute("DELETE FROM run_tags WHERE run_key = 1 AND key = $1", &["any".into()])?;
                let values = ["any".into(), (&value).into()];
                connection.execute("INSERT INTO run_tags (run_key, key, value) VALUES (1, $1, $2)", &values)?;
                Ok(())
            });
            written.await.expect("a tag");
            let filter = format!("tags.any = '{}'", text.replace('\'', "''"));
            assert_eq!(found_runs(&app, of_experiment_1(&filter)).await, [1], "{text:?}");
            let filter = format!("tags.any = '{}_'", text.replace('\'', "''"));
            assert_eq!(found_runs(&app, of_experiment_1(&filter)).await, [0; 0], "{text:?}");
        }
    });
}

#[test]
fn patterns_are_bounded_in_length_and_number() {
    each_database(async |app| {
        filled(&app).await;
        for pattern in ["%", "_", "\\_", "ß", "%ß_"] {
            let pattern = pattern.repeat(1_000 / pattern.len());
            let filter = format!("run_name LIKE '{pattern}' AND run_name ILIKE '{pattern}'");
            found_runs(&app, of_experiment_1(&filter)).await;
        }
        let message = refusal(&app, of_experiment_1(&format!("run_name LIKE '{}'", "x".repeat(1_001)))).await;
        assert!(message.contains("the pattern is longer than 1000 bytes"), "{message}");
        let patterns = |count| vec!["tags.a LIKE 'b%'"; count].join(" AND ");
        found_runs(&app, of_experiment_1(&patterns(16))).await;
        let message = refusal(&app, of_experiment_1(&patterns(17))).await;
        assert!(message.contains("a filter has at most 16 patterns"), "{message}");
    });
}

#[test]
fn a_list_may_be_as_long_as_the_grammar_takes() {
    each_database(async |app| {
        filled(&app).await;
        let ids: Vec<String> = (0..5_000).map(|number| format!("'r{number}'")).collect();
        let filter = format!("run_id IN ({})", ids.join(", "));
        assert_eq!(found_runs(&app, of_experiment_1(&filter)).await, [3, 2, 1]);
    });
}
