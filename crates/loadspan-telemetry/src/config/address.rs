//! The address of an OTLP endpoint as people write it: `host`, `host:port` or a URL, the same in flags and variables.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use loadspan_record::{Secret, TelemetrySignal, redact_url};
use percent_encoding::percent_decode_str;
use url::Url;

use super::{ConfigError, Protocol};

/// The port of OTLP over gRPC.
const GRPC_PORT: u16 = 4317;
/// The port of OTLP over HTTP.
const HTTP_PORT: u16 = 4318;

/// An address, checked and without credentials.
#[derive(Debug, Clone)]
pub(super) struct Address {
    /// The flag or variable that it comes from.
    pub(super) source: String,
    pub(super) form: Form,
    /// With the scheme `http` where none was written.
    url: Url,
    /// The port that was written, even where it is the one of the scheme.
    port: Option<u16>,
    /// The value of an `Authorization` header, from the userinfo of the URL.
    pub(super) authorization: Option<Secret>,
}

/// How an address was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// Without a scheme.
    Bare,
    /// `http://` or `https://`.
    Http,
    /// `grpc://` or `grpcs://`.
    Grpc,
}

/// What becomes of the path of a URL for HTTP.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PathRule {
    /// `--otel-url`: `/v1/traces` or `/v1/metrics` is added; one that is there already stands for both signals.
    Complete,
    /// The generic variable: `/v1/traces` or `/v1/metrics` is added.
    Append,
    /// The variable of one signal: nothing is added.
    AsIs,
}

impl Address {
    /// # Errors
    ///
    /// Names `source` and the address, without its credentials.
    pub(super) fn parse(source: &str, text: &str) -> Result<Self, ConfigError> {
        let text = text.trim();
        let bad = || {
            ConfigError::new(
                format!("{source}: `{}` is no OTLP endpoint", redact_url(text)),
                "expected host, host:port or a URL with http, https, grpc or grpcs, such as http://localhost:4318",
            )
        };
        let (scheme, rest) = match text.split_once("://") {
            Some((scheme, rest)) => (Some(scheme.to_ascii_lowercase()), rest),
            None => (None, text),
        };
        let (form, scheme) = match scheme.as_deref() {
            None => (Form::Bare, "http"),
            Some("http") => (Form::Http, "http"),
            Some("https") => (Form::Http, "https"),
            Some("grpc") => (Form::Grpc, "http"),
            Some("grpcs") => (Form::Grpc, "https"),
            Some(_) => return Err(bad()),
        };
        if rest.is_empty() || rest.starts_with(['/', '?', '#']) || rest.contains(char::is_whitespace) {
            return Err(bad());
        }
        let mut url = Url::parse(&format!("{scheme}://{rest}")).map_err(|_| bad())?;
        url.set_fragment(None);
        let authorization = take_credentials(&mut url);
        // A scheme without a port of its own leaves every port in its place.
        let port = Url::parse(&format!("otlp://{rest}")).map_err(|_| bad())?.port();
        Ok(Self {
            source: source.to_owned(),
            form,
            url,
            port,
            authorization,
        })
    }

    /// The protocol that an address suggests: gRPC for its scheme and for port 4317, unless there is a path.
    pub(super) fn suggested_protocol(&self) -> Protocol {
        if self.form == Form::Grpc || (self.port == Some(GRPC_PORT) && !self.has_path()) {
            Protocol::Grpc
        } else {
            Protocol::HttpProtobuf
        }
    }

    pub(super) fn has_path(&self) -> bool {
        self.url.path() != "/"
    }

    /// Whether the path is one that HTTP requests are posted to.
    pub(super) fn ends_with_signal_path(&self) -> bool {
        let path = self.path().trim_end_matches('/');
        path.ends_with(signal_path(TelemetrySignal::Traces)) || path.ends_with(signal_path(TelemetrySignal::Metrics))
    }

    pub(super) fn path(&self) -> &str {
        self.url.path()
    }

    /// The URL that requests of a signal are posted to.
    pub(super) fn http_url(&self, signal: TelemetrySignal, rule: PathRule) -> Url {
        let mut url = self.with_port(HTTP_PORT);
        let base = url.path().trim_end_matches('/');
        let base = match rule {
            PathRule::AsIs => return url,
            PathRule::Append => base,
            PathRule::Complete => base
                .strip_suffix(signal_path(TelemetrySignal::Metrics))
                .or_else(|| base.strip_suffix(signal_path(TelemetrySignal::Traces)))
                .unwrap_or(base),
        };
        let path = format!("{base}{}", signal_path(signal));
        url.set_path(&path);
        url
    }

    /// Scheme and authority for gRPC.
    pub(super) fn grpc_url(&self) -> Url {
        let mut url = self.with_port(GRPC_PORT);
        url.set_path("");
        url.set_query(None);
        url
    }

