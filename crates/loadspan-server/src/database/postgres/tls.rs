//! Encryption towards PostgreSQL: whom to trust.

use std::path::Path;
use std::sync::Arc;

use rustls::crypto::aws_lc_rs;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::database::DatabaseError;

/// Encryption that trusts the certificates in a file of PEM, or those whom the machine trusts.
pub(super) fn connector(roots: Option<&Path>) -> Result<MakeRustlsConnect, DatabaseError> {
    let roots = match roots {
        Some(path) => from_file(path)?,
        None => from_machine(),
    };
    let config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| DatabaseError::Permanent(error.to_string()))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(MakeRustlsConnect::new(config))
}

fn from_machine() -> RootCertStore {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    roots
}

fn from_file(path: &Path) -> Result<RootCertStore, DatabaseError> {
    let refuse = |error: &dyn std::fmt::Display| {
        DatabaseError::Permanent(format!(
            "the certificates in {} cannot be used: {error}",
            path.display()
        ))
    };
    let certificates = CertificateDer::pem_file_iter(path).map_err(|error| refuse(&error))?;
    let mut roots = RootCertStore::empty();
    for certificate in certificates {
        let certificate = certificate.map_err(|error| refuse(&error))?;
        roots.add(certificate).map_err(|error| refuse(&error))?;
    }
    if roots.is_empty() {
        return Err(refuse(&"there are none"));
    }
    Ok(roots)
}
