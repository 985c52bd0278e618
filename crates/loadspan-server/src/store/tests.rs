mod neighbours;

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::channel;
use std::time::Instant;

use super::*;
use crate::config::Durability;
use crate::database::{Sqlite, Value};
use crate::error::{ApiError, Code};
use crate::testing::{PostgresSchema, each_empty_database};

#[test]
fn what_was_acknowledged_is_seen_by_every_reader() {
    on_each_store(async |store| {
        for name in ["a", "b", "c"] {
            add(&store, name).await.unwrap();
            assert!(names(&store).await.contains(&name.to_owned()));
        }
    });
}

#[test]
fn an_error_undoes_its_own_job_and_no_other() {
    on_each_store(async |store| {
        let jobs: Vec<_> = (0..40)
            .map(|number| {
                let store = store.clone();
                tokio::spawn(async move {
                    let job = move |connection: &mut dyn Connection| {
                        insert(connection, &format!("{number:02}"))?;
                        if number % 2 == 0 {
                            Ok(())
                        } else {
                            Err(ApiError::invalid("odd"))
                        }
                    };
                    store.write(0, job).await
                })
            })
            .collect();
        for (number, job) in jobs.into_iter().enumerate() {
            let answer: Result<(), ApiError> = job.await.unwrap();
            assert_eq!(answer.is_ok(), number % 2 == 0);
        }
        let even: Vec<_> = (0..40).step_by(2).map(|number| format!("{number:02}")).collect();
        assert_eq!(names(&store).await, even);
    });
}

#[test]
fn an_error_of_the_database_undoes_its_own_job_and_no_other() {
    on_each_store(async |store| {
        let broken = |connection: &mut dyn Connection| -> Result<(), ApiError> {
            insert(connection, "broken")?;
            Ok(connection.execute("INSERT INTO nonsense VALUES (1)", &[]).map(drop)?)
        };
        let (first, error, last) = tokio::join!(add(&store, "first"), store.write(0, broken), add(&store, "last"));
        first.unwrap();
        last.unwrap();
        assert_eq!(error.unwrap_err().code, Code::InternalError);
        assert_eq!(names(&store).await, ["first", "last"]);
    });
}

#[test]
fn a_job_that_goes_on_after_an_error_is_not_half_kept() {
    on_each_store(async |store| {
        let careless = |connection: &mut dyn Connection| -> Result<(), ApiError> {
            insert(connection, "before")?;
            connection
                .execute("INSERT INTO nonsense VALUES (1)", &[])
                .expect_err("there is no such table");
            Ok(())
        };
        let answer = store.write(0, careless).await;
        let kept = names(&store).await;
        assert_eq!(
            answer.is_ok(),
            kept == ["before"],
            "PostgreSQL says no, SQLite keeps it: {kept:?}"
        );
        add(&store, "next").await.unwrap();
    });
}

#[test]
fn a_panic_costs_its_own_job() {
    on_each_store(async |store| {
        let broken = |connection: &mut dyn Connection| -> Result<(), ApiError> {
            insert(connection, "broken")?;
            panic!("a slip")
        };
        let (first, error, last) = tokio::join!(add(&store, "first"), store.write(0, broken), add(&store, "last"));
        first.unwrap();
        last.unwrap();
        let error = error.unwrap_err();
        assert_eq!(error.code, Code::InternalError);
        assert!(!error.message.contains("a slip"), "{}", error.message);
        let reading = store.read(|_| -> Result<(), ApiError> { panic!("another slip") }).await;
        assert_eq!(reading.unwrap_err().code, Code::InternalError);
        assert_eq!(store.figures().panics(), 2);
        assert_eq!(names(&store).await, ["first", "last"]);
    });
}

