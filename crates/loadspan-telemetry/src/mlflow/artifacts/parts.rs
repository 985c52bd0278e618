//! Puts a large file in parts, past the tracking server: it signs a URL for each part, and the store behind it takes them. Where the
//! URLs lead somewhere that we do not go, the tracking server gets the file itself, whole.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, ETAG};
use loadspan_wire::mlflow::artifacts::{
    AbortMultipart, CompleteMultipart, CreateMultipart, MULTIPART_ABORT, MULTIPART_COMPLETE, MULTIPART_CREATE,
    MultipartUpload, PartCredential, UploadedPart,
};
use loadspan_wire::mlflow::{ARTIFACTS_API, ErrorCode};
use reqwest::Client;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::task::JoinSet;
use url::Url;

use super::folder::LocalFile;
use super::foreign;
use super::proxy::unreadable;
use super::reading::{Content, Reading};
use super::tuning::Terms;
use crate::export::client::root_cause;
use crate::mlflow::client::{ApiError, MlflowClient};

/// How many parts of a file are on their way at once. Each is in memory.
const PARTS_AT_ONCE: usize = 3;
/// How long the server may take to be told that nothing more will come.
const ABORT_PATIENCE: Duration = Duration::from_millis(500);

/// A file that goes in parts.
pub(super) struct PartsUpload<'a> {
    pub(super) client: &'a MlflowClient,
    /// The path of the run's artifacts below the root of the proxy.
    pub(super) folder: &'a str,
    pub(super) file: &'a LocalFile,
    pub(super) terms: Terms<'a>,
}

/// What has come of the parts so far.
#[derive(Default)]
struct Parts {
    on_their_way: JoinSet<Result<UploadedPart, ApiError>>,
    arrived: Vec<UploadedPart>,
}

/// A part, and where it goes.
struct Part {
    credential: PartCredential,
    content: Bytes,
}

impl PartsUpload<'_> {
    /// `None`: the store behind the server takes no parts, or is none that we go to.
    pub(super) async fn run(&self) -> Option<Result<Content, String>> {
        let tuning = self.terms.tuning;
        let part_bytes = tuning.part_bytes(tuning.part_bytes, self.file.bytes);
        let created = match self.create(part_bytes).await {
            Ok(created) => created,
            Err(error) if error.is(ErrorCode::NotImplemented) => return None,
            Err(error) => return Some(Err(error.to_string())),
        };
        let upload_id = created.upload_id.clone();
        let Ok(store) = self.store_of(&created.credentials).await else {
            self.abort(upload_id).await;
            return None;
        };
        let sent = self.send(created, &store, part_bytes).await;
        if sent.is_err() {
            self.abort(upload_id).await;
        }
        Some(sent.map_err(|error| error.to_string()))
    }

    async fn create(&self, part_bytes: usize) -> Result<MultipartUpload, ApiError> {
        let body = CreateMultipart {
            path: self.name().to_owned(),
            num_parts: self.file.bytes.div_ceil(part_bytes as u64).cast_signed(),
        };
        let asked = self
            .client
            .patiently(self.terms.limit, || self.ask(MULTIPART_CREATE, &body));
        asked.await
    }

    /// A client for the place that all signed URLs lead to.
    async fn store_of(&self, credentials: &[PartCredential]) -> Result<Client, String> {
        let urls = credentials.iter().map(|one| one.url.parse::<Url>());
        let urls: Vec<Url> = urls.collect::<Result<_, _>>().map_err(|error| error.to_string())?;
        let [first, others @ ..] = &urls[..] else {
            return Err("the server has signed no URLs".to_owned());
        };
        if others.iter().any(|other| other.origin() != first.origin()) {
            return Err("the server wants the parts of a file sent to several places".to_owned());
        }
        let client = foreign::client(first, &self.client.server().tracking_uri);
        let held = self.terms.limit.hold(client).await;
        held.unwrap_or_else(|| Err(self.terms.limit.reason().to_owned()))
    }

    async fn send(&self, created: MultipartUpload, store: &Client, part_bytes: usize) -> Result<Content, ApiError> {
        let reading = Reading::begin(self.file, part_bytes).map_err(unreadable)?;
        let parts = self.send_parts(reading, created.credentials, store);
        let sent = self.terms.limit.hold(parts).await;
        let (parts, content) = sent.unwrap_or_else(|| Err(self.out_of_time()))?;
        let body = CompleteMultipart {
            path: self.name().to_owned(),
            upload_id: created.upload_id,
            parts,
        };
        // One that is complete cannot be completed again: if only the answer was lost, this fails, and the file is sent again by
        // the next `push`.
        let completed = self
            .client
            .patiently(self.terms.limit, || self.ask(MULTIPART_COMPLETE, &body));
        completed.await.map(|_: serde_json::Value| content)
    }

    async fn send_parts(
        &self,
        mut reading: Reading,
        credentials: Vec<PartCredential>,
        store: &Client,
    ) -> Result<(Vec<UploadedPart>, Content), ApiError> {
        let mut credentials: BTreeMap<i64, _> = credentials.into_iter().map(|one| (one.part_number, one)).collect();
        let mut parts = Parts::default();
        while let Some(piece) = reading.pieces.recv().await {
            let (_, credential) = credentials.pop_first().ok_or_else(too_few_urls)?;
            let part = Part {
                credential,
                content: piece.map_err(unreadable)?,
            };
            parts.make_room().await?;
            parts.on_their_way.spawn(self.put_patiently(store, part));
        }
        let content = reading.content.await.map_err(unreadable)?;
        Ok((parts.all().await?, content))
    }

    fn put_patiently(
        &self,
        store: &Client,
        part: Part,
    ) -> impl Future<Output = Result<UploadedPart, ApiError>> + Send + use<> {
        let (client, store, limit) = (self.client.clone(), store.clone(), self.terms.limit.clone());
        async move { client.patiently(&limit, || put(&client, &store, &part)).await }
    }

    async fn abort(&self, upload_id: String) {
        let body = AbortMultipart {
            path: self.name().to_owned(),
            upload_id,
        };
        // As well as may be: what is left of it costs its owner space, and no one else anything.
        let _ = tokio::time::timeout(ABORT_PATIENCE, self.ask::<serde_json::Value>(MULTIPART_ABORT, &body)).await;
    }

    /// The URL names the folder that a file goes to, the body the file.
    async fn ask<A: DeserializeOwned>(&self, endpoint: &str, body: &impl Serialize) -> Result<A, ApiError> {
        let folder = self.file.artifact.rsplit_once('/').map_or("", |(folder, _)| folder);
        let url = self
            .client
            .url(&format!("{ARTIFACTS_API}/{endpoint}/{}/{folder}", self.folder));
        let body = serde_json::to_vec(body).map_err(unreadable)?;
        let request = self
            .client
            .http()
            .post(url)
            .header(CONTENT_TYPE, "application/json")
            .body(body);
        let answer = self.client.send(request.timeout(self.client.server().timeout)).await?;
        let answer = if answer.is_empty() { b"{}" } else { &*answer };
        serde_json::from_slice(answer).map_err(|error| ApiError::Refused {
            reason: format!("the answer to {endpoint} cannot be read: {error}"),
        })
    }

    fn name(&self) -> &str {
        let artifact = self.file.artifact.as_str();
        artifact.rsplit_once('/').map_or(artifact, |(_, name)| name)
    }

    fn out_of_time(&self) -> ApiError {
        ApiError::Unavailable {
            reason: self.terms.limit.reason().to_owned(),
            status: None,
            after: None,
        }
    }
}

