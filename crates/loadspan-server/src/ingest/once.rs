//! Tables of what many items share: a row is found by its SHA-256, stored once, and changes only in the day on which it was last
//! needed. Whoever deletes old items deletes by that day what only they had: nobody could count who still needs a row.

use std::collections::HashMap;

use aws_lc_rs::digest::{Context, SHA256};

use super::lookup::Lookup;
use crate::app::now_ms;
use crate::database::{Connection, DatabaseError, Insert, Value};
use crate::tracking::in_lists;

/// The SHA-256 of something.
pub(super) type Digest = [u8; 32];

/// Rows of one statement.
const CHUNK: usize = 256;

/// Such a table.
#[derive(Debug, Clone, Copy)]
pub(super) struct Table {
    /// `SELECT digest, key, seen_day FROM … WHERE digest IN`.
    pub(super) select: &'static str,
    /// `table (digest, column, …, seen_day)`.
    pub(super) into: &'static str,
    pub(super) columns: usize,
    /// `UPDATE … SET seen_day = $1 WHERE key IN`.
    pub(super) see: &'static str,
}

/// A row that is there.
#[derive(Debug, Clone, Copy)]
struct Known {
    key: i64,
    seen_day: i64,
}

/// A row of such a table.
pub(super) trait Once {
    fn digest(&self) -> &Digest;
}

impl Table {
    /// The keys of all these, by place. Those that are new are stored, with the values that `values` adds for a row: all but the last.
    pub(super) fn keys<'v, T: Once>(
        &self,
        connection: &mut dyn Connection,
        items: &'v [T],
        values: impl Fn(&mut Vec<Value<'v>>, &'v T),
    ) -> Result<Vec<i64>, DatabaseError> {
        let today = day(now_ms());
        let known = self.known(connection, items)?;
        self.see(connection, known.values(), today)?;
        if let Some(keys) = in_order(items, &known) {
            return Ok(keys);
        }
        let is_new = |item: &&'v T| !known.contains_key(item.digest());
        let mut new: Vec<&'v T> = items.iter().filter(is_new).collect();
        // In one order for all writers, so that they do not wait for each other in a circle.
        new.sort_unstable_by_key(|item| *item.digest());
        let insert = Insert {
            into: self.into,
            columns: self.columns,
            otherwise: "ON CONFLICT (digest) DO NOTHING",
        };
        for chunk in new.chunks(CHUNK) {
            let mut rows = Vec::with_capacity(chunk.len() * self.columns);
            for item in chunk {
                values(&mut rows, item);
                rows.push(today.into());
            }
            connection.insert(&insert, &rows)?;
        }
        let known = self.known(connection, items)?;
        in_order(items, &known)
            .ok_or_else(|| DatabaseError::Transient("a row went away while it was looked for".to_owned()))
    }

    fn known<T: Once>(
        &self,
        connection: &mut dyn Connection,
        items: &[T],
    ) -> Result<HashMap<Digest, Known>, DatabaseError> {
        let digests: Vec<_> = items.iter().map(|item| Value::Blob(item.digest())).collect();
        let mut known = HashMap::with_capacity(digests.len());
        Lookup::new(self.select).rows(connection, &digests, |row| {
            if let Ok(digest) = Digest::try_from(row.blob(0)?) {
                let (key, seen_day) = (row.int(1)?, row.int(2)?);
                known.insert(digest, Known { key, seen_day });
            }
            Ok(())
        })?;
        Ok(known)
    }

    /// Notes that rows are needed today. Once a day that is a statement, and then nothing.
    fn see<'k>(
        &self,
        connection: &mut dyn Connection,
        known: impl Iterator<Item = &'k Known>,
        today: i64,
    ) -> Result<(), DatabaseError> {
        let mut keys: Vec<i64> = known.filter(|row| row.seen_day < today).map(|row| row.key).collect();
        // In one order for all writers.
        keys.sort_unstable();
        for (places, mut values) in in_lists(2, &keys) {
            values.insert(0, today.into());
            connection.execute(&format!("{} ({places})", self.see), &values)?;
        }
        Ok(())
    }
}

fn in_order<T: Once>(items: &[T], known: &HashMap<Digest, Known>) -> Option<Vec<i64>> {
    items
        .iter()
        .map(|item| known.get(item.digest()).map(|row| row.key))
        .collect()
}

/// The day of a time in milliseconds, counted from 1970.
pub(super) fn day(ms: i64) -> i64 {
    ms.div_euclid(86_400_000)
}

/// The SHA-256 of parts, each with its length, so that no two lists of parts look alike.
pub(super) fn digest(parts: &[&[u8]]) -> Digest {
    let mut context = Context::new(&SHA256);
    for part in parts {
        context.update(&(part.len() as u64).to_le_bytes());
        context.update(part);
    }
    let mut digest = Digest::default();
    digest.copy_from_slice(context.finish().as_ref());
    digest
}
