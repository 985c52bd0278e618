//! PEM files, read and looked at before anything is sent.

use std::path::Path;

use crate::config::TlsFiles;
use crate::error::InitError;

/// What is in the files.
pub(super) struct PemFiles {
    pub(super) ca: Option<Vec<u8>>,
    pub(super) identity: Option<PemIdentity>,
}

/// With what the client proves who it is.
pub(super) struct PemIdentity {
    pub(super) certificate: Vec<u8>,
    pub(super) key: Vec<u8>,
}

impl PemFiles {
    pub(super) fn load(files: &TlsFiles) -> Result<Self, InitError> {
        Ok(Self {
            ca: files.ca.as_deref().map(load_certificate).transpose()?,
            identity: load_identity(files)?,
        })
    }
}

impl PemIdentity {
    /// Key and certificate as one text.
    pub(super) fn joined(&self) -> Vec<u8> {
        if self.key == self.certificate {
            return self.key.clone();
        }
        [&self.key[..], b"\n", &self.certificate].concat()
    }
}

fn load_identity(files: &TlsFiles) -> Result<Option<PemIdentity>, InitError> {
    match (&files.client_certificate, &files.client_key) {
        (None, None) => Ok(None),
        (Some(certificate), None) => Err(unusable(certificate, "the key that belongs to it is not named")),
        (None, Some(key)) => Err(unusable(key, "the certificate that belongs to it is not named")),
        (Some(certificate), Some(key)) => {
            let identity = PemIdentity {
                certificate: load_certificate(certificate)?,
                key: read(key)?,
            };
            reqwest::Identity::from_pem(&identity.joined())
                .map_err(|_| unusable(key, "it holds no private key in PEM form"))?;
            Ok(Some(identity))
        }
    }
}

fn load_certificate(path: &Path) -> Result<Vec<u8>, InitError> {
    let pem = read(path)?;
    let certificates = reqwest::Certificate::from_pem_bundle(&pem);
    if certificates.map_or(true, |certificates| certificates.is_empty()) {
        return Err(unusable(path, "it holds no certificate in PEM form"));
    }
    Ok(pem)
}

fn read(path: &Path) -> Result<Vec<u8>, InitError> {
    std::fs::read(path).map_err(|error| unusable(path, error.to_string()))
}

fn unusable(path: &Path, reason: impl Into<String>) -> InitError {
    InitError::File {
        path: path.to_owned(),
        reason: reason.into(),
    }
}
