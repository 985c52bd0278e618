//! The tracking URI as people write it: the URL of an MLflow server. Files, databases and Databricks are for MLflow's own clients,
//! which open them themselves.

use loadspan_record::{Secret, redact_url};
use url::{Host, Url};

use super::super::ConfigError;
use super::super::address::take_credentials;

/// What to do instead of naming a place that is no server.
const START_A_SERVER: &str =
    "start `mlflow server --backend-store-uri sqlite:///mlflow.db` and give its URL, such as http://localhost:5000";

/// The port of an MLflow server where nobody chose another.
const USUAL_PORT: u16 = 5000;

/// A tracking URI, checked and without credentials.
#[derive(Debug, Clone)]
pub(super) struct TrackingUri {
    /// With a path that ends with `/`.
    pub(super) url: Url,
    /// The value of an `Authorization` header, from the userinfo of the URI.
    pub(super) authorization: Option<Secret>,
}

/// How a tracking URI was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    /// `http://` or `https://`.
    Http,
    /// `host:port`.
    HostAndPort,
    /// A URL of SQLAlchemy.
    Database,
    /// `databricks`, `databricks://profile`, `uc:…`.
    Databricks,
    /// `host` without a port. MLflow takes a word without a scheme for a folder, and it may be one.
    Host,
    /// `file:`, or a path.
    Folder,
    /// Anything else.
    Unknown,
}

impl TrackingUri {
    /// # Errors
    ///
    /// Names `source` and the URI, without its credentials, and says what to do.
    pub(super) fn parse(source: &str, text: &str) -> Result<Self, ConfigError> {
        let text = text.trim();
        let bad = |what: &str, advice: &str| ConfigError::new(format!("{source}: `{}` {what}", shown(text)), advice);
        let no_server = || bad("is no tracking server", "expected a URL, such as http://localhost:5000");
        let written = match Form::of(text) {
            Form::Http => text.to_owned(),
            Form::HostAndPort => format!("http://{text}"),
            Form::Database => {
                return Err(bad(
                    "is a database, and loadspan speaks to tracking servers",
                    "start `mlflow server` with it as --backend-store-uri and give the server's URL, such as \
                     http://localhost:5000",
                ));
            }
            Form::Databricks => {
                return Err(bad(
                    "means Databricks, whose logins loadspan does not know",
                    START_A_SERVER,
                ));
            }
            Form::Host => {
                let host = host_and_path(text).0;
                return Err(bad(
                    "is no URL",
                    &format!("if it is a host, write http://{host}:{USUAL_PORT}; if it is a folder, {START_A_SERVER}"),
                ));
            }
            Form::Folder => {
                return Err(bad(
                    "is a folder, and loadspan speaks to tracking servers",
                    START_A_SERVER,
                ));
            }
            Form::Unknown => return Err(no_server()),
        };
        let mut url = Url::parse(&written).map_err(|_| no_server())?;
        if url.query().is_some() || url.fragment().is_some() {
            return Err(bad(
                "has a query or a fragment, which a tracking URI cannot have",
                "give the address of the server alone, such as http://localhost:5000",
            ));
        }
        let authorization = take_credentials(&mut url);
        let path = format!("{}/", url.path().trim_end_matches('/'));
        url.set_path(&path);
        Ok(Self { url, authorization })
    }
}

impl Form {
    fn of(text: &str) -> Self {
        let (scheme, rest) = text.split_once(':').unwrap_or((text, ""));
        let scheme = scheme.to_ascii_lowercase();
        // `postgresql+psycopg2` names a driver as well.
        let dialect = scheme.split('+').next().unwrap_or_default();
        match dialect {
            "http" | "https" if is_authority_and_path(rest) => Self::Http,
            "http" | "https" => Self::Unknown,
            "databricks" | "databricks-uc" | "uc" => Self::Databricks,
            "sqlite" | "postgresql" | "postgres" | "mysql" | "mssql" => Self::Database,
            "file" => Self::Folder,
            _ if rest.starts_with("//") => Self::Unknown,
            _ if is_host_and_port(text) => Self::HostAndPort,
            _ if is_host(text) => Self::Host,
            _ => Self::Folder,
        }
    }
}

/// Stricter than [`Url`], which leaves out slashes and blanks that should not be there.
fn is_authority_and_path(rest: &str) -> bool {
    let is_authority = |rest: &str| !rest.starts_with(['/', '?', '#']) && !rest.contains(char::is_whitespace);
    rest.strip_prefix("//").is_some_and(is_authority)
}

fn is_host_and_port(text: &str) -> bool {
    // A scheme without a port of its own leaves every port in its place.
    Url::parse(&format!("mlflow://{text}")).is_ok_and(|url| url.port().is_some())
}

/// A word that can be the name of a host; before a path only one that looks like nothing else.
fn is_host(text: &str) -> bool {
    let (host, path) = host_and_path(text);
    let has_looks = path.is_empty() || host == "localhost" || host.contains(['.', ':']);
    has_looks && !host.starts_with(['.', '~']) && Host::parse(host).is_ok()
}

