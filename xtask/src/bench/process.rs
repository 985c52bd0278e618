//! A child process, and what the operating system says it cost.

use std::fs;
use std::process::{Child, Command, Output, Stdio};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};

/// Clock ticks of /proc in a second: fixed in the interface of Linux, whatever the kernel ticks at.
const TICKS_PER_SECOND: f64 = 100.0;
/// How often the memory is looked at. The kernel keeps the peak, so that only what happens after the last look is missed.
const MEMORY_INTERVAL: Duration = Duration::from_millis(50);

/// A process that has ended.
#[derive(Debug)]
pub(crate) struct Finished {
    pub(crate) wall: Duration,
    /// User and system time, in seconds, to the hundredth.
    pub(crate) cpu_seconds: f64,
    pub(crate) peak_rss_bytes: u64,
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
    let memory = watch_memory(&child);
    let output = child.wait_with_output()?;
    Ok(Finished {
        wall: started.elapsed(),
        cpu_seconds: cpu_seconds_of_ended_children()? - before,
        peak_rss_bytes: memory.join().unwrap_or_default(),
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

/// The peak of the resident memory until the process has ended.
fn watch_memory(child: &Child) -> JoinHandle<u64> {
    let status = format!("/proc/{}/status", child.id());
    thread::spawn(move || {
        let mut peak = 0;
        while let Some(bytes) = peak_in(&fs::read_to_string(&status).unwrap_or_default()) {
            peak = bytes;
            thread::sleep(MEMORY_INTERVAL);
        }
        peak
    })
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
    fn an_unexpected_exit_shows_what_was_said() {
        let finished = run(Command::new("sh").args(["-c", "echo no >&2; exit 3"])).unwrap();
        let error = finished.expect_exit(&[0, 4]).unwrap_err().to_string();
        assert_eq!(error, "exit code Some(3): no\n");
    }
}
