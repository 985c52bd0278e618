//! The machine that was measured on, in words that do not name it.

use std::fs;
use std::process::Command;

use anyhow::Context;

/// What figures depend on.
#[derive(Debug)]
pub(crate) struct Host {
    pub(crate) date: String,
    pub(crate) cpu: String,
    pub(crate) cores: usize,
    pub(crate) memory_gib: f64,
    pub(crate) kernel: String,
    pub(crate) rustc: String,
    /// Over the last minute, before the measurements.
    pub(crate) load_average: f64,
}

impl Host {
    /// # Errors
    ///
    /// This is no Linux, or rustc cannot be started.
    pub(crate) fn describe() -> anyhow::Result<Self> {
        let rustc = Command::new("rustc")
            .arg("--version")
            .output()
            .context("cannot start rustc")?;
        let release = read("/proc/sys/kernel/osrelease")?;
        Ok(Self {
            date: jiff::Timestamp::now().strftime("%Y-%m-%d").to_string(),
            cpu: field(&read("/proc/cpuinfo")?, "model name").unwrap_or_else(|| "unknown CPU".to_owned()),
            cores: std::thread::available_parallelism().map_or(1, usize::from),
            memory_gib: memory_gib(&read("/proc/meminfo")?).unwrap_or_default(),
            // What follows the number names a distribution or a vendor.
            kernel: release.split(['-', '+', '\n']).next().unwrap_or_default().to_owned(),
            rustc: String::from_utf8_lossy(&rustc.stdout)
                .split_whitespace()
                .take(2)
                .collect::<Vec<_>>()
                .join(" "),
            load_average: read("/proc/loadavg")?
                .split(' ')
                .next()
                .and_then(|load| load.parse().ok())
                .unwrap_or_default(),
        })
    }
}

fn read(path: &str) -> anyhow::Result<String> {
    fs::read_to_string(path).with_context(|| format!("cannot read {path}: the bench needs Linux"))
}

/// The value of a `name: value` line.
fn field(text: &str, name: &str) -> Option<String> {
    let line = text.lines().find(|line| line.starts_with(name))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}

fn memory_gib(meminfo: &str) -> Option<f64> {
    let kib: f64 = field(meminfo, "MemTotal")?.strip_suffix(" kB")?.trim().parse().ok()?;
    Some(kib / 1024.0 / 1024.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_machine_is_described_but_not_named() {
        assert_eq!(
            field("processor\t: 0\nmodel name\t: Some CPU\n", "model name").as_deref(),
            Some("Some CPU")
        );
        assert_eq!(memory_gib("MemTotal:       25165824 kB\nMemFree: 1 kB\n"), Some(24.0));
    }
}
