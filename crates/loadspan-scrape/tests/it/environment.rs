//! Environments in which a page of this host must be read all the same. A process has one environment: each test runs another
//! one of this binary in its own.

use std::process::Command;

use loadspan_testkit::TextEndpoint;

/// The arguments that run a test which reads a page of this host over plain HTTP.
const READ_A_PAGE: [&str; 2] = ["--exact", "endpoints::the_end_has_a_last_sample"];

#[track_caller]
fn assert_a_page_is_read_with(environment: &[(&str, &str)]) {
    let mut command = Command::new(std::env::current_exe().unwrap());
    for name in ["NO_PROXY", "no_proxy"] {
        command.env_remove(name);
    }
    let output = command
        .args(READ_A_PAGE)
        .envs(environment.iter().copied())
        .output()
        .unwrap();
    let printed = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success() && printed.contains("1 passed"),
        "{printed}{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

#[test]
fn no_proxy_is_asked_for_a_page_of_this_host() {
    let proxy = TextEndpoint::text("vllm:num_requests_running 1.0").unwrap();
    let url = proxy.url("/");
    assert_a_page_is_read_with(&[("HTTP_PROXY", &url), ("http_proxy", &url), ("ALL_PROXY", &url)]);
    assert_eq!(proxy.heads(), [""; 0]);
}

#[test]
fn a_host_without_certificates_reads_plain_http() {
    assert_a_page_is_read_with(&[("SSL_CERT_FILE", "/nonexistent"), ("SSL_CERT_DIR", "/nonexistent")]);
}
