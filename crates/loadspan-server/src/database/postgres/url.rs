//! URLs of PostgreSQL, as other programs write them.

use std::borrow::Cow;
use std::path::PathBuf;

use percent_encoding::percent_decode_str;
use tokio_postgres::Config;

use crate::database::DatabaseError;

/// What a URL says.
pub(super) struct Target {
    pub(super) config: Config,
    /// `sslrootcert`: whom to trust, in place of those whom the machine trusts.
    pub(super) roots: Option<PathBuf>,
}

/// Reads a URL. SQLAlchemy's may name a Python driver, `postgresql+psycopg2://…`, which is passed over.
pub(super) fn parse(url: &str) -> Result<Target, DatabaseError> {
    let Some((scheme, rest)) = url.split_once("://") else {
        return Err(refuse("it is no URL: postgresql://user:password@host:port/database"));
    };
    let scheme = scheme.split_once('+').map_or(scheme, |(scheme, _driver)| scheme);
    let (place, query) = rest.split_once('?').unwrap_or((rest, ""));
    let mut roots = None;
    let mut options = Vec::new();
    for option in query.split('&').filter(|option| !option.is_empty()) {
        match option.split_once('=') {
            Some(("sslrootcert", path)) => roots = Some(PathBuf::from(decoded(path).into_owned())),
            // Certificates are always looked at: there is no encryption that trusts anyone.
            Some(("sslmode", "verify-ca" | "verify-full")) => options.push("sslmode=require"),
            Some(("sslmode", "allow")) => options.push("sslmode=prefer"),
            _ => options.push(option),
        }
    }
    let url = format!("{scheme}://{place}?{}", options.join("&"));
    // The error may quote the URL, and with it the password: its source has only the name of an option.
    let config = url.parse::<Config>().map_err(|error| {
        let cause = std::error::Error::source(&error).map_or_else(|| error.to_string(), ToString::to_string);
        refuse(&format!("its URL makes no sense: {cause}"))
    })?;
    if config.get_hosts().is_empty() && config.get_hostaddrs().is_empty() {
        return Err(refuse(
            "its URL names no host: postgresql://user:password@host:port/database",
        ));
    }
    Ok(Target { config, roots })
}

fn decoded(text: &str) -> Cow<'_, str> {
    percent_decode_str(text).decode_utf8_lossy()
}

fn refuse(message: &str) -> DatabaseError {
    DatabaseError::Permanent(message.to_owned())
}

#[cfg(test)]
mod tests {
    use tokio_postgres::config::{Host, SslMode};

    use super::*;

    #[test]
    fn a_python_driver_is_passed_over() {
        let target = parse("postgresql+psycopg2://me:p%40ss@db:5433/loads").expect("a URL");
        assert_eq!(target.config.get_hosts(), [Host::Tcp("db".to_owned())]);
        assert_eq!(target.config.get_ports(), [5433]);
        assert_eq!(target.config.get_password(), Some(b"p@ss".as_slice()));
        assert_eq!(target.config.get_dbname(), Some("loads"));
    }

    #[test]
    fn encryption_always_looks_at_the_certificate() {
        let target = parse("postgresql://db/x?sslmode=verify-full&sslrootcert=/etc/my%20ca.pem").expect("a URL");
        assert_eq!(target.config.get_ssl_mode(), SslMode::Require);
        assert_eq!(target.roots, Some(PathBuf::from("/etc/my ca.pem")));
    }

    #[test]
    fn an_error_names_the_option_and_not_the_password() {
        for url in [
            "postgresql://me:s3cret@db/x?colour=blue",
            "postgresql://me:s3cret@/x",
            "me:s3cret",
            "postgresql://me:s3cret@db:port/x",
        ] {
            let Err(error) = parse(url) else {
                panic!("{url} should be refused");
            };
            assert!(!error.to_string().contains("s3cret"), "{error}");
        }
    }
}
