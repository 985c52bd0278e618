//! Encryption: what the server proves who it is with.

use std::fmt::Display;
use std::path::Path;
use std::sync::Arc;

use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::TlsAcceptor;

use crate::config::{ConfigError, TlsFiles};

/// What takes TLS connections, with HTTP/2 and HTTP/1.1 inside.
///
/// # Errors
///
/// The files cannot be read, or do not belong together.
pub(super) fn acceptor(files: &TlsFiles) -> Result<TlsAcceptor, ConfigError> {
    let certificates = certificates(&files.certificate)?;
    let key = PrivateKeyDer::from_pem_file(&files.key).map_err(|error| refuse("--tls-key", &files.key, &error))?;
    let builder = rustls::ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| ConfigError::new("--tls-cert", error.to_string()))?;
    let mut config = builder
        .with_no_client_auth()
        .with_single_cert(certificates, key)
        .map_err(|error| refuse("--tls-key", &files.key, &error))?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, ConfigError> {
    let refuse = |error: &dyn Display| refuse("--tls-cert", path, error);
    let certificates = CertificateDer::pem_file_iter(path).map_err(|error| refuse(&error))?;
    let certificates: Vec<_> = certificates.collect::<Result<_, _>>().map_err(|error| refuse(&error))?;
    if certificates.is_empty() {
        return Err(refuse(&"there is no certificate in it"));
    }
    Ok(certificates)
}

fn refuse(flag: &str, path: &Path, error: &dyn Display) -> ConfigError {
    ConfigError::new(
        flag,
        format!("{} cannot be used: {error}; it is a file of PEM", path.display()),
    )
}