#[test]
fn a_transient_error_is_tried_again_and_not_seen() {
    on_each_store(async |store| {
        let runs = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&runs);
        let shaky = move |connection: &mut dyn Connection| -> Result<(), ApiError> {
            insert(connection, "shaky")?;
            match counted.fetch_add(1, Ordering::SeqCst) {
                0..3 => Err(DatabaseError::Transient("not now".to_owned()).into()),
                _ => Ok(()),
            }
        };
        let (first, shaken, last) = tokio::join!(add(&store, "a"), store.write(0, shaky), add(&store, "z"));
        first.unwrap();
        shaken.unwrap();
        last.unwrap();
        assert_eq!(runs.load(Ordering::SeqCst), 4);
        assert_eq!(names(&store).await, ["a", "shaky", "z"]);
    });
}

#[test]
fn who_reads_what_they_write_on_lose_nothing() {
    on_each_store(async |store| {
        add(&store, "0").await.unwrap();
        let increment = |connection: &mut dyn Connection| -> Result<(), ApiError> {
            let mut row = connection.query_one("SELECT name FROM things", &[])?.unwrap();
            let next = row.text(0)?.parse::<u64>().unwrap() + 1;
            let next = next.to_string();
            Ok(connection
                .execute("UPDATE things SET name = $1", &[(&next).into()])
                .map(drop)?)
        };
        let tasks: Vec<_> = (0..4)
            .map(|_| {
                let store = store.clone();
                tokio::spawn(async move {
                    for _ in 0..25 {
                        store.write(0, increment).await.unwrap();
                    }
                })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
        assert_eq!(names(&store).await, ["100"]);
    });
}

#[test]
fn who_was_told_that_something_is_there_finds_it_when_they_write() {
    on_each_store(async |store| {
        let find = |name: String| {
            move |connection: &mut dyn Connection| -> Result<bool, ApiError> {
                let found = connection.query_one("SELECT 1 FROM things WHERE name = $1", &[(&name).into()])?;
                Ok(found.is_some())
            }
        };
        let tasks: Vec<_> = (0..16)
            .map(|task| {
                let store = store.clone();
                tokio::spawn(async move {
                    let mut found = 0;
                    for number in 0..25 {
                        let name = format!("{task}-{number}");
                        add(&store, &name).await.unwrap();
                        found += usize::from(store.write(0, find(name)).await.unwrap());
                    }
                    found
                })
            })
            .collect();
        for task in tasks {
            assert_eq!(task.await.unwrap(), 25);
        }
    });
}

#[test]
fn who_takes_the_same_name_at_the_same_time_is_told_in_order() {
    on_each_store(async |store| {
        store.write(0, |connection| index(connection)).await.unwrap();
        let take = |connection: &mut dyn Connection| -> Result<bool, ApiError> {
            if connection
                .query_one("SELECT 1 FROM things WHERE name = 'it'", &[])?
                .is_some()
            {
                return Ok(false);
            }
            insert(connection, "it")?;
            Ok(true)
        };
        let tasks: Vec<_> = (0..8)
            .map(|_| {
                let store = store.clone();
                tokio::spawn(async move { store.write(0, take).await })
            })
            .collect();
        let mut taken = 0;
        for task in tasks {
            taken += usize::from(task.await.unwrap().unwrap());
        }
        assert_eq!(taken, 1);
    });
}

#[test]
fn what_is_found_by_its_id_is_found_while_others_search() {
    on_each_store(async |store| {
        let (ends, end) = channel::<()>();
        let end = Arc::new(Mutex::new(end));
        let searches: Vec<_> = (0..6)
            .map(|_| {
                let (store, end) = (store.clone(), Arc::clone(&end));
                let search = move |_: &mut dyn Connection| {
                    let _ = end.lock().unwrap().recv();
                    Ok::<_, ApiError>(())
                };
                tokio::spawn(async move { store.search(search).await })
            })
            .collect();
        assert_eq!(names(&store).await, [""; 0]);
        drop(ends);
        for search in searches {
            search.await.unwrap().unwrap();
        }
    });
}

#[test]
fn who_waits_for_a_reader_for_long_is_told_to_come_back() {
    on_each_store(async |store| {
        let (ends, end) = channel::<()>();
        let end = Arc::new(Mutex::new(end));
        let searches: Vec<_> = (0..4)
            .map(|_| {
                let (store, end) = (store.clone(), Arc::clone(&end));
                let search = move |_: &mut dyn Connection| {
                    let _ = end.lock().unwrap().recv();
                    Ok::<_, ApiError>(())
                };
                tokio::spawn(async move { store.search(search).await })
            })
            .collect();
        let begun = Instant::now();
        let refused = loop {
            if let Some(refused) = searches.iter().position(tokio::task::JoinHandle::is_finished) {
                break refused;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        };
        assert!(begun.elapsed() < 2 * super::PATIENCE);
        drop(ends);
        for (place, search) in searches.into_iter().enumerate() {
            let outcome = search.await.unwrap().map_err(|error| error.code);
            let expected = if place == refused {
                Err(Code::TemporarilyUnavailable)
            } else {
                Ok(())
            };
            assert_eq!(outcome, expected);
        }
    });
}

#[test]
fn a_job_reads_no_more_than_an_answer_has() {
    on_each_store(async |store| {
        let large = "SELECT CAST($1 AS TEXT)";
        let text = "x".repeat(20 << 20);
        let read = move |connection: &mut dyn Connection| {
            for _ in 0..10 {
                connection.query(large, &[(&text).into()])?;
            }
            Ok::<_, ApiError>(())
        };
        let error = store.search(read).await.unwrap_err();
        assert_eq!(error.code, Code::RequestTooLarge);
        assert_eq!(names(&store).await, [""; 0], "the next one has its own allowance");
    });
}

#[test]
fn what_waits_is_done_before_the_store_closes() {
    on_each_store(async |store| {
        let waiting: Vec<_> = (0..100)
            .map(|number| {
                let store = store.clone();
                tokio::spawn(async move { add(&store, &number.to_string()).await })
            })
            .collect();
        let mut answers = Vec::new();
        store.close().await;
        for task in waiting {
            answers.push(task.await.unwrap());
        }
        for answer in &answers {
            assert!(
                answer
                    .as_ref()
                    .map_or_else(|error| error.code == Code::TemporarilyUnavailable, |()| true)
            );
        }
        assert_eq!(
            store.figures().writes() - 1,
            answers.iter().filter(|answer| answer.is_ok()).count() as u64
        );
        let error = add(&store, "late").await.unwrap_err();
        assert_eq!(error.message, "the server is shutting down");
        store.read(|_| Ok::<_, ApiError>(())).await.expect_err("it is closed");
    });
}

#[test]
fn another_program_that_writes_is_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("loadspan.db");
    let store = Store::open(&Sqlite::new(&path, Durability::Process)).unwrap();
    block_on(async {
        store.write(0, |connection| make_things(connection)).await.unwrap();
        let other = rusqlite::Connection::open(&path).unwrap();
        other
            .execute_batch("BEGIN IMMEDIATE; INSERT INTO things VALUES ('other')")
            .unwrap();
        let writing = tokio::spawn({
            let store = store.clone();
            async move { add(&store, "ours").await }
        });
        // Reading goes on meanwhile.
        assert!(names(&store).await.is_empty());
        other.execute_batch("COMMIT").unwrap();
        writing.await.unwrap().unwrap();
        assert_eq!(names(&store).await, ["other", "ours"]);
    });
}

#[test]
fn a_full_disk_is_said_to_be_full_and_nothing_else_is_lost() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&Sqlite::new(folder.path().join("loadspan.db"), Durability::Process)).unwrap();
    block_on(async {
        store.write(0, |connection| make_things(connection)).await.unwrap();
        let full = |connection: &mut dyn Connection| {
            let row = connection.query_one("PRAGMA page_count", &[])?.unwrap();
            Ok::<_, ApiError>(connection.batch(&format!("PRAGMA max_page_count = {}", row.int(0)? + 4))?)
        };
        store.write(0, full).await.unwrap();
        let (small, large, last) = tokio::join!(add(&store, "a"), add(&store, LARGE), add(&store, "z"));
        small.unwrap();
        last.unwrap();
        let error = large.unwrap_err();
        assert_eq!(
            (error.code, &*error.message),
            (Code::TemporarilyUnavailable, "the database's disk is full")
        );
        assert_eq!(names(&store).await, ["a", "z"]);
    });
}

