//! Puts artifacts straight into S3, Google Cloud Storage or Azure, with the credentials of the environment, as MLflow's own client
//! does where the server is no proxy.

use std::time::Duration;

use bytes::Bytes;
use object_store::aws::AmazonS3Builder;
use object_store::azure::MicrosoftAzureBuilder;
use object_store::gcp::GoogleCloudStorageBuilder;
use object_store::path::Path;
use object_store::{ClientOptions, ObjectStore, ObjectStoreExt, PutPayload, WriteMultipart};

use super::destination::{BucketKind, BucketUri};
use super::folder::LocalFile;
use super::reading::{Content, Reading};
use super::tuning::Terms;
use crate::mlflow::CompletionLimit;

/// How many parts of a file are on their way at once.
const PARTS_AT_ONCE: usize = 2;
/// How long the store may take to be told that nothing more of a file will come.
const ABORT_PATIENCE: Duration = Duration::from_millis(500);

/// Variables of the environment.
pub(super) type Variables = Vec<(String, String)>;

/// A place in an object store.
#[derive(Debug)]
pub(super) struct Bucket {
    store: Box<dyn ObjectStore>,
    prefix: String,
}

/// How a store is spoken to.
#[derive(Debug)]
pub(super) struct BucketAccess<'a> {
    /// Credentials, endpoints: whatever `AWS_*`, `GOOGLE_*`, `AZURE_*` and `MLFLOW_S3_ENDPOINT_URL` say.
    pub(super) variables: &'a Variables,
    /// Longest time of one request.
    pub(super) timeout: Duration,
}

impl Bucket {
    /// # Errors
    ///
    /// The store cannot be spoken to: the environment says something that makes no sense.
    pub(super) fn open(uri: &BucketUri, access: &BucketAccess<'_>) -> Result<Self, String> {
        let store = match uri.kind {
            BucketKind::S3 => s3(&uri.bucket, access),
            BucketKind::Gcs => gcs(&uri.bucket, access),
            BucketKind::Azure => azure(&uri.bucket, access),
        };
        Ok(Self {
            store: store.map_err(|error| error.to_string())?,
            prefix: uri.prefix.clone(),
        })
    }

    /// Puts a file there.
    ///
    /// # Errors
    ///
    /// It cannot be read, or the store does not take it.
    pub(super) async fn put(&self, file: &LocalFile, terms: Terms<'_>) -> Result<Content, String> {
        let Terms { tuning, limit } = terms;
        let key = Path::parse(format!("{}/{}", self.prefix, file.artifact)).map_err(|error| error.to_string())?;
        if file.bytes <= tuning.bucket_part_bytes {
            return held(limit, self.put_whole(file, &key)).await;
        }
        let part_bytes = tuning.part_bytes(tuning.bucket_part_bytes, file.bytes);
        let reading = begin(file, part_bytes)?;
        let begun = async { self.store.put_multipart(&key).await.map_err(|error| reason(&error)) };
        let parts = WriteMultipart::new_with_chunk_size(held(limit, begun).await?, part_bytes);
        send_parts(reading, parts, limit).await
    }

    async fn put_whole(&self, file: &LocalFile, key: &Path) -> Result<Content, String> {
        // One piece: the file is as small as a part.
        let mut reading = begin(file, usize::MAX)?;
        let whole = next(&mut reading).await?.unwrap_or_default();
        let put = self.store.put(key, PutPayload::from(whole)).await;
        put.map_err(|error| reason(&error))?;
        reading.content.await.map_err(|error| error.to_string())
    }
}

async fn send_parts(
    mut reading: Reading,
    mut parts: WriteMultipart,
    limit: &CompletionLimit,
) -> Result<Content, String> {
    if let Err(reason) = held(limit, send_all(&mut reading, &mut parts)).await {
        // As well as may be: what is left of it costs its owner space until the bucket's rules remove it.
        let _ = tokio::time::timeout(ABORT_PATIENCE, parts.abort()).await;
        return Err(reason);
    }
    // A failure to finish aborts the upload.
    let finish = async { parts.finish().await.map_err(|error| reason(&error)) };
    held(limit, finish).await?;
    reading.content.await.map_err(|error| error.to_string())
}

async fn held<T>(limit: &CompletionLimit, work: impl Future<Output = Result<T, String>>) -> Result<T, String> {
    limit.hold(work).await.unwrap_or_else(|| Err(limit.reason().to_owned()))
}