    /// The same address over TLS.
    pub(super) fn over_tls(&self) -> Self {
        let mut secure = self.clone();
        // Neither of these can fail: there is a host, and both schemes are of the same kind.
        let _ = secure.url.set_scheme("https");
        let _ = secure.url.set_port(self.port);
        secure
    }

    /// Where no scheme says which port is meant, it is the one of OTLP.
    fn with_port(&self, port: u16) -> Url {
        let mut url = self.url.clone();
        if self.form != Form::Http && self.port.is_none() {
            // Cannot fail: there is a host.
            let _ = url.set_port(Some(port));
        }
        url
    }
}

/// The path of a signal.
const fn signal_path(signal: TelemetrySignal) -> &'static str {
    match signal {
        TelemetrySignal::Traces => "/v1/traces",
        TelemetrySignal::Metrics => "/v1/metrics",
    }
}

/// Takes `user:password@` out of a URL, so that nothing that shows the URL shows them.
pub(super) fn take_credentials(url: &mut Url) -> Option<Secret> {
    if url.username().is_empty() && url.password().is_none() {
        return None;
    }
    let mut plain: Vec<u8> = percent_decode_str(url.username()).collect();
    plain.push(b':');
    plain.extend(percent_decode_str(url.password().unwrap_or_default()));
    // Neither of these can fail: there is a host.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    Some(Secret::new(format!("Basic {}", STANDARD.encode(plain))))
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOTH: [TelemetrySignal; 2] = [TelemetrySignal::Traces, TelemetrySignal::Metrics];

    fn address(text: &str) -> Address {
        Address::parse("--otel-url", text).unwrap_or_else(|error| panic!("{text}: {error}"))
    }

    fn http(text: &str, rule: PathRule) -> [String; 2] {
        BOTH.map(|signal| address(text).http_url(signal, rule).to_string())
    }

    #[test]
    fn a_flag_gets_whatever_is_missing() {
        let cases = [
            ("collector", "http://collector:4318"),
            ("collector:80", "http://collector"),
            ("[::1]:4318", "http://[::1]:4318"),
            ("http://collector", "http://collector"),
            ("HTTPS://collector:443/otlp/", "https://collector/otlp"),
            ("http://collector:4318/v1/metrics", "http://collector:4318"),
            ("collector:4318/my/v1/traces/", "http://collector:4318/my"),
        ];
        for (written, base) in cases {
            let expected = [format!("{base}/v1/traces"), format!("{base}/v1/metrics")];
            assert_eq!(http(written, PathRule::Complete), expected, "{written}");
        }
        assert_eq!(
            http("http://c/otlp?tenant=a", PathRule::Complete)[0],
            "http://c/otlp/v1/traces?tenant=a"
        );
    }

    #[test]
    fn variables_keep_to_the_specification() {
        assert_eq!(
            http("http://c:4318/my/", PathRule::Append)[1],
            "http://c:4318/my/v1/metrics"
        );
        assert_eq!(http("http://c:4318", PathRule::AsIs)[0], "http://c:4318/");
        assert_eq!(http("http://c:4318/x/", PathRule::AsIs)[0], "http://c:4318/x/");
    }

    #[test]
    fn grpc_has_scheme_and_authority_alone() {
        let cases = [
            ("grpc://c", "http://c:4317/"),
            ("grpcs://c:443", "https://c/"),
            ("c", "http://c:4317/"),
            ("https://c:4317/x?y", "https://c:4317/"),
        ];
        for (written, url) in cases {
            assert_eq!(address(written).grpc_url().as_str(), url, "{written}");
        }
        assert_eq!(address("c:80").over_tls().grpc_url().as_str(), "https://c:80/");
    }

    #[test]
    fn port_and_scheme_suggest_the_protocol() {
        for grpc in ["c:4317", "http://c:4317", "https://c:4317/", "grpc://c:9"] {
            assert_eq!(address(grpc).suggested_protocol(), Protocol::Grpc, "{grpc}");
        }
        for http in ["c", "http://c:4318", "http://c", "http://c:4317/v1/traces"] {
            assert_eq!(address(http).suggested_protocol(), Protocol::HttpProtobuf, "{http}");
        }
    }

    #[test]
    fn credentials_are_taken_out() {
        let address = address("https://me:p%40ss@c/otlp");
        assert_eq!(address.authorization.as_ref().unwrap().expose(), "Basic bWU6cEBzcw==");
        assert!(!format!("{address:?}").contains("ss@"));
    }

    #[test]
    fn what_is_no_endpoint_is_named_without_its_credentials() {
        for bad in [
            "",
            "http://",
            "ftp://c",
            "c:port",
            "http://a b",
            "unix:///run/otel.sock",
            "://c",
            "/path",
            "c:99999",
            "-a-://",
        ] {
            let error = Address::parse("--otel-url", bad).unwrap_err();
            assert!(error.message.starts_with("--otel-url: `"), "{bad}");
        }
        let error = Address::parse("X", "ftp://me:canary@c?key=canary").unwrap_err();
        assert!(!error.to_string().contains("canary"), "{error}");
    }
}