fn host_and_path(text: &str) -> (&str, &str) {
    text.split_once('/').unwrap_or((text, ""))
}

/// The URI for messages. A password may hold signs that should have been encoded: whatever stands before the last `@` is hidden.
fn shown(text: &str) -> String {
    let Some((before, rest)) = text.rsplit_once('@') else {
        return redact_url(text);
    };
    let scheme = before.split_once("://").map_or("", |(scheme, _)| scheme);
    let separator = if scheme.is_empty() { "" } else { "://" };
    redact_url(&format!("{scheme}{separator}[redacted]@{rest}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Result<String, String> {
        let uri = TrackingUri::parse("--mlflow-tracking-uri", text);
        uri.map(|uri| uri.url.to_string()).map_err(|error| error.to_string())
    }

    #[test]
    fn a_server_may_have_a_path_and_ends_with_a_slash() {
        for (written, url) in [
            ("http://localhost:5000", "http://localhost:5000/"),
            (
                " HTTPS://Mlflow.Example:443/ml/flow// ",
                "https://mlflow.example/ml/flow/",
            ),
            ("localhost:5000", "http://localhost:5000/"),
            ("localhost:80", "http://localhost/"),
            ("[::1]:5000/mlflow", "http://[::1]:5000/mlflow/"),
        ] {
            assert_eq!(parsed(written).as_deref(), Ok(url), "{written}");
        }
    }

    #[test]
    fn what_is_no_server_is_told_what_to_do() {
        for (written, what, advice) in [
            ("file:///tmp/mlruns", "is a folder", "sqlite:///mlflow.db"),
            ("file:./mlruns", "is a folder", "http://localhost:5000"),
            ("./mlruns", "is a folder", "mlflow server"),
            ("mlruns", "is no URL", "if it is a folder, start `mlflow server"),
            ("data/mlruns", "is a folder", "mlflow server"),
            ("../mlruns", "is a folder", "mlflow server"),
            ("~/mlruns", "is a folder", "mlflow server"),
            ("C:\\mlruns", "is a folder", "mlflow server"),
            (
                "localhost",
                "is no URL",
                "if it is a host, write http://localhost:5000;",
            ),
            ("localhost/mlflow", "is no URL", "write http://localhost:5000;"),
            ("mlflow.example/ml", "is no URL", "write http://mlflow.example:5000;"),
            ("10.0.0.5", "is no URL", "write http://10.0.0.5:5000;"),
            ("[::1]", "is no URL", "write http://[::1]:5000;"),
            ("sqlite:///mlflow.db", "is a database", "--backend-store-uri"),
            ("postgresql+psycopg2://h/db", "is a database", "--backend-store-uri"),
            ("mysql://h/db", "is a database", "--backend-store-uri"),
            ("mssql+pyodbc://h/db", "is a database", "--backend-store-uri"),
            ("databricks", "means Databricks", "mlflow server"),
            ("databricks://profile", "means Databricks", "mlflow server"),
            ("uc:catalog", "means Databricks", "mlflow server"),
            ("s3://bucket", "is no tracking server", "http://localhost:5000"),
            ("http:localhost:5000", "is no tracking server", "http://localhost:5000"),
            ("http:///mlflow", "is no tracking server", "http://localhost:5000"),
            ("http://a b", "is no tracking server", "http://localhost:5000"),
            ("http://h:99999", "is no tracking server", "http://localhost:5000"),
            ("http://h/?workspace=a", "has a query", "the server alone"),
            ("http://h:5000/#/experiments/1", "or a fragment", "the server alone"),
        ] {
            let error = parsed(written).unwrap_err();
            assert!(error.starts_with("--mlflow-tracking-uri: `"), "{error}");
            assert!(error.contains(what) && error.contains(advice), "{written}: {error}");
        }
    }

    #[test]
    fn credentials_become_a_header() {
        let uri = TrackingUri::parse("X", "https://me:p%40ss@h/mlflow").unwrap();
        assert_eq!(uri.authorization.as_ref().unwrap().expose(), "Basic bWU6cEBzcw==");
        assert_eq!(uri.url.as_str(), "https://h/mlflow/");
        assert!(!format!("{uri:?}").contains("ss@"), "{uri:?}");
        let bare = TrackingUri::parse("X", "me:secret@h:5000").unwrap();
        assert_eq!(bare.url.as_str(), "http://h:5000/");
        assert!(bare.authorization.is_some());
    }

    #[test]
    fn messages_hold_no_credentials() {
        for written in [
            "postgresql://me:canary@h/db",
            "http://me:can/ary:canary@h",
            "http://me:can#ary?x=canary@h",
            "http://h?token=canary",
            "me:canary@h",
        ] {
            let error = parsed(written).unwrap_err();
            assert!(!error.contains("canary") && !error.contains("can/"), "{error}");
        }
    }
}
