use super::*;
use crate::database::Access;
use crate::testing::each_empty_database;

#[test]
fn a_new_database_has_the_default_experiment() {
    each_empty_database(|database| {
        let mut connection = database.connect(Access::Write).unwrap();
        migrate(&mut *connection).unwrap();
        let row = connection.query_one("SELECT experiment_id, name, artifact_location FROM experiments", &[]);
        let mut row = row.unwrap().unwrap();
        assert_eq!(row.int(0).unwrap(), 0);
        assert_eq!(row.text(1).unwrap(), "Default");
        assert_eq!(row.text(2).unwrap(), "mlflow-artifacts:/0");
    });
}

#[test]
fn the_first_experiment_of_a_client_is_1() {
    each_empty_database(|database| {
        let mut connection = database.connect(Access::Write).unwrap();
        migrate(&mut *connection).unwrap();
        let row = connection.query_one(
            "INSERT INTO experiments (name, artifact_location, lifecycle_stage, creation_time, last_update_time)
             VALUES ('a', 'b', 'active', 0, 0) RETURNING experiment_id",
            &[],
        );
        assert_eq!(row.unwrap().unwrap().int(0).unwrap(), 1);
    });
}

#[test]
fn a_database_that_is_up_to_date_is_left_alone() {
    each_empty_database(|database| {
        let mut connection = database.connect(Access::Write).unwrap();
        migrate(&mut *connection).unwrap();
        connection.execute("UPDATE experiments SET name = 'mine'", &[]).unwrap();
        migrate(&mut *connection).unwrap();
        assert_eq!(versions(&mut *connection), [1, 2]);
        assert_eq!(
            count(&mut *connection, "SELECT COUNT(*) FROM experiments WHERE name = 'mine'"),
            1
        );
    });
}

#[test]
fn a_newer_schema_is_refused() {
    each_empty_database(|database| {
        let mut connection = database.connect(Access::Write).unwrap();
        migrate(&mut *connection).unwrap();
        connection
            .execute("INSERT INTO schema_version (version) VALUES (7)", &[])
            .unwrap();
        let error = migrate(&mut *connection).expect_err("it is newer").to_string();
        assert_eq!(
            error,
            "it has schema version 7, and this loadspan knows versions up to 2: use a newer loadspan"
        );
    });
}

#[test]
fn another_schema_is_refused_by_those_who_do_not_migrate() {
    each_empty_database(|database| {
        let mut connection = database.connect(Access::Write).unwrap();
        let error = check(&mut *connection).expect_err("it is empty").to_string();
        assert!(error.starts_with("it is no database of loadspan: "), "{error}");
        migrate(&mut *connection).unwrap();
        check(&mut *connection).unwrap();
        for (version, expected) in [
            (1, "it has schema version 1, and this loadspan has 2: "),
            (3, "it has schema version 3, "),
        ] {
            connection
                .execute("UPDATE schema_version SET version = $1", &[version.into()])
                .unwrap();
            let error = check(&mut *connection).expect_err("it is another one").to_string();
            assert!(error.starts_with(expected), "{error}");
        }
    });
}

#[test]
fn half_a_migration_leaves_nothing() {
    each_empty_database(|database| {
        let mut connection = database.connect(Access::Write).unwrap();
        migrate_to(&mut *connection, &VERSIONS[..1]).unwrap();
        let broken = [
            VERSIONS[0],
            "CREATE TABLE half (a BIGINT); INSERT INTO half VALUES (1); CREATE TABLE half (b BIGINT)",
        ];
        let error = migrate_to(&mut *connection, &broken)
            .expect_err("a table is made twice")
            .to_string();
        assert!(error.starts_with("schema version 2: "), "{error}");
        assert_eq!(versions(&mut *connection), [1]);
        assert!(!has_table(&mut *connection, "half").unwrap());
        let whole = [VERSIONS[0], "CREATE TABLE half (a BIGINT)"];
        migrate_to(&mut *connection, &whole).unwrap();
        assert_eq!(versions(&mut *connection), [1, 2]);
    });
}

#[test]
fn servers_that_start_at_the_same_time_make_one_schema() {
    each_empty_database(|database| {
        std::thread::scope(|scope| {
            let starts: Vec<_> = (0..4)
                .map(|_| scope.spawn(|| migrate(&mut *database.connect(Access::Write)?)))
                .collect();
            for start in starts {
                start.join().unwrap().unwrap();
            }
        });
        assert_eq!(versions(&mut *database.connect(Access::Write).unwrap()), [1, 2]);
    });
}

#[test]
fn spans_of_the_first_version_are_kept() {
    each_empty_database(|database| {
        let mut connection = database.connect(Access::Write).unwrap();
        migrate_to(&mut *connection, &VERSIONS[..1]).unwrap();
        let insert = "INSERT INTO spans (trace_key, span_id, name, status, start_ns, end_ns, resource_key, scope_key, model, total_cost, \
                      events, content, translated) VALUES (7, $1, 'chat', 'OK', 1, 2, 3, 4, 'm', 0.5, 6, $2, '{}')";
        let values = [(&[8_u8; 8][..]).into(), (&[9_u8][..]).into()];
        connection.execute(insert, &values).unwrap();
        migrate(&mut *connection).unwrap();
        let sql = "SELECT span_id, content, name, kind, links, total_cost, translated FROM spans WHERE trace_key = 7";
        let mut row = connection.query_one(sql, &[]).unwrap().unwrap();
        assert_eq!((row.blob(0).unwrap(), row.blob(1).unwrap()), (vec![8; 8], vec![9]));
        assert_eq!(
            (row.text(2).unwrap(), row.text(6).unwrap()),
            ("chat".to_owned(), "{}".to_owned())
        );
        assert_eq!((row.int(3).unwrap(), row.int(4).unwrap()), (0, 0));
        assert_eq!(row.maybe_real(5).unwrap(), Some(0.5));
    });
}

fn versions(connection: &mut dyn Connection) -> Vec<i64> {
    let rows = connection
        .query("SELECT version FROM schema_version ORDER BY version", &[])
        .unwrap();
    rows.iter().map(|row| row.int(0).unwrap()).collect()
}

fn count(connection: &mut dyn Connection, sql: &str) -> i64 {
    connection.query_one(sql, &[]).unwrap().unwrap().int(0).unwrap()
}
