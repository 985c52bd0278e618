//! Artifacts in a folder of this machine.
//!
//! Symbolic links that lead out of the folder are followed by nothing here. Whoever can put them there while a request is going on
//! could as well read the files that they lead to.

mod upload;

use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use bytes::BytesMut;
use futures_util::StreamExt;
use futures_util::stream::try_unfold;
use loadspan_wire::mlflow::artifacts::ListedFile;
use tokio::io::AsyncReadExt;
use url::Url;

use super::path::{UPLOADS, invalid};
use super::{ArtifactPath, Download, LISTED, Upload, missing, too_many};
use crate::config::Durability;
use crate::error::{ApiError, Code};
use upload::Pending;

/// Bytes that are read at once.
const PIECE: usize = 256 << 10;

/// A folder.
#[derive(Debug, Clone)]
pub(super) struct Folder {
    /// Without symbolic links.
    root: PathBuf,
    durability: Durability,
}

impl Folder {
    pub(super) fn open(url: &Url, durability: Durability) -> Result<Self, String> {
        let root = url
            .to_file_path()
            .map_err(|()| format!("{url} is no folder of this machine"))?;
        let shown = root.display();
        let made = make_private(&root.join(UPLOADS)).and_then(|()| root.canonicalize());
        let root = made.map_err(|error| format!("cannot make the folder {shown}: {error}"))?;
        upload::sweep(&root.join(UPLOADS));
        Ok(Self { root, durability })
    }

    pub(super) async fn put(&self, path: &ArtifactPath, mut upload: Upload) -> Result<(), ApiError> {
        if path.is_root() {
            return Err(invalid());
        }
        let (at, place) = (self.clone(), path.clone());
        let mut pending = blocking(move || {
            at.contained(&place)?;
            Pending::begin(&at.root.join(UPLOADS), at.durability).map_err(|error| failed(&error, &place))
        })
        .await?;
        while let Some(piece) = upload.next().await? {
            pending.write(&piece).await.map_err(|error| failed(&error, path))?;
        }
        let whole = pending.whole().await.map_err(|error| failed(&error, path))?;
        let (at, place) = (self.clone(), path.clone());
        blocking(move || {
            let target = at.contained(&place)?;
            whole.publish(&target).map_err(|error| failed(&error, &place))?;
            at.make_last(&target).map_err(|error| failed(&error, &place))
        })
        .await
    }

    pub(super) async fn get(&self, path: &ArtifactPath) -> Result<Download, ApiError> {
        let (at, place) = (self.clone(), path.clone());
        let (file, bytes) = blocking(move || at.open_file(&place)).await?;
        // No more than was said, should the file grow.
        let file = tokio::fs::File::from_std(file).take(bytes);
        let content = try_unfold(file, |mut file| async move {
            let mut piece = BytesMut::with_capacity(PIECE);
            let read = file.read_buf(&mut piece).await?;
            io::Result::Ok((read > 0).then(|| (piece.freeze(), file)))
        });
        Ok(Download {
            bytes,
            content: content.boxed(),
        })
    }

    fn open_file(&self, path: &ArtifactPath) -> Result<(File, u64), ApiError> {
        let target = self.contained(path)?;
        // Looked at before it is opened: opening a pipe would wait for its other end.
        let found = fs::metadata(&target).map_err(|error| failed(&error, path))?;
        if found.is_dir() {
            return Err(ApiError::invalid(format!(
                "Artifact path refers to a directory, not a file: '{path}'"
            )));
        }
        if !found.is_file() {
            return Err(missing(path));
        }
        let file = File::open(&target).map_err(|error| failed(&error, path))?;
        let bytes = file.metadata().map_err(|error| failed(&error, path))?.len();
        Ok((file, bytes))
    }

