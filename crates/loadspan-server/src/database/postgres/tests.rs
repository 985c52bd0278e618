use super::*;
use crate::database::Dialect;
use crate::testing::PostgresSchema;

#[test]
fn its_name_has_no_password() {
    let database = database("postgresql://me:s3cret@db.example:5433/loads?sslmode=disable");
    assert_eq!(database.name(), "postgresql://db.example:5433/loads");
}

#[test]
fn a_server_that_is_not_there_is_said_to_be_out_of_reach() {
    // A port that was free a moment ago, and to which nobody listens any more.
    let port = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let url = format!("postgresql://me:s3cret@127.0.0.1:{port}/loads");
    let error = database(&url)
        .connect(Access::Read)
        .err()
        .expect("nobody listens")
        .to_string();
    assert!(error.starts_with("the database cannot be reached: "), "{error}");
    assert!(!error.contains("s3cret"), "{error}");
}

#[test]
fn numbers_of_any_size_are_read() {
    let Some(schema) = PostgresSchema::make() else {
        return;
    };
    let mut connection = schema.database().connect(Access::Read).unwrap();
    assert_eq!(connection.dialect(), Dialect::Postgres);
    for whole in [0, 1, -1, 9999, 10_000, -120_003_400, i64::MAX, i64::MIN + 1] {
        let row = connection
            .query_one(&format!("SELECT CAST('{whole}' AS NUMERIC)"), &[])
            .unwrap()
            .unwrap();
        assert_eq!(row.int(0).unwrap(), whole);
    }
    for (text, real) in [
        ("0.5", 0.5),
        ("-12345.0625", -12345.0625),
        ("1e30", 1e30),
        ("0.00001", 0.00001),
    ] {
        let row = connection
            .query_one(&format!("SELECT CAST('{text}' AS NUMERIC)"), &[])
            .unwrap()
            .unwrap();
        assert!((row.real(0).unwrap() / real - 1.0).abs() < 1e-12, "{text}");
    }
}

#[test]
fn statements_of_any_number_are_prepared() {
    let Some(schema) = PostgresSchema::make() else {
        return;
    };
    let mut connection = schema.database().connect(Access::Read).unwrap();
    for number in 0..600 {
        let row = connection
            .query_one(&format!("SELECT {number} + CAST($1 AS BIGINT)"), &[1.into()])
            .unwrap()
            .unwrap();
        assert_eq!(row.int(0).unwrap(), number + 1);
    }
}

#[test]
fn a_server_that_says_nothing_is_given_up() {
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = silent.local_addr().unwrap().port();
    let config = format!("postgresql://me@127.0.0.1:{port}/loads").parse().unwrap();
    let opened = Session::open(&Target {
        config: &config,
        tls: None,
        connect: Duration::from_millis(100),
        patience: Duration::from_secs(60),
    });
    let error = opened.err().expect("nobody answers").to_string();
    assert_eq!(error, "the database does not answer");
}

#[test]
fn a_statement_that_is_not_answered_is_given_up() {
    let Some(schema) = PostgresSchema::make() else {
        return;
    };
    let database = schema.database();
    let session = Session::open(&Target {
        config: &database.config,
        tls: None,
        connect: Duration::from_secs(10),
        patience: Duration::from_millis(100),
    });
    let session = session.unwrap();
    session.batch("SELECT 1").unwrap();
    assert!(!session.is_closed());
    let error = session.batch("SELECT pg_sleep(60)").unwrap_err();
    assert_eq!(
        error,
        DatabaseError::Transient("the database does not answer".to_owned())
    );
    assert!(session.is_closed(), "the next answer would be that of this statement");
}

fn database(url: &str) -> Postgres {
    Postgres::new(&Secret::new(url), Durability::Process).unwrap()
}