#[test]
fn a_second_server_on_one_file_is_refused_until_the_first_is_gone() {
    let folder = tempfile::tempdir().unwrap();
    let database = Sqlite::new(folder.path().join("loadspan.db"), Durability::Process);
    let first = Store::open(&database).unwrap();
    let error = Store::open(&database).err().expect("the first serves it").to_string();
    assert!(error.starts_with("another loadspan serve"), "{error}");
    block_on(async { assert_eq!(first.close().await, Closed::Whole) });
    drop(first);
    Store::open(&database).unwrap();
}

#[test]
fn a_connection_that_is_lost_is_made_again() {
    let Some(schema) = PostgresSchema::make() else {
        return;
    };
    let store = Store::open(&schema.database()).unwrap();
    block_on(async {
        store.write(0, |connection| make_things(connection)).await.unwrap();
        for round in 0..5 {
            let end_all = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                 WHERE application_name = current_setting('application_name') AND pid <> pg_backend_pid()";
            let job = |connection: &mut dyn Connection| Ok::<_, ApiError>(connection.execute(end_all, &[])?);
            store.write(0, job).await.unwrap();
            add(&store, &round.to_string()).await.unwrap();
            assert_eq!(names(&store).await.len(), round + 1);
        }
        store.close().await;
    });
}

