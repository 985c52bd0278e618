//! Proxies that the environment names. The environment belongs to the whole process, so that each test runs a child.

use std::net::{TcpListener, TcpStream};
use std::process::Command;
use std::sync::mpsc::{Receiver, channel};

use loadspan_loadgen::TlsConfig;
use loadspan_testkit::FakeServer;

use crate::harness::{Head, Load, preflight_of, run_preflight};

/// Where the child finds what it is to ask for.
const TARGET: &str = "LOADSPAN_TEST_TARGET";

/// A proxy that leads every request to one server, and the heads with which its connections began.
fn proxy_to(server: std::net::SocketAddr) -> (String, Receiver<Head>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let (sender, heads) = channel();
    std::thread::spawn(move || {
        for mut client in listener.incoming().map_while(Result::ok) {
            let Some(head) = Head::read(&mut client, 0) else {
                continue;
            };
            let mut upstream = TcpStream::connect(server).unwrap();
            use std::io::Write;
            if head.lines[0].starts_with("CONNECT") {
                client
                    .write_all(b"HTTP/1.1 200 Connection established\r\nvia: test\r\n\r\n")
                    .unwrap();
            } else {
                write!(upstream, "{}\r\n\r\n", head.lines.join("\r\n")).unwrap();
            }
            let _ = sender.send(head);
            pipe(client.try_clone().unwrap(), upstream.try_clone().unwrap());
            pipe(upstream, client);
        }
    });
    (address.to_string(), heads)
}

fn pipe(mut from: TcpStream, mut to: TcpStream) {
    std::thread::spawn(move || {
        let _ = std::io::copy(&mut from, &mut to);
        let _ = to.shutdown(std::net::Shutdown::Write);
    });
}

/// Runs one of the tests below in a child with these variables and no others that name proxies. Panics when it fails.
fn run_child(test: &str, variables: &[(&str, &str)]) {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", test, "--ignored", "--nocapture"]);
    for name in ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "REQUEST_METHOD"] {
        command.env_remove(name).env_remove(name.to_lowercase());
    }
    let output = command.envs(variables.iter().copied()).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success() && said.contains("1 passed"),
        "{said}{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

#[test]
#[ignore = "run by others, which set its environment"]
fn child_that_loads_its_target() {
    let insecure = |load: &mut Load| load.preflight.target.tls = TlsConfig::Insecure;
    Load::closed(std::env::var(TARGET).unwrap(), 3, 12)
        .change(insecure)
        .run()
        .assert_completed(12);
}

#[test]
#[ignore = "run by others, which set its environment"]
fn child_that_loads_its_target_over_http2() {
    let over_http2 = |load: &mut Load| load.preflight.target.http = loadspan_loadgen::HttpPreference::Http2;
    Load::closed(std::env::var(TARGET).unwrap(), 3, 12)
        .change(over_http2)
        .run()
        .assert_completed(12);
}

#[test]
#[ignore = "run by another, which sets its environment"]
fn child_that_is_refused() {
    let message = run_preflight(preflight_of(&std::env::var(TARGET).unwrap()))
        .unwrap_err()
        .to_string();
    assert!(
        message.contains("socks5 proxy") && message.contains("NO_PROXY=target.test"),
        "{message}"
    );
}

const LOADS: &str = "proxy::child_that_loads_its_target";

#[test]
fn plain_requests_are_handed_to_the_proxy_whole() {
    let server = FakeServer::new().start().unwrap();
    let (proxy, heads) = proxy_to(server.address());
    let with_credentials = format!("http://me:secret@{proxy}");
    // Nobody but the proxy knows where the target is.
    run_child(
        LOADS,
        &[("HTTP_PROXY", &with_credentials), (TARGET, "http://target.test:8000")],
    );
    let heads: Vec<_> = heads.try_iter().collect();
    assert_eq!(server.stats().generation_requests, 12 + 1);
    assert_eq!(heads.len(), 2 + 3);
    assert!(
        heads[0].lines[0].starts_with("GET http://target.test:8000/v1/models HTTP/1.1"),
        "{}",
        heads[0].lines[0]
    );
    for head in &heads {
        assert_eq!(head.header("host"), Some("target.test:8000"));
        assert_eq!(head.header("proxy-authorization"), Some("Basic bWU6c2VjcmV0"));
    }
}

#[test]
fn tls_goes_through_a_tunnel() {
    let server = FakeServer::new().tls().start().unwrap();
    let (proxy, heads) = proxy_to(server.address());
    let with_credentials = format!("http://me:secret@{proxy}");
    run_child(
        LOADS,
        &[("https_proxy", &with_credentials), (TARGET, "https://target.test")],
    );
    let heads: Vec<_> = heads.try_iter().collect();
    assert_eq!((server.stats().generation_requests, heads.len()), (12 + 1, 2 + 3));
    for head in &heads {
        assert_eq!(head.lines[0], "CONNECT target.test:443 HTTP/1.1");
        assert_eq!(head.header("proxy-authorization"), Some("Basic bWU6c2VjcmV0"));
    }
}

#[test]
fn http2_without_tls_goes_through_a_tunnel_too() {
    let server = FakeServer::new().start().unwrap();
    let (proxy, heads) = proxy_to(server.address());
    let child = "proxy::child_that_loads_its_target_over_http2";
    run_child(child, &[("ALL_PROXY", &proxy), (TARGET, "http://target.test:8000")]);
    assert!(
        heads
            .try_iter()
            .all(|head| head.lines[0] == "CONNECT target.test:8000 HTTP/1.1")
    );
    assert_eq!(server.stats().generation_requests, 12 + 1);
}

#[test]
fn no_proxy_leads_past_it() {
    let server = FakeServer::new().start().unwrap();
    let (proxy, heads) = proxy_to(server.address());
    run_child(
        LOADS,
        &[
            ("HTTP_PROXY", &proxy),
            ("NO_PROXY", "127.0.0.1"),
            (TARGET, &server.url()),
        ],
    );
    assert_eq!(
        (server.stats().generation_requests, heads.try_iter().count()),
        (12 + 1, 0)
    );
}

#[test]
fn a_proxy_of_another_kind_is_refused() {
    run_child(
        "proxy::child_that_is_refused",
        &[("ALL_PROXY", "socks5://127.0.0.1:1"), (TARGET, "http://target.test")],
    );
}
