//! `spool.json`: where the payloads of a spool were meant to go.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;

use loadspan_record::{TelemetrySignal, redact_url};
use serde::{Deserialize, Serialize};

use crate::config::{OtlpConfig, RecordedEndpoint};

const FILE: &str = "spool.json";
const VERSION: u32 = 1;
/// A larger file is none of ours.
const MAX_BYTES: u64 = 64 * 1024;

/// Where the payloads of a spool were meant to go. It holds no credentials: values of the query are redacted, and of userinfo it
/// tells that there was some.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SpoolRecord {
    endpoints: BTreeMap<TelemetrySignal, RecordedEndpoint>,
}

#[derive(Serialize, Deserialize)]
struct Recorded {
    version: u32,
    signals: BTreeMap<TelemetrySignal, RecordedEndpoint>,
}

impl SpoolRecord {
    /// Where a signal was meant to go.
    #[must_use]
    pub fn endpoint(&self, signal: TelemetrySignal) -> Option<&RecordedEndpoint> {
        self.endpoints.get(&signal)
    }

    pub(in crate::export) fn insert(&mut self, signal: TelemetrySignal, config: &OtlpConfig) {
        let endpoint = RecordedEndpoint {
            url: redact_url(config.endpoint.as_str()),
            protocol: config.protocol,
            had_credentials: config.had_credentials,
        };
        self.endpoints.insert(signal, endpoint);
    }

    /// Reads `spool.json`.
    pub(in crate::export) fn load(spool_dir: &Path) -> io::Result<Self> {
        let path = spool_dir.join(FILE);
        let mut text = String::new();
        if !fs::symlink_metadata(&path)?.is_file() {
            return Err(invalid("it is not a regular file"));
        }
        File::open(path)?.take(MAX_BYTES).read_to_string(&mut text)?;
        let recorded: Recorded = serde_json::from_str(&text).map_err(io::Error::other)?;
        if recorded.version != VERSION {
            return Err(invalid("another version of loadspan wrote it"));
        }
        let endpoints = recorded.signals;
        Ok(Self { endpoints })
    }

    pub(super) fn save(&self, spool_dir: &Path) -> io::Result<()> {
        let recorded = Recorded {
            version: VERSION,
            signals: self.endpoints.clone(),
        };
        let mut text = serde_json::to_string_pretty(&recorded)?;
        text.push('\n');
        super::writer::write_whole(&spool_dir.join(FILE), text.as_bytes())
    }
}

fn invalid(reason: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, reason)
}

#[cfg(test)]
mod tests {
    use loadspan_record::Secret;

    use super::*;
    use crate::config::{Environment, OtlpOptions, Protocol};

    #[test]
    fn what_is_recorded_holds_no_credentials() {
        let dir = tempfile::tempdir().unwrap();
        let mut record = SpoolRecord::default();
        let url = "https://canary:canary@collector.example/v1/traces?key=canary#canary";
        record.insert(TelemetrySignal::Traces, &config(url));
        record.save(dir.path()).unwrap();
        let text = fs::read_to_string(dir.path().join(FILE)).unwrap();
        assert!(!text.contains("canary"), "{text}");
        let loaded = SpoolRecord::load(dir.path()).unwrap();
        let endpoint = loaded.endpoint(TelemetrySignal::Traces).unwrap();
        assert_eq!(endpoint.url, "https://collector.example/v1/traces?key=[redacted]");
        assert_eq!(
            (endpoint.protocol, endpoint.had_credentials),
            (Protocol::HttpJson, true)
        );
        assert_eq!(loaded.endpoint(TelemetrySignal::Metrics), None);
    }

    #[test]
    fn what_is_no_record_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let refused = |text: &str| {
            fs::write(dir.path().join(FILE), text).unwrap();
            SpoolRecord::load(dir.path()).unwrap_err();
        };
        refused("");
        refused(r#"{"version":2,"signals":{}}"#);
        refused(r#"{"version":1,"signals":{"traces":{"endpoint":"http://localhost","protocol":"smtp"}}}"#);
        refused(&" ".repeat(1 << 20));
    }

    #[test]
    fn a_record_that_says_nothing_of_credentials_had_none() {
        let dir = tempfile::tempdir().unwrap();
        let text = r#"{"version":1,"signals":{"metrics":{"endpoint":"http://localhost/","protocol":"grpc"}}}"#;
        fs::write(dir.path().join(FILE), text).unwrap();
        let loaded = SpoolRecord::load(dir.path()).unwrap();
        let expected = RecordedEndpoint {
            url: "http://localhost/".to_owned(),
            protocol: Protocol::Grpc,
            had_credentials: false,
        };
        assert_eq!(loaded.endpoint(TelemetrySignal::Metrics), Some(&expected));
    }

    /// What a run has that goes to this URL.
    fn config(url: &str) -> OtlpConfig {
        let options = OtlpOptions {
            url: Some(Secret::new(url)),
            protocol: Some(Protocol::HttpJson),
            headers: vec![Secret::new("x-key=canary")],
        };
        let resolved = options.resolve_push(TelemetrySignal::Traces, None, &Environment::of(&[]));
        resolved.unwrap().config
    }
}
