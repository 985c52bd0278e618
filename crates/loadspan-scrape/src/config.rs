//! What is scraped, and how often.

use std::path::PathBuf;
use std::time::Duration;

use url::Url;

/// What is scraped, and how often.
#[derive(Debug, Clone)]
pub struct ScrapeConfig {
    /// Prometheus endpoints of servers.
    pub servers: Vec<ScrapeTarget>,
    /// Where GPUs are looked up.
    pub gpus: Vec<GpuSource>,
    /// Time between two scrapes of a source.
    pub interval: Duration,
    /// The longest that a scrape may take. One that takes longer than the interval delays the next one of its source.
    pub timeout: Duration,
}

/// A Prometheus endpoint of a server.
#[derive(Debug, Clone)]
pub struct ScrapeTarget {
    /// Its page.
    pub page: ScrapePage,
    /// Who wants it.
    pub named: Named,
}

/// A page in Prometheus' text format.
#[derive(Debug, Clone)]
pub struct ScrapePage {
    /// Where it is, with its path.
    pub url: Url,
    /// Trust in its server, if the URL is `https`.
    pub tls: TlsTrust,
}

/// How a server proves who it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum TlsTrust {
    /// By a certificate that the operating system's store vouches for.
    #[default]
    SystemRoots,
    /// By a certificate that one of those in this PEM file vouches for.
    CaFile(PathBuf),
    /// Not at all.
    Insecure,
}

/// Who wants an endpoint scraped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Named {
    /// The user: it is a warning when it does not answer, and it is tried again.
    ByUser,
    /// Nobody: it is tried once, and left alone unless it is an inference server's.
    ByDefault,
}

/// Where GPUs are looked up.
#[derive(Debug, Clone)]
pub enum GpuSource {
    /// NVIDIA's DCGM exporter.
    Dcgm(ScrapePage),
    /// NVIDIA's management library on this host.
    Nvml,
}

impl Default for ScrapeConfig {
    fn default() -> Self {
        Self {
            servers: Vec::new(),
            gpus: Vec::new(),
            interval: Duration::from_secs(1),
            timeout: Duration::from_secs(1),
        }
    }
}
