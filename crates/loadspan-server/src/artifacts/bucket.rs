//! Artifacts in S3, Google Cloud Storage or Azure.

use std::time::Duration;

use futures_util::stream::BoxStream;
use futures_util::{StreamExt, TryStreamExt};
use loadspan_wire::mlflow::artifacts::ListedFile;
use object_store::path::Path;
use object_store::{ObjectMeta, ObjectStore, ObjectStoreExt, PutPayload, WriteMultipart, parse_url_opts};
use url::Url;

use super::path::invalid;
use super::{ArtifactPath, Download, LISTED, Upload, missing, too_many};
use crate::error::{ApiError, Code};

/// Bytes of a part. Smaller files are put whole.
const PART: usize = 8 << 20;
/// How many parts of a file are on their way at once.
const PARTS_AT_ONCE: usize = 4;
/// How many files are deleted at once.
const DELETED_AT_ONCE: usize = 16;
/// How long the bucket may take to be told that nothing more of a file will come.
const ABORT_PATIENCE: Duration = Duration::from_secs(10);

/// A place in a bucket.
#[derive(Debug)]
pub(super) struct Bucket {
    store: Box<dyn ObjectStore>,
    root: Path,
}

impl Bucket {
    /// The place at a URL such as `s3://bucket/folder`; credentials and endpoints are in `AWS_*`, `GOOGLE_*` and `AZURE_*`.
    pub(super) fn open(url: &Url, variables: impl Iterator<Item = (String, String)>) -> Result<Self, String> {
        if !matches!(url.scheme(), "s3" | "gs" | "az" | "azure" | "abfs" | "abfss" | "memory") {
            return Err(format!(
                "cannot keep artifacts at {}:// : name a folder, s3://bucket, gs://bucket or azure://container",
                url.scheme()
            ));
        }
        let opened = parse_url_opts(url, options(variables));
        let (store, root) = opened.map_err(|error| format!("cannot use {}: {error}", shown(url)))?;
        Ok(Self { store, root })
    }

    pub(super) async fn put(&self, path: &ArtifactPath, mut upload: Upload) -> Result<(), ApiError> {
        let key = self.key(path)?;
        let mut pieces = Vec::new();
        let mut bytes = 0;
        while let Some(piece) = upload.next().await? {
            bytes += piece.len();
            pieces.push(piece);
            if bytes > PART {
                return self.put_parts(&key, Parts { pieces, upload }).await;
            }
        }
        let put = self.store.put(&key, PutPayload::from_iter(pieces)).await;
        put.map(drop).map_err(|error| failed(&error, path))
    }

    async fn put_parts(&self, key: &Path, parts: Parts) -> Result<(), ApiError> {
        let Parts { pieces, mut upload } = parts;
        let begun = self.store.put_multipart(key).await.map_err(|error| broken(&error))?;
        let mut pending = Pending(Some(WriteMultipart::new_with_chunk_size(begun, PART)));
        for piece in pieces {
            pending.send(piece).await?;
        }
        while let Some(piece) = upload.next().await? {
            pending.send(piece).await?;
        }
        pending.finish().await
    }

    pub(super) async fn get(&self, path: &ArtifactPath) -> Result<Download, ApiError> {
        let found = self
            .store
            .get(&self.key(path)?)
            .await
            .map_err(|error| failed(&error, path))?;
        Ok(Download {
            bytes: found.range.end - found.range.start,
            content: found.into_stream().map_err(std::io::Error::other).boxed(),
        })
    }

    pub(super) async fn list(&self, path: &ArtifactPath) -> Result<Vec<ListedFile>, ApiError> {
        let folder = self.key_or_root(path)?;
        let found = self.store.list_with_delimiter(Some(&folder)).await;
        let found = found.map_err(|error| broken(&error))?;
        if found.objects.len() + found.common_prefixes.len() > LISTED {
            return Err(too_many());
        }
        let folders = found.common_prefixes.iter().map(|folder| ListedFile {
            path: name(folder),
            is_dir: true,
            file_size: None,
        });
        let files = found.objects.iter().map(|file| ListedFile {
            path: name(&file.location),
            is_dir: false,
            file_size: Some(i64::try_from(file.size).unwrap_or(i64::MAX)),
        });
        Ok(folders.chain(files).filter(|file| !file.path.is_empty()).collect())
    }

    pub(super) async fn delete(&self, path: &ArtifactPath) -> Result<(), ApiError> {
        let key = self.key(path)?;
        let below: BoxStream<'_, object_store::Result<ObjectMeta>> = self.store.list(Some(&key));
        let deleted = below.try_for_each_concurrent(DELETED_AT_ONCE, async |file| self.forget(&file.location).await);
        deleted.await.map_err(|error| broken(&error))?;
        self.forget(&key).await.map_err(|error| broken(&error))
    }

    async fn forget(&self, key: &Path) -> object_store::Result<()> {
        match self.store.delete(key).await {
            Err(object_store::Error::NotFound { .. }) => Ok(()),
            deleted => deleted,
        }
    }

    fn key(&self, path: &ArtifactPath) -> Result<Path, ApiError> {
        if path.is_root() {
            return Err(invalid());
        }
        self.key_or_root(path)
    }

    fn key_or_root(&self, path: &ArtifactPath) -> Result<Path, ApiError> {
        Path::parse(format!("{}/{path}", self.root).trim_matches('/')).map_err(|_| invalid())
    }
}

/// A file that is too large to be put whole: what of it has come, and what is to come.
struct Parts {
    pieces: Vec<bytes::Bytes>,
    upload: Upload,
}

/// An upload in parts, which is given up if it is not finished.
struct Pending(Option<WriteMultipart>);

