//! When things happen, by the server's own clock. Nothing may be early; how late it is depends on the machine, and is not tested.

use std::num::{NonZeroU32, NonZeroUsize};
use std::time::{Duration, Instant};

use loadspan_testkit::{DurationExt, FakeServer, Filler, Opening, RunningServer, Script, Truth, When, every};

use crate::harness::{Client, chat};

const PATH: &str = "/v1/chat/completions";
const MS: u64 = 1_000_000;

/// The truth of one streamed request of four tokens.
fn truth_of(server: FakeServer) -> Truth {
    let server = server.start().unwrap();
    Client::connect(&server).post(PATH, &chat(r#","stream":true,"max_tokens":4"#));
    server.stats().requests.remove(0)
}

fn after(truth: &Truth, moment: Option<u64>) -> u64 {
    moment.unwrap() - truth.arrived_ns
}

#[test]
fn tokens_come_at_their_times() {
    let truth = truth_of(FakeServer::new().ttft(20.ms()).tokens(9, every(5.ms())));
    assert!(after(&truth, truth.first_token_ns) >= 20 * MS);
    assert!(after(&truth, truth.last_token_ns) >= 35 * MS);
    assert!(truth.last_byte_ns >= truth.last_token_ns);
    assert_eq!(truth.tokens, 4);
}

#[test]
fn the_head_comes_at_once_unless_the_script_holds_it_back() {
    let eager = truth_of(FakeServer::new().script(Script::new().ttft(100.ms())));
    assert!(eager.first_byte_ns.unwrap() < eager.first_token_ns.unwrap());
    let nothing = truth_of(FakeServer::new().script(Script::new().ttft(30.ms()).opening(Opening::Nothing)));
    assert_eq!(nothing.first_byte_ns, nothing.first_token_ns);
    let delayed = truth_of(FakeServer::new().script(Script::new().ttft(30.ms()).head_delay(10.ms())));
    assert!(after(&delayed, delayed.first_byte_ns) >= 10 * MS);
    assert!(after(&delayed, delayed.first_token_ns) >= 40 * MS);
}

#[test]
fn a_role_or_filler_before_the_first_token_is_no_token() {
    let script = Script::new()
        .ttft(200.ms())
        .opening(Opening::RoleChunk)
        .filler(Filler::EmptyChunk);
    let truth = truth_of(FakeServer::new().script(script));
    assert!(truth.first_byte_ns < truth.first_token_ns, "{truth:?}");
    assert!(after(&truth, truth.first_token_ns) >= 200 * MS);
}

#[test]
fn the_first_answer_token_comes_after_the_reasoning() {
    let script = Script::new()
        .tokens(4, every(50.ms()))
        .reasoning(2, loadspan_testkit::ReasoningField::Reasoning);
    let truth = truth_of(FakeServer::new().script(script));
    assert!(after(&truth, truth.first_answer_token_ns) >= 100 * MS);
    assert!(truth.first_token_ns.unwrap() < truth.first_answer_token_ns.unwrap());
}

#[test]
fn a_chunk_of_tokens_comes_when_its_first_is_due() {
    let script = Script::new()
        .tokens(4, every(10.ms()))
        .tokens_per_chunk(NonZeroU32::new(2).unwrap());
    let truth = truth_of(FakeServer::new().script(script));
    assert!(after(&truth, truth.last_token_ns) >= 20 * MS);
}

#[test]
fn a_response_that_is_not_streamed_comes_with_its_last_token() {
    let server = FakeServer::new()
        .ttft(10.ms())
        .tokens(3, every(10.ms()))
        .start()
        .unwrap();
    Client::connect(&server).post(PATH, &chat(""));
    let truth = server.stats().requests.remove(0);
    assert!(after(&truth, truth.first_byte_ns) >= 30 * MS);
    assert_eq!(truth.first_byte_ns, truth.last_byte_ns);
}

#[test]
fn a_server_warms_up() {
    let server = FakeServer::new().warm_start(1, 30.ms()).start().unwrap();
    let mut client = Client::connect(&server);
    client.post(PATH, &chat(""));
    client.post(PATH, &chat(""));
    let truths = server.stats().requests;
    assert!(after(&truths[0], truths[0].first_token_ns) >= 30 * MS);
    assert!(after(&truths[1], truths[1].first_token_ns) < after(&truths[0], truths[0].first_token_ns));
}

#[test]
fn a_full_server_serves_the_rest_one_after_the_other() {
    let server = FakeServer::new()
        .ttft(20.ms())
        .max_concurrency(NonZeroUsize::MIN)
        .start()
        .unwrap();
    let mut clients = send_together(&server, 3);
    clients.iter_mut().for_each(|client| drop(client.reply().unwrap()));
    let stats = server.stats();
    let mut first_tokens: Vec<u64> = stats
        .requests
        .iter()
        .map(|truth| truth.first_token_ns.unwrap())
        .collect();
    first_tokens.sort_unstable();
    let first_arrival = stats.requests.iter().map(|truth| truth.arrived_ns).min().unwrap();
    for (place, first_token) in (1..).zip(first_tokens) {
        assert!(first_token - first_arrival >= place * 20 * MS, "place {place}");
    }
    assert_eq!(stats.peak_open_streams, 3, "waiting requests are open");
}

#[test]
fn a_client_that_leaves_frees_its_place() {
    let server = FakeServer::new()
        .on(When::Number(0), Script::new().ttft(60.secs()))
        .max_concurrency(NonZeroUsize::MIN)
        .start()
        .unwrap();
    let first = send_together(&server, 1);
    crate::harness::eventually(|| server.stats().open_streams == 1);
    let mut second = send_together(&server, 1);
    crate::harness::eventually(|| server.stats().open_streams == 2);
    drop(first);
    assert_eq!(second[0].reply().unwrap().status, 200);
}

#[test]
fn a_stall_delays_everything_by_its_length() {
    let server = FakeServer::new()
        .ttft(20.ms())
        .stall_all(Duration::ZERO, 50.ms())
        .start()
        .unwrap();
    let start = Instant::now();
    let mut clients = send_together(&server, 2);
    clients.iter_mut().for_each(|client| drop(client.reply().unwrap()));
    assert!(start.elapsed() >= 70.ms());
    for truth in server.stats().requests {
        assert!(after(&truth, truth.first_token_ns) >= 20 * MS, "{truth:?}");
    }
}

fn send_together(server: &RunningServer, count: usize) -> Vec<Client> {
    let mut clients: Vec<Client> = (0..count).map(|_| Client::connect(server)).collect();
    for client in &mut clients {
        client.send(&format!("POST {PATH} HTTP/1.1\r\ncontent-length: 2\r\n\r\n{{}}"));
    }
    clients
}
