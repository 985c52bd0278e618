//! The statements of a search without a database, for those who look whether they are as they should be: fuzz targets and tests.

use super::plan::{Plan, Prepared, Window};
use super::{ExperimentSearch, RunSearch, TraceSearch, experiments, runs, traces};
use crate::database::Dialect;

/// A statement, and how many values go with it.
pub(crate) type Statement = (String, usize);

/// The statements that a filter and a clause of an order become: for each kind of thing and each database that they make sense for.
pub(crate) fn statements(filter: &str, order: &str) -> Vec<Statement> {
    let filter = filter.to_owned();
    let order_by: Vec<String> = Some(order.to_owned())
        .filter(|order| !order.is_empty())
        .into_iter()
        .collect();
    let experiments = ExperimentSearch {
        filter: filter.clone(),
        order_by: order_by.clone(),
        ..ExperimentSearch::default()
    };
    let runs = RunSearch {
        experiment_ids: vec!["1".to_owned()],
        filter: filter.clone(),
        order_by: order_by.clone(),
        ..RunSearch::default()
    };
    let traces = TraceSearch {
        experiment_ids: vec!["1".to_owned(), "2".to_owned()],
        filter,
        order_by,
        ..TraceSearch::default()
    };
    let plans = [Dialect::Sqlite, Dialect::Postgres].into_iter().flat_map(|dialect| {
        let plans = [
            experiments::plan(&experiments, dialect),
            runs::plan(&runs, dialect),
            traces::plan_of(&traces, dialect),
        ];
        plans.into_iter().flatten().flat_map(move |plan| of(plan, dialect))
    });
    plans.collect()
}

