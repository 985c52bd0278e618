//! Certificates, keys and credentials reach a Collector that insists on them.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, ExtendedKeyUsagePurpose, IsCa, KeyPair};

use super::super::Workplace;
use super::super::check::Checks;
use super::super::collector::{Collector, Setup};
use super::super::loadspan::{profile, push};
use super::{ledger_is_clean, server};

const TOKEN: &str = "interop-token-of-no-worth";

pub(super) fn check(place: &Workplace, checks: &mut Checks) -> anyhow::Result<()> {
    let server = server().start()?;
    let pki = Pki::make(&place.scratch.join("pki"))?;
    let setup = Setup {
        tls: Some([pki.server.0.clone(), pki.server.1.clone(), pki.ca.clone()]),
        token: Some(TOKEN),
        ..Setup::default()
    };
    let collector = Collector::start(place, "collector-tls", &setup)?;
    let header = format!("authorization=Bearer {TOKEN}");
    for (protocol, url) in [
        ("grpc", collector.grpc_url("https")),
        ("http/protobuf", collector.http_url("https")),
    ] {
        let name = format!("tls-{}", &protocol[..4]);
        let secured = |name: &str| {
            profile(place, name, &server.url())
                .args(&[
                    "--otel-url",
                    &url,
                    "--otel-protocol",
                    protocol,
                    "--stream",
                    "all",
                    "--request-count",
                    "10",
                ])
                .envs(&pki.variables())
        };
        let run = secured(&name).args(&["--otel-header", &header]).run()?;
        for signal in ["traces", "metrics"] {
            ledger_is_clean(checks, &format!("{protocol} over TLS"), &run, signal);
        }
        let refused = secured(&format!("{name}-no-token")).run()?;
        checks.equal(
            format!("{protocol}: without the token the run is none the worse"),
            refused.code,
            Some(0),
        );
        let spooled = refused.ledger("traces", "spooled");
        checks.equal(
            format!("{protocol}: without the token spans are spooled"),
            spooled,
            refused.ledger("traces", "produced"),
        );
        let output = push(place, &refused.folder, &["--otel-header", &header], &[])?;
        checks.that(
            format!("{protocol}: push without certificates is refused by the Collector, and nothing is lost"),
            !output.status.success() && refused.folder.join("telemetry.spool").read_dir()?.count() > 1,
            String::from_utf8_lossy(&output.stderr),
        );
        let output = push(place, &refused.folder, &["--otel-header", &header], &pki.variables())?;
        checks.that(
            format!("{protocol}: push with certificates and token delivers"),
            output.status.success(),
            String::from_utf8_lossy(&output.stdout),
        );
    }
    Ok(())
}

/// A certificate and its key, as files.
type Pair = (PathBuf, PathBuf);

/// An authority, and what it has signed.
struct Pki {
    ca: PathBuf,
    server: Pair,
    client: Pair,
}

impl Pki {
    /// What a client is to be told.
    fn variables(&self) -> [(&'static str, String); 3] {
        let text = |path: &Path| path.to_string_lossy().into_owned();
        [
            ("OTEL_EXPORTER_OTLP_CERTIFICATE", text(&self.ca)),
            ("OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE", text(&self.client.0)),
            ("OTEL_EXPORTER_OTLP_CLIENT_KEY", text(&self.client.1)),
        ]
    }

    fn make(folder: &Path) -> anyhow::Result<Self> {
        fs::create_dir_all(folder)?;
        let mut params = CertificateParams::new(Vec::<String>::new())?;
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let ca = CertifiedIssuer::self_signed(params, KeyPair::generate()?).context("cannot make an authority")?;
        let signed = |name: &str, usage: ExtendedKeyUsagePurpose| -> anyhow::Result<Pair> {
            let mut params = CertificateParams::new(vec!["localhost".to_owned()])?;
            params.extended_key_usages = vec![usage];
            let key = KeyPair::generate()?;
            let certificate = params.signed_by(&key, &ca)?;
            let pair = (folder.join(format!("{name}.pem")), folder.join(format!("{name}.key")));
            fs::write(&pair.0, certificate.pem())?;
            fs::write(&pair.1, key.serialize_pem())?;
            Ok(pair)
        };
        let path = folder.join("ca.pem");
        fs::write(&path, ca.pem())?;
        Ok(Self {
            server: signed("server", ExtendedKeyUsagePurpose::ServerAuth)?,
            client: signed("client", ExtendedKeyUsagePurpose::ClientAuth)?,
            ca: path,
        })
    }
}
