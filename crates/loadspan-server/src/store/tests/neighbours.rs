//! Jobs beside others that are stuck, that remove, or that are of another server.

use super::*;
use crate::testing::each_pair_of_stores;

#[test]
fn a_job_that_is_stuck_takes_nothing_from_its_neighbours() {
    on_each_store(async |store| {
        let stuck = |_: &mut dyn Connection| -> Result<(), ApiError> {
            Err(DatabaseError::Transient("never".to_owned()).into())
        };
        let stuck: Vec<_> = (0..3)
            .map(|_| {
                let store = store.clone();
                tokio::spawn(async move { store.write(0, stuck).await })
            })
            .collect();
        let begun = Instant::now();
        let neighbours: Vec<_> = (0..40)
            .map(|number| {
                let store = store.clone();
                tokio::spawn(async move { add(&store, &format!("{number:02}")).await })
            })
            .collect();
        for neighbour in neighbours {
            neighbour.await.unwrap().unwrap();
        }
        assert!(begun.elapsed() < PATIENCE / 2, "{:?}", begun.elapsed());
        assert!(stuck.iter().all(|stuck| !stuck.is_finished()));
        assert_eq!(names(&store).await.len(), 40);
        for stuck in stuck {
            assert_eq!(stuck.await.unwrap().unwrap_err().code, Code::TemporarilyUnavailable);
        }
        assert!(begun.elapsed() < 2 * PATIENCE, "{:?}", begun.elapsed());
    });
}

#[test]
fn a_row_that_somebody_holds_holds_up_those_who_want_it() {
    let Some(schema) = PostgresSchema::make() else {
        return;
    };
    let database = schema.database();
    let store = Store::open(&database).unwrap();
    let mut holder = database.connect(Access::Write).unwrap();
    block_on(async {
        store.write(0, |connection| make_things(connection)).await.unwrap();
        add(&store, "held").await.unwrap();
        add(&store, "free").await.unwrap();
        let (holds, held) = channel();
        let (ends, end) = channel::<()>();
        let holding = std::thread::spawn(move || {
            holder
                .batch("BEGIN; UPDATE things SET name = name WHERE name = 'held'")
                .unwrap();
            holds.send(()).unwrap();
            let _ = end.recv();
            holder.batch("COMMIT").unwrap();
        });
        held.recv().unwrap();
        let touch = |name: &'static str| {
            let store = store.clone();
            tokio::spawn(async move {
                let touch = move |connection: &mut dyn Connection| -> Result<u64, ApiError> {
                    Ok(connection.execute("UPDATE things SET name = name WHERE name = $1", &[name.into()])?)
                };
                store.write(0, touch).await
            })
        };
        let waiting = [touch("held"), touch("held")];
        let begun = Instant::now();
        for _ in 0..10 {
            assert_eq!(touch("free").await.unwrap().unwrap(), 1);
        }
        assert!(begun.elapsed() < PATIENCE, "{:?}", begun.elapsed());
        drop(ends);
        holding.join().unwrap();
        for waiting in waiting {
            assert_eq!(waiting.await.unwrap().unwrap(), 1);
        }
        store.close().await;
    });
}

#[test]
fn who_removes_sees_what_was_added_and_who_adds_what_was_removed() {
    each_pair_of_stores(async |adding, removing| {
        removing.write(0, |connection| make_things(connection)).await.unwrap();
        let made = |connection: &mut dyn Connection| -> Result<(), ApiError> {
            Ok(connection.batch("CREATE TABLE parts (name TEXT NOT NULL)")?)
        };
        removing.write(0, made).await.unwrap();
        for round in 0..30 {
            let name = format!("{round}");
            add(&removing, &name).await.unwrap();
            let adders: Vec<_> = (0..4)
                .map(|_| {
                    let (store, name) = (adding.clone(), name.clone());
                    let add = move |connection: &mut dyn Connection| -> Result<(), ApiError> {
                        let whole = connection.query_one("SELECT 1 FROM things WHERE name = $1", &[(&name).into()])?;
                        if whole.is_some() {
                            connection.execute("INSERT INTO parts (name) VALUES ($1)", &[(&name).into()])?;
                        }
                        Ok(())
                    };
                    tokio::spawn(async move { store.write(0, add).await })
                })
                .collect();
            let removed = name.clone();
            let remove = move |connection: &mut dyn Connection| -> Result<(), ApiError> {
                connection.execute("DELETE FROM parts WHERE name = $1", &[(&removed).into()])?;
                Ok(connection
                    .execute("DELETE FROM things WHERE name = $1", &[(&removed).into()])
                    .map(drop)?)
            };
            removing.remove(remove).await.unwrap();
            for adder in adders {
                adder.await.unwrap().unwrap();
            }
        }
        let left = |connection: &mut dyn Connection| -> Result<i64, ApiError> {
            Ok(connection
                .query_one("SELECT COUNT(*) FROM parts", &[])?
                .unwrap()
                .int(0)?)
        };
        assert_eq!(removing.read(left).await.unwrap(), 0);
    });
}
