//! The PEM files of an endpoint, read and looked at before anything is sent.

use std::path::Path;

use super::ClientError;
use crate::config::TlsFiles;

const CA: &str = "CA certificate";
const CERTIFICATE: &str = "client certificate";
const KEY: &str = "client key";

/// What is in the PEM files.
#[derive(Default)]
pub(crate) struct PemFiles {
    /// Certificates of authorities. `None`: those of the system.
    pub(super) ca: Option<Vec<u8>>,
    pub(super) identity: Option<PemIdentity>,
}

/// With what the client proves who it is.
pub(crate) struct PemIdentity {
    pub(super) certificate: Vec<u8>,
    pub(super) key: Vec<u8>,
}

/// The variables that name the files, for people who have to put them right.
pub(crate) struct TlsVariables {
    ca: &'static str,
    certificate: &'static str,
    key: &'static str,
}

impl TlsVariables {
    /// Each signal may have variables of its own.
    pub(crate) const OTLP: Self = Self {
        ca: "OTEL_EXPORTER_OTLP_CERTIFICATE, or that of the signal",
        certificate: "OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE, or that of the signal",
        key: "OTEL_EXPORTER_OTLP_CLIENT_KEY, or that of the signal",
    };
    /// One file holds certificate and key.
    pub(crate) const MLFLOW: Self = Self {
        ca: "MLFLOW_TRACKING_SERVER_CERT_PATH",
        certificate: "MLFLOW_TRACKING_CLIENT_CERT_PATH",
        key: "MLFLOW_TRACKING_CLIENT_CERT_PATH",
    };
}

/// A file, and what it is for.
#[derive(Clone, Copy)]
struct PemFile<'a> {
    role: &'static str,
    variable: &'static str,
    path: &'a Path,
}

impl PemFiles {
    pub(crate) fn load(files: &TlsFiles, variables: &TlsVariables) -> Result<Self, ClientError> {
        let ca = files.ca.as_deref().map(|path| PemFile {
            role: CA,
            variable: variables.ca,
            path,
        });
        Ok(Self {
            ca: ca.map(load_ca).transpose()?,
            identity: load_identity(files, variables)?,
        })
    }
}

impl PemIdentity {
    /// Key and certificate as one text.
    pub(super) fn joined(&self) -> Vec<u8> {
        if self.key == self.certificate {
            // One file holds both.
            return self.key.clone();
        }
        [&self.key[..], b"\n", &self.certificate].concat()
    }
}

fn load_ca(file: PemFile<'_>) -> Result<Vec<u8>, ClientError> {
    let pem = file.read()?;
    let certificates = reqwest::Certificate::from_pem_bundle(&pem);
    let certificates = certificates.map_err(|error| file.unusable(error.to_string()))?;
    if certificates.is_empty() {
        return Err(file.unusable("it holds no certificate in PEM form".to_owned()));
    }
    Ok(pem)
}

fn load_identity(files: &TlsFiles, variables: &TlsVariables) -> Result<Option<PemIdentity>, ClientError> {
    let certificate = files.client_certificate.as_deref().map(|path| PemFile {
        role: CERTIFICATE,
        variable: variables.certificate,
        path,
    });
    let key = files.client_key.as_deref().map(|path| PemFile {
        role: KEY,
        variable: variables.key,
        path,
    });
    match (certificate, key) {
        (None, None) => Ok(None),
        (Some(certificate), None) => Err(certificate.half_without(KEY, variables.key)),
        (None, Some(key)) => Err(key.half_without(CERTIFICATE, variables.certificate)),
        (Some(certificate), Some(key)) => {
            let identity = PemIdentity {
                certificate: certificate.read()?,
                key: key.read()?,
            };
            check_identity(&identity, certificate, key)?;
            Ok(Some(identity))
        }
    }
}

/// Says which of the two files it is that cannot be used.
fn check_identity(identity: &PemIdentity, certificate: PemFile<'_>, key: PemFile<'_>) -> Result<(), ClientError> {
    let certificates = reqwest::Certificate::from_pem_bundle(&identity.certificate);
    if certificates.map_or(true, |certificates| certificates.is_empty()) {
        return Err(certificate.unusable("it holds no certificate in PEM form".to_owned()));
    }
    match reqwest::Identity::from_pem(&identity.joined()) {
        Ok(_) => Ok(()),
        Err(_) => Err(key.unusable("it holds no private key in PEM form".to_owned())),
    }
}

impl PemFile<'_> {
    fn read(self) -> Result<Vec<u8>, ClientError> {
        std::fs::read(self.path).map_err(|error| self.unusable(error.to_string()))
    }

    fn unusable(self, reason: String) -> ClientError {
        ClientError::PemFile {
            role: self.role,
            path: self.path.to_owned(),
            variable: self.variable,
            reason,
        }
    }

    fn half_without(self, missing: &'static str, variable: &'static str) -> ClientError {
        ClientError::HalfIdentity {
            given: self.role,
            path: self.path.to_owned(),
            missing,
            variable,
        }
    }
}
