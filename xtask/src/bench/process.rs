//! A child process, and what the operating system says it cost.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};

/// Clock ticks of /proc in a second: fixed in the interface of Linux, whatever the kernel ticks at.
const TICKS_PER_SECOND: f64 = 100.0;
/// How often a process is looked at. The kernel keeps peak and times, so that only what happens after the last look is missed.
const LOOK_INTERVAL: Duration = Duration::from_millis(50);

/// A process that has ended.
#[derive(Debug)]
pub(crate) struct Finished {
    pub(crate) wall: Duration,
    /// User and system time, in seconds, to the hundredth.
    pub(crate) cpu_seconds: f64,
    pub(crate) peak_rss_bytes: u64,
    /// CPU time of its threads by name, in seconds, as far as the last look saw them.
    pub(crate) threads: BTreeMap<String, f64>,
    pub(crate) output: Output,
}

/// Runs a command to its end. No other child may end meanwhile: its CPU time would be counted too.
///
/// # Errors
///
/// It cannot be started, or this is no Linux.
pub(crate) fn run(command: &mut Command) -> anyhow::Result<Finished> {
    let before = cpu_seconds_of_ended_children()?;
    let started = Instant::now();
    let child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let child = child.with_context(|| format!("cannot start {:?}", command.get_program()))?;
    let watch = watch(&child);
    let output = child.wait_with_output()?;
    let wall = started.elapsed();
    let seen = watch.join().unwrap_or_default();
    Ok(Finished {
        wall,
        cpu_seconds: cpu_seconds_of_ended_children()? - before,
        peak_rss_bytes: seen.peak_rss_bytes,
        threads: seen.threads,
        output,
    })
}

impl Finished {
    /// # Errors
    ///
    /// The exit code is not one of `allowed`; the error has what the process wrote to stderr.
    pub(crate) fn expect_exit(self, allowed: &[i32]) -> anyhow::Result<Self> {
        let code = self.output.status.code();
        let stderr = String::from_utf8_lossy(&self.output.stderr);
        ensure!(
            code.is_some_and(|code| allowed.contains(&code)),
            "exit code {code:?}: {stderr}"
        );
        Ok(self)
    }
}

/// What a process was seen to use.
#[derive(Debug, Default)]
struct Seen {
    peak_rss_bytes: u64,
    threads: BTreeMap<String, f64>,
}

/// Looks at a process until it has ended.
fn watch(child: &Child) -> JoinHandle<Seen> {
    let process = PathBuf::from(format!("/proc/{}", child.id()));
    thread::spawn(move || {
        let mut seen = Seen::default();
        let mut threads = BTreeMap::new();
        while let Some(bytes) = peak_in(&fs::read_to_string(process.join("status")).unwrap_or_default()) {
            seen.peak_rss_bytes = bytes;
            look_at_threads(&process, &mut threads);
            thread::sleep(LOOK_INTERVAL);
        }
        for (name, seconds) in threads.into_values() {
            *seen.threads.entry(name).or_default() += seconds;
        }
        seen
    })
}

/// Notes name and CPU time of each thread, by its id. One that has ended keeps what was seen last.
fn look_at_threads(process: &Path, threads: &mut BTreeMap<OsString, (String, f64)>) {
    let Ok(tasks) = fs::read_dir(process.join("task")) else {
        return;
    };
    for task in tasks.flatten() {
        let read = |name| fs::read_to_string(task.path().join(name)).unwrap_or_default();
        if let Some(seconds) = cpu_seconds_in(&read("schedstat")) {
            threads.insert(task.file_name(), (read("comm").trim_end().to_owned(), seconds));
        }
    }
}

/// CPU time in a `/proc/PID/task/TID/schedstat`: nanoseconds, the first number.
fn cpu_seconds_in(schedstat: &str) -> Option<f64> {
    let nanos: f64 = schedstat.split_whitespace().next()?.parse().ok()?;
    Some(nanos / 1e9)
}

/// The peak in a `/proc/PID/status`; `None` for a process that has ended.
fn peak_in(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib * 1024)
}

fn cpu_seconds_of_ended_children() -> anyhow::Result<f64> {
    let stat = fs::read_to_string("/proc/self/stat").context("CPU time is read from /proc: the bench needs Linux")?;
    let ticks = children_ticks(&stat).context("cannot read /proc/self/stat")?;
    Ok(ticks as f64 / TICKS_PER_SECOND)
}

/// `cutime` and `cstime`. The name of the process, in brackets, may hold anything: counting begins after it.
fn children_ticks(stat: &str) -> Option<u64> {
    let (_, fields) = stat.rsplit_once(')')?;
    let mut fields = fields.split_whitespace().skip(13);
    let mut next = || fields.next()?.parse::<u64>().ok();
    Some(next()? + next()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_of_children_is_found_behind_any_name() {
        let stat = "7 (a) b) S 1 7 7 0 -1 4194304 1 2 3 4 11 12 130 14 20 0 1 0 100";
        assert_eq!(children_ticks(stat), Some(130 + 14));
        assert_eq!(children_ticks("7 (a) S 1"), None);
    }

    #[test]
    fn a_process_that_has_ended_has_no_peak() {
        assert_eq!(peak_in("Name:\tx\nVmHWM:\t    2048 kB\n"), Some(2 << 20));
        assert_eq!(peak_in("Name:\tx\nState:\tZ (zombie)\n"), None);
    }

    #[test]
    fn the_cost_of_a_child_is_counted() {
        let busy = "i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done";
        let finished = run(Command::new("sh").args(["-c", busy]))
            .unwrap()
            .expect_exit(&[0])
            .unwrap();
        assert!(
            finished.cpu_seconds > 0.0 && finished.cpu_seconds <= finished.wall.as_secs_f64() + 0.05,
            "{finished:?}"
        );
        assert!(finished.peak_rss_bytes > 0);
    }

    #[test]
    fn the_cost_of_a_thread_is_its_first_number() {
        assert_eq!(cpu_seconds_in("1500000000 12 7"), Some(1.5));
        assert_eq!(cpu_seconds_in(""), None);
    }

    #[test]
    fn an_unexpected_exit_shows_what_was_said() {
        let finished = run(Command::new("sh").args(["-c", "echo no >&2; exit 3"])).unwrap();
        let error = finished.expect_exit(&[0, 4]).unwrap_err().to_string();
        assert_eq!(error, "exit code Some(3): no\n");
    }
}
