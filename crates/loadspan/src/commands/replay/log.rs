//! A log of times and lengths: read once, whatever its size, and summed up.

use std::time::Duration;

use loadspan_loadgen::recorded::replay::{BadLines, Format, Lengths, TimedCall, render_bad};
use loadspan_loadgen::recorded::{RecordedError, RecordedLog};
use loadspan_record::counted;
use serde_json::{Value, json};

use super::sessions::bad_json;

/// What a log comes to.
pub(super) struct LogOverview {
    calls: u64,
    sessions: u64,
    later_turns: u64,
    timed: u64,
    last_at: Duration,
    failed: u64,
    with_blocks: u64,
    input: Sum,
    output: Sum,
    lengths: Option<Lengths>,
    bad: BadLines,
}

/// Lengths in tokens.
#[derive(Default)]
struct Sum {
    count: u64,
    total: u64,
    largest: u64,
}

impl LogOverview {
    /// Reads a log to its end.
    ///
    /// # Errors
    ///
    /// It cannot be read on.
    pub(super) fn of(mut log: RecordedLog) -> Result<Self, RecordedError> {
        let mut overview = Self {
            calls: 0,
            sessions: 0,
            later_turns: 0,
            timed: 0,
            last_at: Duration::ZERO,
            failed: 0,
            with_blocks: 0,
            input: Sum::default(),
            output: Sum::default(),
            lengths: None,
            bad: BadLines::default(),
        };
        for call in log.by_ref() {
            overview.add(&call?);
        }
        overview.lengths = log.lengths();
        overview.bad.clone_from(log.bad());
        Ok(overview)
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.calls == 0
    }

    pub(super) const fn bad(&self) -> &BadLines {
        &self.bad
    }

    fn add(&mut self, call: &TimedCall) {
        let is_later = call.turn.as_ref().is_some_and(|turn| turn.number > 0);
        self.calls += 1;
        self.sessions += u64::from(!is_later);
        self.later_turns += u64::from(is_later);
        self.failed += u64::from(call.failed);
        self.with_blocks += u64::from(!call.hash_ids.is_empty());
        self.input.add(call.input_tokens);
        call.output_tokens
            .into_iter()
            .for_each(|tokens| self.output.add(tokens));
        if let Some(at) = call.at {
            self.timed += 1;
            self.last_at = self.last_at.max(at);
        }
    }

    pub(super) fn text(&self, (sources, format): (&[String], Format)) -> String {
        let lines = [
            Some(format!("{} ({})", sources.join(", "), format.as_str())),
            Some(self.extent()),
            Some(format!("input: {}", self.input.text())),
            Some(format!("output: {}", self.output.text())),
            self.lengths
                .map(|lengths| format!("lengths of later turns are {}", lengths.as_str())),
            (self.with_blocks > 0).then(|| format!("calls with hash_ids: {}", self.with_blocks)),
            (self.failed > 0).then(|| format!("calls that had failed: {}", self.failed)),
        ];
        let lines: String = lines.into_iter().flatten().map(|line| line + "\n").collect();
        lines + &render_bad(&self.bad)
    }

    /// `3 calls in 2 sessions over 3.6 s, 0.83 a second`
    fn extent(&self) -> String {
        let sessions = match self.later_turns {
            0 => String::new(),
            _ => format!(" in {}", counted(self.sessions, "session")),
        };
        let seconds = self.last_at.as_secs_f64();
        let times = match self.timed {
            0 => ", without times".to_owned(),
            timed => format!(" over {seconds:.1} s{}", rate(timed, seconds)),
        };
        format!("{}{sessions}{times}", counted(self.calls, "call"))
    }

    pub(super) fn json(&self, (sources, format): (&[String], Format)) -> Value {
        json!({
            "sources": sources,
            "format": format.as_str(),
            "calls": self.calls,
            "sessions": self.sessions,
            "calls_with_times": self.timed,
            "duration_s": self.last_at.as_secs_f64(),
            "input_tokens": self.input.json(),
            "output_tokens": self.output.json(),
            "lengths": self.lengths.map(Lengths::as_str),
            "calls_with_hash_ids": self.with_blocks,
            "failed": self.failed,
            "unread": bad_json(&self.bad),
        })
    }
}

impl Sum {
    fn add(&mut self, tokens: u64) {
        self.count += 1;
        self.total = self.total.saturating_add(tokens);
        self.largest = self.largest.max(tokens);
    }

    fn text(&self) -> String {
        match self.mean() {
            Some(mean) => format!(
                "{}, {mean:.0} a call, at most {}",
                counted(self.total, "token"),
                self.largest
            ),
            None => "unknown".to_owned(),
        }
    }

    fn json(&self) -> Value {
        json!({"calls": self.count, "total": self.total, "mean": self.mean(), "max": self.largest})
    }

    fn mean(&self) -> Option<f64> {
        (self.count > 0).then(|| self.total as f64 / self.count as f64)
    }
}

fn rate(calls: u64, seconds: f64) -> String {
    if seconds > 0.0 {
        format!(", {:.2} a second", calls as f64 / seconds)
    } else {
        String::new()
    }
}
