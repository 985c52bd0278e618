//! A CA and a certificate, made at the start and known to nobody else.

use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose};
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{VerifierBuilderError, WebPkiClientVerifier};
use rustls::{RootCertStore, ServerConfig};
use thiserror::Error;
use tokio_rustls::TlsAcceptor;

/// What a server needs to speak TLS, and its client to trust it.
pub(crate) struct TlsIdentity {
    pub(crate) acceptor: TlsAcceptor,
    pub(crate) ca_pem: String,
    /// A certificate that the server takes from clients. `None` when it asks for none.
    pub(crate) client: Option<ClientCertificate>,
}

/// Whether clients must prove who they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ClientAuth {
    None,
    Demanded,
}

/// A certificate with which a client proves who it is.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ClientCertificate {
    /// The certificate.
    pub certificate_pem: String,
    /// Its private key.
    pub key_pem: String,
}

#[derive(Debug, Error)]
pub(crate) enum TlsError {
    #[error(transparent)]
    Certificate(#[from] rcgen::Error),
    #[error(transparent)]
    Config(#[from] rustls::Error),
    #[error(transparent)]
    Verifier(#[from] VerifierBuilderError),
}

impl TlsIdentity {
    pub(crate) fn generate(client_auth: ClientAuth) -> Result<Self, TlsError> {
        let ca_key = KeyPair::generate()?;
        let ca = ca_params()?;
        let ca_certificate = ca.self_signed(&ca_key)?;
        let issuer = Issuer::from_params(&ca, ca_key);

        let key = KeyPair::generate()?;
        let names = ["localhost", "127.0.0.1", "::1"].map(str::to_owned);
        let certificate = CertificateParams::new(names)?.signed_by(&key, &issuer)?;

        let private_key = PrivateKeyDer::Pkcs8(key.serialize_der().into());
        // The provider is named because a process that links another one as well has no default.
        let provider = Arc::new(aws_lc_rs::default_provider());
        let builder =
            ServerConfig::builder_with_provider(Arc::clone(&provider)).with_safe_default_protocol_versions()?;
        let (builder, client) = match client_auth {
            ClientAuth::None => (builder.with_no_client_auth(), None),
            ClientAuth::Demanded => {
                let trusted = Arc::new(trust(ca_certificate.der().clone())?);
                let verifier = WebPkiClientVerifier::builder_with_provider(trusted, provider).build()?;
                let client = ClientCertificate::generate(&issuer)?;
                (builder.with_client_cert_verifier(verifier), Some(client))
            }
        };
        let mut config = builder.with_single_cert(vec![certificate.der().clone()], private_key)?;
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(Self {
            acceptor: TlsAcceptor::from(Arc::new(config)),
            ca_pem: ca_certificate.pem(),
            client,
        })
    }
}

impl ClientCertificate {
    fn generate(issuer: &Issuer<'_, KeyPair>) -> Result<Self, rcgen::Error> {
        let key = KeyPair::generate()?;
        let certificate = CertificateParams::new(["loadspan-client".to_owned()])?.signed_by(&key, issuer)?;
        Ok(Self {
            certificate_pem: certificate.pem(),
            key_pem: key.serialize_pem(),
        })
    }
}

fn trust(certificate: CertificateDer<'static>) -> Result<RootCertStore, rustls::Error> {
    let mut roots = RootCertStore::empty();
    roots.add(certificate)?;
    Ok(roots)
}

fn ca_params() -> Result<CertificateParams, rcgen::Error> {
    let mut params = CertificateParams::new(Vec::<String>::new())?;
    params.distinguished_name.push(DnType::CommonName, "loadspan test CA");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    Ok(params)
}
