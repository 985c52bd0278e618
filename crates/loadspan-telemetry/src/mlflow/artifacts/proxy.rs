//! Puts artifacts to a server: the artifact proxy of the tracking server, or another one.

use http::header::CONTENT_TYPE;
use loadspan_wire::mlflow::{SERVER_INFO, ServerInfo};
use reqwest::{Body, Client, RequestBuilder};
use tokio::sync::OnceCell;
use url::Url;

use super::body::{FileBody, Progress};
use super::destination::{Proxy, ProxyServer};
use super::folder::LocalFile;
use super::foreign;
use super::media_type::media_type;
use super::parts::PartsUpload;
use super::reading::{Content, Reading};
use super::tuning::Terms;
use crate::mlflow::CompletionLimit;
use crate::mlflow::client::{ApiError, MlflowClient};

/// How much of a file is read at once.
const PIECE_BYTES: usize = 256 << 10;

/// A server that artifacts are put to.
#[derive(Debug)]
pub(super) struct ProxyClient<'a> {
    client: &'a MlflowClient,
    proxy: &'a Proxy,
    http: Client,
    /// Whether it takes files in parts; asked for with the first one that is large enough.
    takes_parts: OnceCell<bool>,
}

impl<'a> ProxyClient<'a> {
    /// # Errors
    ///
    /// It is another server than the tracking server, and none that we go to.
    pub(super) async fn build(client: &'a MlflowClient, proxy: &'a Proxy) -> Result<Self, String> {
        let http = match proxy.server {
            ProxyServer::Tracking { .. } => client.http().clone(),
            ProxyServer::Foreign => foreign::client(&proxy.folder, &client.server().tracking_uri).await?,
        };
        Ok(Self {
            client,
            proxy,
            http,
            takes_parts: OnceCell::new(),
        })
    }

    /// Puts a file, in parts where it is large and the server takes parts.
    ///
    /// # Errors
    ///
    /// It cannot be read, the server does not take it, or the limit came first.
    pub(super) async fn put(&self, file: &LocalFile, terms: Terms<'_>) -> Result<Content, String> {
        if let ProxyServer::Tracking {
            parts_folder: Some(folder),
        } = &self.proxy.server
            && file.bytes >= terms.tuning.parts_from
            && self.takes_parts(terms.limit).await
        {
            let upload = PartsUpload {
                client: self.client,
                folder,
                file,
                terms,
            };
            if let Some(sent) = upload.run().await {
                return sent;
            }
        }
        let put = self.client.patiently(terms.limit, || self.put_whole(file)).await;
        put.map_err(|error| error.to_string())
    }

    async fn put_whole(&self, file: &LocalFile) -> Result<Content, ApiError> {
        let mut reading = Reading::begin(file, PIECE_BYTES).map_err(unreadable)?;
        let progress = Progress::default();
        let body = FileBody::of(&mut reading, progress.clone());
        let request = self
            .http
            .put(self.url(file))
            .header(CONTENT_TYPE, media_type(&file.file))
            .body(Body::wrap(body));
        self.send(request, &progress).await?;
        reading.content.await.map_err(unreadable)
    }

    /// A large file may take long, and so there is no limit but that it moves.
    async fn send(&self, request: RequestBuilder, progress: &Progress) -> Result<(), ApiError> {
        let patience = self.client.server().timeout;
        let sent = tokio::select! {
            sent = self.client.send(request) => sent,
            () = progress.stalled(patience) => Err(ApiError::Unavailable {
                reason: format!("nothing moved for {patience:?} (MLFLOW_HTTP_REQUEST_TIMEOUT)"),
                status: None,
                after: None,
            }),
        };
        sent.map(drop).map_err(final_where_it_is)
    }

    fn url(&self, file: &LocalFile) -> Url {
        let mut url = self.proxy.folder.clone();
        url.set_path(&format!("{}/{}", url.path(), file.artifact));
        url
    }

    /// What the server says of itself. Old ones say nothing, and take none.
    async fn takes_parts(&self, limit: &CompletionLimit) -> bool {
        let ask = || async {
            let request = self.http.get(self.client.url(SERVER_INFO));
            self.client.send(request.timeout(self.client.server().timeout)).await
        };
        let asked = self.takes_parts.get_or_init(|| async {
            let answer = self.client.patiently(limit, ask).await.unwrap_or_default();
            let info: ServerInfo = serde_json::from_slice(&answer).unwrap_or_default();
            info.multipart_uploads_enabled
        });
        *asked.await
    }
}

pub(super) fn unreadable(error: impl std::fmt::Display) -> ApiError {
    ApiError::Refused {
        reason: format!("it cannot be read: {error}"),
    }
}

/// A server that serves no artifacts answers 503 for ever, as if it were only busy. It says with which flag it would serve them.
fn final_where_it_is(error: ApiError) -> ApiError {
    match error {
        ApiError::Unavailable { reason, .. } if reason.contains("-serve-artifacts") => ApiError::Refused { reason },
        error => error,
    }
}