async fn send_all(reading: &mut Reading, parts: &mut WriteMultipart) -> Result<(), String> {
    while let Some(piece) = next(reading).await? {
        let room = parts.wait_for_capacity(PARTS_AT_ONCE).await;
        room.map_err(|error| reason(&error))?;
        parts.put(piece);
    }
    Ok(())
}

fn begin(file: &LocalFile, piece_bytes: usize) -> Result<Reading, String> {
    Reading::begin(file, piece_bytes).map_err(|error| error.to_string())
}

async fn next(reading: &mut Reading) -> Result<Option<Bytes>, String> {
    let piece = reading.pieces.recv().await;
    piece.transpose().map_err(|error| error.to_string())
}

fn s3(bucket: &str, access: &BucketAccess<'_>) -> object_store::Result<Box<dyn ObjectStore>> {
    let mut builder = AmazonS3Builder::new().with_client_options(access.options());
    for (name, value) in access.named("AWS_") {
        if let Ok(key) = name.parse() {
            builder = builder.with_config(key, value);
        }
    }
    let endpoint = ["MLFLOW_S3_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"];
    if let Some(endpoint) = endpoint.iter().find_map(|name| access.value(name)) {
        builder = builder.with_endpoint(endpoint).with_virtual_hosted_style_request(false);
        if endpoint.starts_with("http://") {
            // Whoever names an endpoint without TLS wants it so.
            builder = builder.with_allow_http(true);
        }
    }
    Ok(Box::new(builder.with_bucket_name(bucket).build()?))
}

fn gcs(bucket: &str, access: &BucketAccess<'_>) -> object_store::Result<Box<dyn ObjectStore>> {
    let mut builder = GoogleCloudStorageBuilder::new().with_client_options(access.options());
    for (name, value) in access.named("GOOGLE_") {
        if let Ok(key) = name.parse() {
            builder = builder.with_config(key, value);
        }
    }
    Ok(Box::new(builder.with_bucket_name(bucket).build()?))
}

/// `bucket` is `container@host`. That the host is one of Azure's is seen to here: tokens are sent to it.
fn azure(bucket: &str, access: &BucketAccess<'_>) -> object_store::Result<Box<dyn ObjectStore>> {
    let mut builder = MicrosoftAzureBuilder::new().with_client_options(access.options());
    for (name, value) in access.named("AZURE_") {
        if let Ok(key) = name.parse() {
            builder = builder.with_config(key, value);
        }
    }
    for (name, value) in access
        .value("AZURE_STORAGE_CONNECTION_STRING")
        .map(connection)
        .unwrap_or_default()
    {
        if let Ok(key) = name.parse() {
            builder = builder.with_config(key, value);
        }
    }
    Ok(Box::new(builder.with_url(format!("abfss://{bucket}/")).build()?))
}

/// What a connection string says: `AccountName=…;AccountKey=…;…`, with the names that the variables have.
fn connection(text: &str) -> Vec<(&'static str, &str)> {
    let name = |key: &str| match key {
        "AccountName" => Some("account_name"),
        "AccountKey" => Some("account_key"),
        "SharedAccessSignature" => Some("sas_key"),
        _ => None,
    };
    let pairs = text.split(';').filter_map(|pair| pair.trim().split_once('='));
    pairs.filter_map(|(key, value)| Some((name(key)?, value))).collect()
}

impl BucketAccess<'_> {
    /// The variables whose names begin so, with the names in lower case that their keys have.
    fn named(&self, prefix: &str) -> impl Iterator<Item = (String, &str)> {
        let named = self.variables.iter().filter(move |(name, _)| name.starts_with(prefix));
        named.map(|(name, value)| (name.to_ascii_lowercase(), value.as_str()))
    }

    fn value(&self, name: &str) -> Option<&str> {
        let found = self
            .variables
            .iter()
            .find(|(variable, value)| variable == name && !value.is_empty());
        found.map(|(_, value)| value.as_str())
    }

    /// What the variables change afterwards: `AWS_ALLOW_HTTP`, `AWS_PROXY_URL`, `AWS_TIMEOUT` and so on.
    fn options(&self) -> ClientOptions {
        ClientOptions::new().with_timeout(self.timeout)
    }
}

/// For people: one line that does not go on for ever.
fn reason(error: &object_store::Error) -> String {
    let text = error.to_string();
    let words: Vec<_> = text.split_whitespace().collect();
    let line: String = words.join(" ").chars().take(400).collect();
    // S3 says it in several ways: by a redirect, or by an error that names the right one.
    if text.to_ascii_lowercase().contains("region") {
        format!("{line}; is AWS_REGION that of the bucket?")
    } else {
        line
    }
}
