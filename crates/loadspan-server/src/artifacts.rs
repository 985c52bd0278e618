//! Artifacts: files of runs and traces, in a folder or a bucket, behind MLflow's artifact proxy.

mod bucket;
pub(crate) mod doomed;
mod folder;
mod path;
mod upload;

use std::io;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::stream::BoxStream;
use loadspan_wire::mlflow::artifacts::ListedFile;
use url::Url;

pub(crate) use doomed::DoomedFolder;
pub(crate) use path::ArtifactPath;
pub(crate) use upload::{Upload, too_large};

use crate::config::{ConfigError, Durability};
use crate::error::{ApiError, Code};
use bucket::Bucket;
use folder::Folder;

/// Most files and folders of one listing.
const LISTED: usize = 100_000;

/// Where artifacts are. Cloning it is cheap.
#[derive(Debug, Clone)]
pub(crate) struct Artifacts(Arc<Place>);

#[derive(Debug)]
enum Place {
    Folder(Folder),
    Bucket(Bucket),
}

/// A file on its way to a client.
pub(crate) struct Download {
    pub(crate) bytes: u64,
    pub(crate) content: BoxStream<'static, io::Result<Bytes>>,
}

impl Artifacts {
    /// Artifacts at a URL: `file://` and a folder, which is made if it is not there, or a bucket, with the credentials of the
    /// environment.
    ///
    /// # Errors
    ///
    /// There can be nothing at that URL.
    pub(crate) fn open(url: &Url, durability: Durability) -> Result<Self, ConfigError> {
        let place = match url.scheme() {
            "file" => Folder::open(url, durability).map(Place::Folder),
            _ => Bucket::open(url, std::env::vars()).map(Place::Bucket),
        };
        let place = place.map_err(|message| ConfigError {
            setting: "--artifacts-destination".to_owned(),
            message,
        });
        Ok(Self(Arc::new(place?)))
    }

    /// Stores a file. It is there when all of it is, and before that whatever was there before.
    ///
    /// # Errors
    ///
    /// The upload broke off or is too large, or the path is a folder, or the place does not take it.
    pub(crate) async fn put(&self, path: &ArtifactPath, upload: Upload) -> Result<(), ApiError> {
        match &*self.0 {
            Place::Folder(folder) => folder.put(path, upload).await,
            Place::Bucket(bucket) => bucket.put(path, upload).await,
        }
    }

    /// A file.
    ///
    /// # Errors
    ///
    /// There is none, or it is a folder.
    pub(crate) async fn get(&self, path: &ArtifactPath) -> Result<Download, ApiError> {
        match &*self.0 {
            Place::Folder(folder) => folder.get(path).await,
            Place::Bucket(bucket) => bucket.get(path).await,
        }
    }

    /// What is in a folder, in the order of names. Nothing, if it is a file or not there.
    pub(crate) async fn list(&self, path: &ArtifactPath) -> Result<Vec<ListedFile>, ApiError> {
        let mut files = match &*self.0 {
            Place::Folder(folder) => folder.list(path).await,
            Place::Bucket(bucket) => bucket.list(path).await,
        }?;
        files.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(files)
    }

    /// Deletes a file, or a folder with all that is in it. Nothing happens if it is not there.
    ///
    /// # Errors
    ///
    /// It is everything, or the place does not do it.
    pub(crate) async fn delete(&self, path: &ArtifactPath) -> Result<(), ApiError> {
        if path.is_root() {
            return Err(path::invalid());
        }
        match &*self.0 {
            Place::Folder(folder) => folder.delete(path).await,
            Place::Bucket(bucket) => bucket.delete(path).await,
        }
    }
}

fn missing(path: &ArtifactPath) -> ApiError {
    ApiError::missing(format!("No such artifact: '{path}'"))
}

fn too_many() -> ApiError {
    ApiError::new(
        Code::BadRequest,
        format!("there are more than {LISTED} files in the folder: list its folders instead"),
    )
}

#[cfg(test)]
mod tests;
