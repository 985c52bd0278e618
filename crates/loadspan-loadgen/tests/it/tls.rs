//! TLS: whom to trust, and what it costs.

use loadspan_loadgen::TlsConfig;
use loadspan_record::{ConnectionUse, HttpVersion};
use loadspan_testkit::{FakeServer, Fault, RunningServer, Script, When};
use tempfile::TempDir;

use crate::harness::{Load, preflight_of, run_preflight};

fn server() -> (RunningServer, TempDir, TlsConfig) {
    let server = FakeServer::new()
        .on(When::Number(1), Script::new().fault(Fault::Drop))
        .tls()
        .start()
        .unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ca.pem");
    std::fs::write(&path, server.ca_pem().unwrap()).unwrap();
    (server, folder, TlsConfig::CaFile(path))
}

fn refusal(url: &str, tls: TlsConfig) -> String {
    let mut config = preflight_of(url);
    config.target.tls = tls;
    run_preflight(config).unwrap_err().to_string()
}

#[test]
fn an_authority_from_a_file_is_trusted_and_handshakes_are_timed() {
    let (server, _folder, tls) = server();
    let report = Load::closed(server.url(), 1, 4)
        .change(|load| load.preflight.target.tls = tls)
        .run();
    assert_eq!(report.outcomes().get("completed"), Some(&3));
    let reopened = report.records[1].http.connection;
    assert!(
        matches!(
            reopened,
            ConnectionUse::Opened {
                connect_ns: 1..,
                tls_ns: 1..
            }
        ),
        "{reopened:?}"
    );
    assert_eq!(report.records[2].http.version, HttpVersion::Http11);
}

#[test]
fn names_are_checked_as_well_as_addresses() {
    let (server, _folder, tls) = server();
    let url = format!("https://localhost:{}", server.address().port());
    let mut config = preflight_of(&url);
    config.target.tls = tls;
    assert!(run_preflight(config).is_ok());
}

#[test]
fn an_unknown_authority_is_refused_with_what_to_do() {
    let (server, _folder, _) = server();
    let message = refusal(&server.url(), TlsConfig::SystemRoots);
    assert!(
        message.contains("certificate") && message.contains("--ca-cert"),
        "{message}"
    );
}

#[test]
fn insecure_accepts_any_certificate() {
    let (server, _folder, _) = server();
    let insecure = |load: &mut Load| load.preflight.target.tls = TlsConfig::Insecure;
    assert_eq!(
        Load::closed(server.url(), 1, 3).change(insecure).run().outcomes()["completed"],
        2
    );
}

#[test]
fn a_server_without_tls_is_told_from_a_bad_certificate() {
    let server = FakeServer::new().start().unwrap();
    let url = server.url().replace("http://", "https://");
    let message = refusal(&url, TlsConfig::SystemRoots);
    assert!(message.contains("http:// URL"), "{message}");
}

#[test]
fn a_server_with_tls_says_nothing_to_plain_http() {
    let (server, _folder, _) = server();
    let message = refusal(&server.url().replace("https://", "http://"), TlsConfig::SystemRoots);
    assert!(message.contains("https:// URL"), "{message}");
}

#[test]
fn a_file_that_holds_no_certificate_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("empty.pem");
    std::fs::write(&path, "nothing").unwrap();
    let message = refusal("https://127.0.0.1:1", TlsConfig::CaFile(path));
    assert!(
        message.contains("empty.pem") && message.contains("no certificate"),
        "{message}"
    );
}
