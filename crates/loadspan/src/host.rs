//! What is worth knowing of the machine, and the limits that have to be raised on it.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use serde::Serialize;

/// The machine that makes the load.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Host {
    pub(crate) name: String,
    pub(crate) os: String,
    pub(crate) arch: &'static str,
    pub(crate) cpus: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) cpu_model: Option<String>,
}

impl Host {
    pub(crate) fn describe() -> Self {
        let uname = rustix::system::uname();
        let text = |name: &std::ffi::CStr| name.to_string_lossy().into_owned();
        Self {
            name: text(uname.nodename()),
            os: format!("{} {}", text(uname.sysname()), text(uname.release())),
            arch: std::env::consts::ARCH,
            cpus: std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
            cpu_model: field_of("/proc/cpuinfo", "model name"),
        }
    }
}

/// Most memory that the process has had resident, in bytes; 0 where the system does not say.
pub(crate) fn peak_rss_bytes() -> u64 {
    let kilobytes =
        field_of("/proc/self/status", "VmHWM").and_then(|value| value.split(' ').next()?.parse::<u64>().ok());
    kilobytes.unwrap_or(0) * 1024
}

/// The value of the first line `name: value` of a file of the proc filesystem.
fn field_of(path: &str, name: &str) -> Option<String> {
    let text = std::fs::read_to_string(path).ok()?;
    let value = text
        .lines()
        .find_map(|line| line.strip_prefix(name)?.trim_start().strip_prefix(':'));
    value.map(|value| value.trim().to_owned())
}

/// Raises the limit of open files as far as it goes. `Some(limit)` when it is still below what `needed` sockets take.
pub(crate) fn raise_open_files(needed: u64) -> Option<u64> {
    /// Files beside the sockets: outputs, timers, event loops.
    const SPARE: u64 = 64;
    let needed = needed.saturating_add(SPARE);
    let limit = getrlimit(Resource::Nofile);
    if limit
        .current
        .is_some_and(|current| current < limit.maximum.unwrap_or(u64::MAX))
    {
        // Without success the lower limit stands, and is looked at below.
        let _ = setrlimit(
            Resource::Nofile,
            Rlimit {
                current: limit.maximum,
                maximum: limit.maximum,
            },
        );
    }
    getrlimit(Resource::Nofile).current.filter(|current| *current < needed)
}

/// How many local ports there are for connections to one address; `None` where the system does not say.
pub(crate) fn local_ports() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/sys/net/ipv4/ip_local_port_range").ok()?;
    let mut bounds = text.split_whitespace().map(str::parse::<u64>);
    let (low, high) = (bounds.next()?.ok()?, bounds.next()?.ok()?);
    Some(high.saturating_sub(low) + 1)
}
