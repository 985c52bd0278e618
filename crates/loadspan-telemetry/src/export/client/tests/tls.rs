//! TLS, and the files it takes.

use std::fs;
use std::path::PathBuf;

use loadspan_testkit::DurationExt;
use tempfile::TempDir;

use super::proxy::Proxy;
use super::*;

/// The PEM files for a sink.
struct Files {
    folder: TempDir,
}

impl Files {
    fn new() -> Self {
        Self {
            folder: TempDir::new().unwrap(),
        }
    }

    fn write(&self, name: &str, pem: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        fs::write(&path, pem).unwrap();
        path
    }

    fn ca(&self, sink: &RunningOtlpSink) -> TlsFiles {
        TlsFiles {
            ca: Some(self.write("ca.pem", sink.ca_pem().unwrap())),
            ..TlsFiles::default()
        }
    }

    fn with_identity(&self, sink: &RunningOtlpSink) -> TlsFiles {
        let identity = sink.client_certificate().unwrap();
        TlsFiles {
            client_certificate: Some(self.write("client.pem", &identity.certificate_pem)),
            client_key: Some(self.write("client.key", &identity.key_pem)),
            ..self.ca(sink)
        }
    }
}

async fn send_with(sink: &RunningOtlpSink, protocol: Protocol, tls: TlsFiles) -> Delivery {
    let mut config = config(&sink.url(), protocol);
    config.tls = tls;
    client(&config).send(&payload(2)).await
}

#[tokio::test]
async fn a_server_is_trusted_by_its_authority() {
    let sink = OtlpSink::new().tls().start().unwrap();
    let files = Files::new();
    for protocol in PROTOCOLS {
        let delivery = send_with(&sink, protocol, files.ca(&sink)).await;
        assert_eq!(delivery, ACCEPTED, "{protocol:?}");
    }
    assert_eq!(sink.counts().accepted, 3);
}

#[tokio::test]
async fn a_server_of_an_unknown_authority_is_not_trusted() {
    let sink = OtlpSink::new().tls().start().unwrap();
    let other = rcgen::generate_simple_self_signed(["other.test".to_owned()]).unwrap();
    let files = Files::new();
    for protocol in PROTOCOLS {
        let tls = TlsFiles {
            ca: Some(files.write("other.pem", &other.cert.pem())),
            ..TlsFiles::default()
        };
        let delivery = send_with(&sink, protocol, tls).await;
        assert_eq!(kind(&delivery), "retry", "{protocol:?}");
        assert!(
            reason(&delivery).ends_with("OTEL_EXPORTER_OTLP_CERTIFICATE"),
            "{delivery:?}"
        );
    }
    assert_eq!(sink.counts().requests, 0);
}

#[tokio::test]
async fn a_client_shows_its_certificate() {
    let sink = OtlpSink::new().mutual_tls().start().unwrap();
    let files = Files::new();
    for protocol in PROTOCOLS {
        let delivery = send_with(&sink, protocol, files.with_identity(&sink)).await;
        assert_eq!(delivery, ACCEPTED, "{protocol:?}");
    }
}

#[tokio::test]
async fn a_client_without_a_certificate_gets_nowhere() {
    let sink = OtlpSink::new().mutual_tls().start().unwrap();
    let files = Files::new();
    for protocol in PROTOCOLS {
        let delivery = send_with(&sink, protocol, files.ca(&sink)).await;
        assert_eq!(kind(&delivery), "retry", "{protocol:?}");
    }
    assert_eq!(sink.counts().requests, 0);
}

#[tokio::test]
async fn tls_towards_a_plain_port_is_recognised() {
    let sink = OtlpSink::new().start().unwrap();
    let tls = OtlpSink::new().tls().start().unwrap();
    let files = Files::new();
    for protocol in PROTOCOLS {
        let mut config = config(&sink.url().replace("http:", "https:"), protocol);
        config.tls = files.ca(&tls);
        let delivery = client(&config).send(&payload(1)).await;
        assert_eq!(kind(&delivery), "retry", "{protocol:?}");
        assert!(reason(&delivery).ends_with("try http://"), "{protocol:?}: {delivery:?}");
    }
}

