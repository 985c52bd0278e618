//! Where the demo keeps its results and its database.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use loadspan_record::redact_url;
use loadspan_server::Backend;

use crate::artifacts::RunFolder;
use crate::cli::{DemoArgs, PlaceArgs};
use crate::commands::serve::settings::Place;
use crate::exit::UsageError;
use crate::terminal;

const FOLDER: &str = "artifacts/demo";
const DATABASE: &str = "loadspan.db";
/// More demos at the same time than anybody has.
const MOST_DEMOS: u32 = 100;

/// A folder that belongs to this demo for as long as it goes on, and stays.
#[derive(Debug)]
pub(super) struct DemoPlace {
    folder: PathBuf,
    store: Place,
    /// As `loadspan serve` is told it.
    database: String,
    /// `None`: the file system knows no locks.
    _lock: Option<File>,
}

impl DemoPlace {
    /// Takes the folder of the user's choice, or the usual one. While another demo has that, the next one.
    ///
    /// # Errors
    ///
    /// It cannot be made, or is in use; the database is none of a known kind.
    pub(super) fn claim(args: &DemoArgs) -> Result<Self, UsageError> {
        let (folder, lock) = match &args.artifact_dir {
            Some(folder) => (folder.clone(), claim(folder)?.ok_or_else(|| in_use(folder))?),
            None => claim_usual()?,
        };
        let (store, database) = match &args.backend_store_uri {
            Some(uri) => (
                Place::resolve(PlaceArgs {
                    backend_store_uri: Some(uri.clone()),
                    artifacts_destination: None,
                })?,
                redact_url(uri),
            ),
            None => {
                let path = folder.join(DATABASE);
                let shown = path.display().to_string();
                (Place::with_artifacts_beside(Backend::Sqlite(path))?, shown)
            }
        };
        Ok(Self {
            folder,
            store,
            database,
            _lock: lock.0,
        })
    }

    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Where the server keeps its data.
    pub(super) fn store(&self) -> &Place {
        &self.store
    }

    /// The database, without a password.
    pub(super) fn database(&self) -> &str {
        &self.database
    }
}

/// A lock, where there are locks.
#[derive(Debug)]
struct Lock(Option<File>);

/// `None`: somebody else has it.
fn claim(folder: &Path) -> Result<Option<Lock>, UsageError> {
    fs::create_dir_all(folder).map_err(|error| {
        UsageError::with_hint(
            format!("cannot write to {}: {error}", folder.display()),
            "choose another folder with --artifact-dir",
        )
    })?;
    Ok(RunFolder::open(folder).lock().ok().map(Lock))
}

fn claim_usual() -> Result<(PathBuf, Lock), UsageError> {
    let usual = PathBuf::from(FOLDER);
    if let Some(lock) = claim(&usual)? {
        return Ok((usual, lock));
    }
    for number in 2..MOST_DEMOS {
        let next = PathBuf::from(format!("{FOLDER}-{number}"));
        if let Some(lock) = claim(&next)? {
            terminal::print_note(&format!(
                "another demo has {}: this one has {}",
                usual.display(),
                next.display()
            ));
            return Ok((next, lock));
        }
    }
    Err(in_use(&usual))
}

fn in_use(folder: &Path) -> UsageError {
    UsageError::with_hint(
        format!("{} is in use by another demo", folder.display()),
        "end that one, or choose another folder with --artifact-dir",
    )
}
