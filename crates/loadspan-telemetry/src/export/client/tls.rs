//! The PEM files of an endpoint, read and looked at before anything is sent.

use std::path::Path;

use super::ClientError;
use crate::config::TlsFiles;

const CA: &str = "CA certificate";
const CERTIFICATE: &str = "client certificate";
const KEY: &str = "client key";

/// What is in the PEM files.
#[derive(Default)]
pub(super) struct PemFiles {
    /// Certificates of authorities. `None`: those of the system.
    pub(super) ca: Option<Vec<u8>>,
    pub(super) identity: Option<PemIdentity>,
}

/// With what the client proves who it is.
pub(super) struct PemIdentity {
    pub(super) certificate: Vec<u8>,
    pub(super) key: Vec<u8>,
}

impl PemFiles {
    pub(super) fn load(files: &TlsFiles) -> Result<Self, ClientError> {
        Ok(Self {
            ca: files.ca.as_deref().map(load_ca).transpose()?,
            identity: load_identity(files)?,
        })
    }
}

impl PemIdentity {
    /// Key and certificate as one text.
    pub(super) fn joined(&self) -> Vec<u8> {
        [&self.key[..], b"\n", &self.certificate].concat()
    }
}

fn load_ca(path: &Path) -> Result<Vec<u8>, ClientError> {
    let pem = read(CA, path)?;
    let certificates = reqwest::Certificate::from_pem_bundle(&pem);
    let certificates = certificates.map_err(|error| unusable(CA, path, error.to_string()))?;
    if certificates.is_empty() {
        return Err(unusable(CA, path, "it holds no certificate in PEM form".to_owned()));
    }
    Ok(pem)
}

fn load_identity(files: &TlsFiles) -> Result<Option<PemIdentity>, ClientError> {
    let half = |given, path: &Path, missing| ClientError::HalfIdentity {
        given,
        path: path.to_owned(),
        missing,
    };
    match (&files.client_certificate, &files.client_key) {
        (None, None) => Ok(None),
        (Some(certificate), None) => Err(half(CERTIFICATE, certificate, KEY)),
        (None, Some(key)) => Err(half(KEY, key, CERTIFICATE)),
        (Some(certificate), Some(key)) => {
            let identity = PemIdentity {
                certificate: read(CERTIFICATE, certificate)?,
                key: read(KEY, key)?,
            };
            check_identity(&identity, certificate, key)?;
            Ok(Some(identity))
        }
    }
}

/// Says which of the two files it is that cannot be used.
fn check_identity(identity: &PemIdentity, certificate: &Path, key: &Path) -> Result<(), ClientError> {
    let certificates = reqwest::Certificate::from_pem_bundle(&identity.certificate);
    if certificates.map_or(true, |certificates| certificates.is_empty()) {
        let reason = "it holds no certificate in PEM form".to_owned();
        return Err(unusable(CERTIFICATE, certificate, reason));
    }
    match reqwest::Identity::from_pem(&identity.joined()) {
        Ok(_) => Ok(()),
        Err(_) => Err(unusable(KEY, key, "it holds no private key in PEM form".to_owned())),
    }
}

fn read(role: &'static str, path: &Path) -> Result<Vec<u8>, ClientError> {
    std::fs::read(path).map_err(|error| unusable(role, path, error.to_string()))
}

fn unusable(role: &'static str, path: &Path, reason: String) -> ClientError {
    ClientError::PemFile {
        role,
        path: path.to_owned(),
        reason,
    }
}
