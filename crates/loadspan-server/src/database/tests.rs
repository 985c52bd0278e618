//! What both databases must do alike. On PostgreSQL too when `LOADSPAN_TEST_POSTGRES` has a URL.

use std::cell::RefCell;

use proptest::prelude::*;
use proptest::test_runner::TestRunner;

use super::*;
use crate::testing::each_empty_database;

#[test]
fn what_goes_in_comes_out() {
    on_each_connection(|connection| {
        make_things(connection);
        let mut runner = TestRunner::deterministic();
        let connection = RefCell::new(connection);
        let checked = runner.run(&proptest::collection::vec(any_thing(), 1..5), |things| {
            let connection = &mut **connection.borrow_mut();
            connection.batch("DELETE FROM things").unwrap();
            insert(connection, &things).unwrap();
            prop_assert_eq!(all(connection), things);
            Ok(())
        });
        checked.unwrap();
    });
}

#[test]
fn minus_zero_and_infinity_are_numbers_like_others() {
    on_each_connection(|connection| {
        make_things(connection);
        for real in [
            f64::INFINITY,
            f64::NEG_INFINITY,
            f64::MAX,
            f64::MIN_POSITIVE,
            5e-324,
            -1e300,
        ] {
            connection.batch("DELETE FROM things").unwrap();
            let thing = Thing {
                real: Some(real),
                ..Thing::default()
            };
            insert(connection, std::slice::from_ref(&thing)).unwrap();
            assert_eq!(all(connection), [thing]);
        }
        connection.batch("DELETE FROM things").unwrap();
        let minus_zero = Thing {
            real: Some(-0.0),
            ..Thing::default()
        };
        insert(connection, &[minus_zero]).unwrap();
        // SQLite keeps whole numbers as such, and so loses the sign: what comes out is equal to what went in.
        assert_eq!(all(connection)[0].real, Some(0.0));
    });
}

#[test]
fn texts_are_found_by_what_they_were() {
    on_each_connection(|connection| {
        make_things(connection);
        for text in ["a\0b", "\u{10FFFF}0", "%_\\'\"", "Grün", ""] {
            let thing = Thing {
                text: Some(text.to_owned()),
                ..Thing::default()
            };
            insert(connection, &[thing]).unwrap();
            let found = connection
                .query("SELECT t FROM things WHERE t = $1", &[text.into()])
                .unwrap();
            assert_eq!(found.len(), 1, "{text:?}");
            assert_eq!(found.into_iter().next().unwrap().text(0).unwrap(), text);
        }
    });
}

#[test]
fn many_rows_are_inserted_at_once() {
    on_each_connection(|connection| {
        make_things(connection);
        let things: Vec<_> = (0..25_000)
            .map(|int| Thing {
                int: Some(int),
                blob: Some(vec![7; 1000]),
                ..Thing::default()
            })
            .collect();
        insert(connection, &things).unwrap();
        let row = connection.query_one(
            "SELECT COUNT(*), SUM(i), MIN(i), AVG(i), SUM(LENGTH(b)) FROM things",
            &[],
        );
        let row = row.unwrap().unwrap();
        assert_eq!(row.int(0).unwrap(), 25_000);
        assert_eq!(row.int(1).unwrap(), 24_999 * 12_500);
        assert_eq!(row.int(2).unwrap(), 0);
        assert_eq!(row.real(3).unwrap(), 12_499.5);
        assert_eq!(row.int(4).unwrap(), 25_000_000);
    });
}

#[test]
fn no_rows_are_inserted_at_once() {
    on_each_connection(|connection| {
        make_things(connection);
        insert(connection, &[]).unwrap();
        assert_eq!(all(connection), []);
    });
}

#[test]
fn a_conflict_is_resolved_as_the_insert_says() {
    on_each_connection(|connection| {
        connection
            .batch("CREATE TABLE pairs (k TEXT PRIMARY KEY, v BIGINT NOT NULL)")
            .unwrap();
        let upsert = Insert {
            into: "pairs (k, v)",
            columns: 2,
            otherwise: "ON CONFLICT (k) DO UPDATE SET v = excluded.v",
        };
        connection
            .insert(&upsert, &["a".into(), 1.into(), "b".into(), 2.into()])
            .unwrap();
        connection
            .insert(&upsert, &["c".into(), 3.into(), "a".into(), 4.into()])
            .unwrap();
        let pairs = connection.query("SELECT k, v FROM pairs ORDER BY k", &[]).unwrap();
        let pairs: Vec<_> = pairs
            .into_iter()
            .map(|mut row| (row.text(0).unwrap(), row.int(1).unwrap()))
            .collect();
        assert_eq!(pairs, [("a".to_owned(), 4), ("b".to_owned(), 2), ("c".to_owned(), 3)]);
    });
}

#[test]
fn comparisons_and_sums_are_numbers() {
    on_each_connection(|connection| {
        make_things(connection);
        let things = [i64::MAX, i64::MAX, 1].map(|int| Thing {
            int: Some(int),
            real: Some(0.5),
            ..Thing::default()
        });
        insert(connection, &things[1..]).unwrap();
        let row = connection
            .query_one(
                "SELECT COUNT(*) = 2, SUM(r), MAX(i) FROM things WHERE r < $1",
                &[1.into()],
            )
            .unwrap()
            .unwrap();
        assert!(row.flag(0).unwrap());
        assert_eq!(row.real(1).unwrap(), 1.0);
        assert_eq!(row.int(2).unwrap(), i64::MAX);
    });
}

