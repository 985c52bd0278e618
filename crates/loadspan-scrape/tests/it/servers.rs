//! What an inference server says of itself.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::num::NonZeroUsize;

use loadspan_record::{RunOffset, ServerCounter, ServerGauge, ServerHistogram, ServerSample, ServerSummary};
use loadspan_scrape::{Named, ScrapeConfig};
use loadspan_testkit::{DurationExt, FakeServer, RunningServer, ServerKind, TextEndpoint, TextReply, every};

use crate::harness::{PATIENCE, Rig, config, server, target};

fn vllm() -> FakeServer {
    FakeServer::new().kind(ServerKind::Vllm)
}

fn metrics_of(server: &RunningServer) -> String {
    format!("{}/metrics", server.url())
}

/// Sends a request for a streamed answer of so many tokens, and reads none of it.
fn ask(server: &RunningServer, tokens: u32) -> TcpStream {
    let body = format!(
        r#"{{"model":"m","stream":true,"max_tokens":{tokens},"messages":[{{"content":"three little words"}}]}}"#
    );
    let mut stream = TcpStream::connect(server.address()).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    write!(
        stream,
        "POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
    .unwrap();
    stream
}

fn gauge(sample: &ServerSample, gauge: ServerGauge) -> Option<f64> {
    sample.metrics.get(&gauge).copied()
}

#[test]
fn running_and_waiting_are_what_the_server_is_asked_for() {
    let fake = vllm()
        .tokens(2, every(60.secs()))
        .max_concurrency(NonZeroUsize::new(2).unwrap());
    let fake = fake.start().unwrap();
    let rig = Rig::start(&server(&metrics_of(&fake)));
    assert_eq!(gauge(&rig.server_sample(), ServerGauge::RequestsRunning), Some(0.0));

    let clients: Vec<TcpStream> = (0..5).map(|_| ask(&fake, 2)).collect();
    let sample = rig.server_sample_with(|sample| gauge(sample, ServerGauge::RequestsWaiting) == Some(3.0));
    assert_eq!(gauge(&sample, ServerGauge::RequestsRunning), Some(2.0));
    assert_eq!(gauge(&sample, ServerGauge::KvCacheUsage), Some(1.0));

    drop(clients);
    rig.server_sample_with(|sample| gauge(sample, ServerGauge::RequestsRunning) == Some(0.0));
}

#[test]
fn totals_and_quantiles_over_the_run_are_what_the_server_did() {
    let fake = vllm().ttft(30.ms()).tokens(1, every(1.ms())).start().unwrap();
    let rig = Rig::start(&server(&metrics_of(&fake)));
    for _ in 0..5 {
        ask(&fake, 8).read_to_end(&mut Vec::new()).unwrap();
    }
    let finished = rig.finish();

    let lines = finished.lines("server_metrics.jsonl");
    let samples: Vec<ServerSample> = lines.iter().map(|line| serde_json::from_str(line).unwrap()).collect();
    let whole_run = (RunOffset::ZERO, RunOffset::from_duration(60.secs()));
    let [summary] = &ServerSummary::of(&samples, whole_run.0, whole_run.1)[..] else {
        panic!("one server was scraped")
    };
    assert_eq!(summary.source, metrics_of(&fake));
    assert_eq!(summary.totals[&ServerCounter::GenerationTokens], 40.0);
    assert_eq!(summary.totals[&ServerCounter::PromptTokens], 15.0);
    assert_eq!(summary.totals[&ServerCounter::RequestsSucceeded], 5.0);
    let ttft = summary.histograms[&ServerHistogram::TimeToFirstToken];
    assert_eq!(ttft.count, 5);
    assert!(ttft.mean >= 0.03 && ttft.p50 >= 0.02, "{ttft:?}");
    // Tokens that were due together left together.
    let gaps = summary.histograms[&ServerHistogram::InterTokenLatency].count;
    assert!((1..=35).contains(&gaps), "{gaps}");
    assert_eq!(finished.report.sources[0].samples, samples.len() as u64);
}

#[test]
fn a_server_that_was_restarted_goes_on_from_zero() {
    let counted = |tokens: u32| TextReply::Text(format!("vllm:generation_tokens_total {tokens}.0"));
    let page = TextEndpoint::start(counted(1_000_000)).unwrap();
    let rig = Rig::start(&server(&page.url("/metrics")));
    rig.server_sample();
    page.answer(TextReply::Status(503));
    rig.notice();
    page.answer(counted(7));
    let sample = rig.server_sample_with(|sample| sample.rates.values().any(|rate| *rate != 0.0));
    let secs = sample.interval_ns.unwrap() as f64 / 1e9;
    let tokens = sample.rates[&ServerCounter::GenerationTokens] * secs;
    assert!((tokens - 7.0).abs() < 1e-6, "{tokens}");

    let report = rig.finish().report;
    assert!(report.sources[0].failed > 0);
    assert_eq!(report.notices.len(), 1, "{:?}", report.notices);
}

#[test]
fn the_names_of_an_unknown_server_are_kept() {
    let page = TextEndpoint::text("my_queue{shard=\"a\"} 2\nmy_queue{shard=\"b\"} 3").unwrap();
    let rig = Rig::start(&server(&page.url("/metrics")));
    assert_eq!(rig.server_sample().raw, [("my_queue".to_owned(), 5.0)].into());
    let notice = rig.notice().notice.message;
    assert!(notice.contains("shows no metric of vLLM"), "{notice}");
}

#[test]
fn an_unknown_server_that_nobody_named_is_left_alone() {
    let page = TextEndpoint::text("my_queue 2").unwrap();
    let rig = Rig::start(&ScrapeConfig {
        servers: vec![target(&page.url("/metrics"), Named::ByDefault)],
        ..config()
    });
    let finished = rig.finish();
    assert_eq!(page.heads().len(), 1);
    assert!(!finished.path("server_metrics.jsonl").exists());
}
