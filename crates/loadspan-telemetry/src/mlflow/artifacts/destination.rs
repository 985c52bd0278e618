//! Where the artifacts of a run go: what its artifact URI says.

use std::path::PathBuf;

use loadspan_record::redact_url;
use loadspan_wire::mlflow::ARTIFACTS_API;
use loadspan_wire::mlflow::artifacts::{ARTIFACTS, PROXY_SCHEME};
use url::Url;

use super::local::LocalFolder;
use crate::config::{MlflowServer, NamedBy};
use crate::export::client::is_loopback;
use crate::mlflow::run::KnownRun;

/// Where the artifacts of a run go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Destination {
    /// Through a tracking server.
    Proxy(Proxy),
    /// Into a folder of this machine.
    Folder(LocalFolder),
    /// Into a bucket.
    Bucket(BucketUri),
}

/// A server that passes artifacts on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Proxy {
    /// Where the artifacts of the run lie. It does not end with `/`.
    pub(super) folder: Url,
    /// Whether it is the tracking server itself. The credentials of that one are for no other.
    pub(super) server: ProxyServer,
}

/// Whose server it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum ProxyServer {
    /// The tracking server. It takes large files in parts, too: its folder is this one, below its list of uploads in parts.
    Tracking {
        /// The path of the run's artifacts below the root of the proxy. `None`: files go there whole.
        parts_folder: Option<String>,
    },
    /// Another.
    Foreign,
}

/// A place in an object store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct BucketUri {
    pub(super) kind: BucketKind,
    /// The name of the bucket; of Azure's, `container@host`.
    pub(super) bucket: String,
    /// Where the artifacts of the run lie in it, without slashes at its ends.
    pub(super) prefix: String,
}

/// Which object store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BucketKind {
    S3,
    Gcs,
    Azure,
}

impl Destination {
    /// # Errors
    ///
    /// Nothing can be put there, and why.
    pub(super) fn of(run: &KnownRun, server: &MlflowServer) -> Result<Self, String> {
        match server.named_by {
            NamedBy::User | NamedBy::Replay => Self::wherever(run, &server.tracking_uri),
            NamedBy::Folder => Self::at_the_server(run, &server.tracking_uri),
        }
    }

    /// A server that nobody but a folder names gets the files itself, whole. If it chose, it could have them written anywhere on this
    /// machine, signed with the user's keys, or put to machines that only this one can reach.
    fn at_the_server(run: &KnownRun, tracking_uri: &Url) -> Result<Self, String> {
        let proxied = run
            .artifact_uri
            .split_once(':')
            .filter(|(scheme, _)| *scheme == PROXY_SCHEME);
        match proxied.map(|(_, rest)| proxy(rest, tracking_uri)).transpose()? {
            Some(Proxy {
                folder,
                server: ProxyServer::Tracking { .. },
            }) => Ok(Self::Proxy(Proxy {
                folder,
                server: ProxyServer::Tracking { parts_folder: None },
            })),
            _ => Err(format!(
                "the server wants them at `{}`, and nobody but the folder of the run says that it is to be trusted: name it with \
                 --mlflow-tracking-uri if it is",
                redact_url(&run.artifact_uri)
            )),
        }
    }

    fn wherever(run: &KnownRun, tracking_uri: &Url) -> Result<Self, String> {
        let uri = run.artifact_uri.as_str();
        if uri.starts_with('/') {
            return folder(uri, run, tracking_uri);
        }
        let shown = redact_url(uri);
        let Some((scheme, rest)) = uri.split_once(':') else {
            return Err(format!(
                "the artifacts of the run go to `{shown}`, relative to a folder of the server: start it with --serve-artifacts"
            ));
        };
        match scheme {
            PROXY_SCHEME => proxy(rest, tracking_uri).map(Self::Proxy),
            "http" | "https" => plain(uri, tracking_uri),
            "file" => match rest.strip_prefix("//") {
                // `file://host/path` and `file:///path`, whose host is empty or this one.
                Some(rest) => match rest.strip_prefix("localhost").unwrap_or(rest) {
                    path if path.starts_with('/') => folder(path, run, tracking_uri),
                    _ => Err(format!(
                        "the artifacts of the run go to `{shown}`, a folder of another machine"
                    )),
                },
                None => folder(rest, run, tracking_uri),
            },
            "s3" => bucket(BucketKind::S3, rest, &shown),
            "gs" => bucket(BucketKind::Gcs, rest, &shown),
            "wasb" | "wasbs" | "abfs" | "abfss" => bucket(BucketKind::Azure, rest, &shown),
            "dbfs" | "models" | "runs" | "uc" | "databricks" => Err(format!(
                "the artifacts of the run go to `{shown}`, which only Databricks can write"
            )),
            scheme => Err(format!(
                "the artifacts of the run go to `{shown}`, and loadspan cannot write to {scheme}: start the server with \
                 --serve-artifacts and --artifacts-destination in place of --default-artifact-root"
            )),
        }
    }
}