    pub(super) async fn list(&self, path: &ArtifactPath) -> Result<Vec<ListedFile>, ApiError> {
        let (at, place) = (self.clone(), path.clone());
        blocking(move || {
            let entries = match fs::read_dir(at.contained(&place)?) {
                Ok(entries) => entries,
                Err(error) if is_absent(&error) => return Ok(Vec::new()),
                Err(error) => return Err(failed(&error, &place)),
            };
            let mut files = Vec::new();
            for entry in entries {
                let entry = entry.map_err(|error| failed(&error, &place))?;
                files.extend(at.listed(&entry));
                if files.len() > LISTED {
                    return Err(too_many());
                }
            }
            Ok(files)
        })
        .await
    }

    /// What a client may see of an entry. `None`: nothing, or it is gone by now.
    fn listed(&self, entry: &fs::DirEntry) -> Option<ListedFile> {
        let name = entry.file_name().into_string().ok()?;
        if entry.file_type().ok()?.is_symlink() && !entry.path().canonicalize().ok()?.starts_with(&self.root) {
            return None;
        }
        if name == UPLOADS {
            return None;
        }
        let found = fs::metadata(entry.path()).ok()?;
        Some(ListedFile {
            path: name,
            is_dir: found.is_dir(),
            file_size: (!found.is_dir()).then(|| i64::try_from(found.len()).unwrap_or(i64::MAX)),
        })
    }

    pub(super) async fn delete(&self, path: &ArtifactPath) -> Result<(), ApiError> {
        let (at, place) = (self.clone(), path.clone());
        blocking(move || {
            let target = at.contained(&place)?;
            let deleted = match fs::symlink_metadata(&target) {
                // Does not follow symbolic links, but deletes them.
                Ok(found) if found.is_dir() => fs::remove_dir_all(&target),
                Ok(_) => fs::remove_file(&target),
                Err(error) => Err(error),
            };
            match deleted {
                Err(error) if !is_absent(&error) => Err(failed(&error, &place)),
                _ => Ok(()),
            }
        })
        .await
    }

    /// Makes the folders of a file survive the end of the machine's power, as the file itself does.
    fn make_last(&self, target: &Path) -> io::Result<()> {
        let mut folders = target
            .ancestors()
            .skip(1)
            .take_while(|folder| folder.starts_with(&self.root));
        match self.durability {
            Durability::Full => folders.try_for_each(|folder| File::open(folder)?.sync_all()),
            Durability::Process => Ok(()),
        }
    }

    /// The file or folder at a path, whatever links there are on the way to it.
    ///
    /// # Errors
    ///
    /// A link leads out of the root.
    fn contained(&self, path: &ArtifactPath) -> Result<PathBuf, ApiError> {
        let target = self.root.join(path.as_str());
        let there = target.ancestors().find(|part| fs::symlink_metadata(part).is_ok());
        let real = there.and_then(|part| part.canonicalize().ok());
        match real {
            Some(real) if real.starts_with(&self.root) => Ok(target),
            _ => Err(invalid()),
        }
    }
}

/// Makes folders, as far as they are not there, that only their owner may look into: artifacts have prompts in them.
fn make_private(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, ApiError> + Send + 'static,
) -> Result<T, ApiError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|_| Err(ApiError::new(Code::InternalError, "the artifact store failed")))
}

fn is_absent(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory)
}

/// What a client is told, without the names that things have on this machine.
fn failed(error: &io::Error, path: &ArtifactPath) -> ApiError {
    match error.kind() {
        ErrorKind::NotFound => missing(path),
        ErrorKind::NotADirectory | ErrorKind::IsADirectory | ErrorKind::DirectoryNotEmpty => ApiError::invalid(
            format!("'{path}' cannot be: a file is where it has a folder, or the other way round"),
        ),
        ErrorKind::AlreadyExists => ApiError::invalid(format!(
            "'{path}' cannot be: a file is where it has a folder, or the other way round"
        )),
        ErrorKind::InvalidFilename | ErrorKind::InvalidInput => invalid(),
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => {
            ApiError::new(Code::TemporarilyUnavailable, "there is no room left for artifacts")
        }
        kind => ApiError::new(Code::InternalError, format!("the folder of artifacts failed: {kind}")),
    }
}