#[test]
fn files_that_cannot_be_used_are_named_with_the_reason() {
    let files = Files::new();
    let error = |tls: TlsFiles| {
        let errors = PROTOCOLS.map(|protocol| {
            let mut config = config("https://127.0.0.1:1", protocol);
            config.tls = tls.clone();
            let error = OtlpClient::build(&config, TelemetrySignal::Traces)
                .unwrap_err()
                .to_string();
            error.replace(files.folder.path().to_str().unwrap(), "DIR")
        });
        assert!(errors.iter().all(|error| *error == errors[0]), "{errors:?}");
        errors[0].clone()
    };
    let garbage = Some(files.write("garbage.pem", "no PEM at all"));
    let missing = Some(files.folder.path().join("missing.pem"));
    let with = |ca: &Option<PathBuf>, client_certificate: &Option<PathBuf>, client_key: &Option<PathBuf>| TlsFiles {
        ca: ca.clone(),
        client_certificate: client_certificate.clone(),
        client_key: client_key.clone(),
    };
    assert_eq!(
        error(with(&missing, &None, &None)),
        "cannot use the CA certificate DIR/missing.pem (OTEL_EXPORTER_OTLP_CERTIFICATE, or that of the signal): \
         No such file or directory (os error 2)"
    );
    assert_eq!(
        error(with(&garbage, &None, &None)),
        "cannot use the CA certificate DIR/garbage.pem (OTEL_EXPORTER_OTLP_CERTIFICATE, or that of the signal): \
         it holds no certificate in PEM form"
    );
    assert_eq!(
        error(with(&None, &garbage, &None)),
        "the client certificate DIR/garbage.pem needs the client key that belongs to it \
         (OTEL_EXPORTER_OTLP_CLIENT_KEY, or that of the signal)"
    );
    assert_eq!(
        error(with(&None, &None, &garbage)),
        "the client key DIR/garbage.pem needs the client certificate that belongs to it \
         (OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE, or that of the signal)"
    );
    assert_eq!(
        error(with(&None, &garbage, &garbage)),
        "cannot use the client certificate DIR/garbage.pem (OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE, or that of the signal): \
         it holds no certificate in PEM form"
    );
    let sink = OtlpSink::new().mutual_tls().start().unwrap();
    let identity = files.with_identity(&sink);
    assert_eq!(
        error(with(&None, &identity.client_certificate, &garbage)),
        "cannot use the client key DIR/garbage.pem (OTEL_EXPORTER_OTLP_CLIENT_KEY, or that of the signal): \
         it holds no private key in PEM form"
    );
}

#[test]
fn files_are_not_looked_at_without_tls() {
    let mut config = config("http://127.0.0.1:1", Protocol::Grpc);
    config.tls.ca = Some(PathBuf::from("/nonexistent"));
    assert!(OtlpClient::build(&config, TelemetrySignal::Traces).is_ok());
}

#[tokio::test]
async fn a_connection_that_has_gone_silent_is_left_although_others_could_share_it() {
    let sink = OtlpSink::new().tls().start().unwrap();
    let files = Files::new();
    for protocol in PROTOCOLS {
        let proxy = Proxy::start(&sink);
        let mut config = config(&proxy.url("https"), protocol);
        config.tls = files.ca(&sink);
        config.timeout = Some(500.ms());
        let client = client(&config);
        assert_eq!(client.send(&payload(2)).await, ACCEPTED, "{protocol:?}");
        proxy.silence();
        assert_eq!(kind(&client.send(&payload(2)).await), "retry", "{protocol:?}");
        assert_eq!(client.send(&payload(2)).await, ACCEPTED, "{protocol:?}");
    }
}