impl Parts {
    async fn make_room(&mut self) -> Result<(), ApiError> {
        while self.on_their_way.len() >= PARTS_AT_ONCE {
            self.wait_for_one().await?;
        }
        Ok(())
    }

    async fn wait_for_one(&mut self) -> Result<(), ApiError> {
        if let Some(put) = self.on_their_way.join_next().await {
            self.arrived.push(put.map_err(unreadable)??);
        }
        Ok(())
    }

    async fn all(mut self) -> Result<Vec<UploadedPart>, ApiError> {
        while !self.on_their_way.is_empty() {
            self.wait_for_one().await?;
        }
        self.arrived.sort_by_key(|part| part.part_number);
        Ok(self.arrived)
    }
}

/// Puts a part to its URL, which is a secret: nothing of it is in a reason. The credentials of the tracking server stay here.
async fn put(client: &MlflowClient, store: &Client, part: &Part) -> Result<UploadedPart, ApiError> {
    let mut request = store.put(&part.credential.url).timeout(client.server().timeout);
    for (name, value) in &part.credential.headers {
        request = request.header(name, value);
    }
    let response = request.body(part.content.clone()).send().await;
    let response = response.map_err(|error| ApiError::Unavailable {
        reason: root_cause(&error.without_url()),
        status: None,
        after: None,
    })?;
    let status = response.status();
    let said = format!("HTTP {status} from the store behind the server");
    match status.as_u16() {
        200..=299 => {}
        408 | 429 | 500..=599 => {
            return Err(ApiError::Unavailable {
                reason: said,
                status: Some(status.as_u16()),
                after: None,
            });
        }
        _ => return Err(ApiError::Refused { reason: said }),
    }
    let etag = response.headers().get(ETAG).and_then(|etag| etag.to_str().ok());
    Ok(UploadedPart {
        part_number: part.credential.part_number,
        etag: etag.unwrap_or_default().to_owned(),
        url: Some(part.credential.url.clone()),
    })
}

fn too_few_urls() -> ApiError {
    ApiError::Refused {
        reason: "the server has signed fewer URLs than the file has parts".to_owned(),
    }
}