impl Pending {
    async fn send(&mut self, piece: bytes::Bytes) -> Result<(), ApiError> {
        let Some(parts) = &mut self.0 else {
            return Ok(());
        };
        let room = parts.wait_for_capacity(PARTS_AT_ONCE).await;
        room.map_err(|error| broken(&error))?;
        parts.put(piece);
        Ok(())
    }

    async fn finish(mut self) -> Result<(), ApiError> {
        let Some(parts) = self.0.take() else {
            return Ok(());
        };
        // A failure to finish gives the upload up by itself.
        parts.finish().await.map(drop).map_err(|error| broken(&error))
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        let Some(parts) = self.0.take() else {
            return;
        };
        // As well as may be: what is left of it costs its owner space until the bucket's rules remove it.
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(async move { drop(tokio::time::timeout(ABORT_PATIENCE, parts.abort()).await) });
        }
    }
}

/// The variables that say how buckets are reached, as options of their stores.
fn options(variables: impl Iterator<Item = (String, String)>) -> Vec<(String, String)> {
    const ENDPOINTS: [&str; 3] = ["MLFLOW_S3_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"];
    let mut options = Vec::new();
    let mut endpoints = [const { None }; ENDPOINTS.len()];
    for (name, value) in variables.filter(|(_, value)| !value.is_empty()) {
        if let Some(rank) = ENDPOINTS.iter().position(|endpoint| *endpoint == name) {
            endpoints[rank] = Some(value);
        } else if name == "AZURE_STORAGE_CONNECTION_STRING" {
            options.extend(of_connection_string(&value));
        } else if ["AWS_", "GOOGLE_", "AZURE_"]
            .iter()
            .any(|prefix| name.starts_with(prefix))
        {
            options.push((name.to_ascii_lowercase(), value));
        }
    }
    if let Some(endpoint) = endpoints.into_iter().flatten().next() {
        if endpoint.starts_with("http://") {
            // Whoever names an endpoint without TLS wants it so.
            options.push(("aws_allow_http".to_owned(), true.to_string()));
        }
        options.push(("aws_endpoint_url".to_owned(), endpoint));
    }
    options
}

/// What a connection string says: `AccountName=…;AccountKey=…;…`
fn of_connection_string(text: &str) -> impl Iterator<Item = (String, String)> {
    let pairs = text.split(';').filter_map(|pair| pair.trim().split_once('='));
    pairs.filter_map(|(key, value)| {
        let name = match key {
            "AccountName" => "azure_storage_account_name",
            "AccountKey" => "azure_storage_account_key",
            "SharedAccessSignature" => "azure_storage_sas_key",
            _ => return None,
        };
        Some((name.to_owned(), value.to_owned()))
    })
}

/// The URL without what may be secret in it.
fn shown(url: &Url) -> String {
    format!(
        "{}://{}{}",
        url.scheme(),
        url.host_str().unwrap_or_default(),
        url.path()
    )
}

fn name(path: &Path) -> String {
    path.filename().unwrap_or_default().to_owned()
}

fn failed(error: &object_store::Error, path: &ArtifactPath) -> ApiError {
    match error {
        object_store::Error::NotFound { .. } => missing(path),
        error => broken(error),
    }
}

/// What a client is told: not what the bucket says, which may have names and keys in it.
fn broken(error: &object_store::Error) -> ApiError {
    use object_store::Error::{PermissionDenied, Unauthenticated};
    let message = match error {
        PermissionDenied { .. } | Unauthenticated { .. } => {
            "the bucket does not let this server in: its operator looks at the credentials of the environment"
        }
        _ => "the bucket of artifacts failed",
    };
    ApiError::new(Code::InternalError, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variables(variables: &[(&str, &str)]) -> std::vec::IntoIter<(String, String)> {
        let owned = variables
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        owned.collect::<Vec<_>>().into_iter()
    }

    fn option<'a>(options: &'a [(String, String)], name: &str) -> Option<&'a str> {
        let found = options.iter().find(|(option, _)| option == name);
        found.map(|(_, value)| value.as_str())
    }

    #[test]
    fn credentials_and_endpoints_come_from_the_environment() {
        let found = options(variables(&[
            ("AWS_ENDPOINT_URL", "https://b"),
            ("MLFLOW_S3_ENDPOINT_URL", "http://a"),
            ("AWS_ACCESS_KEY_ID", "id"),
            ("AZURE_STORAGE_CONNECTION_STRING", "AccountName=n;AccountKey=k=="),
            ("TOKEN", "not meant for a bucket"),
            ("AWS_REGION", ""),
        ]));
        for (name, value) in [
            ("aws_endpoint_url", Some("http://a")),
            ("aws_allow_http", Some("true")),
            ("aws_access_key_id", Some("id")),
            ("azure_storage_account_name", Some("n")),
            ("azure_storage_account_key", Some("k==")),
            ("token", None),
            ("aws_region", None),
        ] {
            assert_eq!(option(&found, name), value, "{name}");
        }
    }

    #[test]
    fn a_bucket_is_known_by_its_url() {
        let open = |url: &str| {
            let key = "AccountName=n;AccountKey=aw==";
            let variables = variables(&[("AWS_REGION", "eu-west-1"), ("AZURE_STORAGE_CONNECTION_STRING", key)]);
            Bucket::open(&Url::parse(url).unwrap(), variables)
        };
        assert_eq!(open("s3://bucket/a/b/").unwrap().root.as_ref(), "a/b");
        assert_eq!(open("azure://container").unwrap().root.as_ref(), "");
        let error = open("ftp://host/a").unwrap_err();
        assert!(error.contains("s3://bucket"), "{error}");
        let error = open("s3://user:secret@bucket/%ff").unwrap_err();
        assert!(!error.contains("secret"), "{error}");
    }
}