#[test]
fn several_servers_share_a_database_of_postgresql() {
    let Some(schema) = PostgresSchema::make() else {
        return;
    };
    let database = schema.database();
    let (opened, stores) = channel();
    std::thread::scope(|scope| {
        for _ in 0..3 {
            let opened = opened.clone();
            let database = &database;
            scope.spawn(move || opened.send(Store::open(database).unwrap()).unwrap());
        }
    });
    drop(opened);
    let stores: Vec<Store> = stores.iter().collect();
    block_on(async {
        stores[0].write(0, |connection| make_things(connection)).await.unwrap();
        for (number, store) in stores.iter().enumerate() {
            add(store, &number.to_string()).await.unwrap();
        }
        assert_eq!(names(&stores[0]).await, ["0", "1", "2"]);
        for store in stores {
            store.close().await;
        }
    });
}

/// More than the pages that are left.
const LARGE: &str = match std::str::from_utf8(&[b'x'; 100_000]) {
    Ok(text) => text,
    Err(_) => "",
};

fn make_things(connection: &mut dyn Connection) -> Result<(), ApiError> {
    Ok(connection.batch("CREATE TABLE things (name TEXT NOT NULL)")?)
}

fn index(connection: &mut dyn Connection) -> Result<(), ApiError> {
    Ok(connection.batch("CREATE UNIQUE INDEX things_by_name ON things (name)")?)
}

fn insert(connection: &mut dyn Connection, name: &str) -> Result<(), ApiError> {
    Ok(connection
        .execute("INSERT INTO things (name) VALUES ($1)", &[name.into()])
        .map(drop)?)
}

async fn add(store: &Store, name: &str) -> Result<(), ApiError> {
    let name = name.to_owned();
    store
        .write(name.len(), move |connection| insert(connection, &name))
        .await
}

async fn names(store: &Store) -> Vec<String> {
    let names = |connection: &mut dyn Connection| {
        let rows = connection.query("SELECT name FROM things ORDER BY name LIMIT $1", &[Value::Int(1000)])?;
        let names = rows.into_iter().map(|mut row| row.text(0));
        Ok::<_, ApiError>(names.collect::<Result<_, _>>()?)
    };
    store.read(names).await.unwrap()
}

fn on_each_store(test: impl AsyncFn(Store)) {
    each_empty_database(|database| {
        let store = Store::open(database).unwrap();
        block_on(async {
            store.write(0, |connection| make_things(connection)).await.unwrap();
            test(store.clone()).await;
            store.close().await;
        });
    });
}

fn block_on(test: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(test);
}
