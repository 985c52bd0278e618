//! What a server costs while it runs, as the operating system has it: all processes of the group that it leads.

use std::fs;

use anyhow::{Context, ensure};

/// Clock ticks of /proc in a second: fixed in the interface of Linux, whatever the kernel ticks at.
const TICKS_PER_SECOND: f64 = 100.0;

/// What the processes of a group use together.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Usage {
    /// User and system time since they were started.
    pub(crate) cpu_seconds: f64,
    pub(crate) memory_mb: f64,
    /// The sum of the peaks of each.
    pub(crate) peak_memory_mb: f64,
}

impl Usage {
    /// # Errors
    ///
    /// There is no such group, or this is no Linux.
    pub(crate) fn of_group(group: u32) -> anyhow::Result<Self> {
        let mut sum = Self::default();
        let processes =
            fs::read_dir("/proc").context("what a server costs is read from /proc: the bench needs Linux")?;
        let mut members = 0;
        for process in processes.flatten() {
            let read = |name| fs::read_to_string(process.path().join(name)).unwrap_or_default();
            let stat = read("stat");
            let Some(ticks) = ticks_in(&stat, group) else {
                continue;
            };
            let status = read("status");
            sum.cpu_seconds += ticks as f64 / TICKS_PER_SECOND;
            sum.memory_mb += megabytes_in(&status, "VmRSS:").unwrap_or_default();
            sum.peak_memory_mb += megabytes_in(&status, "VmHWM:").unwrap_or_default();
            members += 1;
        }
        ensure!(members > 0, "the server has ended");
        Ok(sum)
    }
}

/// User and system time of this program since its start.
///
/// # Errors
///
/// This is no Linux.
pub(crate) fn own_cpu_seconds() -> anyhow::Result<f64> {
    let stat = fs::read_to_string("/proc/self/stat").context("CPU time is read from /proc: the bench needs Linux")?;
    let (_, ticks) = group_and_ticks(&stat).context("cannot read /proc/self/stat")?;
    Ok(ticks as f64 / TICKS_PER_SECOND)
}

/// The time of a process, if it is of this group.
fn ticks_in(stat: &str, group: u32) -> Option<u64> {
    let (of, ticks) = group_and_ticks(stat)?;
    (of == u64::from(group)).then_some(ticks)
}

/// `pgrp`, and `utime` and `stime`, of a `/proc/PID/stat`. The name of the process, in brackets, may hold anything.
fn group_and_ticks(stat: &str) -> Option<(u64, u64)> {
    let (_, fields) = stat.rsplit_once(')')?;
    let fields: Vec<&str> = fields.split_whitespace().collect();
    let number = |at: usize| fields.get(at)?.parse::<u64>().ok();
    Some((number(2)?, number(11)? + number(12)?))
}

/// A line of a `/proc/PID/status`.
fn megabytes_in(status: &str, name: &str) -> Option<f64> {
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    let kib: f64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib * 1024.0 / 1e6)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_processes_of_the_group_count() {
        let stat = "9 (a) b) S 1 7 7 0 -1 4194304 1 2 3 4 11 12 130 14 20 0 1 0 100";
        assert_eq!(ticks_in(stat, 7), Some(11 + 12));
        assert_eq!(ticks_in(stat, 8), None);
    }

    #[test]
    fn memory_is_in_megabytes() {
        assert_eq!(
            megabytes_in("VmHWM:\t  100000 kB\nVmRSS:\t 50000 kB\n", "VmRSS:"),
            Some(51.2)
        );
        assert_eq!(megabytes_in("State:\tZ (zombie)\n", "VmRSS:"), None);
    }
}
