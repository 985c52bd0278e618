//! Folders of artifacts whose owners are gone from the database. They are noted in the transaction that deletes the owners and deleted
//! afterwards, so that none is left that nobody knows of, however the process ends and whatever the place of artifacts says.

use loadspan_wire::mlflow::artifacts::PROXY_SCHEME;

use super::{ArtifactPath, Artifacts};
use crate::app::now_ms;
use crate::database::{Connection, DatabaseError, Insert, Value};
use crate::error::ApiError;
use crate::store::Store;

/// Folders of one step.
const STEP: i64 = 100;
/// When a folder is tried again that could not be deleted, in milliseconds.
const AGAIN: i64 = 10 * 60 * 1000;
/// Folders that are counted: more are as many.
const COUNTED: i64 = 100_000;

/// A folder that is to go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DoomedFolder {
    pub(crate) path: ArtifactPath,
    /// Whose it is, if its owner may come again: then it stays.
    pub(crate) trace_id: Option<String>,
}

impl DoomedFolder {
    /// The folder at a URI of MLflow's, `mlflow-artifacts:/…`. `None`: this server does not keep it.
    pub(crate) fn at(uri: &str) -> Option<Self> {
        let path = uri.strip_prefix(PROXY_SCHEME)?.strip_prefix(":/")?;
        let path = ArtifactPath::parse(path).ok()?;
        (!path.is_root()).then_some(Self { path, trace_id: None })
    }
}

/// What became of those that were due.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Swept {
    /// Those that are left for later.
    pub(crate) waiting: u64,
    /// Why the first of those was not deleted that failed.
    pub(crate) complaint: Option<String>,
}

/// Notes that folders are to be deleted.
///
/// # Errors
///
/// The database says no.
pub(crate) fn doom(connection: &mut dyn Connection, folders: &[DoomedFolder]) -> Result<(), DatabaseError> {
    if folders.is_empty() {
        return Ok(());
    }
    let insert = Insert {
        into: "doomed_folders (path, trace_id, due)",
        columns: 3,
        otherwise: "ON CONFLICT (path) DO NOTHING",
    };
    let now = now_ms();
    let values = folders
        .iter()
        .flat_map(|folder| [folder.path.as_str().into(), (&folder.trace_id).into(), now.into()]);
    connection.insert(&insert, &values.collect::<Vec<Value<'_>>>())
}

/// Deletes the folders that are due.
///
/// # Errors
///
/// The database says no. What the place of artifacts says is in the answer: it is asked again later.
pub(crate) async fn sweep(store: &Store, artifacts: &Artifacts) -> Result<Swept, ApiError> {
    let mut swept = Swept::default();
    loop {
        let due = store.read(due).await?;
        if due.is_empty() {
            swept.waiting = store.read(waiting).await?;
            return Ok(swept);
        }
        let mut tried = Vec::with_capacity(due.len());
        for folder in due {
            let failed = folder.delete(artifacts).await.err();
            tried.push((folder.path, failed.is_some()));
            swept.complaint = swept.complaint.or(failed);
        }
        store.write(0, move |connection| settle(connection, &tried)).await?;
    }
}

/// Makes all folders due, those too that could not be deleted a moment ago.
///
/// # Errors
///
/// The database says no.
pub(crate) fn hurry(connection: &mut dyn Connection) -> Result<(), DatabaseError> {
    connection.execute("UPDATE doomed_folders SET due = 0", &[]).map(drop)
}

struct Due {
    path: String,
    /// Its owner is there again.
    is_owned: bool,
}

impl Due {
    /// # Errors
    ///
    /// Why it is not deleted.
    async fn delete(&self, artifacts: &Artifacts) -> Result<(), String> {
        if self.is_owned {
            return Ok(());
        }
        let said = |error: ApiError| format!("the folder of artifacts {}: {error}", self.path);
        artifacts
            .delete(&ArtifactPath::parse(&self.path).map_err(said)?)
            .await
            .map_err(said)
    }
}

fn due(connection: &mut dyn Connection) -> Result<Vec<Due>, ApiError> {
    let sql = "SELECT d.path, t.trace_key FROM doomed_folders d LEFT JOIN traces t ON t.trace_id = d.trace_id \
               WHERE d.due <= $1 ORDER BY d.due, d.path LIMIT $2";
    let rows = connection.query(sql, &[now_ms().into(), STEP.into()])?;
    let due = rows.into_iter().map(|mut row| {
        Ok(Due {
            path: row.text(0)?,
            is_owned: row.maybe_int(1)?.is_some(),
        })
    });
    due.collect()
}

/// Forgets folders that are gone, and puts off those that could not be deleted.
fn settle(connection: &mut dyn Connection, tried: &[(String, bool)]) -> Result<(), ApiError> {
    let later = now_ms() + AGAIN;
    for (path, has_failed) in tried {
        if *has_failed {
            let sql = "UPDATE doomed_folders SET due = $1 WHERE path = $2";
            connection.execute(sql, &[later.into(), path.into()])?;
        } else {
            connection.execute("DELETE FROM doomed_folders WHERE path = $1", &[path.into()])?;
        }
    }
    Ok(())
}

fn waiting(connection: &mut dyn Connection) -> Result<u64, ApiError> {
    let sql = "SELECT COUNT(*) FROM (SELECT 1 FROM doomed_folders LIMIT $1) AS counted";
    let row = connection.query_one(sql, &[COUNTED.into()])?;
    let count = row.map_or(Ok(0), |row| row.int(0))?;
    Ok(u64::try_from(count).unwrap_or(0))
}

#[cfg(test)]
mod tests;