#[test]
fn an_error_has_no_sql() {
    on_each_connection(|connection| {
        for sql in ["SELECT secret_column FROM sqlite_or_not", "SELEKT 'secret_column'"] {
            let error = connection.query(sql, &[]).expect_err("no such table");
            assert!(!error.to_string().contains("secret_column"), "{error}");
        }
    });
}

#[test]
fn a_reader_sees_what_was_there_when_it_began() {
    each_empty_database(|database| {
        let mut writer = database.connect(Access::Write).unwrap();
        make_things(&mut *writer);
        let mut reader = database.connect(Access::Read).unwrap();
        reader.step(Step::Begin).unwrap();
        // PostgreSQL's view is from the first query on.
        assert_eq!(all(&mut *reader), []);
        insert(&mut *writer, &[Thing::default()]).unwrap();
        assert_eq!(all(&mut *reader), []);
        reader.step(Step::Rollback).unwrap();
        reader.step(Step::Begin).unwrap();
        assert_eq!(all(&mut *reader), [Thing::default()]);
        reader.step(Step::Rollback).unwrap();
    });
}

#[test]
fn a_reader_does_not_write() {
    each_empty_database(|database| {
        make_things(&mut *database.connect(Access::Write).unwrap());
        let mut reader = database.connect(Access::Read).unwrap();
        reader.step(Step::Begin).unwrap();
        insert(&mut *reader, &[Thing::default()]).expect_err("a reader");
    });
}

#[test]
fn a_job_that_was_undone_leaves_the_one_before() {
    on_each_connection(|connection| {
        // Who writes takes a turn, which a table stands for.
        migrate(connection).unwrap();
        make_things(connection);
        let thing = |int| Thing {
            int: Some(int),
            ..Thing::default()
        };
        connection.step(Step::Begin).unwrap();
        connection.step(Step::Save).unwrap();
        insert(connection, &[thing(1)]).unwrap();
        connection.step(Step::Keep).unwrap();
        connection.step(Step::Save).unwrap();
        insert(connection, &[thing(2)]).unwrap();
        connection.query("SELECT nonsense", &[]).expect_err("no such column");
        connection.step(Step::Undo).unwrap();
        connection.step(Step::Save).unwrap();
        insert(connection, &[thing(3)]).unwrap();
        connection.step(Step::Keep).unwrap();
        connection.step(Step::Commit).unwrap();
        assert_eq!(all(connection), [thing(1), thing(3)]);
    });
}

/// A row with a column of each type.
#[derive(Debug, Clone, PartialEq, Default)]
struct Thing {
    int: Option<i64>,
    real: Option<f64>,
    text: Option<String>,
    blob: Option<Vec<u8>>,
}

fn any_thing() -> impl Strategy<Value = Thing> {
    let real = prop_oneof![any::<f64>(), Just(f64::INFINITY), Just(f64::NEG_INFINITY)];
    let real = real.prop_filter("SQLite makes NaN null: callers keep it apart", |real| !real.is_nan());
    let text = "(\\PC|[\\x00\u{10FFFF}\n'\"\\\\%]){0,20}";
    let parts = (
        any::<Option<i64>>(),
        proptest::option::of(real),
        proptest::option::of(text),
        any::<Option<Vec<u8>>>(),
    );
    parts.prop_map(|(int, real, text, blob)| Thing { int, real, text, blob })
}

fn make_things(connection: &mut dyn Connection) {
    let (key, blob) = match connection.dialect() {
        Dialect::Sqlite => ("INTEGER PRIMARY KEY", "BLOB"),
        Dialect::Postgres => ("BIGINT GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY", "BYTEA"),
    };
    let sql = format!("CREATE TABLE things (thing_key {key}, i BIGINT, r DOUBLE PRECISION, t TEXT, b {blob})");
    connection.batch(&sql).unwrap();
}

fn insert(connection: &mut dyn Connection, things: &[Thing]) -> Result<(), DatabaseError> {
    let insert = Insert {
        into: "things (i, r, t, b)",
        columns: 4,
        otherwise: "",
    };
    let values: Vec<Value<'_>> = things
        .iter()
        .flat_map(|thing| {
            [
                thing.int.into(),
                thing.real.into(),
                (&thing.text).into(),
                thing.blob.as_ref().into(),
            ]
        })
        .collect();
    connection.insert(&insert, &values)
}

fn all(connection: &mut dyn Connection) -> Vec<Thing> {
    let rows = connection
        .query("SELECT i, r, t, b FROM things ORDER BY thing_key", &[])
        .unwrap();
    rows.into_iter()
        .map(|mut row| Thing {
            int: row.maybe_int(0).unwrap(),
            real: row.maybe_real(1).unwrap(),
            text: row.maybe_text(2).unwrap(),
            blob: row.maybe_blob(3).unwrap(),
        })
        .collect()
}

fn on_each_connection(test: impl Fn(&mut dyn Connection)) {
    each_empty_database(|database| test(&mut *database.connect(Access::Write).unwrap()));
}
