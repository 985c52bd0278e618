//! Endpoints that are slow, dead, huge, or not what they should be, and what they are told.

use std::time::Duration;

use loadspan_record::NoticeLevel;
use loadspan_scrape::{Named, ScrapeConfig, ScrapeOutputs, Scraper};
use loadspan_testkit::{TextEndpoint, TextReply};
use tokio::net::TcpSocket;

use crate::harness::{PATIENCE, Rig, config, server, target};

const PAGE: &str = "vllm:num_requests_running 1.0";

/// A URL on which nobody listens, as long as the socket is kept: it holds the port.
fn dead_url() -> (TcpSocket, String) {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let url = format!("http://{}/metrics", socket.local_addr().unwrap());
    (socket, url)
}

#[test]
fn a_dead_endpoint_that_the_user_named_is_one_warning_and_is_tried_again() {
    let alive = TextEndpoint::text(PAGE).unwrap();
    let (_socket, dead) = dead_url();
    let rig = Rig::start(&ScrapeConfig {
        servers: vec![
            target(&dead, Named::ByUser),
            target(&alive.url("/metrics"), Named::ByUser),
        ],
        ..config()
    });
    assert!(alive.wait_for_requests(5, PATIENCE));
    let report = rig.finish().report;
    assert!(report.sources[0].failed >= 2, "{report:?}");
    assert_eq!(report.sources[1].failed, 0);
    let [notice] = &report.notices[..] else {
        panic!("{report:?}")
    };
    assert_eq!(notice.level, NoticeLevel::Warning);
    assert!(notice.notice.message.contains("onnection refused"), "{notice:?}");
    assert!(notice.notice.advice.as_deref().unwrap().contains("--server-metrics"));
}

#[test]
fn a_default_endpoint_that_does_not_answer_is_left_alone_in_silence() {
    let not_there = TextEndpoint::start(TextReply::Status(404)).unwrap();
    let alive = TextEndpoint::text(PAGE).unwrap();
    let rig = Rig::start(&ScrapeConfig {
        servers: vec![
            target(&not_there.url("/metrics"), Named::ByDefault),
            target(&alive.url("/metrics"), Named::ByUser),
        ],
        ..config()
    });
    assert!(alive.wait_for_requests(5, PATIENCE));
    let report = rig.finish().report;
    assert_eq!(not_there.heads().len(), 1);
    assert!(report.notices.is_empty(), "{report:?}");
    let error = report.sources[0].last_error.as_deref();
    assert_eq!(error, Some("it answers 404 Not Found"));
}

#[test]
fn a_slow_endpoint_is_late_for_itself_alone() {
    let silent = TextEndpoint::start(TextReply::Silence).unwrap();
    let alive = TextEndpoint::text(PAGE).unwrap();
    let rig = Rig::start(&ScrapeConfig {
        servers: vec![
            target(&silent.url("/metrics"), Named::ByUser),
            target(&alive.url("/metrics"), Named::ByUser),
        ],
        timeout: Duration::from_secs(2),
        ..config()
    });
    assert!(alive.wait_for_requests(10, PATIENCE));
    let notice = rig.notice().notice.message;
    assert!(notice.ends_with("it did not answer within 2s"), "{notice}");
    let report = rig.finish().report;
    assert_eq!((report.sources[0].samples, report.sources[1].failed), (0, 0));
}

#[test]
fn a_page_without_end_is_not_read_to_its_end() {
    let endless = TextEndpoint::start(TextReply::Endless).unwrap();
    let rig = Rig::start(&ScrapeConfig {
        interval: Duration::from_secs(60),
        ..server(&endless.url("/metrics"))
    });
    let notice = rig.notice().notice.message;
    assert!(notice.ends_with("its page is larger than 16 MiB"), "{notice}");
}

#[test]
fn the_end_does_not_wait_for_a_scrape_in_progress() {
    let silent = TextEndpoint::text(PAGE).unwrap();
    let rig = Rig::start(&ScrapeConfig {
        interval: Duration::from_secs(60),
        ..server(&silent.url("/metrics"))
    });
    rig.server_sample();
    silent.answer(TextReply::Silence);
    let finished = rig.finish();
    assert!(finished.took < Duration::from_secs(3), "{:?}", finished.took);
    assert_eq!(finished.report.sources[0].failed, 1, "the last scrape had its second");
}

#[test]
fn the_end_has_a_last_sample() {
    let page = TextEndpoint::text(PAGE).unwrap();
    let rig = Rig::start(&ScrapeConfig {
        interval: Duration::from_secs(60),
        ..server(&page.url("/metrics"))
    });
    let finished = rig.finish();
    assert_eq!(finished.lines("server_metrics.jsonl").len(), 2);
}

#[test]
fn what_is_no_metrics_page_says_so() {
    let html = TextEndpoint::text("<!doctype html>").unwrap();
    let rig = Rig::start(&server(&html.url("/")));
    let notice = rig.notice().notice.message;
    assert!(notice.contains("line 1 is not in Prometheus' text format"), "{notice}");
}

#[test]
fn keys_go_to_the_endpoint_and_nowhere_else() {
    let other = TextEndpoint::text(PAGE).unwrap();
    let page = TextEndpoint::text(PAGE).unwrap();
    let url = page
        .url("/metrics?token=sk-query")
        .replace("http://", "http://me:sk-password@");
    let rig = Rig::start(&server(&url));
    rig.server_sample();
    let head = page.heads()[0].to_lowercase();
    assert!(
        head.contains("?token=sk-query") && head.contains("authorization: basic"),
        "{head}"
    );

    page.answer(TextReply::Redirect(other.url("/metrics")));
    let notice = rig.notice();
    assert!(
        notice.notice.message.ends_with("it answers 307 Temporary Redirect"),
        "{notice:?}"
    );
    let finished = rig.finish();
    assert!(other.heads().is_empty(), "the key went to another host");
    let written = finished.lines("server_metrics.jsonl").join("\n") + &format!("{:?}", finished.report);
    assert!(!written.contains("sk-"), "{written}");
}

#[test]
fn a_redirection_on_the_same_host_is_followed() {
    let page = TextEndpoint::text(PAGE).unwrap();
    let rig = Rig::start(&server(&page.url("/metrics")));
    rig.server_sample();
    page.answer(TextReply::Redirect(page.url("/metrics/")));
    let notice = rig.notice().notice.message;
    assert!(
        page.heads().iter().any(|head| head.starts_with("GET /metrics/ ")),
        "{notice}"
    );
}

#[test]
fn a_file_that_cannot_be_opened_is_one_warning() {
    let page = TextEndpoint::text(PAGE).unwrap();
    let scraper = Scraper::start(&server(&page.url("/metrics")), Default::default, outputs_that_fail()).unwrap();
    assert!(page.wait_for_requests(5, PATIENCE));
    let report = scraper.finish();
    let [notice] = &report.notices[..] else {
        panic!("{report:?}")
    };
    assert!(notice.notice.message.ends_with("no space"), "{notice:?}");
    assert!(report.sources[0].samples >= 4);
}

fn outputs_that_fail() -> ScrapeOutputs {
    ScrapeOutputs {
        server_file: Box::new(|| Err(std::io::Error::other("no space"))),
        gpu_file: Box::new(|| Err(std::io::Error::other("no space"))),
        on_sample: Box::new(|_| {}),
        on_notice: Box::new(|_| {}),
    }
}
