//! What benchmarks and fuzz targets reach of the way from OTLP to the database. No API: it changes as they need.

use std::path::Path;

use axum::Router;
use bytes::Bytes;
use loadspan_wire::otlp::{ExportTraceServiceRequest, Message, json};
use url::Url;

use crate::app::{App, Shared};
use crate::artifacts::Artifacts;
use crate::config::{Durability, Limits};
use crate::database::Sqlite;
use crate::ingest::{self, Incoming, Routing};
use crate::operation::Meters;
use crate::store::Store;
use crate::translate::PriceTable;
use crate::{grpc, http};

/// A server without listeners, on SQLite.
#[derive(Clone)]
pub struct Probe(App);

impl std::fmt::Debug for Probe {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Probe")
    }
}

impl Probe {
    /// A server whose files are in `folder`.
    ///
    /// # Errors
    ///
    /// They cannot be made.
    pub fn open(folder: &Path) -> Result<Self, String> {
        let database = Sqlite::new(folder.join("loadspan.db"), Durability::Process);
        let artifacts = Url::from_directory_path(folder).map_err(|()| "the folder has no absolute path".to_owned())?;
        let shared = Shared {
            store: Store::open(&database).map_err(|error| error.to_string())?,
            artifacts: Artifacts::open(&artifacts, Durability::Process).map_err(|error| error.to_string())?,
            limits: Limits::default(),
            prices: PriceTable::default(),
            meters: Meters::default(),
            forward: None,
        };
        Ok(Self(App::new(shared)))
    }

    /// What the main port serves.
    pub fn http(&self) -> Router {
        http::routes(self.0.clone())
    }

    /// What the port of OTLP over gRPC serves.
    pub fn grpc(&self) -> Router {
        grpc::routes(self.0.clone())
    }

    /// Stores spans; how many were refused.
    ///
    /// # Errors
    ///
    /// Nothing was stored.
    pub async fn traces(&self, body: Bytes) -> Result<i64, String> {
        let incoming = Incoming {
            trail: crate::operation::Trail::default(),
            routing: Routing::default(),
            request: ExportTraceServiceRequest::decode(&body[..]).map_err(|error| error.to_string())?,
            bytes: body.len(),
        };
        let accepted = ingest::traces(&self.0, incoming)
            .await
            .map_err(|error| error.to_string())?;
        Ok(accepted.rejected)
    }

    /// Finishes what waits.
    pub async fn close(&self) {
        self.0.store.close().await;
    }
}

/// Makes rows of spans, as far as no database is needed; how many, if it is OTLP at all.
#[must_use]
pub fn rows_of_protobuf(body: &[u8]) -> Option<usize> {
    rows(ExportTraceServiceRequest::decode(body).ok()?)
}

/// As [`rows_of_protobuf`], from OTLP/JSON.
#[must_use]
pub fn rows_of_json(body: &[u8]) -> Option<usize> {
    rows(json::decode_traces(body).ok()?)
}

fn rows(request: ExportTraceServiceRequest) -> Option<usize> {
    ingest::rows(request, &PriceTable::default(), &Limits::default())
}

/// The statements that a filter and a clause of an order of a search become, and how many values go with each.
#[must_use]
pub fn statements_of(filter: &str, order: &str) -> Vec<(String, usize)> {
    crate::search::statements(filter, order)
}
