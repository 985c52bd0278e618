//! What is worth knowing of the machine, and the limits that have to be raised on it.

mod checkout;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use serde::Serialize;

use self::checkout::Checkout;

/// The machine that makes the load.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Host {
    pub(crate) name: String,
    pub(crate) os: String,
    pub(crate) kernel: String,
    pub(crate) arch: &'static str,
    pub(crate) cpus: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) cpu_model: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) memory_bytes: Option<u64>,
    /// GPUs of this machine, which need not be those of the server.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) gpus: Vec<String>,
    /// Who made the load.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) user: Option<String>,
    /// What was checked out in the working directory.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) git: Option<Checkout>,
}

impl Host {
    pub(crate) fn describe() -> Self {
        let uname = rustix::system::uname();
        let text = |name: &std::ffi::CStr| name.to_string_lossy().into_owned();
        Self {
            name: text(uname.nodename()),
            os: distribution().unwrap_or_else(|| text(uname.sysname())),
            kernel: format!("{} {}", text(uname.sysname()), text(uname.release())),
            arch: std::env::consts::ARCH,
            cpus: std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
            cpu_model: field_of("/proc/cpuinfo", "model name"),
            memory_bytes: kilobytes_of("/proc/meminfo", "MemTotal"),
            gpus: gpus(),
            user: ["LOGNAME", "USER"]
                .iter()
                .find_map(|name| std::env::var(name).ok().filter(|user| !user.is_empty())),
            git: std::env::current_dir()
                .ok()
                .and_then(|folder| Checkout::around(&folder)),
        }
    }
}

/// The name of the distribution, version included: `Ubuntu 24.04.1 LTS`.
fn distribution() -> Option<String> {
    let text = std::fs::read_to_string("/etc/os-release").ok()?;
    let name = text.lines().find_map(|line| line.strip_prefix("PRETTY_NAME="))?;
    Some(name.trim_matches('"').to_owned())
}

/// The models of the GPUs that NVIDIA's driver has, in the order of their bus addresses.
fn gpus() -> Vec<String> {
    let devices = std::fs::read_dir("/proc/driver/nvidia/gpus").into_iter().flatten();
    let mut folders: Vec<_> = devices.filter_map(|device| Some(device.ok()?.path())).collect();
    folders.sort_unstable();
    let files = folders.iter().map(|folder| folder.join("information"));
    files.filter_map(|file| field_of(file, "Model")).collect()
}

/// Most memory that the process has had resident, in bytes; 0 where the system does not say.
pub(crate) fn peak_rss_bytes() -> u64 {
    kilobytes_of("/proc/self/status", "VmHWM").unwrap_or(0)
}

/// A field of the proc filesystem that is in kilobytes, in bytes.
fn kilobytes_of(path: &str, name: &str) -> Option<u64> {
    let kilobytes: u64 = field_of(path, name)?.split(' ').next()?.parse().ok()?;
    Some(kilobytes * 1024)
}

/// The value of the first line `name: value` of a file of the proc filesystem.
fn field_of(path: impl AsRef<std::path::Path>, name: &str) -> Option<String> {
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
