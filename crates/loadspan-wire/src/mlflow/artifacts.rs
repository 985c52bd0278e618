//! The artifact proxy. Files are put to `artifacts/{path}` whole, or in parts where the server says that it takes them: then the URL
//! names the folder, and the body the file in it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// `PUT`, `GET` and `DELETE` of `artifacts/{path}`, and `GET` with `path`: [`ArtifactList`].
pub const ARTIFACTS: &str = "artifacts";
/// `POST` of [`CreateMultipart`] to `mpu/create/{folder}`: [`MultipartUpload`].
pub const MULTIPART_CREATE: &str = "mpu/create";
/// `POST` of [`CompleteMultipart`] to `mpu/complete/{folder}`.
pub const MULTIPART_COMPLETE: &str = "mpu/complete";
/// `POST` of [`AbortMultipart`] to `mpu/abort/{folder}`.
pub const MULTIPART_ABORT: &str = "mpu/abort";

/// The scheme of artifact URIs that go through the proxy: `mlflow-artifacts:/1/abc/artifacts`.
pub const PROXY_SCHEME: &str = "mlflow-artifacts";

/// What lies below a path.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ArtifactList {
    /// Where the artifacts of a run are. Only where they are listed by run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub root_uri: Option<String>,
    /// Files and folders, by names relative to the path.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<ListedFile>,
}

/// A file or folder.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ListedFile {
    /// Its name.
    pub path: String,
    /// Whether it is a folder.
    pub is_dir: bool,
    /// Its size in bytes. Of folders, none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file_size: Option<i64>,
}

/// Begins an upload in parts.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct CreateMultipart {
    /// The name of the file.
    pub path: String,
    /// How many parts.
    pub num_parts: i64,
}

/// An upload in parts that has begun.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct MultipartUpload {
    /// Its id.
    pub upload_id: String,
    /// Where each part goes.
    pub credentials: Vec<PartCredential>,
}

/// Where a part goes: it is put to `url`, with `headers`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct PartCredential {
    /// Signed, and therefore a secret.
    pub url: String,
    /// From 1.
    pub part_number: i64,
    /// Headers that belong to the signature.
    pub headers: BTreeMap<String, String>,
}

/// Ends an upload in parts.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct CompleteMultipart {
    /// The name of the file.
    pub path: String,
    /// Its id.
    pub upload_id: String,
    /// Its parts.
    pub parts: Vec<UploadedPart>,
}

/// A part that has arrived.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct UploadedPart {
    /// From 1.
    pub part_number: i64,
    /// What the store has answered in the header `ETag`.
    pub etag: String,
    /// Where it went. Some stores need it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
}

/// Gives up an upload in parts.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct AbortMultipart {
    /// The name of the file.
    pub path: String,
    /// Its id.
    pub upload_id: String,
}
