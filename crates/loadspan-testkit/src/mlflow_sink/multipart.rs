//! Artifacts in parts. The sink signs URLs of its own, and is as strict about them as object stores are.

use std::collections::BTreeMap;

use bytes::Bytes;
use http::{Method, header};
use loadspan_wire::mlflow::artifacts::{
    AbortMultipart, CompleteMultipart, CreateMultipart, MultipartUpload, PartCredential, UploadedPart,
};

use super::Multipart;
use super::call::Call;
use super::reply::{Failure, Reply};
use super::route::unknown;
use super::store::World;

/// Where parts are put: `{PARTS}/{upload}/{number}`.
pub(super) const PARTS: &str = "object-store-parts";

/// An upload that is going on.
#[derive(Debug)]
pub(super) struct Upload {
    /// Of the file, below the root.
    path: String,
    parts: BTreeMap<i64, Bytes>,
}

impl World {
    /// The URL names the folder, the body the file.
    pub(super) fn create_upload(&mut self, folder: &str, call: &Call) -> Result<Reply, Failure> {
        let wanted: CreateMultipart = call.json()?;
        self.takes_parts()?;
        if wanted.path.is_empty() {
            return Err(Failure::missing("path"));
        }
        self.uploads_begun += 1;
        let upload_id = format!("upload-{}", self.uploads_begun);
        let credentials = (1..=wanted.num_parts).map(|part_number| PartCredential {
            url: format!("http://{}/{PARTS}/{upload_id}/{part_number}?signature=x", self.address),
            part_number,
            headers: BTreeMap::new(),
        });
        let answer = MultipartUpload {
            credentials: credentials.collect(),
            upload_id: upload_id.clone(),
        };
        self.uploads.insert(
            upload_id,
            Upload {
                path: file_in(folder, &wanted.path),
                parts: BTreeMap::new(),
            },
        );
        Ok(Reply::json(&answer))
    }

    pub(super) fn put_part(&mut self, part: &str, call: &Call) -> Result<Reply, Failure> {
        // Object stores refuse what brings a second proof of who it is; and the credentials of MLflow are none of their business.
        if call.header(header::AUTHORIZATION.as_str()).is_some() {
            return Err(Failure::bad_request("Only one auth mechanism allowed"));
        }
        let (upload, number) = part.split_once('/').unwrap_or((part, ""));
        let (Some(upload), Ok(number), &Method::PUT) = (self.uploads.get_mut(upload), number.parse(), &call.method)
        else {
            return Ok(unknown());
        };
        upload.parts.insert(number, call.body.clone());
        Ok(Reply::empty().header(header::ETAG, etag(number, &call.body)))
    }

    pub(super) fn complete_upload(&mut self, folder: &str, call: &Call) -> Result<Reply, Failure> {
        let wanted: CompleteMultipart = call.json()?;
        self.takes_parts()?;
        let upload = self.uploads.get(&wanted.upload_id);
        let upload = upload
            .filter(|upload| upload.path == file_in(folder, &wanted.path))
            .ok_or_else(unknown_upload)?;
        let content: Option<Vec<&[u8]>> = wanted.parts.iter().map(|part| upload.part(part)).collect();
        let content = content.filter(|parts| parts.len() == upload.parts.len());
        let content =
            content.ok_or_else(|| Failure::invalid("One or more of the specified parts could not be found."))?;
        let whole = content.concat();
        if let Some(upload) = self.uploads.remove(&wanted.upload_id) {
            self.artifacts.insert(upload.path, whole.into());
        }
        Ok(Reply::nothing())
    }

    pub(super) fn abort_upload(&mut self, _folder: &str, call: &Call) -> Result<Reply, Failure> {
        let wanted: AbortMultipart = call.json()?;
        self.takes_parts()?;
        self.uploads.remove(&wanted.upload_id).ok_or_else(unknown_upload)?;
        Ok(Reply::nothing())
    }

    fn takes_parts(&self) -> Result<(), Failure> {
        match self.settings.multipart {
            Multipart::On => Ok(()),
            Multipart::Off => Err(Failure::not_implemented(
                "Multipart upload is not supported for the current artifact repository",
            )),
        }
    }
}

impl Upload {
    /// A part that has arrived, and that the client has got right.
    fn part(&self, part: &UploadedPart) -> Option<&[u8]> {
        let content = self.parts.get(&part.part_number)?;
        (part.etag == etag(part.part_number, content)).then_some(&content[..])
    }
}

/// MLflow takes the last segment of the path in the body.
fn file_in(folder: &str, path: &str) -> String {
    let name = path.rsplit('/').next().unwrap_or(path);
    format!("{}/{name}", folder.trim_end_matches('/'))
}

/// In quotes, as the header has it.
fn etag(number: i64, content: &[u8]) -> String {
    format!("\"part-{number}-of-{}-bytes\"", content.len())
}

fn unknown_upload() -> Failure {
    Failure::invalid("The specified multipart upload does not exist.")
}
