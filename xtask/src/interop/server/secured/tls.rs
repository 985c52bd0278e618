//! TLS, with a certificate that was made on the spot.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, ensure};
use loadspan_testkit::FakeServer;
use serde_json::json;

use super::super::super::daemon::{Daemon, free_ports};
use super::super::super::loadspan::{clean_command, profile};
use super::super::Suite;
use super::super::client::{Client, Request};
use super::{Allowed, ask_client};

pub(super) fn check(suite: &mut Suite<'_>) -> anyhow::Result<()> {
    let home = suite.place.scratch.join("tls");
    let database = suite.store.make(&home, "tls")?;
    let [certificate, key] = certificate(&home)?;
    let [main, grpc, http] = free_ports()?;
    let mut command = clean_command(suite.place);
    command.args([
        "serve",
        "--port",
        &main.to_string(),
        "--backend-store-uri",
        database.uri(),
    ]);
    command.args([
        "--otlp-grpc-port",
        &grpc.to_string(),
        "--otlp-http-port",
        &http.to_string(),
    ]);
    command.arg("--tls-cert").arg(&certificate).arg("--tls-key").arg(&key);
    let daemon = Daemon::start(command.current_dir(&home), &home.join("log"), &[main, grpc, http])?;
    let url = format!("https://localhost:{main}");
    let path = certificate.to_string_lossy();
    let cases = json!({
        "known": [url, {"MLFLOW_TRACKING_SERVER_CERT_PATH": path}],
        "unknown": [url, {}],
        "insecure": [url, {"MLFLOW_TRACKING_INSECURE_TLS": "true"}],
    });
    let came = ask_client(suite, &cases)?;
    for case in ["known", "insecure"] {
        let is_so = came.get(case).is_some_and(Allowed::everything);
        let label = format!("TLS: MLflow's client, to which the certificate is {case}");
        suite.checks.that(label, is_so, came.get(case));
    }
    let unknown = came.get("unknown");
    let is_so = unknown.is_some_and(|allowed| allowed.read.to_lowercase().contains("certificate"));
    suite.checks.that(
        "TLS: MLflow's client does not trust what it does not know",
        is_so,
        unknown,
    );
    let server = FakeServer::new().start()?;
    for (protocol, port) in [("grpc", grpc), ("http/protobuf", http)] {
        let run = profile(suite.place, &format!("tls-{}", &protocol[..4]), &server.url())
            .args(&[
                "--otel-url",
                &format!("https://localhost:{port}"),
                "--otel-protocol",
                protocol,
            ])
            .args(&["--stream", "all", "--request-count", "5"])
            .env("OTEL_EXPORTER_OTLP_CERTIFICATE", &path)
            .run()?;
        let label = format!("TLS: spans over {protocol}");
        suite.checks.equal(
            label,
            run.ledger("traces", "delivered"),
            run.ledger("traces", "produced"),
        );
    }
    let plain = Client::new(main).send(&Request::get("/health"));
    let is_refused = plain.as_ref().map_or(true, |answer| answer.status >= 400);
    suite
        .checks
        .that("TLS: nothing is served without it", is_refused, plain);
    drop(daemon);
    Ok(())
}

/// A certificate for this machine, and its key.
fn certificate(folder: &Path) -> anyhow::Result<[PathBuf; 2]> {
    let files = ["certificate.pem", "key.pem"].map(|name| folder.join(name));
    let output = Command::new("openssl")
        .args([
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:prime256v1",
            "-nodes",
            "-days",
            "2",
        ])
        .args([
            "-subj",
            "/CN=localhost",
            "-addext",
            "subjectAltName=DNS:localhost,IP:127.0.0.1",
        ])
        // It is what a server shows, and no authority.
        .args(["-addext", "basicConstraints=critical,CA:FALSE"])
        .arg("-out")
        .arg(&files[0])
        .arg("-keyout")
        .arg(&files[1])
        .output()
        .context("cannot start openssl: apt-get install openssl")?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "openssl: {said}");
    Ok(files)
}
