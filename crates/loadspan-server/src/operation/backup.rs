//! A copy of the database, while it is served.

use std::path::Path;

use crate::config::{Backend, ConfigError, Durability};
use crate::database::{CopyError, Database, Sqlite};
use crate::server::ServerError;

/// Copies the database into a new file, as it is at one moment; its bytes. Artifacts are not in it. Blocks.
///
/// # Errors
///
/// The file is there already, or cannot be written; the database is none of SQLite, or is not there.
pub fn backup(backend: &Backend, file: &Path) -> Result<u64, ServerError> {
    let Backend::Sqlite(path) = backend else {
        let message = "PostgreSQL has backups of its own: use pg_dump";
        return Err(ConfigError::new("serve backup", message).into());
    };
    let database = Sqlite::new(path, Durability::Full);
    database.copy_to(file).map_err(|error| match error {
        CopyError::Target(message) => ConfigError::new("serve backup", message).into(),
        CopyError::Source(error) => ServerError::Database {
            database: database.name(),
            message: error.to_string(),
        },
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::database::Access;
    use crate::testing::on_sqlite;

    #[test]
    fn a_backup_is_whole_while_others_write() {
        on_sqlite(async |app| {
            let backend = Backend::Sqlite(app.folder().join("loadspan.db"));
            let file = app.folder().join("copy.db");
            let create = |number: i32| {
                let name = json!({"name": format!("experiment {number}")});
                app.call("POST", "/api/2.0/mlflow/experiments/create", name)
            };
            for number in 0..10 {
                create(number).await;
            }
            let copying = {
                let (backend, file) = (backend.clone(), file.clone());
                tokio::task::spawn_blocking(move || backup(&backend, &file))
            };
            for number in 10..30 {
                assert!(create(number).await.0.is_success());
            }
            assert!(copying.await.unwrap().unwrap() > 4096);
            let copy = Sqlite::new(&file, Durability::Process);
            let mut connection = copy.connect(Access::Write).unwrap();
            let counted = connection.query_one("SELECT COUNT(*) FROM experiments", &[]).unwrap();
            let experiments = counted.unwrap().int(0).unwrap();
            assert!((11..=31).contains(&experiments), "{experiments}");
            let sound = connection.query_one("PRAGMA integrity_check", &[]).unwrap();
            assert_eq!(sound.unwrap().text(0).unwrap(), "ok");
            // That is for the user to put right, and not the fault of the database.
            for target in [file.clone(), app.folder().join("none/copy.db")] {
                let refused = backup(&backend, &target).unwrap_err();
                assert!(matches!(refused, ServerError::Config(_)), "{refused:?}");
                let refused = refused.to_string();
                assert!(refused.contains(&target.display().to_string()), "{refused}");
                assert!(!refused.contains("loadspan.db"), "{refused}");
            }
        });
    }

    #[test]
    fn what_is_not_there_cannot_be_copied() {
        let folder = tempfile::tempdir().unwrap();
        let backend = Backend::Sqlite(folder.path().join("none.db"));
        let error = backup(&backend, &folder.path().join("copy.db"))
            .unwrap_err()
            .to_string();
        assert!(error.contains("none.db") && error.contains("no such file"), "{error}");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
