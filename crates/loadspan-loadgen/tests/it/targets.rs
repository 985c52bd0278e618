//! Where requests go: forms of base URLs, several of them, credentials.

use loadspan_loadgen::BaseUrl;
use loadspan_record::Secret;
use loadspan_testkit::{DurationExt, FakeServer, RunningServer};

use crate::harness::{Load, preflight_of, run_preflight, target};

fn server() -> RunningServer {
    FakeServer::new().capture(50).start().unwrap()
}

/// The paths that were asked for, each once.
fn paths(server: &RunningServer) -> Vec<String> {
    let mut paths: Vec<_> = server.requests().into_iter().map(|request| request.target).collect();
    paths.sort();
    paths.dedup();
    paths
}

#[test]
fn a_base_url_may_end_anywhere_before_or_at_the_endpoint() {
    for suffix in ["", "/", "/v1", "/v1/", "/v1/chat/completions"] {
        let server = server();
        Load::closed(format!("{}{suffix}", server.url()), 1, 2)
            .run()
            .assert_completed(2);
        assert_eq!(paths(&server), ["/v1/chat/completions", "/v1/models"], "{suffix}");
    }
}

#[test]
fn a_base_url_may_lack_its_scheme_and_have_a_query() {
    let server = server();
    Load::closed(format!("{}?api-version=7", server.address()), 1, 2)
        .run()
        .assert_completed(2);
    assert_eq!(
        paths(&server),
        ["/v1/chat/completions?api-version=7", "/v1/models?api-version=7"]
    );
}

#[test]
fn a_path_of_the_users_own_replaces_the_usual_one() {
    let server = server();
    let own = |load: &mut Load| load.preflight.target.endpoint_path = Some("/chat/completions".to_owned());
    Load::closed(server.url(), 1, 1).change(own).run().assert_completed(1);
    assert_eq!(paths(&server), ["/chat/completions", "/v1/models"]);
}

#[test]
fn several_urls_take_turns() {
    let servers = [server(), server(), server()];
    let urls = servers.each_ref().map(RunningServer::url);
    for workers in [1, 2] {
        let spread = |load: &mut Load| load.preflight.target = target(&urls);
        let report = Load::closed(&urls[0], 4, 30).workers(workers).change(spread).run();
        report.assert_completed(30);
        assert!(
            report
                .records
                .iter()
                .all(|record| u64::from(record.target) == record.id.index % 3)
        );
        let preopened: Vec<_> = report
            .end
            .preopened
            .iter()
            .map(|opened| (opened.target, opened.opened))
            .collect();
        assert_eq!(preopened, [(0, 4), (1, 4), (2, 4)]);
    }
    for server in &servers {
        assert_eq!(
            server.stats().generation_requests,
            2 * (10 + 1),
            "ten of each load, and its preflight"
        );
    }
}

#[test]
fn one_url_of_several_that_does_not_answer_is_named() {
    let alive = server();
    let dead = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let mut config = preflight_of(&alive.url());
    config.target.urls.push(BaseUrl::parse(&dead.to_string()).unwrap());
    let message = run_preflight(config).unwrap_err().to_string();
    assert!(message.contains(&dead.to_string()), "{message}");
}

#[test]
fn userinfo_becomes_basic_authentication_and_a_key_goes_before_it() {
    let server = server();
    let url = format!("http://user:pa%20ss@{}", server.address());
    Load::closed(&url, 1, 1).run().assert_completed(1);
    for request in server.requests() {
        assert_eq!(
            request.header("authorization"),
            Some("Basic dXNlcjpwYSBzcw=="),
            "{}",
            request.target
        );
    }
    let with_key = |load: &mut Load| load.preflight.target.api_key = Some(Secret::new("sk-1"));
    Load::closed(&url, 1, 1).change(with_key).run().assert_completed(1);
    assert_eq!(
        server.requests().pop().unwrap().header("authorization"),
        Some("Bearer sk-1")
    );
}

#[test]
fn headers_of_the_users_own_are_sent_with_every_request() {
    let server = FakeServer::new().capture(50).ttft(1.ms()).start().unwrap();
    let with_header = |load: &mut Load| {
        load.preflight.target.headers = vec![("X-Team".to_owned(), Secret::new("blue"))];
    };
    Load::closed(server.url(), 1, 3)
        .change(with_header)
        .run()
        .assert_completed(3);
    assert!(
        server
            .requests()
            .iter()
            .all(|request| request.header("x-team") == Some("blue"))
    );
}

#[test]
fn headers_that_would_break_a_request_are_refused() {
    for (name, value, said) in [
        ("content-length", "7", "loadspan sets it itself"),
        ("x y", "7", "its name holds characters"),
        ("x-y", "a\r\nb: c", "its value holds characters"),
    ] {
        let mut config = preflight_of("http://127.0.0.1:1");
        config.target.headers = vec![(name.to_owned(), Secret::new(value))];
        let message = run_preflight(config).unwrap_err().to_string();
        assert!(message.contains(said) && message.contains(name), "{message}");
    }
}