/// `mlflow-artifacts:/1/abc/artifacts`, or the same with the host of another server.
fn proxy(rest: &str, tracking_uri: &Url) -> Result<Proxy, String> {
    let (authority, path) = match rest.strip_prefix("//") {
        Some(rest) => rest.split_at(rest.find('/').unwrap_or(rest.len())),
        None => ("", rest),
    };
    let path = path.trim_matches('/');
    let mut folder = tracking_uri.clone();
    folder.set_path(&format!("{}{ARTIFACTS_API}/{ARTIFACTS}/{path}", tracking_uri.path()));
    if !authority.is_empty() {
        let other = Url::parse(&format!("{}://{authority}/", tracking_uri.scheme()));
        let other = other.map_err(|error| format!("the artifact URI of the run names no server: {error}"))?;
        let named = folder.set_host(other.host_str()).is_ok() && folder.set_port(other.port()).is_ok();
        if !named {
            return Err("the artifact URI of the run names no server".to_owned());
        }
    }
    let server = if folder.origin() == tracking_uri.origin() {
        ProxyServer::Tracking {
            parts_folder: Some(path.to_owned()),
        }
    } else {
        ProxyServer::Foreign
    };
    Ok(Proxy { folder, server })
}

/// `http://…`: files are put there as they are.
fn plain(uri: &str, tracking_uri: &Url) -> Result<Destination, String> {
    let mut folder = Url::parse(uri).map_err(|error| format!("the artifact URI of the run cannot be read: {error}"))?;
    let path = folder.path().trim_end_matches('/').to_owned();
    folder.set_path(&path);
    let server = if folder.origin() == tracking_uri.origin() {
        ProxyServer::Tracking { parts_folder: None }
    } else {
        ProxyServer::Foreign
    };
    Ok(Destination::Proxy(Proxy { folder, server }))
}

/// A folder of the server's machine, which must be this one: a server elsewhere has no say in what is written here.
fn folder(path: &str, run: &KnownRun, tracking_uri: &Url) -> Result<Destination, String> {
    let decoded = percent_encoding::percent_decode_str(path).decode_utf8_lossy();
    let folder = PathBuf::from(decoded.into_owned());
    let shown = folder.display();
    if !is_loopback(tracking_uri) {
        return Err(format!(
            "the artifacts of the run go to the server's folder {shown}: start the server with --serve-artifacts, or, if it is on \
             this machine, name it as localhost"
        ));
    }
    let local = LocalFolder::of_run(&folder, run).ok_or_else(|| {
        format!(
            "the artifacts of the run go to {shown}, which is no folder that MLflow makes for a run: that ends with {}/artifacts",
            run.run_id
        )
    })?;
    if local.is_here() {
        Ok(Destination::Folder(local))
    } else {
        Err(format!(
            "the artifacts of the run go to the server's folder {shown}, and this machine has no {}: start the server with \
             --serve-artifacts, or run loadspan where it is",
            local.root().display()
        ))
    }
}

fn bucket(kind: BucketKind, rest: &str, shown: &str) -> Result<Destination, String> {
    let rest = rest.strip_prefix("//").unwrap_or_default();
    let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
    if bucket.is_empty() {
        return Err(format!(
            "the artifacts of the run go to `{shown}`, which names no bucket"
        ));
    }
    Ok(Destination::Bucket(BucketUri {
        kind,
        bucket: bucket.to_owned(),
        prefix: prefix.trim_matches('/').to_owned(),
    }))
}

#[cfg(test)]
mod tests;
