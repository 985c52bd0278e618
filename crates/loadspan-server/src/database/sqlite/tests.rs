use std::path::Path;
use std::time::{Duration, Instant};

use super::*;
use crate::database::{Allowance, Step, Value, Waits, migrate};

#[test]
fn a_folder_that_does_not_exist_is_named() {
    let error = refused(Path::new("/nowhere/at/all/loadspan.db"));
    assert_eq!(
        error,
        "the folder /nowhere/at/all does not exist: make it, or name another"
    );
}

#[test]
fn a_folder_is_no_database() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(refused(folder.path()), "it is a folder: name a file");
}

#[test]
fn a_file_of_something_else_is_no_database() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("notes.db");
    for content in ["Dear diary, today I measured a server.", "SQLite", &"x".repeat(5000)] {
        std::fs::write(&path, content).unwrap();
        assert_eq!(refused(&path), "it is no database of SQLite: name another file");
        assert_eq!(std::fs::read_to_string(&path).unwrap(), content, "it is not written to");
    }
}

#[test]
fn a_file_that_is_read_only_is_said_to_be() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("old.db");
    std::fs::write(&path, "").unwrap();
    let mut permissions = path.metadata().unwrap().permissions();
    permissions.set_readonly(true);
    std::fs::set_permissions(&path, permissions).unwrap();
    assert_eq!(
        refused(&path),
        "it is read-only: make it writable, or name another file"
    );
}

#[test]
fn a_database_of_another_program_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mlflow.db");
    let theirs = rusqlite::Connection::open(&path).unwrap();
    theirs
        .execute_batch("CREATE TABLE alembic_version (version_num TEXT); CREATE TABLE experiments (name TEXT)")
        .unwrap();
    let error = migrate(&mut *database(&path).connect(Access::Write).unwrap()).expect_err("it is not ours");
    assert_eq!(
        error.to_string(),
        "it is the database of another program (of MLflow's own server?): name a new one"
    );
    let tables: i64 = theirs
        .query_row("SELECT COUNT(*) FROM sqlite_schema", [], |row| row.get(0))
        .unwrap();
    assert_eq!(tables, 2);
}

#[test]
fn a_database_is_served_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("loadspan.db");
    let first = database(&path).claim().unwrap();
    assert!(first.is_some());
    let error = database(&path).claim().expect_err("the first has it").to_string();
    let expected = format!(
        "another loadspan serve (process {}) uses it: stop that one",
        std::process::id()
    );
    assert!(error.starts_with(&expected), "{error}");
    drop(first);
    assert!(database(&path).claim().unwrap().is_some());
}

#[cfg(unix)]
#[test]
fn a_link_is_the_same_database() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("loadspan.db");
    std::fs::write(&path, "").unwrap();
    let link = folder.path().join("link.db");
    std::os::unix::fs::symlink(&path, &link).unwrap();
    let _first = database(&path).claim().unwrap();
    database(&link).claim().expect_err("it is the same file");
}

#[test]
fn a_commit_waits_for_the_disk_where_that_was_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("loadspan.db");
    for (durability, expected) in [(Durability::Process, 1), (Durability::Full, 2)] {
        let mut connection = Sqlite::new(&path, durability).connect(Access::Write).unwrap();
        let row = connection.query_one("PRAGMA synchronous", &[]).unwrap().unwrap();
        assert_eq!(row.int(0).unwrap(), expected, "{durability:?}");
    }
}

#[test]
fn a_read_ends_when_its_time_is_over() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("loadspan.db");
    drop(database(&path).connect(Access::Write).unwrap());
    let mut reader = database(&path).connect(Access::Read).unwrap();
    reader.step(Step::Begin).unwrap();
    let waits = Waits::default();
    reader.allow(Allowance {
        bytes: usize::MAX,
        until: Instant::now(),
        asker: waits.asker(),
    });
    let endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT COUNT(*) FROM n";
    let error = reader.query(endless, &[]).expect_err("nobody waits so long");
    assert_eq!(
        error,
        DatabaseError::Unavailable("the query took too long: ask for less at a time".to_owned())
    );
    reader.step(Step::Rollback).unwrap();
    reader.step(Step::Begin).unwrap();
    assert_eq!(reader.query("SELECT 1", &[]).unwrap().len(), 1);
}

#[test]
fn a_read_ends_when_nobody_waits_for_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("loadspan.db");
    drop(database(&path).connect(Access::Write).unwrap());
    let mut reader = database(&path).connect(Access::Read).unwrap();
    let waits = Waits::default();
    let allowance = Allowance {
        bytes: usize::MAX,
        until: Instant::now() + Duration::from_secs(3600),
        asker: waits.asker(),
    };
    // Often enough that the clock is looked at while a transaction ends.
    for _ in 0..10_000 {
        reader.step(Step::Begin).unwrap();
        reader.allow(allowance.clone());
        assert_eq!(reader.query("SELECT 1", &[]).unwrap().len(), 1);
        reader.step(Step::Rollback).unwrap();
    }
    reader.step(Step::Begin).unwrap();
    reader.allow(allowance);
    drop(waits);
    let endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT COUNT(*) FROM n";
    reader.query(endless, &[]).expect_err("nobody waits");
    reader.step(Step::Rollback).unwrap();
}