fn of(plan: Plan, dialect: Dialect) -> Vec<Statement> {
    let window = Window { after: None, rows: 1 };
    let drivers = plan.conditions.iter().filter_map(|condition| condition.drive.clone());
    let mut fragments: Vec<_> = drivers.collect();
    fragments.extend(Prepared::in_order(plan).statement(dialect, window));
    fragments
        .iter()
        .map(|fragment| (fragment.statement(), fragment.values().len()))
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::search::fragment::Bound;

    /// Filters with a place for a text each, among them all that have a text of the client at all.
    const PLACES: &[&str] = &[
        "name = '@'",
        "name != '@'",
        "run_id IN ('x', '@')",
        "tags.x LIKE '@'",
        "tags.x ILIKE '@'",
        "tags.`@` = 'x'",
        "tags.`@` IS NULL",
        "params.`@` = 'x'",
        "metrics.`@` > 1",
        "metadata.`@` = 'x'",
        "datasets.name = '@'",
        "datasets.context = '@'",
        "feedback.`@` = 'x'",
        "feedback.`@` > 1",
        "feedback.x != '@'",
        "issue.id = '@'",
        "session_id = '@'",
        "client_request_id = '@'",
        "status = '@'",
        "span.name = '@'",
    ];
    const ORDERS: &[&str] = &["metrics.`@`", "params.`@` DESC", "tags.`@`", "metadata.`@` DESC"];

    fn with(place: &str, text: &str) -> String {
        let text = text.replace('\'', "''").replace('`', "``");
        place.replace('@', &text)
    }

    #[test]
    fn every_place_makes_sense_somewhere() {
        for place in PLACES {
            assert!(!statements(&with(place, "a"), "").is_empty(), "{place}");
        }
        for order in ORDERS {
            assert!(!statements("", &with(order, "a")).is_empty(), "{order}");
        }
    }

    proptest! {
        /// Whatever a client writes, the statement is the one that it is for any other text: it can only ever be a value. Only how long
        /// it is makes a difference: of long texts, indexes have the beginning.
        #[test]
        fn no_text_of_a_client_is_part_of_a_statement(text in "[^\0\u{10FFFF}]{0,15}") {
            // What begins like MLflow's own keys has another index.
            prop_assume!(!text.starts_with("mlflow."));
            for (text, other) in [(text.clone(), "a".to_owned()), (text.repeat(10) + &"b".repeat(100), "a".repeat(100))] {
                for place in PLACES {
                    prop_assert_eq!(statements(&with(place, &text), ""), statements(&with(place, &other), ""));
                }
                for order in ORDERS {
                    prop_assert_eq!(statements("", &with(order, &text)), statements("", &with(order, &other)));
                }
            }
        }

        #[test]
        fn statements_have_as_many_places_as_values(filter in "([a-z]{1,7}\\.[a-z]{1,4} (=|>|LIKE|IS NULL) ('x'|1)?( AND )?){0,3}") {
            for (statement, values) in statements(&filter, "") {
                let places = (1..=values).all(|place| statement.contains(&format!("${place}")));
                prop_assert!(places && !statement.contains(&format!("${}", values + 1)), "{}", statement);
            }
        }
    }

    /// What follows `WHERE t.experiment_id = $1 AND`, in the order of time.
    fn condition(filter: &str, dialect: Dialect) -> String {
        let search = TraceSearch {
            experiment_ids: vec!["1".to_owned()],
            filter: filter.to_owned(),
            ..TraceSearch::default()
        };
        let plan = traces::plan_of(&search, dialect).expect("a plan");
        let window = Window { after: None, rows: 1 };
        let fragment = Prepared::in_order(plan).statement(dialect, window);
        let statement = fragment.expect("experiments").statement();
        let (_, conditions) = statement.split_once(" AND ").expect("conditions");
        let (conditions, _) = conditions.split_once(" ORDER BY ").expect("an order");
        conditions.to_owned()
    }

    #[test]
    fn each_comparator_is_written_as_the_database_knows_it() {
        for (filter, sqlite, postgres) in [
            ("status = 'a'", "t.state = $2", "t.state = $2"),
            ("status != 'a'", "t.state != $2", "t.state != $2"),
            ("status IN ('a', 'b')", "t.state IN ($2, $3)", "t.state IN ($2, $3)"),
            ("status NOT IN ('a')", "t.state NOT IN ($2)", "t.state NOT IN ($2)"),
            (
                "status LIKE 'a'",
                r"t.state LIKE $2 ESCAPE '\'",
                r"t.state LIKE $2 ESCAPE '\'",
            ),
            (
                "status ILIKE 'a'",
                r"fold(t.state) LIKE $2 ESCAPE '\'",
                r"t.state ILIKE $2 ESCAPE '\'",
            ),
            ("status RLIKE 'a'", "t.state REGEXP $2", "t.state ~ $2"),
            ("name IS NULL", "t.name IS NULL", "t.name IS NULL"),
            ("timestamp > 1.5", "t.request_time > $2", "t.request_time > $2"),
            (
                "timestamp != 1.5",
                "t.request_time IS NOT NULL",
                "t.request_time IS NOT NULL",
            ),
            (
                "execution_time > 1",
                "+t.execution_duration > $2",
                "t.execution_duration > $2",
            ),
        ] {
            assert_eq!(condition(filter, Dialect::Sqlite), sqlite, "{filter}");
            assert_eq!(condition(filter, Dialect::Postgres), postgres, "{filter}");
        }
    }

    #[test]
    fn a_whole_statement() {
        let search = TraceSearch {
            experiment_ids: vec!["1".to_owned()],
            filter: "name = 'a' AND tags.x LIKE 'b%' AND execution_time > 5".to_owned(),
            order_by: vec!["tags.y DESC".to_owned()],
            ..TraceSearch::default()
        };
        let plan = traces::plan_of(&search, Dialect::Sqlite).expect("a plan");
        let position = [Bound::Text("v".to_owned()), Bound::Int(2), Bound::Int(3)];
        let window = Window {
            after: Some(&position),
            rows: 101,
        };
        let statement = Prepared::in_order(plan).statement(Dialect::Sqlite, window);
        let lines = [
            "SELECT t.trace_key AS k, 0 AS w, j0.value AS o0, t.request_time AS o1, t.trace_key AS o2 FROM traces t",
            "LEFT JOIN trace_tags j0 ON j0.trace_key = t.trace_key AND j0.key = $1",
            "WHERE t.experiment_id = $2 AND +t.name = $3",
            "AND EXISTS (SELECT 1 FROM trace_tags x WHERE x.trace_key = t.trace_key AND x.key = $4",
            r"AND x.value LIKE $5 ESCAPE '\')",
            "AND +t.execution_duration > $6",
            "AND ((j0.value < $7 OR j0.value IS NULL) OR j0.value = $8",
            "AND (t.request_time < $9 OR t.request_time = $10 AND (t.trace_key < $11)))",
            "ORDER BY j0.value DESC NULLS LAST, t.request_time DESC, t.trace_key DESC LIMIT $12",
        ];
        assert_eq!(statement.expect("experiments").statement(), lines.join(" "));
    }

    #[test]
    fn a_page_by_time_begins_with_a_bound_that_an_index_knows() {
        let search = RunSearch {
            experiment_ids: vec!["1".to_owned()],
            ..RunSearch::default()
        };
        let plan = runs::plan(&search, Dialect::Postgres).expect("a plan");
        let position = [Bound::Int(2), Bound::Text("r".to_owned())];
        let window = Window {
            after: Some(&position),
            rows: 11,
        };
        let statement = Prepared::in_order(plan).statement(Dialect::Postgres, window);
        let lines = [
            "SELECT r.run_key AS k, 0 AS w, r.start_time AS o0, r.run_id COLLATE \"C\" AS o1 FROM runs r",
            "WHERE r.experiment_id = $1 AND r.lifecycle_stage = 'active'",
            "AND r.start_time <= $2 AND (r.start_time < $3 OR r.start_time = $4 AND (r.run_id COLLATE \"C\" > $5))",
            "ORDER BY r.start_time DESC, r.run_id COLLATE \"C\" ASC LIMIT $6",
        ];
        assert_eq!(statement.expect("experiments").statement(), lines.join(" "));
    }
}
