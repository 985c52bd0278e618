//! Servers that prove who they are, and what is told where trust in them cannot be set up.

use std::path::PathBuf;

use loadspan_record::NoticeLevel;
use loadspan_scrape::{GpuSource, Named, ScrapeConfig, ScrapeTarget, TlsTrust};
use loadspan_testkit::{FakeServer, RunningServer, ServerKind, TextEndpoint};

use crate::harness::{Rig, config, page, target};

fn https_server() -> RunningServer {
    FakeServer::new().kind(ServerKind::Vllm).tls().start().unwrap()
}

fn trusting(server: &RunningServer, tls: TlsTrust) -> ScrapeConfig {
    ScrapeConfig {
        servers: vec![https_target(server, tls, Named::ByUser)],
        ..config()
    }
}

fn https_target(server: &RunningServer, tls: TlsTrust, named: Named) -> ScrapeTarget {
    ScrapeTarget {
        page: page(&format!("{}/metrics", server.url()), tls),
        named,
    }
}

#[test]
fn a_server_is_trusted_by_the_file_of_its_ca_or_without_looking() {
    let server = https_server();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ca.pem");
    std::fs::write(&path, server.ca_pem().unwrap()).unwrap();
    for tls in [TlsTrust::CaFile(path), TlsTrust::Insecure] {
        let rig = Rig::start(&trusting(&server, tls));
        rig.server_sample();
        assert!(rig.finish().report.notices.is_empty());
    }
}

#[test]
fn a_server_that_nobody_vouches_for_is_a_warning() {
    let other_ca = https_server();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ca.pem");
    std::fs::write(&path, other_ca.ca_pem().unwrap()).unwrap();
    let rig = Rig::start(&trusting(&https_server(), TlsTrust::CaFile(path)));
    let notice = rig.notice();
    assert_eq!(notice.level, NoticeLevel::Warning);
    assert!(notice.notice.message.contains("certificate"), "{notice:?}");
}

#[test]
fn trust_that_cannot_be_set_up_costs_its_own_page_alone() {
    let server = https_server();
    let alive = TextEndpoint::text("vllm:num_requests_running 1.0").unwrap();
    let missing = || TlsTrust::CaFile(PathBuf::from("missing.pem"));
    let url = format!("{}/metrics", server.url());
    let rig = Rig::start(&ScrapeConfig {
        servers: vec![
            https_target(&server, missing(), Named::ByDefault),
            https_target(&server, missing(), Named::ByUser),
            target(&alive.url("/metrics"), Named::ByUser),
        ],
        gpus: vec![GpuSource::Dcgm(page(&url, missing()))],
        ..config()
    });
    rig.server_sample();
    let report = rig.finish().report;
    let told: Vec<_> = report
        .notices
        .iter()
        .map(|notice| (notice.level, notice.notice.message.replace(&url, "URL")))
        .collect();
    let reason =
        "of URL are missing: cannot read the CA certificate missing.pem: No such file or directory (os error 2)";
    assert_eq!(
        told,
        [
            (NoticeLevel::Note, format!("server metrics {reason}")),
            (NoticeLevel::Warning, format!("server metrics {reason}")),
            (NoticeLevel::Warning, format!("GPU metrics {reason}")),
        ]
    );
    assert_eq!(report.sources.len(), 1);
}