#[test]
fn the_log_stays_short_while_it_is_written_and_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("loadspan.db");
    let mut small = database(&path);
    small.wal = WalLimits {
        copy: 200,
        rest: 200,
        renew: 1000,
        most: 1500,
    };
    let mut writer = small.connect(Access::Write).unwrap();
    writer.batch("CREATE TABLE things (content BLOB)").unwrap();
    let mut reader = small.connect(Access::Read).unwrap();
    for _ in 0..3000 {
        writer.step(Step::Begin).unwrap();
        writer
            .execute("INSERT INTO things VALUES ($1)", &[Value::Blob(&[1; 3000])])
            .unwrap();
        writer.step(Step::Commit).unwrap();
        reader.step(Step::Begin).unwrap();
        reader.query("SELECT MAX(rowid) FROM things", &[]).unwrap();
        reader.step(Step::Rollback).unwrap();
    }
    let pages = path.with_extension("db-wal").metadata().unwrap().len() / 4096;
    assert!(
        pages < 2000,
        "the log has {pages} pages, and everything ever written some 6000"
    );
}

#[test]
fn a_reader_that_stays_holds_up_the_log_and_no_writer() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("loadspan.db");
    let mut small = database(&path);
    small.wal = WalLimits {
        copy: 16,
        rest: 64,
        renew: 100,
        most: 100_000,
    };
    let mut writer = small.connect(Access::Write).unwrap();
    writer.batch("CREATE TABLE things (content BLOB)").unwrap();
    let mut reader = small.connect(Access::Read).unwrap();
    reader.step(Step::Begin).unwrap();
    let begun = Instant::now();
    for _ in 0..500 {
        writer.step(Step::Begin).unwrap();
        writer
            .execute("INSERT INTO things VALUES ($1)", &[Value::Blob(&[1; 3000])])
            .unwrap();
        writer.step(Step::Commit).unwrap();
    }
    assert!(begun.elapsed() < BUSY_TIMEOUT, "{:?}", begun.elapsed());
    let seen = reader.query("SELECT COUNT(*) FROM things", &[]).unwrap();
    assert_eq!(seen[0].int(0).unwrap(), 0);
}

#[test]
fn a_log_that_is_too_long_is_waited_for_now_and_then() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("loadspan.db");
    let mut small = database(&path);
    small.wal = WalLimits {
        copy: 200,
        rest: 64,
        renew: 100,
        most: 300,
    };
    let mut writer = small.connect(Access::Write).unwrap();
    writer.batch("CREATE TABLE things (content BLOB)").unwrap();
    let mut write = |count: usize| {
        for _ in 0..count {
            writer.step(Step::Begin).unwrap();
            writer
                .execute("INSERT INTO things VALUES ($1)", &[Value::Blob(&[1; 3000])])
                .unwrap();
            writer.step(Step::Commit).unwrap();
        }
    };
    let mut reader = small.connect(Access::Read).unwrap();
    reader.step(Step::Begin).unwrap();
    let begun = Instant::now();
    write(400);
    let pages = || path.with_extension("db-wal").metadata().unwrap().len() / 4096;
    assert!(pages() > 500, "a reader holds it up: {}", pages());
    // A second for each 200 pages, and not for each of some 300 transactions.
    assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
    reader.step(Step::Rollback).unwrap();
    let long = pages();
    write(600);
    // Each of these transactions writes some pages: were it not begun anew, it would be three times as long.
    assert!(pages() < long + 300, "{long} and then {}", pages());
}

#[cfg(unix)]
#[test]
fn only_its_owner_reads_it() {
    use std::os::unix::fs::PermissionsExt;

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("loadspan.db");
    let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
    let _claim = database(&path).claim().unwrap();
    let mut writer = database(&path).connect(Access::Write).unwrap();
    writer.batch("CREATE TABLE things (content BLOB)").unwrap();
    for name in ["loadspan.db", "loadspan.db-wal", "loadspan.db-shm", "loadspan.db-lock"] {
        assert_eq!(mode(&folder.path().join(name)), 0o600, "{name}");
    }
    let copy = folder.path().join("copy.db");
    database(&path).copy_to(&copy).unwrap();
    assert_eq!(mode(&copy), 0o600);
}

#[test]
fn a_copy_takes_the_place_of_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("loadspan.db");
    drop(database(&path).connect(Access::Write).unwrap());
    for taken in ["copy.db", "copy.db.part"] {
        let taken = folder.path().join(taken);
        std::fs::write(&taken, "precious").unwrap();
        let error = database(&path).copy_to(&folder.path().join("copy.db")).unwrap_err();
        assert!(error.to_string().contains("is there already"), "{error}");
        assert_eq!(std::fs::read_to_string(&taken).unwrap(), "precious");
        std::fs::remove_file(&taken).unwrap();
    }
    database(&path).copy_to(&folder.path().join("copy.db")).unwrap();
    assert!(!folder.path().join("copy.db.part").exists());
}

#[cfg(unix)]
#[test]
fn a_copy_follows_no_link() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("loadspan.db");
    drop(database(&path).connect(Access::Write).unwrap());
    let (target, copy) = (folder.path().join("target"), folder.path().join("copy.db"));
    for link in [copy.clone(), folder.path().join("copy.db.part")] {
        std::os::unix::fs::symlink(&target, &link).unwrap();
        database(&path).copy_to(&copy).expect_err("a link is there");
        assert!(!target.exists());
        std::fs::remove_file(&link).unwrap();
    }
}

fn database(path: &Path) -> Sqlite {
    Sqlite::new(path, Durability::Process)
}

fn refused(path: &Path) -> String {
    match database(path).connect(Access::Write) {
        Ok(_) => panic!("{} should be refused", path.display()),
        Err(error) => error.to_string(),
    }
}
